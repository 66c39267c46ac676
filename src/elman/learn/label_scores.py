"""Labels as numbers, and how well predicted labels agree with the true ones."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from elman.data.labelled import in_order
from elman.learn.metrics import log_loss, multi_label, single_label

Labels = Sequence[tuple[str, ...]]


def indices(labels: Labels, classes: Sequence[str]) -> np.ndarray:
    """The class of each row as its place among the classes (n), int64; −1 where it is none of them.

    Example:
        >>> indices([("good",), ("bad",), ("odd",)], ["bad", "good"]).tolist()
        [1, 0, -1]
    """
    place = {name: k for k, name in enumerate(classes)}
    return np.array([place.get(row[0], -1) for row in labels], dtype=np.int64)


def one_hot(labels: Labels, classes: Sequence[str]) -> np.ndarray:
    """Whether each row has each class (n, classes), bool; labels that are none of the classes are passed over.

    Example:
        >>> one_hot([("a", "b"), ("c",)], ["a", "b"]).tolist()
        [[True, True], [False, False]]
    """
    place = {name: k for k, name in enumerate(classes)}
    table = np.zeros((len(labels), len(classes)), dtype=bool)
    for row, names in enumerate(labels):
        for name in names:
            if name in place:
                table[row, place[name]] = True
    return table


def known(labels: Labels, classes: Sequence[str]) -> np.ndarray:
    """Whether every label of a row is one of the classes (n), bool."""
    names = set(classes)
    return np.array([names.issuperset(row) for row in labels], dtype=bool)


def decide(probabilities: np.ndarray, classes: Sequence[str], multi: bool) -> list[tuple[str, ...]]:
    """The labels of each row: the most probable class, or with several labels every one of at least one half.

    Example:
        >>> decide(np.array([[0.5, 0.6], [0.4, 0.1]]), ["a", "b"], multi=True)
        [('a', 'b'), ()]
    """
    if multi:
        return [tuple(name for name, p in zip(classes, row, strict=True) if p >= 0.5) for row in probabilities]
    return [(classes[int(k)],) for k in probabilities.argmax(axis=1)]


def score(
    truth: Labels,
    predicted: Labels,
    classes: Sequence[str],
    *,
    multi: bool,
    probabilities: np.ndarray | None = None,
) -> dict[str, Any]:
    """The numbers of an evaluation; a label that the model has never seen counts as wrong wherever it stands.

    Args:
        truth: the labels of each row.
        predicted: the labels that were predicted for it.
        classes: those that the model knows.
        multi: whether a row may have several.
        probabilities: of each row and class (n, classes), if there are any.

    Returns:
        What `elman.learn.metrics` gives for one label or several (rows, accuracy, accuracy_low, accuracy_high,
        macro_f1, per_class, …); classes: the names, unseen ones at the end; unseen_labels: label → its rows; and
        log_loss over the rows with a known label, for one label and where there are probabilities.

    Example:
        >>> score([("a",), ("b",), ("z",)], [("a",), ("b",), ("b",)], ["a", "b"], multi=False)["unseen_labels"]
        {'z': 1}
    """
    seen = set(classes)
    unseen = Counter(name for row in truth for name in row if name not in seen)
    names = [*classes, *in_order(unseen)]
    if multi:
        result = multi_label(one_hot(truth, names), one_hot(predicted, names), names)
    else:
        result = single_label(indices(truth, names), indices(predicted, names), names)
        places = indices(truth, classes)
        if probabilities is not None and (places >= 0).any():
            result["log_loss"] = log_loss(probabilities, places)
    return {**result, "classes": names, "unseen_labels": {name: unseen[name] for name in in_order(unseen)}}
