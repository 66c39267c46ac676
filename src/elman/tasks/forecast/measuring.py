"""A forecaster and the baselines on the same windows."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from elman.data.series.table import SeriesTable, starts_of
from elman.data.series.windows import places
from elman.errors import DataError
from elman.learn import forecast_scores as scores
from elman.tasks.forecast.baselines import baselines
from elman.tasks.forecast.inference import forecasts
from elman.tasks.forecast.material import Material
from elman.tasks.forecast.network import Network

MOST_WINDOWS = 1000  # of a baseline; of more windows, as many evenly spread
Results = dict[str, dict[str, Any]]


def measure(
    network: Network,
    material: Material,
    series: np.ndarray,
    origins: np.ndarray,
    levels: Sequence[float] = (),
    margins: np.ndarray | None = None,
) -> Results:
    """Scores of the model and of every baseline on the windows at some origins.

    Args:
        network: the model.
        material: the series.
        series, origins: of each window (m).
        levels: of the quantiles that are measured, too.
        margins: of the levels, see `margins_of`.

    Returns:
        "model", "seasonal naive", … → windows, mae, rmse, smape, mase, owa; where series have a scale of their own
        also the errors in its units, "scaled mse" and "scaled mae".
    """
    table, sizes = material.table, network.sizes
    said = forecasts(network, material, series, origins, levels, margins=margins)
    truth = true_values(table, series, origins, sizes.horizon)
    scales = np.array([scores.naive_scale(one, sizes.season) for one in histories_of(table, series, origins)])
    quantiles = {level: said.quantiles[..., k] for k, level in enumerate(levels)}
    found: Results = {"model": _scores(truth, said.points, scales, quantiles, material, series)}
    some = np.arange(len(series))
    if len(series) > MOST_WINDOWS:
        some = np.linspace(0, len(series) - 1, MOST_WINDOWS).astype(np.int64)
    histories = histories_of(table, series[some], origins[some])
    for name, forecast in baselines(sizes.season).items():
        points = forecast(histories, sizes.horizon)
        found[name] = _scores(truth[some], points, scales[some], {}, material, series[some])
    reference = found.get("naive2") or found["naive"]
    for own in found.values():
        if reference["smape"] and reference["mase"]:
            own["owa"] = scores.owa(own["smape"], own["mase"], reference["smape"], reference["mase"])
    return found


def _scores(
    truth: np.ndarray, points: np.ndarray, scales: np.ndarray, quantiles: dict[float, np.ndarray], material: Material,
    series: np.ndarray,
) -> dict[str, Any]:  # fmt: skip
    own: dict[str, Any] = {"windows": len(truth), **scores.summary(truth, points, scales, quantiles)}
    if (material.scale.size != 1).any():
        forth = material.scale.forth
        scaled = forth(truth, series), forth(points, series)
        own["scaled mse"] = scores.mean_score(scores.mse(*scaled))
        own["scaled mae"] = scores.mean_score(scores.mae(*scaled))
    return {name: value if np.isfinite(value) else None for name, value in own.items()}  # JSON has no word for NaN


def histories_of(table: SeriesTable, series: np.ndarray, origins: np.ndarray) -> list[np.ndarray]:
    """The values of each series before the origin (m)."""
    return [table.of(i)[:origin] for i, origin in zip(series.tolist(), origins.tolist(), strict=True)]


def true_values(table: SeriesTable, series: np.ndarray, origins: np.ndarray, horizon: int) -> np.ndarray:
    """The values from each origin on (m, horizon), NaN where there is none."""
    index, there = places(table.starts, series, origins, 0, horizon)
    return np.where(there, table.values[index], np.nan) if len(table.values) else np.full(index.shape, np.nan)


def joined(history: SeriesTable, after: SeriesTable) -> SeriesTable:
    """Every series of `history`, followed by what a second table holds of it.

    Args:
        history: the series known so far.
        after: what follows, by name: at its times, or right after the newest value where the tables tell no times.

    Raises:
        DataError: a series that the history does not have, or times that do not follow.
    """
    numbers = {name: i for i, name in enumerate(history.names)}
    unknown = [name for name in after.names if name not in numbers]
    if unknown:
        raise DataError(
            f"the series {unknown[0]!r} is not among those of {history.path} ({len(unknown):,} such series)",
            "what follows the series of the training",
            path=after.path,
        )
    if history.timed and after.timed and history.frequency != after.frequency:
        raise DataError(
            f"its times are {after.frequency.name}", f"{history.frequency.name}, as in {history.path}", path=after.path
        )
    seen, kept = history.seen, {numbers[name]: k for k, name in enumerate(after.names)}
    gaps = np.zeros(len(history), dtype=np.int64)
    for i, k in kept.items() if history.timed and after.timed else ():
        gaps[i] = after.first[k] - history.first[i] - seen[i]
        if gaps[i] < 0 or gaps[i] > 10 * max(1, int(seen[i])):
            raise DataError(
                f"{after.names[k]!r} goes on at {after.time(k, 0)}, and its history ends at "
                f"{history.time(i, int(seen[i]) - 1)}",
                "the steps after it",
                path=after.path,
            )

    def together(first: np.ndarray, second: np.ndarray | None) -> np.ndarray:
        """A column of both tables."""
        parts: list[np.ndarray] = []
        for i in range(len(history)):
            parts.append(first[history.starts[i] : history.starts[i] + seen[i]])
            if i in kept:
                own = slice(after.starts[kept[i]], after.starts[kept[i] + 1])
                missing = gaps[i] if second is not None else gaps[i] + after.lengths[kept[i]]
                parts.append(np.full(missing, None if first.dtype == object else np.nan, dtype=first.dtype))
                if second is not None:
                    parts.append(second[own].astype(first.dtype))
        return np.concatenate(parts)

    added = np.zeros(len(history), dtype=np.int64)
    for i, k in kept.items():
        added[i] = gaps[i] + after.lengths[k]
    return replace(
        history,
        starts=starts_of(seen + added),
        values=together(history.values, after.values),
        covariates={name: together(own, after.covariates.get(name)) for name, own in history.covariates.items()},
    )
