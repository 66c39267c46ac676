"""The grammar of Elman (1991) as a source of sentences, and the exact probability of each word that may come next.

    S  → NP VP .
    NP → PropN | N | N RC
    RC → who VP | who NP V              the noun is the subject, or the object, of the clause
    VP → V | V NP

The words, and what is right, are those of `elman.data.grammar`; the probabilities, which the paper does not state, are
chosen here: see `Grammar`.

Source: J. L. Elman, "Distributed representations, simple recurrent networks, and grammatical structure", Machine
Learning 7 (1991), 195-225.
"""

import random
from collections.abc import Sequence

import numpy as np

from elman.data.grammar import LEXICON, NAMES, NOUNS, STOP, VERBS, WHO
from elman.errors import ArgumentError

P_SUBJECT, P_OBJECT = 0.5, 0.5  # of a clause: that its noun is its subject; of see and hear: that they have an object
MOST = 0.9  # the share of complex sentences stays below

Stack = tuple[str, ...]  # what is still to come in a sentence, the next first
_Rule = tuple[float, tuple[str, ...], Stack]  # probability; the word it begins with is one of these; what follows it
_INDEX = {word: number for number, word in enumerate(LEXICON)}
_NUMBER = {noun: number for number, nouns in NOUNS.items() for noun in nouns} | dict.fromkeys(NAMES, "singular")


class Grammar:
    """Sentences of a given complexity, and what may come next in them.

    All eight nouns and two names are equally likely, and so are the three kinds of verbs (with an object, with one in
    half of the cases, without) and the two verbs of a kind; in "who NP V" V is of one of the first two kinds. Half of
    the clauses have their noun for a subject. A noun, but no name, has a clause with a probability that makes the
    wanted share of the sentences complex. Sentences of more than `longest` words are drawn again.

    Args:
        complex: the share of sentences with a clause, or with several; 0 or more, below 0.9.
        longest: words of a sentence, the stop among them; at least 5.

    Attributes:
        clause: the probability that a noun has a clause.

    Raises:
        ArgumentError: a share or a length that cannot be had.

    Example:
        >>> grammar = Grammar(complex=0.5)
        >>> " ".join(grammar.sentences(3, seed=1)[2])
        'boys chase girls who walk .'
        >>> after = grammar.next_words(["boys", "who", "Mary"])[-1].tolist()
        >>> {word: round(p, 2) for word, p in zip(LEXICON, after, strict=True) if p}
        {'chases': 0.25, 'feeds': 0.25, 'sees': 0.25, 'hears': 0.25}
    """

    def __init__(self, complex: float = 0.75, longest: int = 16) -> None:
        if longest < 5:
            raise ArgumentError(f"longest is {longest}", expected="at least 5 words: boy who walks lives .")
        self.complex, self.longest = complex, longest
        if not 0 <= complex < min(MOST, share_of_complex(1.0, longest)):
            raise ArgumentError(f"complex is {complex}", expected=f"a share, 0 or more and below {MOST}")
        low, high = 0.0, 1.0
        for _ in range(40 if complex else 0):  # halved until it is known to 12 digits
            middle = (low + high) / 2
            low, high = (middle, high) if share_of_complex(middle, longest) < complex else (low, middle)
        self.clause = low
        self._rules = _rules(self.clause)
        self._lengths: dict[Stack, np.ndarray] = {(): np.eye(1, longest + 1)[0]}
        self._lengths |= {(symbol,): lengths for symbol, lengths in _lengths(self._rules, longest).items()}
        self._known: dict[tuple[Stack, int], dict[str, tuple[float, Stack]]] = {}

    def sentences(self, n: int, seed: int = 0) -> list[tuple[str, ...]]:
        """Draw sentences; one may come more than once.

        Args:
            n: how many.
            seed: the same seed gives the same sentences.
        """
        if n < 0:
            raise ArgumentError(f"n is {n}", expected="a number of sentences")
        chance, drawn = random.Random(seed), list[tuple[str, ...]]()
        while len(drawn) < n:
            words = self._noun_phrase(chance)
            words = (*words, *self._verb_phrase(chance, _NUMBER[words[0]]), STOP)
            if len(words) <= self.longest:
                drawn.append(words)
        return drawn

    def _noun_phrase(self, chance: random.Random) -> tuple[str, ...]:
        noun = chance.choice([*_NUMBER])
        if noun in NAMES or chance.random() >= self.clause:
            return (noun,)
        if chance.random() < P_SUBJECT:
            return (noun, WHO, *self._verb_phrase(chance, _NUMBER[noun]))
        subject = self._noun_phrase(chance)
        return (noun, WHO, *subject, chance.choice(_forms(_NUMBER[subject[0]], "always", "sometimes")))

    def _verb_phrase(self, chance: random.Random, number: str) -> tuple[str, ...]:
        kind = chance.choice([*VERBS])
        verb = chance.choice(_forms(number, kind))
        has_object = kind == "always" or (kind == "sometimes" and chance.random() < P_OBJECT)
        return (verb, *self._noun_phrase(chance)) if has_object else (verb,)

    def next_words(self, stream: Sequence[str]) -> np.ndarray:
        """The exact probability of each word, after each word of a stream of sentences.

        The grammar is written so that each rule begins with a word or is empty. Then the words of a sentence so far
        leave one stack of symbols that are still to come, and

            P(w | stack) ∝ Σ P(the symbols above are empty) P(rule) P(the rest has at most as many words as are left)

        over the rules that begin with w, of the topmost symbol and of those below it while all above may be empty.

        Args:
            stream: sentences one after the other, each with its stop; the last one may be unfinished.

        Returns:
            probabilities (T, 24), in the order of `elman.data.grammar.LEXICON`.

        Raises:
            ArgumentError: a word that cannot come there.
        """
        after = np.zeros((len(stream), len(LEXICON)))
        stack, left = ("S",), self.longest
        for t, word in enumerate(stream):
            choices = self._choices(stack, left)
            if word not in choices:
                raise ArgumentError(f"{word!r} cannot come after {' '.join(stream[max(0, t - 5) : t])!r}")
            stack, left = (("S",), self.longest) if word == STOP else (choices[word][1], left - 1)
            for other, (probability, _) in self._choices(stack, left).items():
                after[t, _INDEX[other]] = probability
        return after

    def _choices(self, stack: Stack, left: int) -> dict[str, tuple[float, Stack]]:
        """Word → its probability and the stack it leaves, for the words that may come next when `left` may come."""
        if (stack, left) in self._known:
            return self._known[stack, left]
        found: dict[str, tuple[float, Stack]] = {}
        above = 1.0  # the probability that the symbols above this one are empty
        for depth, symbol in enumerate(stack):
            empty = 0.0
            for probability, words, then in self._rules[symbol]:
                rest = then + stack[depth + 1 :]
                if not words:
                    empty += probability
                elif weight := above * probability * self._lengths_of(rest)[:left].sum():
                    found |= {word: (weight / len(words), rest) for word in words}
            above *= empty
            if not above:
                break
        total = sum(weight for weight, _ in found.values())
        self._known[stack, left] = {word: (weight / total, rest) for word, (weight, rest) in found.items()}
        return self._known[stack, left]

    def _lengths_of(self, stack: Stack) -> np.ndarray:
        """The probability that these symbols become 0, 1, … words."""
        if stack not in self._lengths:
            both = np.convolve(self._lengths[stack[:1]], self._lengths_of(stack[1:]))
            self._lengths[stack] = both[: self.longest + 1]
        return self._lengths[stack]


