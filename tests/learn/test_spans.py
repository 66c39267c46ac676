"""Entities in tags: read and written in three schemes, and counted as seqeval 1.2.2 counted the same sentences."""

import itertools

import pytest

from elman.learn.spans import (
    SCHEMES,
    Span,
    allowed,
    entity_scores,
    invalid,
    may_end,
    may_follow,
    repaired,
    scheme_of,
    spans,
    tags_of,
)


def sample(letters: str, seed: int = 7, count: int = 40) -> tuple[list[list[str]], list[list[str]]]:
    """Sentences of random tags, mostly against every scheme, and the same with a third drawn anew.

    The generator is written out, so that the numbers below belong to these sentences for ever.
    """
    tags = ["O", "O", "O"] + [f"{letter}-{kind}" for letter in letters for kind in ("PER", "LOC", "MISC")]
    state = seed

    def draw(below: int) -> int:
        nonlocal state
        state = (state * 1103515245 + 12345) % 2**31
        return (state >> 16) % below

    truth = [[tags[draw(len(tags))] for _ in range(1 + draw(12))] for _ in range(count)]
    return truth, [[tag if draw(3) else tags[draw(len(tags))] for tag in row] for row in truth]


@pytest.mark.parametrize(
    ("letters", "precision", "recall", "f1", "macro", "types", "entities", "predicted"),
    [
        (
            "BI",
            0.6939890710382514,
            0.6864864864864865,
            0.6902173913043478,
            0.6890538674659995,
            {"LOC": 0.5932203389830509, "MISC": 0.7218045112781954, "PER": 0.7521367521367521},
            185,
            183,
        ),
        (
            "BIES",
            0.7142857142857143,
            0.7272727272727273,
            0.7207207207207208,
            0.7189553990610328,
            {"LOC": 0.6338028169014084, "MISC": 0.7625, "PER": 0.7605633802816901},
            220,
            224,
        ),
    ],
    ids=["bio", "bioes"],
)
def test_the_figures_of_seqeval(
    letters: str,
    precision: float,
    recall: float,
    f1: float,
    macro: float,
    types: dict[str, float],
    entities: int,
    predicted: int,
) -> None:
    scores = entity_scores(*sample(letters))
    found = [scores[name] for name in ("precision", "recall", "f1", "macro_f1")]
    assert found == pytest.approx([precision, recall, f1, macro], abs=1e-12)
    assert {name: numbers["f1"] for name, numbers in scores["per_type"].items()} == pytest.approx(types, abs=1e-12)
    assert (scores["entities"], scores["predicted_entities"]) == (entities, predicted)


def test_the_example_of_seqevals_manual() -> None:
    truth = [["O", "O", "O", "B-MISC", "I-MISC", "I-MISC", "O"], ["B-PER", "I-PER", "O"]]
    predicted = [["O", "O", "B-MISC", "I-MISC", "I-MISC", "I-MISC", "O"], ["B-PER", "I-PER", "O"]]
    scores = entity_scores(truth, predicted)
    assert (scores["f1"], scores["macro_f1"]) == (0.5, 0.5)
    assert [scores["per_type"][kind]["f1"] for kind in ("MISC", "PER")] == [0.0, 1.0]


@pytest.mark.parametrize(
    ("truth", "predicted"),
    [([], []), ([["O"]], [["O"]]), ([["B-x"]], [["O"]]), ([["O"]], [["B-x"]]), ([[]], [[]])],
    ids=["nothing", "no entity", "none found", "none there", "no word"],
)
def test_nothing_to_divide_by(truth: list[list[str]], predicted: list[list[str]]) -> None:
    scores = entity_scores(truth, predicted)
    assert (scores["precision"], scores["recall"], scores["f1"], scores["macro_f1"]) == (0.0, 0.0, 0.0, 0.0)


def test_an_entity_in_each_scheme() -> None:
    entities = [Span("PER", 0, 0), Span("PER", 1, 3), Span("LOC", 5, 6)]
    written = {
        "bio": ["B-PER", "B-PER", "I-PER", "I-PER", "O", "B-LOC", "I-LOC"],
        "iob1": ["I-PER", "B-PER", "I-PER", "I-PER", "O", "I-LOC", "I-LOC"],
        "bioes": ["S-PER", "B-PER", "I-PER", "E-PER", "O", "B-LOC", "E-LOC"],
    }
    for scheme, tags in written.items():
        assert tags_of(entities, 7, scheme) == tags
        assert spans(tags) == entities
        assert scheme_of([tags]) == scheme
        assert invalid(tags, scheme) == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_sequence_is_repaired_and_only_what_is_wrong_is_changed(scheme: str) -> None:
    """All sequences of four tags of two types: the entities stay, and valid sequences stay as they are."""
    letters = {"bio": "BI", "iob1": "BI", "bioes": "BIES"}[scheme]
    tags = ["O", *(f"{letter}-{kind}" for letter in letters for kind in "xy")]
    valid = 0
    for row in itertools.product(tags, repeat=4):
        mended = repaired(row, scheme)
        assert spans(mended) == spans(row)
        assert invalid(mended, scheme) == []
        if not invalid(row, scheme):
            valid += 1
            assert mended == list(row)
    assert 0 < valid < len(tags) ** 4


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_is_allowed_in_decoding_is_what_is_valid(scheme: str) -> None:
    tags = ["O", "B-x", "I-x", "E-x", "S-x", "B-y", "I-y"]
    first, follows, last = allowed(tags, scheme)
    for row in itertools.product(range(len(tags)), repeat=3):
        permitted = first[row[0]] and last[row[2]] and all(follows[i, j] for i, j in itertools.pairwise(row))
        names = [tags[i] for i in row]
        assert bool(permitted) == (invalid(names, scheme) == [])


def test_where_a_sequence_is_wrong() -> None:
    assert invalid(["I-x", "I-x", "O", "I-y", "B-y", "I-x"], "bio") == [0, 3, 5]
    assert invalid(["B-x", "I-x", "B-x", "B-y"], "iob1") == [0, 3]
    assert invalid(["S-x", "B-x", "O", "E-x", "B-x", "E-x", "B-y"], "bioes") == [2, 3, 6]
    assert may_follow("S-x", "B-x", "bioes")
    assert not may_follow("B-x", "S-x", "bioes")
    assert may_end("I-x", "bio")


@pytest.mark.parametrize(
    ("sentences", "scheme"),
    [
        ([["O", "O"]], ""),
        ([["NOUN", "VERB"]], ""),
        ([["B-x", "I-x"], ["NOUN"]], ""),
        ([["I-x", "O"], ["I-x", "B-x"]], "iob1"),
        ([["B-x", "I-x"], ["O", "I-y"]], "bio"),  # one slip in a file of the other kind
        ([["B", "I", "O"]], "bio"),
        ([["B-a-b", "E-a-b"]], "bioes"),
        ([["B-x", "I-x"], ["B-y", "O"], ["S-x"]], "bio"),  # a stray tag of another scheme
        ([["I-x", "I-x"], ["I-y", "O"], ["E-x"]], "iob1"),
        ([["B-x", "E-x"], ["S-y", "O"], ["B-x", "O"]], "bioes"),
        ([["B-x", "S-x"]], "bioes"),  # one slip in either
        ([], ""),
    ],
)
def test_the_scheme_of_a_file(sentences: list[list[str]], scheme: str) -> None:
    assert scheme_of(sentences) == scheme


def test_types_may_hold_hyphens() -> None:
    assert spans(["B-creative-work", "I-creative-work"]) == [Span("creative-work", 0, 1)]
