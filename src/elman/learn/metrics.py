"""How well predictions agree with the truth: plain numbers from numpy arrays."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from elman.errors import ArgumentError


def wilson(correct: int, rows: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """The interval in which a share lies, given how often something happened (95 % by default).

        (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n)        p = correct / n

    Unlike p ± z √(p(1 − p)/n) it stays within 0 and 1 and is of use for few rows and for shares near 0 and 1.

    Args:
        correct: how often.
        rows: of how many, n.
        z: quantile of the normal distribution.

    Returns:
        The two ends; (0, 1) for no rows.

    Example:
        >>> low, high = wilson(87, 100)
        >>> round(low, 3), round(high, 3)
        (0.79, 0.922)

    Source: Wilson (1927), Probable inference, the law of succession, and statistical inference.
    """
    if not 0 <= correct <= rows:
        raise ArgumentError(f"correct is {correct} of {rows} rows", expected=f"a number from 0 to {rows}")
    if rows == 0:
        return 0.0, 1.0
    share = correct / rows
    middle = share + z * z / (2 * rows)
    half = z * math.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows))
    low, high = (middle - half) / (1 + z * z / rows), (middle + half) / (1 + z * z / rows)
    return (0.0 if correct == 0 else low), (1.0 if correct == rows else high)


def confusion(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Counts (classes, classes) of rows of class i that were predicted as class j; a truth of −1 is left out.

    Example:
        >>> confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
        [[1, 1], [0, 1]]
    """
    known = truth >= 0
    pairs = truth[known].astype(np.int64) * classes + predicted[known]
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def single_label(truth: np.ndarray, predicted: np.ndarray, classes: Sequence[str]) -> dict[str, Any]:
    """The numbers of a classification where each row has one class.

    Args:
        truth: the class of each row (n), as an index into classes; −1 for a class unknown to the model, always wrong.
        predicted: the class predicted for each row (n).
        classes: names of the classes.

    Returns:
        rows, accuracy with its 95 % interval accuracy_low and accuracy_high, macro_f1 (the mean over the classes that
        occur in truth or predictions), per_class (name → precision, recall, f1, rows, predicted), confusion (lists of
        counts: a line for each true class, a column for each predicted one).

    Example:
        >>> single_label(np.array([0, 1, 1, -1]), np.array([0, 1, 0, 0]), ["bad", "good"])["accuracy"]
        0.5
    """
    truth, predicted = _indices(truth, predicted)
    count = len(classes)
    correct = int((truth == predicted).sum())
    table = confusion(truth, predicted, count)
    hits = table.diagonal()
    per_class = _per_class(hits, np.bincount(predicted, minlength=count), table.sum(1), classes)
    return {
        **_share("accuracy", correct, len(truth)),
        "macro_f1": _macro(per_class),
        "per_class": per_class,
        "confusion": table.tolist(),
    }


def multi_label(truth: np.ndarray, predicted: np.ndarray, classes: Sequence[str]) -> dict[str, Any]:
    """The numbers of a classification where each row has any number of classes.

    Args:
        truth: whether each row has each class (n, classes), bool.
        predicted: whether it was predicted (n, classes), bool.
        classes: names of the classes.

    Returns:
        rows, accuracy (the share of rows with every class right) with its 95 % interval accuracy_low and accuracy_high,
        micro_f1 (of all decisions together), macro_f1 (mean over the classes that occur), per_class.

    Example:
        >>> truth = np.array([[True, False], [True, True]])
        >>> multi_label(truth, truth, ["short", "funny"])["micro_f1"]
        1.0
    """
    truth, predicted = np.asarray(truth, dtype=bool), np.asarray(predicted, dtype=bool)
    if truth.shape != predicted.shape or truth.ndim != 2 or truth.shape[1] != len(classes):
        raise ArgumentError(
            f"truth has shape {truth.shape}, predicted {predicted.shape}", expected=f"(n, {len(classes)}) twice"
        )
    hits, found, real = (truth & predicted).sum(0), predicted.sum(0), truth.sum(0)
    per_class = _per_class(hits, found, real, classes)
    whole = int(found.sum() + real.sum())
    return {
        **_share("accuracy", int((truth == predicted).all(1).sum()), len(truth)),
        "micro_f1": 2 * int(hits.sum()) / whole if whole else 0.0,
        "macro_f1": _macro(per_class),
        "per_class": per_class,
    }


def log_loss(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """Mean of −ln p(true class), each p taken as at least 1e-15; rows of an unknown class (−1) are left out.

    Args:
        probabilities: (n, classes).
        truth: the class of each row (n).

    Returns:
        The mean in nats; nan for no rows.

    Example:
        >>> round(log_loss(np.array([[0.5, 0.5], [0.25, 0.75]]), np.array([0, 1])), 4)
        0.4904
    """
    known = np.flatnonzero(truth >= 0)
    if not len(known):
        return math.nan
    chosen = probabilities[known, truth[known]].astype(np.float64)
    return float(-np.log(chosen.clip(1e-15, 1.0)).mean())


def _share(name: str, correct: int, rows: int) -> dict[str, Any]:
    low, high = wilson(correct, rows)
    return {"rows": rows, name: correct / rows if rows else 0.0, f"{name}_low": low, f"{name}_high": high}


def _per_class(hits: np.ndarray, found: np.ndarray, real: np.ndarray, classes: Sequence[str]) -> dict[str, Any]:
    """Precision, recall and F1 of every class; 0 where nothing was there to divide by."""
    return {
        name: {
            "precision": int(h) / int(f) if f else 0.0,
            "recall": int(h) / int(r) if r else 0.0,
            "f1": 2 * int(h) / int(f + r) if f + r else 0.0,
            "rows": int(r),
            "predicted": int(f),
        }
        for name, h, f, r in zip(classes, hits, found, real, strict=True)
    }


def _macro(per_class: dict[str, Any]) -> float:
    f1 = [numbers["f1"] for numbers in per_class.values() if numbers["rows"] or numbers["predicted"]]
    return float(np.mean(f1)) if f1 else 0.0


def _indices(truth: np.ndarray, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    truth, predicted = np.asarray(truth, dtype=np.int64), np.asarray(predicted, dtype=np.int64)
    if truth.shape != predicted.shape or truth.ndim != 1:
        raise ArgumentError(
            f"truth has shape {truth.shape}, predicted {predicted.shape}", expected="one number per row in both"
        )
    return truth, predicted
