"""A trained tagger: sentences in, tags out, and labels where it has learned some."""

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from elman.data.sentences import Tagged, from_sentences
from elman.data.tagged import check_tags, read_tagged
from elman.data.tagged_options import TagDataOptions
from elman.errors import ArgumentError
from elman.layers.crf import Allowed
from elman.learn.spans import allowed
from elman.learn.weights import count_weights
from elman.tasks.tag.contrasts import MostFrequent
from elman.tasks.tag.lexicon import Lexicon
from elman.tasks.tag.network import Network
from elman.tasks.tag.options import TagOptions
from elman.tasks.tag.scores import score
from elman.tasks.task import TrainedModel

_SENTENCES, _WORDS = 256, 1 << 14  # at most so many sentences, and so many words with their padding, at a time


class Tagger(TrainedModel):
    """A recurrent network that gives a tag to every word, as `elman.train` returns it and `elman.load` reads it.

    Args:
        network: the trained network.
        lexicon: how words become numbers.
        classes: the tags, in the order of the network's outputs.
        options: all options of its training.
        labels: the labels of sentences, in the order of the network's second output; none if it has none.
        scheme: how the tags tell entities: "bio", "iob1", "bioes", or ""; only valid sequences are predicted.
        most_frequent: the simple model that it is compared with, if it was fit.
        record: how it came about: columns, data, history, results.

    Example:
        >>> from elman.tasks.tag.options import TagTraining
        >>> from elman.tasks.tag.training import train_tagger
        >>> names = ["Ann", "Bob", "Cid", "Dora", "Eve"]
        >>> words = [sentence for name in names for sentence in (["call", name, "now"], [name, "Lee", "sings"])] * 5
        >>> tags = [["O", "B-PER", "O"], ["B-PER", "I-PER", "O"]] * 25
        >>> labels = ["ask", "tell"] * 25
        >>> options = TagOptions(training=TagTraining(epochs=20, batch_size=4, threads=1))
        >>> model = train_tagger(from_sentences(words, tags, labels), options)
        >>> model.predict([["call", "Ann", "now"]]), model.predict_labels([["call", "Ann", "now"]])
        ([['O', 'B-PER', 'O']], ['ask'])
        >>> model.evaluate([["Eve", "sings"]], [["B-PER", "O"]])["entities"]["f1"]
        1.0
    """

    task = "tag"

    def __init__(
        self,
        network: Network,
        lexicon: Lexicon,
        classes: Sequence[str],
        options: TagOptions,
        *,
        labels: Sequence[str] = (),
        scheme: str = "",
        most_frequent: MostFrequent | None = None,
        record: dict[str, Any] | None = None,
    ) -> None:
        self.network, self.lexicon, self.options = network.eval(), lexicon, options
        self.classes, self.labels, self.scheme = list(classes), list(labels), scheme
        self.most_frequent, self.record = most_frequent, dict(record or {})
        self._allowed = Allowed(*map(torch.from_numpy, allowed(self.classes, scheme))) if scheme else None

    def predict(self, words: Iterable[Sequence[str]]) -> list[list[str]]:
        """The tag of each word of each sentence.

        Args:
            words: the words of each sentence.

        Raises:
            ArgumentError, ArgumentTypeError: something other than lists of strings.
        """
        return self.predict_both(words)[0]

    def predict_labels(self, words: Iterable[Sequence[str]]) -> list[str]:
        """The label of each sentence.

        Raises:
            ArgumentError, ArgumentTypeError: something other than lists of strings, or the tagger has no labels.
        """
        if not self.labels:
            raise ArgumentError(
                "this tagger has no labels of sentences", fix="Train it on sentences with a label each (--label)."
            )
        found = self.predict_both(words)[1]
        assert found is not None
        return found

    def predict_both(self, words: Iterable[Sequence[str]]) -> tuple[list[list[str]], list[str] | None]:
        """The tags of each sentence, and the labels, None where the tagger has none; the network runs once."""
        rows = from_sentences(words).words
        encoded = self.lexicon.encode(rows)
        tags: list[list[str]] = [[] for _ in rows]
        labels = [""] * len(rows)
        network, device = self.network, self.network.readout.c.device
        constraints = None if self._allowed is None else self._allowed.to(device)
        training = network.training
        network.eval()
        with torch.no_grad():
            for part in in_batches(encoded.lengths):
                batch = encoded.batch(part).to(device)
                scores, label_scores = network.scores(batch)
                found = network.decode(scores, batch.lengths, constraints).tolist()
                for row, own in zip(part.tolist(), found, strict=True):
                    tags[row] = [self.classes[k] for k in own[: len(rows[row])]]
                if label_scores is not None:
                    for row, k in zip(part.tolist(), label_scores.argmax(dim=1).tolist(), strict=True):
                        labels[row] = self.labels[k]
        network.train(training)
        return tags, labels if self.labels else None

    def evaluate(
        self,
        data: str | os.PathLike[str] | Tagged | Iterable[Sequence[str]],
        tags: Any = None,
        labels: Iterable[Any] | None = None,
        **reading: Any,
    ) -> dict[str, Any]:
        """How well the model does on tagged sentences, with its contrast on the same ones.

        Args:
            data: a file or folder; or a list of sentences, each a list of words, with `tags`.
            tags: the tags of each sentence, if `data` is a list.
            labels: the label of each sentence, if `data` is a list and they are to be compared.
            **reading: how to read the file, the fields of `TagDataOptions`: word, tag, format, encoding, …

        Returns:
            As `elman.tasks.tag.scores.score` says, and contrasts ("most_frequent" → the same numbers).

        Raises:
            DataError: what is wrong with the file, with its line.
            ArgumentError, ArgumentTypeError: sentences and tags that do not fit.
        """
        rows = self._tagged(data, tags, labels, reading)
        if not rows.tokens:
            raise ArgumentError("there is not a single word to evaluate", expected="sentences and their tags")
        check_tags(rows)
        own = (self.classes, self.labels, self.scheme, self.lexicon)
        result = score(rows, *self.predict_both(rows.words), *own)
        if self.most_frequent is not None:
            simple = self.most_frequent
            all_one = None if simple.label is None else [simple.label] * len(rows)
            result["contrasts"] = {"most_frequent": score(rows, simple.predict(rows.words), all_one, *own)}
        return result

    def read(self, path: str | os.PathLike[str], *, need_tags: bool = True, **reading: Any) -> Tagged:
        """The sentences of a file, from the columns that the training read unless others are named.

        Args:
            path: a file or folder; "-" for one sentence per line of the standard input.
            need_tags: whether every word must have a tag.
            **reading: the fields of `TagDataOptions`.
        """
        from elman.data.config_file import merge

        chosen, _ = merge(TagDataOptions, overrides=reading)
        return read_tagged(path, chosen, need_tags=need_tags, columns=self.record.get("columns"))

    def _tagged(self, data: Any, tags: Any, labels: Iterable[Any] | None, reading: dict[str, Any]) -> Tagged:
        if isinstance(data, Tagged):
            return data
        if isinstance(data, str | os.PathLike):
            if tags is not None:
                raise ArgumentError(
                    f"tags are given beside the path {str(data)!r}", fix="For sentences of your own write [[word, …]]."
                )
            return self.read(data, **reading)
        if tags is None:
            raise ArgumentError("sentences without tags", expected="evaluate(sentences, tags) or evaluate(path)")
        return from_sentences(data, tags, labels)

    def __repr__(self) -> str:
        weights = count_weights(self.network)
        return f"Tagger({len(self.classes)} tags, {len(self.lexicon.words):,} words, {weights:,} weights)"


def in_batches(lengths: np.ndarray) -> Iterator[np.ndarray]:
    """Rows from long to short in groups of a bounded padded size.

    Example:
        >>> [rows.tolist() for rows in in_batches(np.array([3, 0, 20000, 4]))]
        [[2], [3, 0, 1]]
    """
    order = np.argsort(-lengths, kind="stable")
    while len(order):
        longest = max(1, int(lengths[order[0]]))
        rows = max(1, min(_SENTENCES, _WORDS // longest))
        yield order[:rows]
        order = order[rows:]
