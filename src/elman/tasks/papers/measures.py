"""What the papers measure: errors against what comes, against what was likely, and where errors rise."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Likeness:
    """How near predictions are to the exact probabilities, word by word.

    Args:
        rms, rms_sd: mean and standard deviation over the words of √(mean_k (y_k - p_k)²).
        cosine, cosine_sd: those of y·p / (|y| |p|).
    """

    rms: float
    rms_sd: float
    cosine: float
    cosine_sd: float


def likeness(predicted: np.ndarray, exact: np.ndarray) -> Likeness:
    """Compare predictions y (T, k) with the exact probabilities p (T, k), no row of them zero.

    Example:
        >>> likeness(np.array([[0.6, 0.8], [0.0, 1.0]]), np.array([[1.0, 0.0], [0.0, 1.0]])).cosine
        0.8
    """
    rms = np.sqrt(((predicted - exact) ** 2).mean(axis=1))
    lengths = np.linalg.norm(predicted, axis=1) * np.linalg.norm(exact, axis=1)
    cosine = (predicted * exact).sum(axis=1) / lengths
    return Likeness(*(float(value) for value in (rms.mean(), rms.std(), cosine.mean(), cosine.std())))


def rms(errors: np.ndarray) -> float:
    """The root of the mean square of all errors.

    Example:
        >>> rms(np.array([3.0, 4.0, 0.0, 0.0]))
        2.5
    """
    return float(np.sqrt((errors**2).mean()))


def rms_by_position(errors: np.ndarray, cycle: int) -> np.ndarray:
    """The root of the mean square of errors (T) at each of `cycle` positions; a rest shorter than a cycle is left out.

    Example:
        >>> rms_by_position(np.array([3.0, 0.0, 4.0, 1.0, 9.0]), cycle=2).round(3).tolist()
        [3.536, 0.707]
    """
    whole = errors[: len(errors) // cycle * cycle].reshape(-1, cycle)
    return np.sqrt((whole**2).mean(axis=0))


def peaks(errors: np.ndarray) -> np.ndarray:
    """Where errors (T) are higher than just before and not lower than just after, as booleans (T); not at the ends.

    Example:
        >>> peaks(np.array([5.0, 1.0, 3.0, 3.0, 2.0, 4.0])).tolist()
        [False, False, True, False, False, False]
    """
    inside = (errors[1:-1] > errors[:-2]) & (errors[1:-1] >= errors[2:])
    return np.concatenate([[False], inside, [False]])[: len(errors)]


@dataclass(frozen=True)
class Segmentation:
    """How well the beginnings of words are found.

    Args:
        precision: the share of the found places at which a word begins.
        recall: the share of the words whose beginning is found.
    """

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of both, 0 if both are 0."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def segmentation(found: np.ndarray, begins: np.ndarray) -> Segmentation:
    """Compare found beginnings with those there are, both booleans (T); nothing found is of precision 0.

    Example:
        >>> segmentation(np.array([True, False, True]), np.array([True, True, False])).f1
        0.5
    """
    right = int((found & begins).sum())
    return Segmentation(right / max(1, int(found.sum())), right / max(1, int(begins.sum())))


def mean_states(states: np.ndarray, numbers: np.ndarray, count: int) -> np.ndarray:
    """The mean of the hidden states (T, h) after each symbol (count, h); numbers (T) say which; each must occur.

    Example:
        >>> mean_states(np.array([[1.0], [2.0], [5.0]]), np.array([1, 0, 1]), 2).ravel().tolist()
        [2.0, 3.0]
    """
    return np.stack([states[numbers == number].mean(axis=0) for number in range(count)])
