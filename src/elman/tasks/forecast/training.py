"""From series to a trained forecaster in its run folder."""

from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from elman.data.options import check
from elman.data.series.reading import read_series
from elman.data.series.table import SeriesTable
from elman.data.series.windows import Windows, drawn
from elman.learn.loop import fit
from elman.learn.models import trained
from elman.learn.problem import History, Problem
from elman.learn.report import Report, Silent
from elman.learn.threads import use_threads
from elman.learn.weights import count_weights, seeded
from elman.tasks.forecast.conformal import margins_of
from elman.tasks.forecast.forecaster import Forecaster
from elman.tasks.forecast.material import Material, fitted_scale
from elman.tasks.forecast.measuring import joined, measure
from elman.tasks.forecast.network import Network
from elman.tasks.forecast.networks import Ensemble, make_network
from elman.tasks.forecast.options import ForecastOptions
from elman.tasks.forecast.outputs import levels_of
from elman.tasks.forecast.preparation import Parts, prepare, tell
from elman.tasks.forecast.storage import MEMBERS, finish, from_run

_MEASURED = 2048  # windows whose validation loss is computed at a time


def train_forecaster(
    source: str | Path | SeriesTable,
    options: ForecastOptions | None = None,
    out: str | Path | None = None,
    report: Report | None = None,
) -> Forecaster:
    """Train one network on many series, and compare it with baselines on the steps held back.

    Args:
        source: a file of series, or the series themselves.
        options: everything that can be chosen.
        out: the run folder; an interrupted training in it is continued, a finished one is read. None writes nothing.
        report: told what is decided, how it goes and what came of it; None for silence.

    Raises:
        DataError, ConfigError, RunError, TrainingError, StorageError, Interrupted: see `elman.errors`.

    Example:
        >>> from elman.tasks.forecast.options import ForecastModelOptions, ForecastTraining
        >>> series = SeriesTable.from_arrays([np.tile([3.0, 5.0, 4.0, 8.0], 20)], season=4)
        >>> options = ForecastOptions(model=ForecastModelOptions(horizon=2), training=ForecastTraining(epochs=2))
        >>> train_forecaster(series, options).horizon
        2
    """
    options, report = options or ForecastOptions(), report or Silent()
    check(options)
    parts = prepare(source if isinstance(source, SeriesTable) else str(source), options, report)
    after = None
    hashes = {"train": parts.table.sha256}
    if options.data.test is not None:
        after = read_series(options.data.test, _for_test(parts, options), parts.covariates.numeric())
        tell(after, report)
        hashes["test"] = after.sha256
        after = joined(parts.table, after)
    train = partial(_train, parts, after, hashes, options, report)
    return trained(out, options, hashes, report, train, finish, from_run)


def _for_test(parts: Parts, options: ForecastOptions) -> Any:
    """How to read the file of what follows: as the training's, which may have told more."""
    data, roles = options.data, parts.table.roles
    given = {"layout": roles.layout, "most_steps": 0}
    if roles.layout == "long":
        names = {"time": roles.time, "series": ",".join(roles.series) or None, "target": roles.targets[0]}
        given |= names
    return replace(data, **given)


def _train(
    parts: Parts,
    after: SeriesTable | None,
    hashes: dict[str, str],
    options: ForecastOptions,
    report: Report,
    folder: Path | None,
) -> Forecaster:
    table, model = parts.table, options.model
    scale = fitted_scale(table, parts.ends, model)
    numbers = {name: i for i, name in enumerate(table.names, 1)}
    material = Material.of(table, scale, parts.covariates, numbers, model)
    network, history = _fitted(parts, material, options, folder, report)
    made = Forecaster(network, options, parts.covariates, table.names, scale, table.frequency)
    made.record = _record(parts, hashes, history)
    if model.conformal and parts.held_back:
        with use_threads(options.training.threads):
            made.margins = margins_of(network, material, *_all(parts.validation), levels_of(model.levels))
    report.say("The baselines are computed, to compare with.")
    with use_threads(options.training.threads):
        results = {}
        if parts.held_back:
            results["validation"] = measure(network, material, *_all(parts.validation), made.levels, made.margins)
        if parts.test is not None:
            results["test"] = measure(network, material, *_all(parts.test), made.levels, made.margins)
        if after is not None:
            rows = np.flatnonzero((after.lengths > table.seen) & (table.seen > 0))
            results["test"] = measure(network, made.material(after), rows, table.seen[rows], made.levels, made.margins)
    made.record["results"] = results
    return made


