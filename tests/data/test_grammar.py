"""The grammar against the same rules written as sets of strings, and the sentences against what is promised of them."""

import itertools
import re
from collections import Counter

import numpy as np
import pytest

from elman.data.grammar import LEXICON, LONGEST, Sentence, generate, is_grammatical, why
from elman.errors import ArgumentError

# One word of each kind: (word, number).
SINGULAR, PLURAL = ("boy", "John"), ("boys",)
ALWAYS, SOMETIMES, NEVER = {"s": "chases", "p": "chase"}, {"s": "sees", "p": "see"}, {"s": "walks", "p": "walk"}


def language(longest: int) -> set[tuple[str, ...]]:
    """All sentences up to a length, by applying the rules of the grammar until nothing new comes."""
    phrases = {("boy",): "s", ("boys",): "p", ("John",): "s"}
    while True:
        clauses_of: dict[str, set[tuple[str, ...]]] = {"s": set(), "p": set()}
        for number in "sp":
            clauses_of[number] |= {("who", *vp) for vp in verb_phrases(number, phrases)}
            for inner, its_number in phrases.items():
                clauses_of[number] |= {("who", *inner, verb[its_number]) for verb in (ALWAYS, SOMETIMES)}
        new = dict(phrases)
        for noun, number in (("boy", "s"), ("boys", "p")):
            new |= {(noun, *clause): number for clause in clauses_of[number] if len(clause) < longest - 1}
        if new == phrases:
            break
        phrases = new
    return {
        (*np_, *vp, ".")
        for np_, number in phrases.items()
        for vp in verb_phrases(number, phrases)
        if len(np_) + len(vp) < longest
    }


def verb_phrases(number: str, phrases: dict[tuple[str, ...], str]) -> set[tuple[str, ...]]:
    found = {(SOMETIMES[number],), (NEVER[number],)}
    return found | {(verb[number], *np_) for verb in (ALWAYS, SOMETIMES) for np_ in phrases}


def test_the_judge_knows_exactly_the_language() -> None:
    """Of all strings of up to six words over eleven, and all sentences of up to ten."""
    words = ("boy", "boys", "John", "chase", "chases", "see", "sees", "walk", "walks", "who", ".")
    right = language(6)
    for n in range(1, 6):  # the last word of a sentence is the stop
        for string in itertools.product(words, repeat=n):
            assert is_grammatical((*string, ".")) == ((*string, ".") in right), string
    longer = language(10)
    assert len(longer) > 2000
    assert all(is_grammatical(sentence) for sentence in longer)


@pytest.fixture(scope="module")
def sentences() -> list[Sentence]:
    return generate(20_000, seed=5)


def test_half_are_wrong_by_one_mistake(sentences: list[Sentence]) -> None:
    assert sum(s.grammatical for s in sentences) == len(sentences) // 2
    for s in sentences:
        assert is_grammatical(s.words) == s.grammatical
        assert bool(s.violation) != s.grammatical
        assert 3 <= len(s.words) <= LONGEST
        assert s.words[-1] == "."
        if not s.grammatical:
            assert why(s.words).count(";") == 0, "more than one mistake"
            assert f"{s.words[s.verb]!r} (word {s.verb + 1})" in why(s.words)
            assert ("its subject" in why(s.words)) == (s.violation == "agreement")
    kinds = Counter(s.tested for s in sentences)
    assert abs(kinds["agreement"] / len(sentences) - 0.5) < 0.02


def test_one_other_verb_makes_it_right(sentences: list[Sentence]) -> None:
    """A wrong sentence differs from right ones in the verb that is named, and in nothing else."""
    verbs = [w for w in LEXICON if w.rstrip("s") in {"chase", "feed", "see", "hear", "walk", "live"}]
    assert len(verbs) == 12
    for s in [s for s in sentences if not s.grammatical][:500]:
        others = [(*s.words[: s.verb], verb, *s.words[s.verb + 1 :]) for verb in verbs]
        assert any(map(is_grammatical, others))


