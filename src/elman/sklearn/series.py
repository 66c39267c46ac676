"""Models of numeric series as scikit-learn estimators, which take the arrays of aeon and sktime."""

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import type_of_target, unique_labels

from elman.errors import ArgumentError
from elman.sklearn.estimator import Estimator
from elman.sklearn.texts import label_names

if TYPE_CHECKING:
    from elman.data.series.collection import Collection
    from elman.tasks.series.model import SeriesModel as Model


class _Series(Estimator):
    """What both estimators share: the parameters, and X as a collection of series."""

    _task, _learn = "series", "class"
    model_: "Model"

    def __init__(
        self,
        *,
        scale: str = "train",
        cell: str = "lstm",
        activation: str | None = None,
        hidden: int = 64,
        layers: int = 1,
        bidirectional: bool = True,
        pooling: str = "mean+max",
        convolutions: int = 64,
        dropout: float = 0.3,
        epochs: int | None = None,
        batch_size: int = 16,
        optimizer: str = "adam",
        learning_rate: float = 2e-3,
        weight_decay: float = 0.0,
        clip: float = 1.0,
        schedule: str = "one-cycle",
        warmup: float = 0.3,
        patience: int | None = None,
        validation_share: float | None = None,
        max_minutes: float = 0.0,
        threads: int = 1,
        random_state: int = 0,
    ) -> None:
        self._keep(locals())

    def _given(self) -> dict[str, Any]:
        return {**super()._given(), "learn": self._learn}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        return tags


class SeriesClassifier(ClassifierMixin, _Series):
    """A network that reads a numeric series and names its class: a recurrent layer with convolutions beside it.

    X is an array (n, channels, T) or (n, T), or a list of arrays (channels, T) of unequal lengths, as aeon and sktime
    have them; NaN is a missing value. y holds one label per series.

    Args:
        scale: subtract the mean and divide by the deviation: "train" of all training series, "series" of each by
            itself, or "none".
        cell: the recurrent cell, such as "lstm", "gru" or "elman".
        activation: φ of a cell that leaves it open; None: its own.
        hidden: width of the hidden state.
        layers: recurrent layers.
        bidirectional: whether a series is read from both ends.
        pooling: from steps to one vector: "last", "mean", "max" or "mean+max".
        convolutions: filters of the convolutions; 0: none.
        dropout: before the readout, in training only.
        epochs: passes over the series; None: as many as make 500 steps, 20 to 200.
        batch_size, optimizer, learning_rate, weight_decay, clip, schedule, warmup: the steps of the training.
        patience: epochs without a better loss after which it stops; None: a third of all; 0: never.
        validation_share: share of the series that chooses the epoch; None: a tenth, and none of fewer than 300.
        max_minutes: bound on the time of training; 0: none.
        threads: processor threads; 0: all cores.
        random_state: seed of the split, the first weights, the order of the series and the dropout.

    Attributes:
        classes_: the labels, as in y, in order.
        n_iter_: epochs made.
        model_: the trained `elman.tasks.series.SeriesModel`.

    Example:
        >>> X = [[[0.0, 1.0, 2.0, 4.0]], [[3.0, 2.0, 1.0]]] * 10
        >>> SeriesClassifier(hidden=8, epochs=40).fit(X, ["up", "down"] * 10).predict(X[:3]).tolist()
        ['up', 'down', 'up']

    Source: Karim, Majumdar, Darabi & Chen (2018), LSTM fully convolutional networks for time series classification.
    """

    def fit(self, X: Any, y: Any) -> "SeriesClassifier":
        """Train on series and their labels.

        Raises:
            ArgumentError, ArgumentTypeError: X is not made of series, or y does not fit it.
            ConfigError: a parameter is out of its range.
            DataError: there is one class only.
        """
        labels = np.asarray(y)
        if type_of_target(y, input_name="y", raise_unknown=True) not in ("binary", "multiclass"):
            raise ArgumentError(f"y is of the kind {type_of_target(y)!r}", "one class per series")
        classes = unique_labels(labels)
        names = label_names(classes)
        self._train(_collection(X, [names[k] for k in np.searchsorted(classes, labels)]), contrasts=False)
        assert self.model_.classes is not None
        self._columns = [self.model_.classes.index(name) for name in names]
        self.classes_: np.ndarray = classes
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class for each series (n, classes), in the order of `classes_`."""
        return self._fitted().probabilities(_collection(X))[:, self._columns]

    def predict(self, X: Any) -> np.ndarray:
        """The label of each series (n), as it stood in y."""
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]


class SeriesRegressor(RegressorMixin, _Series):
    """A network that reads a numeric series and tells a number; parameters and X as for `SeriesClassifier`.

    Attributes:
        n_iter_: epochs made.
        model_: the trained `elman.tasks.series.SeriesModel`.

    Example:
        >>> X = [[[0.0, 0.0, 2.0]], [[3.0, 3.0]]] * 10
        >>> model = SeriesRegressor(hidden=8, convolutions=0, epochs=200).fit(X, [2.0, 6.0] * 10)
        >>> model.predict(X[:2]).round().tolist()
        [2.0, 6.0]
    """

    _learn = "number"

    def fit(self, X: Any, y: Any) -> "SeriesRegressor":
        """Train on series and one number for each.

        Raises:
            ArgumentError, ArgumentTypeError: X is not made of series, or y not of numbers.
            ConfigError: a parameter is out of its range.
        """
        try:
            numbers = np.asarray(y, dtype=np.float64)
        except (TypeError, ValueError):
            raise ArgumentError("y is not made of numbers", "one number per series", "Use SeriesClassifier.") from None
        if numbers.ndim != 1 or not np.isfinite(numbers).all():
            raise ArgumentError(f"y has the shape {numbers.shape}, or is not finite", "one finite number per series")
        return self._train(_collection(X, [repr(float(number)) for number in numbers]), contrasts=False)

    def predict(self, X: Any) -> np.ndarray:
        """The number of each series (n)."""
        return np.array(self._fitted().predict(_collection(X)))


def _collection(X: Any, y: list[str] | None = None) -> "Collection":
    from elman.data.series.collection import Collection

    return Collection.of(X, y)