def _fitted(
    parts: Parts, material: Material, options: ForecastOptions, folder: Path | None, report: Report
) -> tuple[Network, History]:
    """The trained network, or ensemble, and the course of its training, of an ensemble that of the first member."""
    count, training = options.training.ensemble, options.training
    with torch.random.fork_rng(devices=[]):
        whole = make_network(parts.sizes, options.model, count)
    histories: list[History] = []
    for k in range(count):
        own = replace(training, seed=training.seed + k)
        with seeded(own.seed):
            network = make_network(parts.sizes, options.model)
        if count > 1:
            report.say(f"\nNetwork {k + 1} of {count}, seed {own.seed}:")
        report.say(f"{count_weights(network):,} weights")
        place = folder / MEMBERS / str(k) if folder is not None and k else folder
        if place is not None:
            place.mkdir(parents=True, exist_ok=True)
        histories.append(fit(_problem(parts, material, network, replace(options, training=own)), own, place, report))
        if isinstance(whole, Ensemble):
            whole.members[k].load_state_dict(network.state_dict())
        else:
            whole = network
    seconds = sum(one.seconds for one in histories)
    return whole.eval(), replace(histories[0], seconds=seconds)


def _all(windows: Windows) -> tuple[np.ndarray, np.ndarray]:
    return windows.origins(np.arange(len(windows)))


def _problem(parts: Parts, material: Material, network: Network, options: ForecastOptions) -> Problem:
    """What the loop needs: windows drawn anew for each epoch, the loss of some, that of all validation windows."""
    training, sizes = options.training, parts.sizes
    whole = np.arange(len(parts.validation))

    def loss_of(model: nn.Module, windows: Windows, rows: np.ndarray) -> Tensor:
        batch = material.batch(*windows.origins(rows), sizes.context, sizes.horizon)
        batch = batch.to(next(network.parameters()).device)
        raw, target, real = model(batch)
        return network.output.loss(raw, batch, target, real)

    def validate() -> dict[str, float]:
        total = 0.0
        for begin in range(0, len(whole), _MEASURED):
            rows = whole[begin : begin + _MEASURED]
            total += float(loss_of(network, parts.validation, rows)) * len(rows)
        return {"loss": total / len(whole)}

    def place(row: int) -> str:
        series, origin = parts.train.origins(np.array([row]))
        i = int(series[0])
        return f"{parts.table.names[i]!r} at {parts.table.time(i, int(origin[0]))}"

    return Problem(
        model=network,
        batches=lambda epoch: drawn(parts.train, training.batch_size, training.windows_per_epoch, training.seed, epoch),
        loss=lambda model, rows: loss_of(model, parts.train, rows),
        validate=validate,
        place=place,
        unit="windows",
    )


def _record(parts: Parts, hashes: dict[str, str], history: History) -> dict[str, Any]:
    """What run.json tells about a training beside its results."""
    table, roles = parts.table, parts.table.roles
    return {
        "roles": {"layout": roles.layout, "time": roles.time, "series": roles.series, "targets": roles.targets[:1000]},
        "data": hashes,
        "files": {"train": table.path},
        "timed": table.timed,
        "rows": {"series": len(table), "values": int(np.isfinite(table.values).sum())},
        "history": {**asdict(history), "best": history.best},
    }
