"""The language model as a scikit-learn estimator of the probability of texts."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import DensityMixin

from elman.errors import ArgumentError
from elman.sklearn.estimator import Estimator

if TYPE_CHECKING:
    from elman.tasks.generate.language_model import LanguageModel as Model


class LanguageModel(DensityMixin, Estimator):
    """A recurrent network that learns how probable texts are, and writes such texts.

    X is a list of strings; each ends with an end of line, and the state is carried from one to the next in training.
    The last texts are held back from learning and choose the epoch. The defaults are those of
    `elman train --task generate`.

    Args:
        tokens: what one symbol is: "character", "word", "space" or "bpe".
        vocabulary: largest number of symbols.
        lowercase: whether capitals are read as small letters.
        cell: the recurrent cell, such as "lstm", "gru" or "elman".
        embedding, hidden: widths of a symbol's vector and of the hidden state.
        layers: recurrent layers.
        tied: whether symbols are read and predicted with the same vectors.
        softmax: "full", "sampled" or "adaptive".
        dropout, input_dropout, layer_dropout, embedding_dropout, weight_drop: probabilities, in training only.
        epochs: passes over the texts; None: 5, and more of few texts.
        batch_size, steps: streams that are read side by side, and symbols of a chunk.
        learning_rate, clip, schedule, warmup: the steps of the training.
        patience: epochs without a better validation loss after which it stops; None: a third of all; 0: never.
        validation_share: share of the symbols that chooses the epoch.
        max_minutes: bound on the time of training; 0: none.
        threads: processor threads; 0: all cores.
        random_state: seed of the first weights, the chunks and the dropout; None: 0, and samples are drawn anew.

    Attributes:
        n_iter_: epochs made.
        model_: the trained `elman.tasks.generate.language_model.LanguageModel`.

    Example:
        >>> X = ["the cat sleeps", "the dog runs", "the cat runs", "the dog sleeps"] * 20
        >>> small = LanguageModel(tokens="word", embedding=8, hidden=16, batch_size=4, steps=8, epochs=10,
        ...                       learning_rate=0.02)
        >>> likely, strange = small.fit(X).score_samples(["the dog runs", "runs the the"])
        >>> bool(likely > strange)
        True
    """

    _task = "generate"
    model_: "Model"

    def __init__(
        self,
        *,
        tokens: str = "character",
        vocabulary: int = 30_000,
        lowercase: bool = False,
        cell: str = "lstm",
        embedding: int = 64,
        hidden: int = 256,
        layers: int = 1,
        tied: bool = False,
        softmax: str = "full",
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        layer_dropout: float = 0.0,
        embedding_dropout: float = 0.0,
        weight_drop: float = 0.0,
        epochs: int | None = None,
        batch_size: int = 32,
        steps: int = 64,
        learning_rate: float = 2e-3,
        clip: float = 1.0,
        schedule: str = "one-cycle",
        warmup: float = 0.1,
        patience: int | None = None,
        validation_share: float = 0.1,
        max_minutes: float = 0.0,
        threads: int = 1,
        random_state: int | None = 0,
    ) -> None:
        self._keep(locals())

    def fit(self, X: Iterable[str], y: object = None) -> "LanguageModel":
        """Train on texts.

        Raises:
            ArgumentError, ArgumentTypeError: X holds something other than strings.
            ConfigError: a parameter is out of its range.
            DataError: there is too little text.
        """
        from elman.data.corpus_options import CorpusOptions
        from elman.data.plain_text import PlainText

        text = PlainText("the given texts", CorpusOptions(), given="".join(f"{own}\n" for own in _texts(X)))
        return self._train(text, contrasts=False)

    def score_samples(self, X: Iterable[str]) -> np.ndarray:
        """The log-probability of each text with its end of line (n), each read from the beginning."""
        return np.array([total for total, _ in self._scored(X)])

    def score(self, X: Iterable[str], y: object = None) -> float:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The mean log-probability of a symbol of the texts, in nats: 0 at best.

        Raises:
            ArgumentError: X is empty.
        """
        scored = self._scored(X)
        if not scored:
            raise ArgumentError("X is empty", expected="at least one text")
        return float(sum(total for total, _ in scored) / sum(count for _, count in scored))

    def sample(self, n_samples: int = 1, *, length: int = 200, temperature: float = 1.0) -> list[str]:
        """Texts that the model writes, each up to its end of line or to so many symbols."""
        model = self._fitted()
        first: int | None = self.random_state  # pyright: ignore[reportAttributeAccessIssue]
        seeds = [None if first is None else first + i for i in range(n_samples)]
        return [model.generate("", length, temperature=temperature, stop="\n", seed=seed) for seed in seeds]

    def _scored(self, X: Iterable[str]) -> list[tuple[float, int]]:
        """Log-probability and number of the symbols of each text."""
        model = self._fitted()
        found = [[one.log_probability for one in model.score(f"{text}\n")] for text in _texts(X)]
        return [(sum(values), len(values)) for values in found]


def _texts(X: Iterable[str]) -> list[str]:
    """The texts, looked at."""
    from elman.data.labelled import from_lists

    return from_lists(X).texts
