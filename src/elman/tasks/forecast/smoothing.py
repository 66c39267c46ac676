"""Exponential smoothing of many series at once: the methods of Holt and Winters, chosen for each by its errors."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from elman.errors import ArgumentError

TRENDS, SEASONS = ("none", "linear", "damped"), ("none", "additive", "multiplicative")
# α, β / α, γ / (1 - α) and φ: all combinations of the first guesses, then each constant in turn.
_GUESSES = ((0.05, 0.2, 0.5, 0.9), (0.01, 0.1), (0.05, 0.3), (0.95,))
_TRIED = (
    (0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 0.99),
    (0.001, 0.01, 0.05, 0.1, 0.3, 0.6),
    (0.001, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7),
    (0.8, 0.85, 0.9, 0.95, 0.98),
)
_ROUNDS, _MOST_STEPS, _AT_ONCE = 2, 1000, 2000


@dataclass(frozen=True, eq=False)
class _State:
    """Level, trend and the seasonal indices of n series under G sets of constants."""

    level: np.ndarray  # (n, G)
    trend: np.ndarray  # (n, G)
    season: np.ndarray  # (n, G, m); index 0 belongs to the next step


def smooth(histories: Sequence[np.ndarray], horizon: int, season: int = 1) -> np.ndarray:
    """Forecast every series by the method of exponential smoothing that suits it best.

        ŷ_t = l + φ b + s              or (l + φ b) s        one step ahead, with the error e = y_t - ŷ_t
        l ← l + φ b + α e              or … + α e / s
        b ← φ b + β e                  or … + β e / s        without a trend b = 0, undamped φ = 1
        s ← s + γ e                    or … + γ e / (l + φ b)

    Trend (none, linear, damped) and season (none, additive, multiplicative for positive series) are chosen by the
    corrected Akaike criterion T ln(mean e²) + 2 k + 2 k (k + 1) / (T - k - 1) with k constants and initial values; the
    constants by a search that lowers the mean of e². A missing value has the error 0. The newest 1,000 steps count.

    Args:
        histories: n series, NaN where a value is missing.
        horizon: H, steps ahead.
        season: m, steps of a season; 1 for none. It is tried for histories of at least two seasons.

    Returns:
        (n, H); zeros for a history without a value.

    Raises:
        ArgumentError: a horizon or season below 1.

    Example:
        >>> smooth([np.array([3.0, 5.0, 7.0, 9.0, 11.0, 13.0, 15.0])], horizon=2).round(1).tolist()
        [[17.0, 19.0]]

    Source: R. J. Hyndman, A. B. Koehler, J. K. Ord and R. D. Snyder, "Forecasting with exponential smoothing",
    Springer, 2008.
    """
    if horizon < 1 or season < 1:
        raise ArgumentError(f"horizon is {horizon} and season {season}", "at least 1")
    forecasts = np.zeros((len(histories), horizon))
    order = np.argsort([len(one) for one in histories], kind="stable")  # like lengths together
    for begin in range(0, len(order), _AT_ONCE):
        rows = order[begin : begin + _AT_ONCE]
        forecasts[rows] = _smooth([_trimmed(histories[i]) for i in rows.tolist()], horizon, season)
    return forecasts


def _trimmed(history: np.ndarray) -> np.ndarray:
    """The newest steps, from the first value on."""
    history = np.asarray(history, dtype=np.float64)[-_MOST_STEPS:]
    real = np.flatnonzero(np.isfinite(history))
    return history[real[0] :] if len(real) else history[:0]


def _smooth(histories: list[np.ndarray], horizon: int, season: int) -> np.ndarray:
    lengths = np.array([len(one) for one in histories])
    y = np.full((len(histories), max(1, int(lengths.max(initial=1)))), np.nan)
    for i, one in enumerate(histories):
        y[i, : len(one)] = one
    size = np.nanmax(np.abs(np.nan_to_num(y)), axis=1, keepdims=True)
    size[size == 0] = 1  # the criterion then has no overflow, whatever the unit
    best = np.full(len(y), np.inf)
    forecasts = np.zeros((len(y), horizon))
    for trend in TRENDS:
        for kind in SEASONS if season > 1 else SEASONS[:1]:
            fits = lengths >= (1 if kind == "none" else 2 * season)
            if kind == "multiplicative":
                fits &= np.nanmin(np.where(np.isnan(y), np.inf, y), axis=1) > 0
            rows = np.flatnonzero(fits)
            if not len(rows):
                continue
            own = (y / size)[rows]
            constants, error = _search(own, lengths[rows], trend, kind, season)
            score = _criterion(error, own, trend, kind, season)
            better = score < best[rows]
            best[rows[better]] = score[better]
            ahead = _ahead(own[better], lengths[rows][better], constants[better], trend, kind, season, horizon)
            forecasts[rows[better]] = ahead * size[rows[better]]
    return forecasts


def _search(y: np.ndarray, lengths: np.ndarray, trend: str, kind: str, season: int) -> tuple[np.ndarray, np.ndarray]:
    """The constants of each series (n, 4), and its mean error²."""
    used = [True, trend != "none", kind != "none", trend == "damped"]
    guesses = [values if there else values[:1] for values, there in zip(_GUESSES, used, strict=True)]
    tried = np.array(list(product(*guesses)))
    errors, _ = _run(y, lengths, np.repeat(tried[None], len(y), axis=0), trend, kind, season)
    constants = tried[errors.argmin(1)]  # (n, 4)
    error = errors.min(1)
    for _ in range(_ROUNDS):
        for k in np.flatnonzero(used):
            several = np.repeat(constants[:, None], len(_TRIED[k]), axis=1)  # (n, G, 4)
            several[:, :, k] = _TRIED[k]
            errors, _ = _run(y, lengths, several, trend, kind, season)
            better = errors.min(1) < error
            constants[better, k] = np.array(_TRIED[k])[errors.argmin(1)][better]
            error = np.minimum(error, errors.min(1))
    return constants, error


def _criterion(error: np.ndarray, y: np.ndarray, trend: str, kind: str, season: int) -> np.ndarray:
    count = np.isfinite(y).sum(1)
    k = 2 + 2 * (trend != "none") + (trend == "damped") + (season if kind != "none" else 0)
    room = np.maximum(count - k - 1, 0.1)  # few values: the criterion forbids many constants
    return count * np.log(np.maximum(error, 1e-24)) + 2 * k + 2 * k * (k + 1) / room


def _ahead(
    y: np.ndarray, lengths: np.ndarray, constants: np.ndarray, trend: str, kind: str, season: int, horizon: int
) -> np.ndarray:
    _, state = _run(y, lengths, constants[:, None], trend, kind, season)
    phi = constants[:, 3:] if trend == "damped" else np.ones((len(y), 1))
    steps = np.cumsum(phi ** np.arange(1, horizon + 1), axis=1)
    line = state.level + state.trend * steps
    if kind == "none":
        return line
    index = state.season[:, 0][:, np.arange(horizon) % season]
    return line + index if kind == "additive" else line * index


def _run(
    y: np.ndarray, lengths: np.ndarray, constants: np.ndarray, trend: str, kind: str, season: int
) -> tuple[np.ndarray, _State]:
    """One pass over n series under G sets of constants: the mean error² (n, G), and the state after the last step."""
    alpha, phi = constants[..., 0], constants[..., 3] if trend == "damped" else np.ones(constants.shape[:2])
    beta, gamma = alpha * constants[..., 1], (1 - alpha) * constants[..., 2]
    m = season if kind != "none" else 1
    level, slope, index = _first_state(y, trend, kind, m, constants.shape[1])
    total, count = np.zeros(alpha.shape), np.zeros((len(y), 1))
    for t in range(y.shape[1]):
        seen = np.isfinite(y[:, t])[:, None]
        s, line = index[..., t % m], level + phi * slope
        forecast = line * s if kind == "multiplicative" else line + s
        e = np.where(seen, y[:, t, None] - forecast, 0.0)
        total += e**2
        count += seen
        here = (t < lengths)[:, None]  # a series that has ended keeps its state
        by_season = e / _away_from_zero(s) if kind == "multiplicative" else e
        level = np.where(here, line + alpha * by_season, level)
        if trend != "none":
            slope = np.where(here, phi * slope + beta * by_season, slope)
        if kind != "none":
            change = e / _away_from_zero(line) if kind == "multiplicative" else e
            index[..., t % m] = np.where(here, s + gamma * change, s)
    last = (lengths[:, None, None] + np.arange(m)) % m
    turned = np.take_along_axis(index, np.broadcast_to(last, index.shape), axis=2)
    return total / np.maximum(count, 1), _State(level, slope, turned)


def _first_state(y: np.ndarray, trend: str, kind: str, m: int, sets: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Level, trend (n, G) and seasonal indices (n, G, m) before the first step, out of the first seasons."""
    cycles = min(4, y.shape[1] // m) if kind != "none" else 0
    if cycles >= 2:
        # Each season's mean, then what the values are beside it: the trend within a season hardly matters.
        first = y[:, : cycles * m].reshape(len(y), cycles, m)
        means = _nanmean(first, 2)
        level = np.nan_to_num(means[:, 0])
        slope = np.nan_to_num((means[:, 1] - means[:, 0]) / m)
        if kind == "multiplicative":
            index = np.nan_to_num(_nanmean(first / _away_from_zero(means)[..., None], 1), nan=1.0)
        else:
            index = np.nan_to_num(_nanmean(first - means[..., None], 1))
        level = level - slope * (m + 1) / 2  # the mean stands for the middle of the season
    else:
        head = y[:, :5]
        level = np.nan_to_num(y[:, 0])
        slope = np.nan_to_num(_nanmean(np.diff(head, axis=1), 1)) if y.shape[1] > 1 else np.zeros(len(y))
        level, index = level - slope * (trend != "none"), np.zeros((len(y), m))
    if trend == "none":
        slope = np.zeros(len(y))
        level = level if cycles < 2 else np.nan_to_num(_nanmean(y[:, :m], 1))
    spread = np.ones((1, sets))
    return level[:, None] * spread, slope[:, None] * spread, np.repeat(index[:, None], sets, axis=1)


def _nanmean(values: np.ndarray, axis: int) -> np.ndarray:
    real = np.isfinite(values)
    count = real.sum(axis)
    return np.where(count > 0, np.where(real, values, 0).sum(axis) / np.maximum(count, 1), np.nan)


def _away_from_zero(values: np.ndarray) -> np.ndarray:
    return np.where(np.abs(values) < 1e-6, np.where(values < 0, -1e-6, 1e-6), values)
