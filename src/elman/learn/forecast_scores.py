"""How good forecasts are: errors of points, quantiles and sample paths, as the M4 competition and others define them.

Everywhere rows are series (or windows), columns are the steps of the horizon; a true value that is missing (NaN) is
left out. Scores are one per row, so that a mean weighs each series alike; a row without a true value has NaN.
"""

import warnings
from collections.abc import Mapping, Sequence

import numpy as np

from elman.errors import ArgumentError


def mae(truth: np.ndarray, forecast: np.ndarray) -> np.ndarray:
    """Mean absolute error of each row: the mean of abs(y - ŷ).

    Example:
        >>> mae(np.array([[1.0, 2.0], [3.0, np.nan]]), np.array([[2.0, 4.0], [3.5, 0.0]])).tolist()
        [1.5, 0.5]
    """
    return _mean(np.abs(truth - _like(truth, forecast)))


def mse(truth: np.ndarray, forecast: np.ndarray) -> np.ndarray:
    """Mean squared error of each row."""
    return _mean((truth - _like(truth, forecast)) ** 2)


def rmse(truth: np.ndarray, forecast: np.ndarray) -> np.ndarray:
    """Root of the mean squared error of each row."""
    return np.sqrt(mse(truth, forecast))


def smape(truth: np.ndarray, forecast: np.ndarray) -> np.ndarray:
    """Symmetric mean absolute percentage error of each row, 0 to 200: mean of 200 abs(y - ŷ) / (abs(y) + abs(ŷ)).

    Where both are 0 there is no error. utilsforecast gives the same without the factor 200.

    Source: S. Makridakis, E. Spiliotis and V. Assimakopoulos, "The M4 competition", International Journal of
    Forecasting 36 (2020).
    """
    error, size = np.abs(truth - _like(truth, forecast)), np.abs(truth) + np.abs(forecast)
    return _mean(200 * np.where(size == 0, 0 * error, error / np.where(size == 0, 1, size)))


def naive_scale(history: np.ndarray, season: int = 1) -> float:
    """The mean absolute error of the seasonal naive forecast within a history: mean of abs(y_t - y_{t - season}).

    NaN where no two values are a season apart.

    Example:
        >>> naive_scale(np.array([1.0, 5.0, 2.0, 8.0]), season=2)
        2.0
    """
    if len(history) <= season:
        return float("nan")
    errors = np.abs(history[season:] - history[:-season])
    real = errors[np.isfinite(errors)]
    return float(real.mean()) if len(real) else float("nan")


