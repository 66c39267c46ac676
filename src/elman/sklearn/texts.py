"""The text classifier as a scikit-learn estimator."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import type_of_target, unique_labels

from elman.errors import ArgumentError, ArgumentTypeError
from elman.sklearn.estimator import Estimator

if TYPE_CHECKING:
    from elman.tasks.classify.classifier import TextClassifier as Model


class TextClassifier(ClassifierMixin, Estimator):
    """A recurrent network that reads a text and names its class.

    X is a list (or array, or column) of strings, y one label per text. A tenth of the rows is held back from learning
    and chooses the epoch. The defaults are those of `elman train`.

    Args:
        tokens: what one symbol is: "word", "character" or "bpe".
        vocabulary: largest number of symbols.
        lowercase: whether capitals are read as small letters.
        max_length: symbols of a text that are read at most; 0: all.
        keep: which end of a longer text is read: "last" or "first".
        cell: the recurrent cell, such as "gru", "lstm" or "elman".
        activation: φ of a cell that leaves it open; None: its own.
        embedding, hidden: widths of a symbol's vector and of the hidden state.
        pairs: give a vector of its own to each pair of neighbours found in at least so many texts; 0: none.
        layers: recurrent layers.
        bidirectional: whether a text is read from both ends.
        pooling: from steps to one vector: "last", "mean", "max" or "mean+max".
        word_dropout, pair_dropout, embedding_dropout, dropout: probabilities, in training only.
        epochs: passes over the rows; None: 5, and more of few rows.
        batch_size, optimizer, learning_rate, weight_decay, clip, schedule, warmup: the steps of the training.
        patience: epochs without a better validation loss after which it stops; None: a third of all; 0: never.
        class_weight: None or "balanced".
        validation_share: share of the rows that chooses the epoch.
        max_minutes: bound on the time of training; 0: none.
        threads: processor threads; 0: all cores.
        random_state: seed of the split, the first weights, the order of the rows and the dropout.

    Attributes:
        classes_: the labels, as in y, in order.
        n_iter_: epochs made.
        model_: the trained `elman.tasks.classify.TextClassifier`.

    Example:
        >>> X = ["a fine film", "how dull", "fine actors", "dull actors"] * 20
        >>> TextClassifier(epochs=30, threads=1).fit(X, [1, 0, 1, 0] * 20).predict(["a fine day"])
        array([1])
    """

    _task = "classify"
    model_: "Model"

    def __init__(
        self,
        *,
        tokens: str = "word",
        vocabulary: int = 30_000,
        lowercase: bool = True,
        max_length: int = 400,
        keep: str = "last",
        cell: str = "gru",
        activation: str | None = None,
        embedding: int = 64,
        hidden: int = 32,
        pairs: int = 4,
        layers: int = 1,
        bidirectional: bool = True,
        pooling: str = "mean+max",
        word_dropout: float = 0.4,
        pair_dropout: float = 0.5,
        embedding_dropout: float = 0.5,
        dropout: float = 0.5,
        epochs: int | None = None,
        batch_size: int = 64,
        optimizer: str = "adam",
        learning_rate: float = 2e-3,
        weight_decay: float = 0.0,
        clip: float = 1.0,
        schedule: str = "one-cycle",
        warmup: float = 0.3,
        patience: int | None = None,
        class_weight: str | None = None,
        validation_share: float = 0.1,
        max_minutes: float = 0.0,
        threads: int = 1,
        random_state: int = 0,
    ) -> None:
        self._keep(locals())

    def fit(self, X: Iterable[str], y: Any) -> "TextClassifier":
        """Train on texts and their labels.

        Raises:
            ArgumentError, ArgumentTypeError: X holds something other than strings, or y does not fit it.
            ConfigError: a parameter is out of its range.
            DataError: there are fewer than two classes, or a class has one row only.
        """
        from elman.data.labelled import from_lists

        texts = _texts(X)
        labels = np.asarray(y)
        if labels.ndim == 2 and labels.shape[1] == 1:  # a column of a table
            labels = labels.ravel()
        if len(labels) != len(texts):
            raise ArgumentError(f"X has {len(texts)} texts and y {len(labels)} labels", "one label for each text")
        if type_of_target(y, input_name="y", raise_unknown=True) not in ("binary", "multiclass"):
            raise ArgumentError(f"y is of the kind {type_of_target(y)!r}", "one class per text", "See elman.train.")
        classes = unique_labels(labels)
        names = label_names(classes)
        data = from_lists(texts, [names[k] for k in np.searchsorted(classes, labels)])
        self._train(data, contrasts=False)
        self.classes_: np.ndarray = classes
        self._columns = [self.model_.classes.index(name) for name in names]
        return self

    def predict_proba(self, X: Iterable[str]) -> np.ndarray:
        """The probability of each class for each text (n, classes), in the order of `classes_`."""
        return self._fitted().probabilities(_texts(X))[:, self._columns]

    def predict(self, X: Iterable[str]) -> np.ndarray:
        """The label of each text (n), as it stood in y."""
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]

    def _given(self) -> dict[str, Any]:
        given = super()._given()
        given["class_weights"] = given.pop("class_weight") or "none"
        return given

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.no_validation = False
        return tags


def label_names(classes: np.ndarray) -> list[str]:
    """A name for each label, as messages show it; numbers where their texts would not tell them apart."""
    names = [str(label).strip() for label in classes]
    plain = len(set(names)) == len(names) and not {name.lower() for name in names} & {"", "nan", "<na>", "null"}
    return names if plain else [str(k) for k in range(len(names))]


def _texts(X: Any) -> list[str]:
    if isinstance(X, str):
        raise ArgumentTypeError("X is one string", "a list of strings", "Write [text].")
    shape = getattr(X, "shape", None)
    if shape is not None and len(shape) == 2 and shape[1] == 1:
        X = np.asarray(X).ravel()
    rows = [str(text) if isinstance(text, np.str_) else text for text in X]
    for i, text in enumerate(rows):
        if not isinstance(text, str):
            raise ArgumentTypeError(f"X[{i}] is of type {type(text).__name__}", "a list of strings")
    return rows
