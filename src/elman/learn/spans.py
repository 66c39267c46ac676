"""Entities in sequences of tags: read, written, checked, and counted as seqeval counts them.

A tag is O, or a letter and a type: B-PER begins an entity, I-PER goes on with it, E-PER ends it, S-PER is a whole one.

    bio      every entity begins with B
    iob1     an entity begins with I, with B only where it follows another of its type
    bioes    entities of one word are S, all others begin with B and end with E
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

SCHEMES = ("bio", "iob1", "bioes")
_TAG = re.compile(r"O|[BIES](-.+)?")


class Span(NamedTuple):
    """An entity: its type, and the places of its first and its last word."""

    kind: str
    first: int
    last: int


def spans(tags: Sequence[str]) -> list[Span]:
    """The entities in the tags of a sentence, in any of the schemes, whether they keep to it or not.

    A word goes on with the entity of the word before if that one is tagged B or I, it is itself tagged I or E, and
    both have the same type; every other tag but O begins an entity.

    Example:
        >>> spans(["B-PER", "I-PER", "O", "I-LOC", "I-PER"])
        [Span(kind='PER', first=0, last=1), Span(kind='LOC', first=3, last=3), Span(kind='PER', first=4, last=4)]
    """
    found: list[Span] = []
    before, kind_before = "O", ""
    for i, tag in enumerate(tags):
        letter, kind = tag[:1], tag[2:]
        if letter != "O":
            if before in ("B", "I") and letter in ("I", "E") and kind == kind_before:
                found[-1] = found[-1]._replace(last=i)
            else:
                found.append(Span(kind, i, i))
        before, kind_before = letter, kind
    return found


def tags_of(entities: Sequence[Span], length: int, scheme: str) -> list[str]:
    """The tags of a sentence of so many words, from its entities in order.

    Example:
        >>> tags_of([Span("PER", 0, 1), Span("LOC", 3, 3)], 4, "bioes")
        ['B-PER', 'E-PER', 'O', 'S-LOC']
    """
    tags = ["O"] * length
    before: Span | None = None
    for span in entities:
        touches = before is not None and before.last == span.first - 1 and before.kind == span.kind
        first = "I" if scheme == "iob1" and not touches else "B"
        letters = [first] + ["I"] * (span.last - span.first)
        if scheme == "bioes":
            letters = ["S"] if len(letters) == 1 else [*letters[:-1], "E"]
        tags[span.first : span.last + 1] = [f"{letter}-{span.kind}" if span.kind else letter for letter in letters]
        before = span
    return tags


def repaired(tags: Sequence[str], scheme: str) -> list[str]:
    """Tags that keep to the scheme, with the same entities.

    Example:
        >>> repaired(["O", "I-PER", "I-PER", "I-LOC"], "bio")
        ['O', 'B-PER', 'I-PER', 'B-LOC']
    """
    return tags_of(spans(tags), len(tags), scheme)


def scheme_of(sentences: Sequence[Sequence[str]]) -> str:
    """The scheme of some tagged sentences: "bio", "iob1", "bioes", or "" where the tags are of another kind.

    It is the one that the fewest tags are against, so that a few slips do not change it.

    Example:
        >>> scheme_of([["B-PER", "O"]]), scheme_of([["I-PER", "O"]]), scheme_of([["S-PER", "O"]]), scheme_of([["NOUN"]])
        ('bio', 'iob1', 'bioes', '')
    """
    different = {tag for tags in sentences for tag in tags}
    if not different - {"O"} or not all(_TAG.fullmatch(tag) for tag in different):
        return ""
    schemes = ("bioes", "bio", "iob1") if any(tag[0] in "ES" for tag in different) else ("bio", "iob1")
    return min(schemes, key=lambda scheme: sum(len(invalid(tags, scheme)) for tags in sentences))


def invalid(tags: Sequence[str], scheme: str) -> list[int]:
    """The places of the tags that may not stand where they do.

    Example:
        >>> invalid(["I-PER", "O", "B-LOC", "I-PER"], "bio")
        [0, 3]
    """
    wrong = [i for i, (a, b) in enumerate(zip(["O", *tags], tags, strict=False)) if not may_follow(a, b, scheme)]
    if tags and not may_end(tags[-1], scheme) and len(tags) - 1 not in wrong:
        wrong.append(len(tags) - 1)
    return wrong


def may_follow(before: str, tag: str, scheme: str) -> bool:
    """Whether a tag may stand after another; O stands for the beginning of a sentence.

    Example:
        >>> may_follow("B-PER", "I-PER", "bio"), may_follow("B-PER", "I-LOC", "bio"), may_follow("B-PER", "O", "bioes")
        (True, False, False)
    """
    if scheme != "bioes" and tag[:1] in ("E", "S"):
        return False
    same = before[:1] != "O" and before[2:] == tag[2:]
    if scheme == "iob1":
        return tag[:1] != "B" or same
    inside = same and before[:1] in "BI" and tag[:1] in "IE"
    if scheme == "bioes":
        return inside if before[:1] in "BI" else tag[:1] not in "IE"
    return inside or tag[:1] != "I"


def may_end(tag: str, scheme: str) -> bool:
    """Whether a tag may stand at the end of a sentence: with bioes, no entity may be left open."""
    return scheme != "bioes" or tag[:1] not in "BI"


def allowed(tags: Sequence[str], scheme: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which of k tags may stand first (k), follow each other (k, k; row: the tag before) and stand last (k), bool.

    Example:
        >>> first, follows, last = allowed(["O", "B-x", "I-x"], "bio")
        >>> first.tolist(), follows[0].tolist(), last.tolist()
        ([True, True, False], [True, True, False], [True, True, True])
    """
    first = np.array([may_follow("O", tag, scheme) for tag in tags], dtype=bool)
    follows = np.array([[may_follow(a, b, scheme) for b in tags] for a in tags], dtype=bool)
    return first, follows.reshape(len(tags), len(tags)), np.array([may_end(tag, scheme) for tag in tags], dtype=bool)


