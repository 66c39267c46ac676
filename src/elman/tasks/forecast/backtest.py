"""Backtests: forecasts made at several points of the past, each from what was known then."""

from dataclasses import replace

import numpy as np

from elman.data.series.reading import read_series
from elman.data.series.table import SeriesTable, starts_of
from elman.errors import ConfigError, DataError
from elman.learn.report import Report, Silent
from elman.tasks.forecast.measuring import Results, measure
from elman.tasks.forecast.options import ForecastOptions
from elman.tasks.forecast.preparation import decided_sizes, tell
from elman.tasks.forecast.training import train_forecaster


def backtest(
    source: str | SeriesTable,
    options: ForecastOptions | None = None,
    *,
    windows: int = 3,
    step: int | None = None,
    refit: bool = False,
    report: Report | None = None,
) -> dict[str, Results]:
    """Forecast the past: at each of several origins all steps up to it are history, and the horizon after it is told.

    The origins lie `step` steps apart and end one horizon before the newest value. The network is trained on what was
    known at the first of them, or with `refit` anew at each; the baselines always are.

    Args:
        source: a file of series, or the series themselves.
        options: of the training.
        windows: how many origins.
        step: between two origins; None: the horizon.
        refit: whether the network is trained anew at each origin.
        report: told how it goes.

    Returns:
        "window 1", … and "all" → "model", "seasonal naive", … → scores.

    Raises:
        DataError: series too short for so many windows.
        ConfigError: options that do not fit.

    Example:
        >>> from elman.tasks.forecast.options import ForecastModelOptions, ForecastTraining
        >>> series = SeriesTable.from_arrays([np.tile([3.0, 5.0, 4.0, 8.0], 20)], season=4)
        >>> options = ForecastOptions(model=ForecastModelOptions(horizon=4), training=ForecastTraining(epochs=1))
        >>> list(backtest(series, options, windows=2))
        ['window 1', 'window 2', 'all']
    """
    options, report = options or ForecastOptions(), report or Silent()
    if windows < 1 or (step is not None and step < 1):
        raise ConfigError(f"windows is {windows} and step {step}", "at least 1")
    table = source if isinstance(source, SeriesTable) else read_series(source, options.data)
    tell(table, report)
    horizon, context = decided_sizes(table, options)
    step = step or horizon
    options = replace(
        options,
        model=replace(options.model, horizon=horizon, context=context),
        data=replace(options.data, test=None),
        training=replace(options.training, test_steps=0),
    )
    origins, rows = _origins(table, horizon, windows, step)
    found: dict[str, Results] = {}
    model = None
    for k, at in enumerate(origins):
        if model is None or refit:
            report.say(f"\nTraining on what was known at the origin of window {k + 1}:")
            model = train_forecaster(until(table, np.where(at > 0, at, 0)), options, None, report)
        material = model.material(table)
        found[f"window {k + 1}"] = measure(model.network, material, rows, at[rows], model.levels, model.margins)
    return {**found, "all": _mean(list(found.values()))}


def _origins(table: SeriesTable, horizon: int, windows: int, step: int) -> tuple[np.ndarray, np.ndarray]:
    """The origins of all series (windows, n), and the series that are long enough.

    Raises:
        DataError: none is.
    """
    origins = table.seen - horizon - step * np.arange(windows)[::-1, None]
    rows = np.flatnonzero(origins[0] > horizon)
    if not len(rows):
        raise DataError(
            f"{windows} windows of {horizon} steps leave {int(origins[0].max(initial=0))} steps of the longest series",
            f"more than {horizon} to learn from",
            "Choose fewer --windows, or a shorter --horizon.",
            path=table.path,
        )
    return origins, rows


def until(table: SeriesTable, ends: np.ndarray) -> SeriesTable:
    """The first steps of each series (n), as they were known then."""
    kept = np.minimum(ends, table.lengths)
    index = np.repeat(table.starts[:-1] - starts_of(kept)[:-1], kept) + np.arange(int(kept.sum()))
    covariates = {name: values[index] for name, values in table.covariates.items()}
    return replace(table, starts=starts_of(kept), values=table.values[index], covariates=covariates, problems=[])


def _mean(windows: list[Results]) -> Results:
    """The mean of every score over the windows, which all hold the same series."""
    return {
        name: {
            score: sum(one[name]["windows"] for one in windows)
            if score == "windows"
            else _mean_of([one[name].get(score) for one in windows])
            for score in windows[0][name]
        }
        for name in windows[0]
    }


def _mean_of(values: list[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return sum(there) / len(there) if there else None
