"""What a recurrent network has to beat: the majority class, a bag of words, a window of fixed width."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from elman.data.labelled import Labelled, select
from elman.data.options import SymbolOptions
from elman.data.symbols import Symbols
from elman.layers import Readout
from elman.layers.lengths import Lengths, as_lengths, real_steps
from elman.learn.label_scores import Labels, decide, known, one_hot, score
from elman.tasks.classify.bag_of_words import BagOfWords
from elman.tasks.classify.inference import probabilities_of

# The bag reads whole texts in its own vocabulary, so that its figures depend on the data alone.
WORDS = SymbolOptions(tokens="word", vocabulary=30_000, lowercase=True, max_length=0)
WEIGHTS, VOCABULARY = "bag-of-words.safetensors", "bag-of-words.json"


def majority(labels: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The label, or set of labels, that most rows have; of equals the first in the alphabet.

    Example:
        >>> majority([("good",), ("bad",), ("good",)])
        ('good',)
    """
    counts = Counter(labels)
    return min(counts, key=lambda label: (-counts[label], label))


class Contrasts:
    """The majority class and a bag of words, fit on the rows that the recurrent model was trained on.

    Args:
        classes: the labels, in order.
        multi: whether a row may have several.
        most: the label, or set of labels, of most rows.
        bag: the linear model.
        words: its vocabulary.
    """

    def __init__(
        self, classes: Sequence[str], multi: bool, most: tuple[str, ...], bag: BagOfWords, words: Symbols
    ) -> None:
        self.classes, self.multi, self.most, self.bag, self.words = tuple(classes), multi, most, bag, words

    @classmethod
    def fit(
        cls,
        train: Labelled,
        validation: Labelled,
        classes: Sequence[str],
        *,
        multi: bool,
        class_weights: Tensor | None = None,
    ) -> "Contrasts":
        """Fit both; validation rows choose the bag's penalty, those with an unknown label left out."""
        assert train.labels is not None
        assert validation.labels is not None
        validation = select(validation, np.flatnonzero(known(validation.labels, classes)).tolist())
        assert validation.labels is not None
        words = Symbols.learn(train.texts, WORDS)
        bag = BagOfWords(words.size, multi=multi).fit(
            words.encode(train.texts),
            torch.from_numpy(one_hot(train.labels, classes)).float(),
            words.encode(validation.texts),
            torch.from_numpy(one_hot(validation.labels, classes)).float(),
            class_weights,
        )
        return cls(classes, multi, majority(train.labels), bag, words)

    def scores(self, texts: Sequence[str], labels: Labels) -> dict[str, dict[str, Any]]:
        """ "bag_of_words" and "majority" → their scores on some rows, as `score` gives them."""
        probabilities = probabilities_of(self.bag.logits(self.words.encode(texts)), multi=self.multi)
        predicted = decide(probabilities, self.classes, self.multi)
        bag = score(labels, predicted, self.classes, multi=self.multi, probabilities=probabilities)
        most = score(labels, [self.most] * len(labels), self.classes, multi=self.multi)
        return {"bag_of_words": bag, "majority": most}

    def files(self) -> dict[str, bytes]:
        """What a run folder keeps of them, name → content."""
        from safetensors.torch import save

        tensors = {"V": self.bag.V, "c": self.bag.c, "idf": self.bag.idf}
        return {WEIGHTS: save(tensors), VOCABULARY: self.words.to_json().encode()}

    @classmethod
    def from_files(
        cls, files: Mapping[str, bytes], classes: Sequence[str], *, multi: bool, most: tuple[str, ...]
    ) -> "Contrasts":
        """The contrasts that `files` wrote."""
        from safetensors.torch import load

        words = Symbols(files[VOCABULARY].decode(), WORDS)
        bag = BagOfWords(words.size, multi=multi)
        tensors = load(files[WEIGHTS])
        bag.V, bag.c, bag.idf = tensors["V"], tensors["c"], tensors["idf"]
        return cls(classes, multi, most, bag, words)


class Window(nn.Module):
    """A feedforward network that sees the first symbols of a text only, side by side.

        o = tanh([E[s_1] … E[s_k]] U + b) V + c

    Args:
        symbols: size of the vocabulary.
        classes: how many outputs.
        width: k, how many symbols it sees; shorter texts are filled with id 0.
        embedding: width of a symbol's vector.
        hidden: width of the hidden layer.

    Example:
        >>> Window(100, 2, width=4)(torch.tensor([[7, 8, 9], [5, 0, 0]]), lengths=[3, 1]).shape
        torch.Size([2, 2])
    """

    def __init__(self, symbols: int, classes: int, *, width: int, embedding: int = 16, hidden: int = 64) -> None:
        super().__init__()
        self.width = width
        self.embedding = nn.Embedding(symbols, embedding)  # standard deviation 1: nearer together it learns too slowly
        self.hidden = Readout(width * embedding, hidden)
        self.readout = Readout(hidden, classes)

    def forward(self, ids: Tensor, lengths: Lengths | None = None) -> Tensor:
        """Logits (n, classes) from symbols (n, T); what stands beyond a row's length counts as id 0."""
        ids = ids * real_steps(as_lengths(lengths, *ids.shape), ids.shape[1], ids.device)
        ids = nn.functional.pad(ids, (0, max(0, self.width - ids.shape[1])))[:, : self.width]
        return self.readout(torch.tanh(self.hidden(self.embedding(ids).flatten(1))))
