"""Series brought to one scale and back: by their mean, their median and spread, their last value, a logarithm."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from elman.errors import ArgumentError, DataError

SCALINGS = ("none", "mean", "standard", "robust", "last")
_IQR = 1.3489795003921634  # interquartile range of the standard normal distribution


@dataclass(frozen=True, eq=False)
class Scale:
    """Location and scale of n series: z = (g(y) - shift) / size, with g the identity or the logarithm.

    Args:
        shift, size: one of each series (n), float64; the size is above 0.
        log: whether g is the logarithm, ln(y + offset).
        offset: added before the logarithm: 1 where zeros occur, else 0 (n).
    """

    shift: np.ndarray
    size: np.ndarray
    log: bool = False
    offset: np.ndarray | None = None

    def forth(self, values: np.ndarray, series: np.ndarray) -> np.ndarray:
        """z from y; `series` names the series of each row of `values` (rows) or (rows, …)."""
        shift, size, offset = self._of(series, values.ndim)
        with np.errstate(divide="ignore", invalid="ignore"):
            seen = np.log(values + offset) if self.log else values
        return (seen - shift) / size

    def back(self, scaled: np.ndarray, series: np.ndarray) -> np.ndarray:
        """y from z."""
        shift, size, offset = self._of(series, scaled.ndim)
        seen = scaled * size + shift
        return np.exp(seen) - offset if self.log else seen

    def take(self, series: np.ndarray) -> "Scale":
        """Of some of the series."""
        return Scale(
            self.shift[series], self.size[series], self.log, None if self.offset is None else self.offset[series]
        )

    def _of(self, series: np.ndarray, dimensions: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        shape = (-1,) + (1,) * (dimensions - 1)
        offset = np.zeros(len(self.shift)) if self.offset is None else self.offset
        return self.shift[series].reshape(shape), self.size[series].reshape(shape), offset[series].reshape(shape)


def fit_scale(
    values: np.ndarray, starts: np.ndarray, kind: str, log: bool = False, names: Sequence[str] = (), path: str = ""
) -> Scale:
    """The location and scale of every series, from its values; missing ones are passed over.

        none:     shift 0                   size 1
        mean:     shift 0                   size mean |z|
        standard: shift mean                size standard deviation (the population's)
        robust:   shift median              size (third quartile - first) / 1.349
        last:     shift last value          size standard deviation of the steps between neighbours

    A size of 0 (a constant series, no values) is replaced by the mean of |z|, or by 1.

    Args:
        values: one series after another (total), NaN where missing.
        starts: where each begins, and the last one ends (n + 1).
        kind: one of the above.
        log: whether the logarithm is taken first.
        names, path: of the series and their file, for messages.

    Raises:
        ArgumentError: another kind.
        DataError: a negative value, of which there is no logarithm.

    Example:
        >>> scale = fit_scale(np.array([1.0, 3.0, np.nan, 10.0]), np.array([0, 3, 4]), "standard")
        >>> scale.shift.tolist(), scale.size.tolist()
        ([2.0, 10.0], [1.0, 10.0])
        >>> scale.back(scale.forth(np.array([7.0]), np.array([0])), np.array([0])).tolist()
        [7.0]
    """
    if kind not in SCALINGS:
        raise ArgumentError(f"the scaling is {kind!r}", f"one of {', '.join(SCALINGS)}")
    n = len(starts) - 1
    offset = np.zeros(n)
    if log:
        owner = np.repeat(np.arange(n), np.diff(starts))
        lowest = np.full(n, np.inf)
        np.minimum.at(lowest, owner, np.where(np.isfinite(values), values, np.inf))
        if (lowest < 0).any():
            at = int(np.flatnonzero(lowest < 0)[0])
            name = repr(names[at]) if names else f"series {at + 1}"
            raise DataError(
                f"{name} holds the value {lowest[at]:g}", "none below 0 for a logarithm", "Leave --log out.", path=path
            )
        offset = np.where(lowest == 0, 1.0, 0.0)
        with np.errstate(invalid="ignore"):
            values = np.log(values + offset[owner])
    shift, size = np.zeros(n), np.ones(n)
    for i in range(n if kind != "none" else 0):
        one = values[starts[i] : starts[i + 1]]
        one = one[np.isfinite(one)]
        if len(one):
            shift[i], size[i] = _shift_and_size(one, kind)
    return Scale(shift, size, log, offset if log else None)


def _shift_and_size(one: np.ndarray, kind: str) -> tuple[float, float]:
    level = float(np.abs(one).mean()) or 1.0
    if kind == "mean":
        return 0.0, level
    if kind == "standard":
        shift, size = float(one.mean()), float(one.std())
    elif kind == "robust":
        low, shift, high = (float(q) for q in np.quantile(one, [0.25, 0.5, 0.75]))
        size = (high - low) / _IQR or float(one.std())
    else:
        shift, size = float(one[-1]), float(np.diff(one).std()) if len(one) > 1 else 0.0
    return shift, size if size > 1e-8 * level else level
