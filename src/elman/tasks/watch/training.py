"""From a recording to a trained watcher in its run folder."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from elman.data.options import check
from elman.data.series.recording import Recording, read_recording
from elman.errors import DataError
from elman.learn.loop import fit
from elman.learn.models import record_of, trained
from elman.learn.problem import Problem
from elman.learn.report import Report, Silent
from elman.learn.threads import use_threads
from elman.learn.weights import count_weights, seeded
from elman.tasks.watch.calibration import Calibration, column_scores, step_scores, tails_of
from elman.tasks.watch.contrasts import naive
from elman.tasks.watch.material import Forecasts, Units, run, window
from elman.tasks.watch.network import Network, loss
from elman.tasks.watch.options import WatchOptions
from elman.tasks.watch.preparation import Parts, prepare, tell
from elman.tasks.watch.scores import errors
from elman.tasks.watch.storage import finish, from_run
from elman.tasks.watch.watcher import Rated, Watcher

_BEFORE = 4  # windows that are read before the steps that are measured


def train_watcher(
    source: str | Path | Recording,
    options: WatchOptions | None = None,
    out: str | Path | None = None,
    report: Report | None = None,
) -> Watcher:
    """Train a network to forecast the next step, and set the threshold of its errors by steps that are held back.

    Args:
        source: a file, or a recording, of what is normal.
        options: everything that can be chosen.
        out: the run folder; an interrupted training in it is continued, a finished one is read. None writes nothing.
        report: told what is decided, how it goes and what came of it; None for silence.

    Raises:
        DataError, ConfigError, RunError, TrainingError, StorageError, Interrupted: see `elman.errors`.

    Example:
        >>> from elman.tasks.watch.options import WatchTraining
        >>> normal = Recording.of(np.arange(300) % 7, ["load"])
        >>> train_watcher(normal, WatchOptions(training=WatchTraining(epochs=2))).columns
        ('load',)
    """
    options, report = options or WatchOptions(), report or Silent()
    check(options)
    recording = source if isinstance(source, Recording) else read_recording(source, options.data)
    parts, hashes, test = prepare(recording, options, report), {"train": recording.sha256}, None
    if options.data.test is not None:
        test = read_recording(options.data.test, options.data, recording.columns)
        if test.columns != recording.columns:
            raise DataError(f"the columns are {', '.join(test.columns)}", ", ".join(recording.columns), path=test.path)
        tell(test, report)
        hashes["test"] = test.sha256
    return trained(
        out, options, hashes, report, partial(_train, parts, test, hashes, options, report), finish, from_run
    )


def _train(
    parts: Parts, test: Recording | None, hashes: dict[str, str], options: WatchOptions, report: Report,
    folder: Path | None,
) -> Watcher:  # fmt: skip
    recording = parts.recording
    units = Units.of(recording.values[parts.learns()])
    z = units.forth(recording.values)
    with seeded(options.training.seed):
        network = Network(len(recording.columns), options.model)
    report.say(f"{count_weights(network):,} weights")
    history = fit(_problem(parts, z, network, options), options.training, folder, report)
    network.cpu()
    with use_threads(options.training.threads):
        rated, results = _rated(parts, z, network, options)
        roles = {"time": recording.time, "series": recording.series, "header": list(recording.header)}
        model = Watcher(network, options, units, recording.columns, rated, recording.season, roles)
        own = options.model
        results["model"] |= {
            "threshold": model.threshold(), "share": own.alarms, "promised": model.calibration.promised(own.alarms)
        }  # fmt: skip
        model.record = record_of({"train": recording, "test": test}, hashes, history)
        contrasts = {name: found for name, found in results.items() if name != "model"}
        model.record["results"] = {"held back": {**results["model"], "contrasts": contrasts}}
        if test is not None:
            model.record["results"]["test"] = model.evaluate(test)
    return model


def _problem(parts: Parts, z: np.ndarray, network: Network, options: WatchOptions) -> Problem:
    """What the loop needs: windows drawn anew for each epoch, the loss of some, that of the newer steps."""
    training, recording = options.training, parts.recording
    known = np.where(parts.learns()[:, None], z, np.nan)  # what is held back is nowhere in a window

    def batches(epoch: int) -> list[np.ndarray]:
        random = np.random.Generator(np.random.PCG64([training.seed, epoch]))
        weight = np.maximum(parts.learned - 1, 0)
        series = random.choice(len(weight), size=training.windows, p=weight / weight.sum())
        room = np.maximum(parts.learned - training.steps - 1, 0)[series]
        rows = recording.starts[series] + (random.random(len(series)) * (room + 1)).astype(np.int64)
        return [rows[i : i + training.batch_size] for i in range(0, len(rows), training.batch_size)]

    def loss_of(model: nn.Module, rows: np.ndarray) -> Tensor:
        shape = (len(rows), training.steps, len(recording.columns))
        hidden = (torch.rand(shape) < training.hide).numpy()
        given = window(known, recording, rows, training.steps, hidden)
        values, seen, target, real = (tensor.to(network.a.device) for tensor in given)
        said, _ = model(values, seen)
        return loss(said, target, real)

    def validate() -> dict[str, float]:
        total, count = 0.0, 0
        for piece, first in _pieces(parts, parts.learned, parts.chosen, training.steps):
            total += run(network, z[piece], first)[1]
            count += int(np.isfinite(z[piece][first:]).sum())
        return {"loss": total / max(count, 1)}

    return Problem(
        model=network,
        batches=batches,
        loss=loss_of,
        validate=validate,
        place=recording.place,
        unit="steps",
        size=lambda rows: len(rows) * training.steps,
    )


def _pieces(parts: Parts, begin: np.ndarray, end: np.ndarray, steps: int) -> list[tuple[slice, int]]:
    """Of each series the steps from `begin` to `end` with some before them, and how many are before them."""
    found: list[tuple[slice, int]] = []
    for start, low, high in zip(parts.recording.starts[:-1].tolist(), begin.tolist(), end.tolist(), strict=True):
        before = min(low, _BEFORE * steps)
        if low < high:
            found.append((slice(start + low - before, start + high), before))
    return found


def _rated(
    parts: Parts, z: np.ndarray, network: Network, options: WatchOptions
) -> tuple[dict[str, Rated], dict[str, dict[str, Any]]]:
    """How errors are judged, of the network and of each contrast, and how large they are on the newest steps.

    The steps that chose the epoch tell how heavy the tails of each column are; the newer ones set the threshold.
    """
    recording, lengths = parts.recording, parts.recording.lengths
    older: dict[str, list[np.ndarray]] = {}
    newer: dict[str, list[tuple[np.ndarray, Forecasts]]] = {}
    sizes: list[int] = []
    for piece, before in _pieces(parts, parts.learned, lengths, options.training.steps):
        said = {"model": run(network, z[piece])[0], **naive(z[piece], recording.season)}
        series = int(np.searchsorted(recording.starts, piece.start, side="right")) - 1
        cut = before + int(parts.chosen[series] - parts.learned[series])
        sizes.append(piece.stop - piece.start - cut)
        for name, one in said.items():
            ones = np.ones(z.shape[1])
            older.setdefault(name, []).append(column_scores(z[piece], one, ones)[before:cut])
            newer.setdefault(name, []).append((z[piece][cut:], Forecasts(one.mean[cut:], one.scale[cut:])))
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    rated: dict[str, Rated] = {}
    results: dict[str, dict[str, Any]] = {}
    for name, found in newer.items():
        tails = tails_of(np.concatenate(older[name]))
        scores = [step_scores(column_scores(values, one, tails))[0] for values, one in found]
        rated[name] = Rated(tails, Calibration(np.concatenate(scores), starts))
        values, means = np.concatenate([v for v, _ in found]), np.concatenate([one.mean for _, one in found])
        results[name] = {"steps": len(values), **errors(values, means)}
    return rated, results
