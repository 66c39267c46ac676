"""A trained text classifier: texts in, labels and probabilities out."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from elman.data.columns import Columns
from elman.data.labelled import Labelled, from_lists, one_label_each, read_labelled
from elman.data.options import DataOptions
from elman.data.symbols import Symbols
from elman.errors import ArgumentError
from elman.learn.label_scores import decide, score
from elman.learn.weights import count_weights
from elman.tasks.classify.contrasts import Contrasts
from elman.tasks.classify.inference import logits_of, probabilities_of
from elman.tasks.classify.network import Network
from elman.tasks.classify.options import ClassifyOptions
from elman.tasks.task import TrainedModel

Label = str | tuple[str, ...]


class TextClassifier(TrainedModel):
    """A recurrent network that labels texts, as `elman.train` returns it and `elman.load` reads it.

    Args:
        network: the trained network.
        symbols: how a text becomes symbols.
        classes: the labels, in the order of the network's outputs.
        options: all options of its training.
        multi: whether a text may have several labels, or none.
        contrasts: the simple models that it is compared with, if they were fit.
        record: how it came about: columns, data, history, results.

    Example:
        >>> from elman.data.labelled import from_lists
        >>> from elman.tasks.classify import train_classifier
        >>> from elman.tasks.classify.options import ClassifyOptions, ClassifyTraining
        >>> texts = ["a fine film", "how dull", "fine actors", "dull actors"]
        >>> options = ClassifyOptions(training=ClassifyTraining(epochs=30, threads=1))
        >>> model = train_classifier(from_lists(texts * 20, ["+", "-", "+", "-"] * 20), options)
        >>> model.classes, model.predict(["a fine day"]), model.probabilities(["a fine day"]).shape
        (['+', '-'], ['+'], (1, 2))
        >>> model.evaluate(["a fine film", "dull", "dull"], ["+", "-", "never seen"])["accuracy"]
        0.6666666666666666
    """

    task = "classify"

    def __init__(
        self,
        network: Network,
        symbols: Symbols,
        classes: Sequence[str],
        options: ClassifyOptions,
        *,
        multi: bool = False,
        contrasts: Contrasts | None = None,
        record: dict[str, Any] | None = None,
    ) -> None:
        self.network, self.symbols, self.classes, self.options = network.eval(), symbols, list(classes), options
        self.multi, self.contrasts, self.record = multi, contrasts, dict(record or {})

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """The probability of each class for each text (n, classes); with several labels each stands for itself.

        Raises:
            ArgumentTypeError: something other than a list of strings.
        """
        encoded = self.symbols.encode(from_lists(texts).texts)
        return probabilities_of(logits_of(self.network, encoded), multi=self.multi)

    def predict(self, texts: Sequence[str]) -> list[Any]:
        """The label of each text (a str), or the tuple of its labels where there may be several.

        Raises:
            ArgumentTypeError: something other than a list of strings.
        """
        return self.labels_from(self.probabilities(texts))

    def labels_from(self, probabilities: np.ndarray) -> list[Any]:
        """The labels that `predict` gives to texts of these probabilities (n, classes)."""
        decided = decide(probabilities, self.classes, self.multi)
        return list(decided) if self.multi else [row[0] for row in decided]

    def evaluate(
        self,
        data: str | os.PathLike[str] | Labelled | Sequence[str],
        labels: Sequence[Any] | None = None,
        **reading: Any,
    ) -> dict[str, Any]:
        """How well the model does on labelled texts, with its contrasts on the same rows.

        Args:
            data: a file or folder; or a list of texts, with `labels`.
            labels: the label of each text (a list of labels where there may be several), if `data` is a list.
            **reading: how to read the file, the fields of `DataOptions`: text, label, format, encoding, header, …

        Returns:
            rows, accuracy, accuracy_low and accuracy_high (its 95 % interval), macro_f1, per_class, confusion, classes,
            unseen_labels (label → rows, all counted as wrong), log_loss, and contrasts ("bag_of_words", "majority" →
            the same numbers). With several labels, accuracy is the share of rows with exactly the right ones, and
            micro_f1 is there too.

        Raises:
            DataError: what is wrong with the file, with its line; a row without exactly one label, for a model of
                single ones.
            ArgumentError, ArgumentTypeError: texts and labels that do not fit.
            ConfigError: an unknown way of reading.
        """
        rows = self._labelled(data, labels, reading)
        if not len(rows) or rows.labels is None:
            raise ArgumentError("there is not a single text to evaluate", expected="texts and their labels")
        if not self.multi:
            one_label_each(rows)
        probabilities = self.probabilities(rows.texts)
        predicted = decide(probabilities, self.classes, self.multi)
        result = score(rows.labels, predicted, self.classes, multi=self.multi, probabilities=probabilities)
        if self.contrasts is not None:
            result["contrasts"] = self.contrasts.scores(rows.texts, rows.labels)
        return result

    def read(self, path: str | os.PathLike[str], *, need_label: bool = True, **reading: Any) -> Labelled:
        """The rows of a file, from the columns that the training read unless others are named.

        Args:
            path: a file or folder; "-" for one text per line of the standard input.
            need_label: whether every row must have a label.
            **reading: the fields of `DataOptions`.

        Raises:
            DataError, StorageError: what is wrong with the file.
            ConfigError: an unknown field, or a value that it cannot have.
        """
        from elman.data.config_file import merge

        trained = {"label_separator": self.options.data.label_separator}
        options, _ = merge(DataOptions, yaml=trained, overrides=reading)
        columns = self.record.get("columns")
        known = Columns(columns["text"], columns["label"]) if columns else None
        return read_labelled(path, options, need_label=need_label, columns=known)

    def _labelled(self, data: Any, labels: Sequence[Any] | None, reading: dict[str, Any]) -> Labelled:
        if isinstance(data, Labelled):
            return data
        if isinstance(data, str | os.PathLike):
            if labels is not None:
                raise ArgumentError(
                    f"labels are given beside the path {str(data)!r}", fix="For texts of your own write [text, …]."
                )
            return self.read(data, **reading)
        if labels is None:
            raise ArgumentError("texts are given without labels", expected="evaluate(texts, labels) or evaluate(path)")
        return from_lists(data, labels)

    def __repr__(self) -> str:
        weights = count_weights(self.network)
        return f"TextClassifier({len(self.classes)} classes, {self.symbols.size:,} symbols, {weights:,} weights)"
