"""From a file of labelled series to a trained model in its run folder."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from elman.data.batches import length_batches
from elman.data.labelled import in_order
from elman.data.options import check
from elman.data.series.collection import Collection
from elman.learn.loop import fit
from elman.learn.models import record_of, trained
from elman.learn.problem import History, Problem
from elman.learn.report import Report, Silent
from elman.learn.threads import use_threads
from elman.learn.weights import count_weights, seeded
from elman.tasks.series.contrasts import Nearest, as_vectors
from elman.tasks.series.model import SeriesModel, numbers_in, outputs_of
from elman.tasks.series.network import Network
from elman.tasks.series.options import SeriesOptions
from elman.tasks.series.preparation import Parts, prepare
from elman.tasks.series.scaling import Scaling
from elman.tasks.series.storage import finish, from_run


def train_series(
    source: str | Path | Collection,
    options: SeriesOptions | None = None,
    out: str | Path | None = None,
    report: Report | None = None,
    *,
    contrasts: bool = True,
) -> SeriesModel:
    """Train a model of numeric series.

    Args:
        source: a file, or the series themselves with their targets.
        options: everything that can be chosen.
        out: the run folder; an interrupted training in it is continued, a finished one is read. None writes nothing.
        report: told what is decided, how it goes and what came of it; None for silence.
        contrasts: whether the nearest training series is kept to compare with.

    Raises:
        DataError, ConfigError, RunError, TrainingError, StorageError, Interrupted: see `elman.errors`.

    Example:
        >>> data = Collection.of([[[0.0, 1.0, 2.0]], [[2.0, 1.0]]] * 10, [0.5, -0.5] * 10)
        >>> from elman.tasks.series.options import SeriesModelOptions, SeriesTrainingOptions
        >>> own = SeriesModelOptions(learn="number", hidden=8, convolutions=0)
        >>> model = train_series(data, SeriesOptions(model=own, training=SeriesTrainingOptions(epochs=100)))
        >>> [round(2 * number) for number in model.predict([[[0.0, 1.0, 2.0]], [[2.0, 1.0]]])]
        [1, -1]
    """
    options, report = options or SeriesOptions(), report or Silent()
    check(options)
    parts = prepare(source, options, report)
    train = partial(_train, parts, options, report, contrasts)
    return trained(out, options, parts.hashes, report, train, finish, from_run)


def _train(parts: Parts, options: SeriesOptions, report: Report, contrasts: bool, folder: Path | None) -> SeriesModel:
    scaling = Scaling.learn(parts.train, options.model.scale)
    train, validation = scaling.apply(parts.train), scaling.apply(parts.validation)
    classes = None if options.model.learn == "number" else in_order(parts.train.targets or [])
    goals, unit = _goals(parts.train, classes)
    with seeded(options.training.seed):
        network = Network(scaling.channels, len(classes) if classes else 1, options.model)
    report.say(f"{count_weights(network):,} weights")
    truth = _placed(parts.validation, classes, unit)
    history = fit(_problem(network, train, goals, validation, truth, options), options.training, folder, report)
    nearest = None
    if contrasts:
        answers = numbers_in(parts.train) if classes is None else goals.numpy()
        nearest = Nearest(as_vectors(train), answers)
    model = SeriesModel(
        network, scaling, classes, options, unit=unit, contrasts=nearest, record=_record(parts, history)
    )
    with use_threads(options.training.threads):
        others = {"training" if parts.same else "validation": parts.validation, "test": parts.test}
        model.record["results"] = {name: model.evaluate(own) for name, own in others.items() if own is not None}
    return model


def _problem(
    network: Network, train: Collection, goals: Tensor, validation: Collection, truth: Tensor, options: SeriesOptions
) -> Problem:
    """What the loop needs: batches of like lengths, cross-entropy or squared error, the validation numbers."""
    training, numbers = options.training, goals.is_floating_point()

    def error(outputs: Tensor, wanted: Tensor) -> Tensor:
        if numbers:
            return nn.functional.mse_loss(outputs[:, 0], wanted)
        return nn.functional.cross_entropy(outputs, wanted)

    def loss(model: nn.Module, rows: np.ndarray) -> Tensor:
        x, lengths = train.batch(rows)
        device = network.readout.c.device
        return error(model(x.to(device), lengths), goals[rows].to(device))

    def validate() -> dict[str, float]:
        outputs = torch.from_numpy(outputs_of(network, validation))
        if numbers:
            return {"loss": error(outputs, truth.double()).item()}
        known = truth >= 0
        right = (outputs.argmax(1) == truth).double().mean().item()
        return {"loss": error(outputs[known], truth[known]).item(), "accuracy": right}

    return Problem(
        model=network,
        batches=lambda epoch: length_batches(train.lengths, training.batch_size, training.seed, epoch),
        loss=loss,
        validate=validate,
        place=train.place,
        unit="series",
    )


def _goals(data: Collection, classes: tuple[str, ...] | None) -> tuple[Tensor, tuple[float, float]]:
    """What the network should say of each series: the place of its class, or its number scaled by the unit."""
    if classes is not None:
        return _placed(data, classes, (0.0, 1.0)), (0.0, 1.0)
    numbers = numbers_in(data)
    unit = (float(numbers.mean()), float(numbers.std()) or 1.0)
    return _placed(data, None, unit), unit


def _placed(data: Collection, classes: tuple[str, ...] | None, unit: tuple[float, float]) -> Tensor:
    """Places among the classes (−1 for none of them), or scaled numbers."""
    if classes is None:
        return torch.from_numpy((numbers_in(data) - unit[0]) / unit[1]).float()
    place = {name: k for k, name in enumerate(classes)}
    return torch.tensor([place.get(target, -1) for target in data.targets or []])


def _record(parts: Parts, history: History) -> dict[str, Any]:
    """What run.json tells about a training beside its results."""
    own = {"train": parts.train, "validation": None if parts.same else parts.validation, "test": parts.test}
    return record_of(own, parts.hashes, history)
