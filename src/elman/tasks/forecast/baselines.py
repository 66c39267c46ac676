"""What every forecast is compared with: the last value, the last season, naive2 of the M4 competition, smoothing."""

from collections.abc import Callable, Sequence

import numpy as np

from elman.tasks.forecast.smoothing import smooth

Histories = Sequence[np.ndarray]


def naive(histories: Histories, horizon: int) -> np.ndarray:
    """The last value, over the whole horizon (n, horizon); 0 for a history without a value.

    Example:
        >>> naive([np.array([3.0, 5.0, np.nan])], 2).tolist()
        [[5.0, 5.0]]
    """
    return seasonal_naive(histories, horizon, 1)


def seasonal_naive(histories: Histories, horizon: int, season: int) -> np.ndarray:
    """The values of the last season, repeated (n, horizon).

    A missing one is taken from the season before; without any, and in histories shorter than a season, it is the last
    value.

    Example:
        >>> seasonal_naive([np.array([1.0, 2.0, 3.0, 4.0, np.nan])], 3, 2).tolist()
        [[4.0, 3.0, 4.0]]
    """
    forecasts = np.zeros((len(histories), horizon))
    for i, history in enumerate(histories):
        history = np.asarray(history, dtype=np.float64)
        real = np.flatnonzero(np.isfinite(history))
        if not len(real):
            continue
        cycle = np.full(season, history[real[-1]])
        if len(history) >= season:
            for k in range(season):
                own = history[len(history) - season + k :: -season]  # this step of the season, newest first
                own = own[np.isfinite(own)]
                cycle[k] = own[0] if len(own) else cycle[k]
        forecasts[i] = cycle[np.arange(horizon) % season]
    return forecasts


def naive2(histories: Histories, horizon: int, season: int) -> np.ndarray:
    """The last value of the series without its season, times the season, where a test finds one (n, horizon).

    The test of M4: the autocorrelation a_m at the season m is beyond 1.645 √((1 + 2 Σ_{k<m} a_k²) / T). Then the series
    is divided by the indices of the classical multiplicative decomposition. A series with missing values is joined by
    straight lines first, one with values of 0 or below is not decomposed.

    Source: the benchmarks of the M4 competition, S. Makridakis, E. Spiliotis and V. Assimakopoulos, "The M4
    competition", International Journal of Forecasting 36 (2020).

    Example:
        >>> naive2([np.array([10.0, 20.0] * 12)], 3, 2).round(3).tolist()
        [[10.0, 20.0, 10.0]]
    """
    forecasts = np.zeros((len(histories), horizon))
    for i, history in enumerate(histories):
        whole = _joined(np.asarray(history, dtype=np.float64))
        if not len(whole):
            continue
        index = np.ones(season)
        if season > 1 and whole.min() > 0 and is_seasonal(whole, season):
            index = seasonal_indices(whole, season)
        last = whole[-1] / index[(len(whole) - 1) % season]
        forecasts[i] = last * index[(len(whole) + np.arange(horizon)) % season]
    return forecasts


def is_seasonal(history: np.ndarray, season: int) -> bool:
    """Whether M4's test finds a season of so many steps; never in less than three of them."""
    length = len(history)
    if length < 3 * season or season < 2:
        return False
    centred = history - history.mean()
    power = (centred**2).sum()
    if power == 0:
        return False
    a = np.array([(centred[k:] * centred[: length - k]).sum() / power for k in range(1, season + 1)])
    limit = 1.645 * np.sqrt((1 + 2 * (a[:-1] ** 2).sum()) / length)
    return bool(abs(a[-1]) > limit)


def seasonal_indices(history: np.ndarray, season: int) -> np.ndarray:
    """The indices of the classical multiplicative decomposition (season), of mean 1; index 0 is that of step 0."""
    width = season + 1 - season % 2
    weights = np.full(width, 1 / season)
    if season % 2 == 0:
        weights[[0, -1]] /= 2
    trend = np.convolve(history, weights, "valid")
    half = width // 2
    share = np.full(len(history), np.nan)
    share[half : half + len(trend)] = history[half : half + len(trend)] / trend
    index = np.array([np.nanmean(share[k::season]) for k in range(season)])
    return index / index.mean()


def _joined(history: np.ndarray) -> np.ndarray:
    """Missing values joined by straight lines, those at either end repeated."""
    real = np.flatnonzero(np.isfinite(history))
    return np.interp(np.arange(real[0], len(history)), real, history[real]) if len(real) else history[:0]


def baselines(season: int) -> dict[str, Callable[[Histories, int], np.ndarray]]:
    """The forecasts that are printed beside a model, by name.

    Example:
        >>> list(baselines(12)), list(baselines(1))
        (['seasonal naive', 'naive2', 'exponential smoothing'], ['naive', 'exponential smoothing'])
    """
    smoothing = {"exponential smoothing": lambda h, horizon: smooth(h, horizon, season)}
    if season == 1:
        return {"naive": naive, **smoothing}
    return {
        "seasonal naive": lambda h, horizon: seasonal_naive(h, horizon, season),
        "naive2": lambda h, horizon: naive2(h, horizon, season),
        **smoothing,
    }