def entity_scores(truth: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Precision, recall and F1 of entities: one is right if its type, its first and its last word are.

        precision = right / predicted        recall = right / true        F1 = 2 right / (predicted + true)

    Args:
        truth, predicted: the tags of each sentence.

    Returns:
        entities, predicted_entities, precision, recall, f1 (over all), macro_f1 (the mean over the types), and
        per_type (type → precision, recall, f1, entities, predicted). What has nothing to be divided by is 0.

    Example:
        >>> scores = entity_scores([["B-PER", "I-PER", "O", "B-LOC"]], [["B-PER", "O", "O", "B-LOC"]])
        >>> scores["precision"], scores["recall"], scores["f1"]
        (0.5, 0.5, 0.5)
    """
    real: Counter[str] = Counter()
    found: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for own, given in zip(truth, predicted, strict=True):
        a, b = spans(own), spans(given)
        real.update(span.kind for span in a)
        found.update(span.kind for span in b)
        right.update(span.kind for span in set(a) & set(b))
    per_type = {kind: _figures(right[kind], found[kind], real[kind]) for kind in sorted(set(real) | set(found))}
    total = _figures(right.total(), found.total(), real.total())
    macro = sum(numbers["f1"] for numbers in per_type.values()) / len(per_type) if per_type else 0.0
    return {
        "entities": total["entities"],
        "predicted_entities": total["predicted"],
        **{name: total[name] for name in ("precision", "recall", "f1")},
        "macro_f1": macro,
        "per_type": per_type,
    }


def _figures(right: int, found: int, real: int) -> dict[str, Any]:
    return {
        "precision": right / found if found else 0.0,
        "recall": right / real if real else 0.0,
        "f1": 2 * right / (found + real) if found + real else 0.0,
        "entities": real,
        "predicted": found,
    }
