"""Forecasts that need no network: the last value, and the value one season before."""

import numpy as np

from elman.tasks.watch.material import Forecasts, newest


def naive(z: np.ndarray, season: int) -> dict[str, Forecasts]:
    """What each of them says of every step of a series (T, d); NaN where it says nothing.

    Args:
        z: standardised values, NaN where missing.
        season: steps of a season; 1: none.

    Example:
        >>> found = naive(np.array([[1.0], [2.0], [np.nan], [4.0]]), 2)
        >>> found["last value"].mean.ravel().tolist(), found["season before"].mean.ravel().tolist()
        ([nan, 1.0, 2.0, 2.0], [nan, nan, 1.0, 2.0])
    """
    real = np.isfinite(z)
    last = np.full(z.shape, np.nan)
    last[1:] = np.where(np.maximum.accumulate(real, axis=0), newest(z, real), np.nan)[:-1]
    found = {"last value": Forecasts(last, np.ones(z.shape))}
    if season > 1:
        before = np.full(z.shape, np.nan)
        before[season:] = z[:-season]
        found["season before"] = Forecasts(before, np.ones(z.shape))
    return found
