"""How well alarms agree with labels, and forecasts with what came."""

from typing import Any

import numpy as np


def errors(z: np.ndarray, forecast: np.ndarray) -> dict[str, float | None]:
    """Mean absolute and root mean square error, in deviations, over the values that there are and were forecast."""
    error = (z - forecast)[np.isfinite(z) & np.isfinite(forecast)]
    if not len(error):
        return {"mae": None, "rmse": None}
    return {"mae": float(np.abs(error).mean()), "rmse": float(np.sqrt(np.square(error).mean()))}


def detection(labels: np.ndarray, scores: np.ndarray, alarms: np.ndarray, starts: np.ndarray) -> dict[str, Any]:
    """Precision, recall and F1 of the alarms, the area under the ROC curve of the scores, and the events found.

    An event is a run of labelled steps; it is found where there is an alarm in it.

    Args:
        labels: whether each step is an anomaly (T), bool.
        scores: (T), NaN where there is none: that is below all others.
        alarms: (T), bool.
        starts: where each series begins, and the last one ends.

    Example:
        >>> labels, alarms = np.array([0, 1, 1, 0, 1], bool), np.array([0, 0, 1, 1, 0], bool)
        >>> found = detection(labels, np.array([0.0, 1.0, 5.0, 4.0, 2.0]), alarms, np.array([0, 5]))
        >>> found["precision"], found["recall"], found["events"], found["events_found"], found["roc_auc"]
        (0.5, 0.3333333333333333, 2, 1, 0.6666666666666666)
    """
    right = int((labels & alarms).sum())
    given, there = int(alarms.sum()), int(labels.sum())
    event, count = events_of(labels, starts)
    return {
        "anomalies": there,
        "precision": right / given if given else None,
        "recall": right / there if there else None,
        "f1": 2 * right / (given + there) if given + there else None,
        "roc_auc": roc_auc(labels, scores),
        "events": count,
        "events_found": len(np.unique(event[labels & alarms])),
    }


def events_of(marks: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, int]:
    """The number of the event of each marked step, from 1, and 0 of the others (T); and how many events there are.

    Example:
        >>> events_of(np.array([1, 1, 0, 1, 1], bool), np.array([0, 4, 5]))
        (array([1, 1, 0, 2, 3]), 3)
    """
    begins = marks.copy()
    begins[1:] &= ~marks[:-1]
    own = starts[:-1][np.diff(starts) > 0]
    begins[own] = marks[own]
    event = np.where(marks, np.cumsum(begins), 0)
    return event, int(event.max(initial=0))


def roc_auc(labels: np.ndarray, scores: np.ndarray) -> float | None:
    """The chance that a step with the label has a higher score than one without it, a half where they are equal.

        AUC = (R - n(n + 1) / 2) / (n m)        R: the sum of the ranks of the n labelled steps among all n + m

    Returns:
        None where all steps or none are labelled.

    Example:
        >>> roc_auc(np.array([True, False, False]), np.array([2.0, 2.0, 1.0]))
        0.75
    """
    n, m = int(labels.sum()), int((~labels).sum())
    if not n or not m:
        return None
    filled = np.where(np.isnan(scores), -np.inf, scores)
    _, place, counts = np.unique(filled, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]  # the mean rank of equal scores
    return float((ranks[labels].sum() - n * (n + 1) / 2) / (n * m))
