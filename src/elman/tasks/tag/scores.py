"""How well predicted tags and labels agree with the true ones."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from elman.data.labelled import in_order
from elman.data.sentences import Tagged
from elman.learn.metrics import single_label, wilson
from elman.learn.spans import entity_scores
from elman.tasks.tag.lexicon import Lexicon

Tags = Sequence[Sequence[str]]


def score(
    data: Tagged,
    tags: Tags,
    labels: Sequence[str] | None,
    classes: Sequence[str],
    label_classes: Sequence[str],
    scheme: str,
    lexicon: Lexicon,
) -> dict[str, Any]:
    """The numbers of an evaluation; a tag or label that the model has never seen counts as wrong wherever it stands.

    Args:
        data: sentences with their true tags, and perhaps labels.
        tags, labels: what was predicted.
        classes, label_classes: those that the model knows.
        scheme: of the entities, "" where the tags tell none.
        lexicon: tells which words the training had.

    Returns:
        sentences, rows (words), accuracy with its 95 % interval accuracy_low and accuracy_high, macro_f1, per_class
        and confusion over the words; whole_sentences, the share of sentences without a mistake; unseen_tags (tag →
        words); unknown_words (rows and accuracy of those that the training did not have); entities, as
        `entity_scores` gives them, where there is a scheme; label (rows, accuracy with its interval, unseen_labels,
        and both: the share of sentences with the right label and no mistake), where there are labels.
    """
    assert data.tags is not None
    truth, found = ([tag for row in rows for tag in row] for rows in (data.tags, tags))
    unseen = Counter(tag for tag in truth if tag not in set(classes))
    names = [*classes, *in_order(unseen)]
    place = {name: k for k, name in enumerate(names)}
    result = single_label(
        np.array([place[tag] for tag in truth], dtype=np.int64),
        np.array([place.get(tag, -1) for tag in found], dtype=np.int64),
        names,
    )
    whole = [list(own) == list(given) for own, given in zip(data.tags, tags, strict=True)]
    result = {"sentences": len(data), **result, "classes": names}
    result["whole_sentences"] = sum(whole) / len(whole) if whole else 0.0
    result["unseen_tags"] = {name: unseen[name] for name in in_order(unseen)}
    new = [not lexicon.knows(word) for row in data.words for word in row]
    right = sum(a == b for a, b, unknown in zip(truth, found, new, strict=True) if unknown)
    result["unknown_words"] = {"rows": sum(new), "accuracy": right / max(1, sum(new))}
    if scheme:
        result["entities"] = entity_scores(data.tags, tags)
    if data.labels is not None and labels is not None:
        result["label"] = _label_scores(data.labels, labels, label_classes, whole)
    return result


def _label_scores(
    truth: Sequence[str], found: Sequence[str], classes: Sequence[str], whole: Sequence[bool]
) -> dict[str, Any]:
    right = [a == b for a, b in zip(truth, found, strict=True)]
    low, high = wilson(sum(right), len(right))
    unseen = Counter(label for label in truth if label not in set(classes))
    return {
        "rows": len(right),
        "accuracy": sum(right) / max(1, len(right)),
        "accuracy_low": low,
        "accuracy_high": high,
        "both": sum(a and b for a, b in zip(right, whole, strict=True)) / max(1, len(right)),
        "unseen_labels": {name: unseen[name] for name in in_order(unseen)},
    }