def test_subjects_and_attractors(sentences: list[Sentence]) -> None:
    plural = {"boys", "girls", "cats", "dogs"}
    singular = {"boy", "girl", "cat", "dog", "John", "Mary"}
    for s in sentences:
        between = s.words[s.subject + 1 : s.verb]
        others = singular if s.words[s.subject] in plural else plural
        assert s.attractors == len([word for word in between if word in others])
        if s.tested == "agreement":
            ends_in_s = s.words[s.verb].endswith("s")
            assert ends_in_s == ((s.words[s.subject] in singular) == s.grammatical)
    counts = Counter(s.attractors for s in sentences)
    assert min(counts[1], counts[2], counts[3]) > 20


def test_neither_length_nor_words_give_it_away(sentences: list[Sentence]) -> None:
    right, wrong = ([s for s in sentences if s.grammatical == g] for g in (True, False))
    for value in (lambda s: len(s.words), lambda s: s.attractors, lambda s: s.words.count("who")):
        a, b = Counter(map(value, right)), Counter(map(value, wrong))
        for key in a:
            assert abs(a[key] - b[key]) < 5 * (a[key] + b[key]) ** 0.5  # five standard deviations
    bags = np.array([[s.words.count(word) for word in LEXICON] for s in sentences], dtype=float)
    signs = np.array([1.0 if s.grammatical else -1.0 for s in sentences])
    half = len(sentences) // 2
    weights = np.linalg.lstsq(np.c_[bags, np.ones(len(bags))][:half], signs[:half], rcond=None)[0]
    guessed = np.c_[bags, np.ones(len(bags))][half:] @ weights > 0
    assert abs((guessed == (signs[half:] > 0)).mean() - 0.5) < 0.03


def test_the_seed_decides() -> None:
    assert generate(50, seed=3) == generate(50, seed=3)
    assert generate(50, seed=3) != generate(50, seed=4)
    assert generate(0) == []
    assert sum(s.grammatical for s in generate(7)) == 4
    with pytest.raises(ArgumentError, match="n is -1"):
        generate(-1)


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("boys who chase Mary walk .", "^grammatical$"),
        ("BOYS who CHASE mary walk .", "^grammatical$"),
        ("boy who cats chase sees .", "^grammatical$"),
        ("boys who chase Mary walks .", r"'walks' \(word 5\) is singular, its subject 'boys' \(word 1\) plural"),
        ("boys chase .", r"'chase' \(word 2\) has no object"),
        ("boys walk cats .", r"'walk' \(word 2\) takes no object, but has 'cats' \(word 3\)"),
        ("boys who cats walk live .", r"'walk' \(word 4\) takes no object, but has 'boys' \(word 1\)"),
        ("boys who cats chase dogs walk .", r"'chase' \(word 4\) has two objects, 'boys' \(word 1\) and 'dogs'"),
        ("John who walks sees .", r"the name 'John' \(word 1\) has a clause"),
        ("boys boys see .", r"a verb is expected after 'boys' \(word 1\), not 'boys'"),
        ("boys see", r"'\.' is expected after 'see' \(word 2\), but nothing follows"),
        ("boys see . .", "words follow after the '.'"),
        ("boy sees boys see .", r"'\.' is expected after 'boys' \(word 3\), not 'see'"),
        ("walk .", "a noun is expected, not 'walk'"),
        ("", "a noun is expected, but nothing follows"),
        ("boys who . ", r"a verb or a noun is expected after 'who' \(word 2\), not '\.'"),
        ("boy walk cats .", r"is plural, its subject .*; 'walk' \(word 2\) takes no object"),
        ("boy who " * 5000 + ".", "deeper than can be followed"),
    ],
)
def test_reasons(sentence: str, reason: str) -> None:
    assert re.search(reason, why(sentence.split()))
    assert is_grammatical(sentence.split()) == (reason == "^grammatical$")


def test_unknown_words_are_named() -> None:
    with pytest.raises(
        ArgumentError, match=r"'dogz' is not a word of this grammar.*boy girl cat.*Did you mean 'dog' or"
    ):
        why(["boys", "see", "dogz", "."])
