"""The grammar of Elman (1991) as a source: its sentences are right by another judge, and the exact probabilities are
those of a list of all sentences, and those of the sentences that are drawn."""

from collections import defaultdict
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest

from elman.data.elman1991 import Grammar, share_of_complex
from elman.data.grammar import LEXICON, NAMES, NOUNS, VERBS, is_grammatical
from elman.errors import ArgumentError

KINDS = {f"N {number}": words for number, words in NOUNS.items()} | {"name": NAMES, "who": ("who",), ".": (".",)}
KINDS |= {f"{kind} singular": tuple(f"{verb}s" for verb in verbs) for kind, verbs in VERBS.items()}
KINDS |= {f"{kind} plural": verbs for kind, verbs in VERBS.items()}

Drawn = tuple[tuple[str, ...], float, str]  # kinds of words, probability, number of the first noun


def noun_phrases(left: int, clause: float) -> Iterator[Drawn]:
    """NP → PropN | N | N RC, of at most so many words."""
    if left < 1:
        return
    yield ("name",), 0.2, "singular"
    for number in NOUNS:
        yield (f"N {number}",), 0.4 * (1 - clause), number
        for words, p in verb_phrases(number, left - 2, clause):
            yield (f"N {number}", "who", *words), 0.4 * clause * 0.5 * p, number
        for inner, p, its in noun_phrases(left - 3, clause):
            for kind in ("always", "sometimes"):
                yield (f"N {number}", "who", *inner, f"{kind} {its}"), 0.4 * clause * 0.5 * p * 0.5, number


def verb_phrases(number: str, left: int, clause: float) -> Iterator[tuple[tuple[str, ...], float]]:
    """VP → V | V NP."""
    if left < 1:
        return
    yield (f"never {number}",), 1 / 3
    yield (f"sometimes {number}",), 1 / 6
    for words, p, _ in noun_phrases(left - 1, clause):
        yield (f"always {number}", *words), p / 3
        yield (f"sometimes {number}", *words), p / 6


@cache
def all_sentences(longest: int, clause: float) -> dict[tuple[str, ...], float]:
    """All sentences up to a length, as kinds of words, and their probabilities among those."""
    found = {
        (*subject, *rest, "."): p * q
        for subject, p, number in noun_phrases(longest - 2, clause)
        for rest, q in verb_phrases(number, longest - 1 - len(subject), clause)
    }
    assert max(map(len, found)) == longest
    total = sum(found.values())
    return {words: p / total for words, p in found.items()}


@pytest.mark.parametrize(("longest", "complex"), [(5, 0.0), (5, 0.2), (8, 0.5), (10, 0.75)])
def test_next_words_are_those_of_the_list_of_all_sentences(longest: int, complex: float):
    grammar = Grammar(complex, longest)
    sentences = all_sentences(longest, grammar.clause)
    has_clause = sum(p for words, p in sentences.items() if "who" in words)
    assert has_clause == pytest.approx(complex, abs=1e-9)  # the probability of a clause is halved 40 times
    following: dict[tuple[str, ...], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for words, p in sentences.items():
        for place in range(len(words)):
            following[words[:place]][words[place]] += p
    checked = 0
    for prefix, chances in following.items():
        if sum(chances.values()) < 1e-6 or not prefix:
            continue
        after = grammar.next_words([KINDS[kind][-1] for kind in prefix])[-1]
        exact = np.zeros(len(LEXICON))
        for kind, p in chances.items():
            exact[[LEXICON.index(word) for word in KINDS[kind]]] = p / sum(chances.values()) / len(KINDS[kind])
        # Sums of at most 10⁵ products of numbers below 1, divided by at least 10⁻⁶.
        assert np.allclose(after, exact, rtol=0, atol=1e-9), prefix
        checked += 1
    assert checked >= 20
    first = np.zeros(len(LEXICON))
    for kind, p in following[()].items():
        first[[LEXICON.index(word) for word in KINDS[kind]]] = p / len(KINDS[kind])
    assert np.allclose(grammar.next_words(["John", "walks", "."])[-1], first, rtol=0, atol=1e-9)


@pytest.mark.parametrize("complex", [0.0, 0.25, 0.75])
def test_sentences_are_right_and_as_complex_as_wanted(complex: float):
    drawn = Grammar(complex).sentences(4000, seed=3)
    assert all(is_grammatical(words) for words in drawn)
    lengths = [len(words) for words in drawn]
    assert min(lengths) == 3
    assert max(lengths) == (16 if complex else 4)
    share = sum("who" in words for words in drawn) / 4000
    assert abs(share - complex) <= 5 * np.sqrt(complex * (1 - complex) / 4000)  # binomial, 5 σ


def test_what_is_drawn_follows_the_probabilities():
    """Σ_t (1[w_{t+1} = w] - p_t(w)) has mean 0 and variance Σ_t p_t(w) (1 - p_t(w)) for each word; also far within."""
    grammar = Grammar(0.75)
    stream = [word for sentence in grammar.sentences(4000, seed=9) for word in sentence]
    p = grammar.next_words(stream)[:-1]
    came = np.array([[word == other for other in LEXICON] for word in stream[1:]])
    assert (p[came] > 0).all()
    assert np.allclose(p.sum(axis=1), 1)
    for some in (slice(None), p.max(axis=1) > 0.4):
        assert (abs((came - p)[some].sum(axis=0)) <= 5 * np.sqrt((p * (1 - p))[some].sum(axis=0))).all()


def test_a_sentence_ends_before_it_is_too_long():
    """After "boy who cats chase" two words are left of six, a verb and the stop; of 16 an object may follow."""
    six, more = Grammar(0.5, longest=6), Grammar(0.5)
    words = ["boy", "who", "cats", "chase"]
    verbs = {"lives", "walks", "sees", "hears"}
    assert {LEXICON[i] for i in np.flatnonzero(six.next_words(words)[-1])} == verbs
    assert {LEXICON[i] for i in np.flatnonzero(more.next_words(words)[-1])} == verbs | {"chases", "feeds"}
    assert six.next_words([*words, "sees"])[-1][LEXICON.index(".")] == 1


def test_a_seed_is_all_there_is():
    grammar = Grammar()
    assert grammar.sentences(50, seed=1) == Grammar().sentences(50, seed=1)
    assert grammar.sentences(50, seed=1) != grammar.sentences(50, seed=2)
    assert grammar.sentences(0) == []
    assert grammar.next_words([]).shape == (0, 24)


def test_the_share_grows_with_the_probability_of_a_clause():
    shares = [share_of_complex(clause, 16) for clause in np.linspace(0, 1, 11)]
    assert shares[0] == 0
    assert sorted(set(shares)) == shares


def test_what_cannot_be_is_refused():
    for wrong in (-0.1, 0.9, 1.0, float("nan")):
        with pytest.raises(ArgumentError, match="complex"):
            Grammar(wrong)
    with pytest.raises(ArgumentError, match="longest"):
        Grammar(longest=4)
    with pytest.raises(ArgumentError, match="-1"):
        Grammar().sentences(-1)
    with pytest.raises(ArgumentError, match="'walk' cannot come after 'boy'"):
        Grammar().next_words(["boy", "walk"])
    with pytest.raises(ArgumentError, match="zebra"):
        Grammar().next_words(["zebra"])
