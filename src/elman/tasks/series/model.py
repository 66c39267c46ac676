"""A trained model of numeric series: series in, classes or numbers out."""

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from elman.data.series.collection import Collection
from elman.data.series.labelled_series import read_collection
from elman.errors import ArgumentError, DataError
from elman.learn.label_scores import score
from elman.learn.weights import count_weights
from elman.tasks.series.contrasts import Nearest, as_vectors
from elman.tasks.series.network import Network
from elman.tasks.series.options import SeriesOptions
from elman.tasks.series.scaling import Scaling
from elman.tasks.task import TrainedModel

BLOCK = 1 << 20  # numbers that are read at a time


class SeriesModel(TrainedModel):
    """A network that tells the class of a numeric series, or a number, as `elman.train` returns it.

    Args:
        network: the trained network.
        scaling: what is done to a series before it is read.
        classes: the labels in the order of the outputs; None where it tells a number.
        options: all options of its training.
        unit: mean and deviation of the training numbers, which the output is scaled by; (0, 1) for classes.
        contrasts: the nearest training series, and the commonest class or the mean; None: nothing to compare with.
        record: how it came about: data, history, results.

    Example:
        >>> up, down = [[0.0, 1.0, 2.0, 3.0]], [[3.0, 2.0, 1.0]]
        >>> from elman.tasks.series import train_series
        >>> from elman.tasks.series.options import SeriesTrainingOptions
        >>> data = Collection.of([up, down] * 10, ["up", "down"] * 10)
        >>> model = train_series(data, SeriesOptions(training=SeriesTrainingOptions(epochs=50)))
        >>> model.predict([[[5.0, 6.0, 8.0, 9.0]], [[4.0, 2.0, 0.0]]])
        ['up', 'down']
    """

    task = "series"

    def __init__(
        self,
        network: Network,
        scaling: Scaling,
        classes: Sequence[str] | None,
        options: SeriesOptions,
        *,
        unit: tuple[float, float] = (0.0, 1.0),
        contrasts: Nearest | None = None,
        record: dict[str, Any] | None = None,
    ) -> None:
        self.network, self.scaling, self.options, self.unit = network.eval(), scaling, options, unit
        self.classes = None if classes is None else list(classes)
        self.contrasts, self.record = contrasts, dict(record or {})

    def outputs(self, data: Any) -> np.ndarray:
        """What the network says of each series, float64: logits (n, classes), or numbers (n, 1).

        Args:
            data: a `Collection`, or arrays as `Collection.of` takes them.
        """
        series = self.scaling.apply(data if isinstance(data, Collection) else Collection.of(data))
        return outputs_of(self.network, series) * self.unit[1] + self.unit[0]

    def probabilities(self, data: Any) -> np.ndarray:
        """The probability of each class for each series (n, classes).

        Raises:
            ArgumentError: the model tells numbers.
        """
        if self.classes is None:
            raise ArgumentError("this model tells numbers, not classes", fix="Use predict.")
        return torch.from_numpy(self.outputs(data)).softmax(1).numpy()

    def predict(self, data: Any) -> list[Any]:
        """The class of each series (str), or its number (float)."""
        outputs = self.outputs(data)
        if self.classes is None:
            return outputs[:, 0].tolist()
        return [self.classes[k] for k in outputs.argmax(1)]

    def evaluate(self, data: str | os.PathLike[str] | Any, labels: Any = None, **reading: Any) -> dict[str, Any]:
        """How well the model does on labelled series, beside its contrasts on the same ones.

        Args:
            data: a file, a `Collection` with targets, or arrays with `labels`.
            labels: one per series, if `data` is arrays.
            **reading: how to read the file, the fields of `CollectionOptions`.

        Returns:
            For classes what `elman.learn.label_scores.score` gives; for numbers rows, rmse, mae and r2. With them
            "contrasts": "nearest" and "majority" (or "mean") → the same numbers.

        Raises:
            DataError: what is wrong with the file.
            ArgumentError: there are no labels.
        """
        if isinstance(data, str | os.PathLike):
            data = self.read(data, **reading)
        series = data if isinstance(data, Collection) else Collection.of(data, labels)
        if series.targets is None or not len(series):
            raise ArgumentError("there is not a single series with a label", expected="series and their labels")
        simple = self._simple(series)
        if self.classes is None:
            truth = numbers_in(series)
            result = errors(truth, np.array(self.predict(series)))
            return {**result, "contrasts": {name: errors(truth, one) for name, one in simple.items()}}
        truth = [(target,) for target in series.targets]
        p = self.probabilities(series)
        answers = [(self.classes[k],) for k in p.argmax(1)]
        result = score(truth, answers, self.classes, multi=False, probabilities=p)
        named = {name: [(self.classes[int(k)],) for k in one] for name, one in simple.items()}
        others = {name: score(truth, one, self.classes, multi=False) for name, one in named.items()}
        return {**result, "contrasts": others}

    def read(self, path: str | os.PathLike[str], *, need_label: bool = True, **reading: Any) -> Collection:
        """The series of a file, from the columns that the training read unless others are named."""
        given = {name: value for name, value in reading.items() if value is not None}
        own = replace(self.options.data, format=None, encoding=None, header=None)
        return read_collection(path, replace(own, **given), need_label=need_label)

    def _simple(self, series: Collection) -> dict[str, np.ndarray]:
        """What the contrasts answer: places among the classes, or numbers."""
        if self.contrasts is None:
            return {}
        answers, n = self.contrasts.answers, len(series)
        if self.classes is None:
            constant, name = np.full(n, answers.mean()), "mean"
        else:
            constant, name = np.full(n, np.bincount(answers).argmax()), "majority"
        return {"nearest": self.contrasts.predict(as_vectors(self.scaling.apply(series))), name: constant}

    def __repr__(self) -> str:
        what = "numbers" if self.classes is None else f"{len(self.classes)} classes"
        weights = count_weights(self.network)
        return f"SeriesModel({what}, {len(self.scaling.mean)} channels, {weights:,} weights)"


