"""From errors to a score for each step, and to the threshold above which few normal steps lie."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from elman.tasks.watch.material import Forecasts

_SHARE, _NORMAL = 0.99, 2.5758293035489004  # |e| of a standard normal variable is below this in 99 % of cases
_ENOUGH = 100  # values of a column that its tail is judged by


def column_scores(z: np.ndarray, said: Forecasts, tails: np.ndarray) -> np.ndarray:
    """|z - μ| / (σ u) of each value (T, d), NaN where there is no value or no forecast."""
    return np.abs(z - said.mean) / (said.scale * tails)


def step_scores(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The largest score of each step (T), NaN where there is none, and its column (T).

    Example:
        >>> found, column = step_scores(np.array([[1.0, np.nan], [0.5, 3.0], [np.nan, np.nan]]))
        >>> found.tolist(), column.tolist()
        ([1.0, 3.0, nan], [0, 1, 0])
    """
    filled = np.where(np.isnan(scores), -1.0, scores)
    column = filled.argmax(1)
    largest = filled[np.arange(len(filled)), column]
    return np.where(largest < 0, np.nan, largest), column


def tails_of(scores: np.ndarray) -> np.ndarray:
    """How much farther out than a normal variable the errors of each column lie, u (d), by their 99 % quantile.

    Without it the column with the heaviest tails, or whose forecasts are surest of themselves, would give all alarms.

    Args:
        scores: |z - μ| / σ (T, d), NaN where there is none.

    Example:
        >>> tails_of(np.full((200, 1), 5.1516586070978)).round(9).tolist(), tails_of(np.ones((9, 1))).tolist()
        ([2.0], [1.0])
    """
    found = np.ones(scores.shape[1])
    for k in range(scores.shape[1]):
        own = scores[np.isfinite(scores[:, k]), k]
        if len(own) >= _ENOUGH:
            found[k] = max(float(np.quantile(own, _SHARE)) / _NORMAL, 1e-6)
    return found


def smoothed(scores: np.ndarray, starts: np.ndarray, smoothing: float) -> np.ndarray:
    """s̄_t = λ s̄_{t-1} + (1 - λ) s_t from the first score of each series on; steps without a score change nothing.

    Example:
        >>> smoothed(np.array([np.nan, 4.0, 0.0, 8.0]), np.array([0, 3, 4]), 0.5).tolist()
        [nan, 4.0, 2.0, 8.0]
    """
    if not smoothing:
        return scores
    found = scores.copy()
    for begin, end in pairwise(starts.tolist()):
        mean = math.nan
        for t in range(begin, end):
            score = scores[t]
            if score == score:
                mean = score if mean != mean else smoothing * mean + (1 - smoothing) * score
                found[t] = mean
    return found


@dataclass(frozen=True, eq=False)
class Calibration:
    """The scores of normal steps that were held back, in their order.

    Args:
        scores: (T), NaN where there is none.
        starts: where each series begins, and the last one ends.
    """

    scores: np.ndarray
    starts: np.ndarray

    def count(self) -> int:
        """How many scores there are."""
        return int(np.isfinite(self.scores).sum())

    def threshold(self, alarms: float, smoothing: float = 0.0) -> float:
        """What at most a share `alarms` of normal steps exceeds: the ⌈(n + 1)(1 - alarms)⌉-th smallest of n scores.

        Were all steps alike and independent, a new one would lie above it with a probability of at most `alarms`.
        Where n is too small for that, it is the largest score, and the share that can be promised is 1 / (n + 1).

        Example:
            >>> calibration = Calibration(np.arange(1.0, 100.0), np.array([0, 99]))
            >>> calibration.threshold(0.05), calibration.threshold(0.001), calibration.promised(0.001)
            (95.0, 99.0, 0.01)

        Source: V. Vovk, A. Gammerman and G. Shafer, "Algorithmic learning in a random world", Springer 2005.
        """
        own = np.sort(smoothed(self.scores, self.starts, smoothing))[: self.count()]
        if not len(own):
            return math.inf
        rank = math.ceil(round((len(own) + 1) * (1 - alarms), 9))
        return float(own[min(max(rank, 1), len(own)) - 1])

    def promised(self, alarms: float) -> float:
        """The share of normal steps that the threshold lets through: `alarms`, or 1 / (n + 1) where n is too small."""
        return max(alarms, 1 / (self.count() + 1))
