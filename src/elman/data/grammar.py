"""The grammar of Elman (1991): sentences of it, sentences with one mistake, and a judge for any sentence.

    S  → NP VP .
    NP → PropN | N | N RC               John · boys · boys who …
    RC → who VP | who NP V              the noun is the subject, or the object, of the clause
    VP → V | V NP

A verb agrees in number with its subject: "boys who chase Mary walk". chase and feed need an object, see and hear may
have one, walk and live have none. In "boy who cats chase" the object of chase is boy, and none follows.

Source: J. L. Elman, "Distributed representations, simple recurrent networks, and grammatical structure", Machine
Learning 7 (1991), 195-225. The probabilities are not those of that paper, which does not state them; see `generate`.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from elman.data.files import did_you_mean
from elman.errors import ArgumentError

NOUNS = {
    "singular": ("boy", "girl", "cat", "dog"),
    "plural": ("boys", "girls", "cats", "dogs"),
}
NAMES = ("John", "Mary")
VERBS = {  # does an object follow? → the plural forms; the singular ones end in s
    "always": ("chase", "feed"),
    "sometimes": ("see", "hear"),
    "never": ("walk", "live"),
}
WHO, STOP = "who", "."
LONGEST = 16  # words of a sentence, the stop among them
P_NAME, P_CLAUSE, P_OBJECT_CLAUSE, P_OBJECT = 0.1, 0.5, 0.5, 0.5

_OTHER = {"singular": "plural", "plural": "singular"}
_NOUN = {noun: number for number, nouns in NOUNS.items() for noun in nouns} | dict.fromkeys(NAMES, "singular")
_VERB = {
    form: (number, takes)
    for takes, verbs in VERBS.items()
    for verb in verbs
    for number, form in (("plural", verb), ("singular", f"{verb}s"))
}
LEXICON = (*NOUNS["singular"], *NOUNS["plural"], *NAMES, *_VERB, WHO, STOP)
_SPELLING = {word.lower(): word for word in LEXICON}


@dataclass(frozen=True)
class Sentence:
    """A sentence, right or wrong, and the one verb in it that is put to the test.

    Args:
        words: its words, "." the last.
        grammatical: whether it is.
        tested: what is tested at the verb: "agreement" with its subject, or "argument", whether it has its object.
        subject: the place in `words` of the subject of that verb.
        verb: the place of the verb, which is the wrong one if the sentence is not grammatical.
        attractors: how many nouns of the other number than the subject stand between it and the verb.
    """

    words: tuple[str, ...]
    grammatical: bool
    tested: str
    subject: int
    verb: int
    attractors: int

    @property
    def violation(self) -> str:
        """What is wrong: "agreement" or "argument", or "" where nothing is."""
        return "" if self.grammatical else self.tested


@dataclass
class _Verb:
    place: int
    subject: int
    number: str
    object: bool  # whether it has one, after it or before its clause


@dataclass
class _Draft:
    """A grammatical sentence as it is drawn, word by word."""

    random: random.Random
    words: list[str] = field(default_factory=list)
    verbs: list[_Verb] = field(default_factory=list)

    def sentence(self) -> None:
        self.verb_phrase(*self.noun_phrase())
        self.words.append(STOP)

    def noun_phrase(self) -> tuple[int, str]:
        """The place of its noun, and its number."""
        place = len(self.words)
        if place > LONGEST:  # too long already: it will be drawn again
            self.words.append(NAMES[0])
            return place, "singular"
        kind = self.random.random()
        if kind < P_NAME:
            self.words.append(self.random.choice(NAMES))
            return place, "singular"
        number = self.random.choice(("singular", "plural"))
        self.words.append(self.random.choice(NOUNS[number]))
        if kind < P_NAME + P_CLAUSE:
            self.clause(place, number)
        return place, number

    def clause(self, head: int, number: str) -> None:
        """who VP, or who NP V."""
        self.words.append(WHO)
        if self.random.random() < P_OBJECT_CLAUSE:
            subject, its_number = self.noun_phrase()
            self.verb(subject, its_number, self.random.choice(("always", "sometimes")), object=True)
        else:
            self.verb_phrase(head, number)

    def verb_phrase(self, subject: int, number: str) -> None:
        """V, or V NP."""
        takes = self.random.choice(("always", "sometimes", "never"))
        object = takes == "always" or (takes == "sometimes" and self.random.random() < P_OBJECT)
        self.verb(subject, number, takes, object)
        if object:
            self.noun_phrase()

    def verb(self, subject: int, number: str, takes: str, object: bool) -> None:
        self.verbs.append(_Verb(len(self.words), subject, number, object))
        self.words.append(_form(self.random.choice(VERBS[takes]), number))


def _form(verb: str, number: str) -> str:
    return verb if number == "plural" else f"{verb}s"


def generate(n: int, seed: int = 0) -> list[Sentence]:
    """Draw sentences, half of them with exactly one mistake.

    A noun phrase is a name with probability 0.1, a noun with a clause 0.5, a noun alone 0.4; singular and plural,
    both kinds of clause, and all words of a kind are equally likely; a verb phrase takes one of the three kinds of
    verb with equal probability, and see and hear have an object in half of the cases; the verb of a clause without its
    object is as likely to be chase or feed as see or hear. Sentences of more than 16 words are drawn again.

    Then what is tested is drawn, out of four equally likely cases: the agreement of a verb with a singular or with a
    plural subject, or the argument of a verb that has an object or of one that has none (not see or hear, which cannot
    be wrong); and one of the verbs of that case (a sentence without such a verb is drawn again). Only then is every
    second sentence spoilt, at that verb alone: it gets the other number, or becomes a verb of the opposite kind (walk
    or live where there is an object, chase or feed where there is none). So right and wrong sentences have the same
    lengths and structures, and every word the same frequency within 2 %: no word speaks for or against a sentence.

    Args:
        n: how many; n // 2 are wrong.
        seed: the same seed gives the same sentences.

    Returns:
        The sentences in random order; a sentence may come more than once.

    Example:
        >>> for s in generate(4, seed=1):
        ...     print(" ".join(s.words), s.violation or "-")
        dogs who chase dogs who feed boy who walks John hear . argument
        girls see boys . -
        cats who John hears walk . -
        boys who girl sees sees . agreement
    """
    if n < 0:
        raise ArgumentError(f"n is {n}", expected="a number of sentences")
    chance = random.Random(seed)
    wrong = [i % 2 == 1 for i in range(n)]
    chance.shuffle(wrong)
    return [_draw(chance, spoilt) for spoilt in wrong]


def _draw(chance: random.Random, spoilt: bool) -> Sentence:
    tested, case = chance.choice(
        (("agreement", "singular"), ("agreement", "plural"), ("argument", True), ("argument", False))
    )
    while True:
        draft = _Draft(chance)
        draft.sentence()
        words = draft.words
        if len(words) > LONGEST:
            continue
        if tested == "agreement":
            eligible = [verb for verb in draft.verbs if verb.number == case]
        else:
            eligible = [v for v in draft.verbs if v.object == case and _VERB[words[v.place]][1] != "sometimes"]
        if eligible:
            break
    verb = chance.choice(eligible)
    if spoilt:
        words[verb.place] = _wrong(words[verb.place], tested, chance)
    between = words[verb.subject + 1 : verb.place]
    attractors = sum(_NOUN.get(word) == _OTHER[verb.number] for word in between)
    return Sentence(tuple(words), not spoilt, tested, verb.subject, verb.place, attractors)


def _wrong(form: str, tested: str, chance: random.Random) -> str:
    number, takes = _VERB[form]
    if tested == "agreement":
        return form.removesuffix("s") if number == "singular" else f"{form}s"
    return _form(chance.choice(VERBS["never" if takes == "always" else "always"]), number)


def is_grammatical(words: Sequence[str]) -> bool:
    """Whether these words are a sentence of the grammar.

    Args:
        words: the words, "." the last; capitals do not matter.

    Raises:
        ArgumentError: one of them is not in the lexicon.

    Example:
        >>> is_grammatical("boy who dogs chase walks .".split()), is_grammatical("boy who dogs chase walk .".split())
        (True, False)
    """
    return not _Judge(_known(words)).mistakes()


def why(words: Sequence[str]) -> str:
    """Whether these words are a sentence of the grammar, and if not, what is wrong.

    Args:
        words: the words, "." the last; capitals do not matter.

    Raises:
        ArgumentError: one of them is not in the lexicon, which is then listed.

    Example:
        >>> why("boy who dogs chase walk .".split())
        "not grammatical: 'walk' (word 5) is plural, its subject 'boy' (word 1) singular"
    """
    mistakes = _Judge(_known(words)).mistakes()
    return f"not grammatical: {'; '.join(mistakes)}" if mistakes else "grammatical"


def _known(words: Sequence[str]) -> list[str]:
    """The words as the lexicon spells them."""
    for word in words:
        if word.lower() not in _SPELLING:
            near = did_you_mean(word, LEXICON)
            raise ArgumentError(
                f"{word!r} is not a word of this grammar", expected=f"words out of: {' '.join(LEXICON[:-1])}", fix=near
            )
    return [_SPELLING[word.lower()] for word in words]


class _NoSentenceError(Exception):
    """The words cannot be parsed any further."""


class _Judge:
    """A parser that goes from left to right and never back: one word ahead decides what comes.

    It tells kinds of words apart, and notes mistakes of agreement and of arguments on the way, so that it finds them
    all; it knows nothing of how sentences are drawn.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.words, self.at = words, 0
        self.found: list[str] = []

    def mistakes(self) -> list[str]:
        try:
            self.verb_phrase(self.noun_phrase("a noun"))
            self.expect(self.next() == STOP, f"{STOP!r}")
            self.at += 1
            if self.at < len(self.words):
                raise _NoSentenceError(f"words follow after the {STOP!r}")
        except _NoSentenceError as error:
            self.found.append(str(error))
        except RecursionError:
            self.found.append("clauses within clauses, deeper than can be followed")
        return self.found

    def next(self) -> str:
        return self.words[self.at] if self.at < len(self.words) else ""

    def expect(self, right: bool, what: str) -> None:
        if not right:
            after = f" after {self.name(self.at - 1)}" if self.at else ""
            found = f"not {self.next()!r}" if self.next() else "but nothing follows"
            raise _NoSentenceError(f"{what} is expected{after}, {found}")

    def name(self, place: int) -> str:
        return f"{self.words[place]!r} (word {place + 1})"

    def noun_phrase(self, what: str) -> int:
        """The place of its noun."""
        self.expect(self.next() in _NOUN, what)
        noun = self.at
        self.at += 1
        if self.next() == WHO:
            if self.words[noun] in NAMES:
                self.found.append(f"the name {self.name(noun)} has a clause")
            self.at += 1
            if self.next() in _VERB:
                self.verb_phrase(noun)
            else:
                self.verb(self.noun_phrase("a verb or a noun"), object=noun)
        return noun

    def verb_phrase(self, subject: int) -> None:
        self.verb(subject, object=None)

    def verb(self, subject: int, object: int | None) -> None:
        """A verb with what follows it; `object` is the place of the noun before its clause, if that is its object."""
        self.expect(self.next() in _VERB, "a verb")
        verb = self.at
        self.at += 1
        number, takes = _VERB[self.words[verb]]
        if number != _NOUN[self.words[subject]]:
            other = _NOUN[self.words[subject]]
            self.found.append(f"{self.name(verb)} is {number}, its subject {self.name(subject)} {other}")
        follows = self.at if self.next() in _NOUN else None
        if follows is not None and object is not None:
            self.found.append(f"{self.name(verb)} has two objects, {self.name(object)} and {self.name(follows)}")
        the_object = follows if object is None else object
        if the_object is not None and takes == "never":
            self.found.append(f"{self.name(verb)} takes no object, but has {self.name(the_object)}")
        if the_object is None and takes == "always":
            self.found.append(f"{self.name(verb)} has no object")
        if follows is not None:
            self.noun_phrase("a noun")