def outputs_of(network: Network, series: Collection) -> np.ndarray:
    """The outputs (n, o), float64, from a network in evaluation mode; like lengths are read together."""
    width, training = network.readout.output_size, network.training
    device = network.readout.c.device
    found = np.zeros((len(series), width))
    order = np.argsort(-series.lengths, kind="stable")
    network.eval()
    with torch.no_grad():
        while len(order):
            longest = max(1, int(series.lengths[order[0]])) * series.values.shape[1]
            rows, order = np.split(order, [max(1, min(512, BLOCK // longest))])
            x, lengths = series.batch(rows)
            found[rows] = network(x.to(device), lengths).double().cpu().numpy()
    network.train(training)
    return found


def numbers_in(series: Collection) -> np.ndarray:
    """The targets as numbers (n).

    Raises:
        DataError: one is no number.
    """
    assert series.targets is not None
    found = np.zeros(len(series))
    for i, word in enumerate(series.targets):
        try:
            found[i] = float(word)
        except ValueError:
            found[i] = np.nan
        if not np.isfinite(found[i]):
            raise DataError(
                f"{series.place(i)}: the label is {word[:40]!r}", "a number", "For classes leave out --learn number."
            )
    return found


def errors(truth: np.ndarray, found: np.ndarray) -> dict[str, Any]:
    """Root mean square error, mean absolute error, and R² (1 − squared error / variance; None where there is none).

    Example:
        >>> errors(np.array([1.0, 3.0]), np.array([1.0, 2.0]))
        {'rows': 2, 'rmse': 0.7071067811865476, 'mae': 0.5, 'r2': 0.5}
    """
    squares, spread = float(((truth - found) ** 2).mean()), float(truth.var())
    return {
        "rows": len(truth),
        "rmse": squares**0.5,
        "mae": float(np.abs(truth - found).mean()),
        "r2": 1 - squares / spread if spread else None,
    }