def share_of_complex(clause: float, longest: int) -> float:
    """The share of sentences with a clause among those that are not too long.

    Args:
        clause: the probability that a noun has one.
        longest: words of a sentence.

    Example:
        >>> share_of_complex(0.0, 16), round(share_of_complex(0.5, 16), 3)
        (0.0, 0.515)
    """
    rules = _rules(clause)
    simple = {symbol: [rule for rule in these if rule[1] != (WHO,)] for symbol, these in rules.items()}
    return 1 - float(_lengths(simple, longest)["S"].sum() / _lengths(rules, longest)["S"].sum())


def _rules(clause: float) -> dict[str, list[_Rule]]:
    """The grammar, each rule beginning with a word or empty: "RC" is what may follow a noun, "NP?" an object or none,
    "who" what follows who, "V" a verb whose object is the noun of its clause."""
    rules: dict[str, list[_Rule]] = {
        "S": _nouns(1, "VP", STOP),
        "NP": _nouns(1),
        "NP?": [(1 - P_OBJECT, (), ()), *_nouns(P_OBJECT)],
        STOP: [(1, (STOP,), ())],
    }
    for number in NOUNS:
        kinds = zip(VERBS, (("NP",), ("NP?",), ()), strict=True)
        verbs: list[_Rule] = [(1 / len(VERBS), _forms(number, kind), then) for kind, then in kinds]
        rules[f"VP {number}"] = verbs
        rules[f"V {number}"] = [(1, _forms(number, "always", "sometimes"), ())]
        rules[f"RC {number}"] = [(1 - clause, (), ()), (clause, (WHO,), (f"who {number}",))]
        rules[f"who {number}"] = [(P_SUBJECT * p, words, then) for p, words, then in verbs]
        rules[f"who {number}"] += _nouns(1 - P_SUBJECT, "V")
    return rules


def _nouns(share: float, verb: str = "", *then: str) -> list[_Rule]:
    """A noun with what may follow it, then a verb that agrees with it, if any, then the rest."""
    found: list[_Rule] = []
    for words, number, clause in (
        (NAMES, "singular", False),
        (NOUNS["singular"], "singular", True),
        (NOUNS["plural"], "plural", True),
    ):
        rest = (*([f"RC {number}"] if clause else []), *([f"{verb} {number}"] if verb else []), *then)
        found.append((share * len(words) / len(_NUMBER), words, rest))
    return found


def _forms(number: str, *kinds: str) -> tuple[str, ...]:
    """The verbs of these kinds in singular or plural."""
    return tuple(verb if number == "plural" else f"{verb}s" for kind in kinds for verb in VERBS[kind])


def _lengths(rules: dict[str, list[_Rule]], longest: int) -> dict[str, np.ndarray]:
    """For each symbol the probability that it becomes 0, 1, … `longest` words (longest + 1).

    A rule that is not empty begins with a word, so that the probability of k words needs those of fewer words only,
    and k + 1 rounds are enough.
    """
    found = {symbol: np.zeros(longest + 1) for symbol in rules}
    for _ in range(longest + 1):
        new = {symbol: np.zeros(longest + 1) for symbol in rules}
        for symbol, these in rules.items():
            for probability, words, then in these:
                together = np.eye(1, longest + 1, k=1 if words else 0)[0]
                for part in then:
                    together = np.convolve(together, found[part])[: longest + 1]
                new[symbol] += probability * together
        found = new
    return found