def mase(truth: np.ndarray, forecast: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Mean absolute scaled error of each row: mean of abs(y - ŷ) / scale.

    Args:
        truth, forecast: (n, horizon).
        scales: `naive_scale` of the history of each row (n); where it is 0 (a constant history) or NaN, so is the score
            infinite or NaN, or 0 where the forecast is right.

    Source: R. J. Hyndman and A. B. Koehler, "Another look at measures of forecast accuracy", International Journal of
    Forecasting 22 (2006).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        error = mae(truth, forecast)
        return np.where(error == 0, 0.0, error / scales)


def owa(smape_of: float, mase_of: float, smape_naive2: float, mase_naive2: float) -> float:
    """Overall weighted average of M4: the mean of sMAPE and MASE, each as a share of that of naive2.

    Example:
        >>> owa(9.0, 1.0, 18.0, 2.0)
        0.5
    """
    return (smape_of / smape_naive2 + mase_of / mase_naive2) / 2


def pinball(truth: np.ndarray, quantiles: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    """Mean pinball loss of each row over steps and levels: max(q e, (q - 1) e) with e = y - ŷ_q.

    Args:
        truth: (n, horizon).
        quantiles: a forecast for each level (n, horizon, levels).
        levels: q, between 0 and 1.

    Example:
        >>> pinball(np.array([[3.0]]), np.array([[[1.0, 4.0]]]), [0.1, 0.9]).tolist()      # (0.1 · 2 + 0.1 · 1) / 2
        [0.15]
    """
    q = np.asarray(levels, dtype=np.float64)
    if quantiles.shape != (*truth.shape, len(q)):
        raise ArgumentError(f"quantiles have shape {quantiles.shape}", f"{(*truth.shape, len(q))}")
    error = truth[..., None] - quantiles
    return _mean(np.maximum(q * error, (q - 1) * error).mean(-1))


def crps_of_quantiles(truth: np.ndarray, quantiles: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    """The continuous ranked probability score of each row out of quantiles: twice the mean pinball loss.

    It comes near to the integral for many evenly spread levels.
    """
    return 2 * pinball(truth, quantiles, levels)


def scaled_crps(truth: np.ndarray, quantiles: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    """The same in units of the series: divided by the mean abs(y) of the row."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return crps_of_quantiles(truth, quantiles, levels) / _mean(np.abs(truth))


def crps_of_samples(truth: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """The continuous ranked probability score of each row out of sample paths: mean abs(x - y) - mean abs(x - x') / 2.

    Args:
        truth: (n, horizon).
        samples: (n, horizon, samples); all pairs of samples count, each with itself too.

    Source: T. Gneiting and A. E. Raftery, "Strictly proper scoring rules, prediction, and estimation", JASA 102 (2007).

    Example:
        >>> crps_of_samples(np.array([[1.0]]), np.array([[[0.0, 2.0]]])).tolist()        # 1 - (0 + 2 + 2 + 0) / 4 / 2
        [0.5]
    """
    if samples.shape[:-1] != truth.shape:
        raise ArgumentError(f"samples have shape {samples.shape}", f"{truth.shape} and the number of samples")
    m = samples.shape[-1]
    # Sorted, the sum over all pairs is one over ranks: Σ |x_i - x_j| = 2 Σ (2 i - m + 1) x_(i), i from 0.
    ranks = 2 * np.arange(m) - m + 1
    spread = (np.sort(samples, -1) * ranks).sum(-1) * 2 / m**2
    return _mean(np.abs(samples - truth[..., None]).mean(-1) - spread / 2)


def coverage(truth: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The share of each row's true values that lie within the interval, its ends included.

    Example:
        >>> coverage(np.array([[1.0, 5.0, np.nan]]), np.array([[0.0, 0.0, 0.0]]), np.array([[1.0, 4.0, 9.0]])).tolist()
        [0.5]
    """
    inside = ((truth >= _like(truth, low)) & (truth <= _like(truth, high))).astype(np.float64)
    return _mean(np.where(np.isfinite(truth), inside, np.nan))


def mean_score(scores: np.ndarray) -> float:
    """The mean over the rows that have a score; NaN if none has.

    Example:
        >>> mean_score(np.array([1.0, np.nan, 3.0]))
        2.0
    """
    return float(_mean(scores[None])[0])


def summary(
    truth: np.ndarray,
    forecast: np.ndarray,
    scales: np.ndarray,
    quantiles: Mapping[float, np.ndarray] | None = None,
) -> dict[str, float]:
    """All scores of some forecasts, each the mean over the rows.

    Args:
        truth, forecast: (n, horizon).
        scales: `naive_scale` of the history of each row (n).
        quantiles: level → forecast (n, horizon), if there are any.

    Returns:
        "mae", "rmse", "smape", "mase"; with quantiles "pinball", "crps" and "coverage 80 %" for each pair of levels
        that are symmetric, such as 0.1 and 0.9.
    """
    finite = np.where(np.isfinite(scales) & (scales > 0), scales, np.nan)
    found = {
        "mae": mean_score(mae(truth, forecast)),
        "rmse": mean_score(rmse(truth, forecast)),
        "smape": mean_score(smape(truth, forecast)),
        "mase": mean_score(mae(truth, forecast) / finite),
    }
    if quantiles:
        levels = sorted(quantiles)
        stacked = np.stack([quantiles[level] for level in levels], -1)
        found["pinball"] = mean_score(pinball(truth, stacked, levels))
        found["crps"] = mean_score(crps_of_quantiles(truth, stacked, levels))
        for level in levels:
            other = next((q for q in levels if abs(q + level - 1) < 1e-9), None)
            if other is not None and level < 0.5:
                name = f"coverage {100 * (1 - 2 * level):.0f} %"
                found[name] = mean_score(coverage(truth, quantiles[level], quantiles[other]))
    return found


def _like(truth: np.ndarray, forecast: np.ndarray) -> np.ndarray:
    if truth.ndim != 2 or truth.shape != forecast.shape:
        raise ArgumentError(f"truth has shape {truth.shape} and the forecast {forecast.shape}", "the same (n, horizon)")
    return forecast


def _mean(errors: np.ndarray) -> np.ndarray:
    """The mean of each row over what is not missing, NaN where all is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of rows without a value
        return np.nanmean(errors, axis=-1) if errors.shape[-1] else np.full(errors.shape[:-1], np.nan)
