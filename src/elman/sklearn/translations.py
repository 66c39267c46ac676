"""The translator as a scikit-learn estimator."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from elman.sklearn.estimator import Estimator

if TYPE_CHECKING:
    from elman.tasks.translate.translator import Translator as Model


class Translator(Estimator):
    """Two recurrent networks, one that reads a text and one that writes another text.

    X is a list of strings, y their translations. A share of the different texts is held back from learning and chooses
    the epoch. The defaults are those of `elman train --task translate`.

    Args:
        tokens: what one symbol is: "bpe", "word" or "character".
        vocabulary: largest number of symbols, of both sides together.
        lowercase: whether capitals are read as small letters.
        max_length: symbols of a text that are read at most; 0: all.
        cell: the recurrent cell, such as "gru", "lstm" or "elman".
        embedding, hidden: widths of a symbol's vector and of the hidden state.
        layers: recurrent layers of either network.
        attention: "after" the loop, "inside" it, or "none".
        shared: which share one matrix of vectors: "all", "target" or "none".
        dropout, word_dropout: probabilities, in training only.
        epochs: passes over the pairs; None: 5, and more of few pairs.
        batch_size, batch_tokens: pairs and symbols of a step at most.
        learning_rate, label_smoothing, clip, schedule, warmup: the steps of the training.
        patience: epochs without a better validation loss after which it stops; None: a third of all; 0: never.
        validation_share: share of the different texts that chooses the epoch.
        beam, length_penalty: of the search.
        max_minutes: bound on the time of training; 0: none.
        threads: processor threads; 0: all cores.
        random_state: seed of the split, the first weights, the order of the pairs and the dropout.

    Attributes:
        n_iter_: epochs made.
        model_: the trained `elman.tasks.translate.translator.Translator`.

    Example:
        >>> words = {"one": "eins", "two": "zwei", "three": "drei", "four": "vier"}
        >>> X = [f"{a} {b}" for a in words for b in words] * 4
        >>> y = [" ".join(words[word] for word in text.split()) for text in X]
        >>> small = Translator(tokens="word", embedding=16, hidden=16, dropout=0.0, word_dropout=0.0, epochs=12,
        ...                    batch_size=8, learning_rate=0.02)
        >>> small.fit(X, y).predict(["three one"])
        ['drei eins']
    """

    _task = "translate"
    model_: "Model"

    def __init__(
        self,
        *,
        tokens: str = "bpe",
        vocabulary: int = 6_000,
        lowercase: bool = False,
        max_length: int = 200,
        cell: str = "gru",
        embedding: int = 256,
        hidden: int = 256,
        layers: int = 1,
        attention: str = "after",
        shared: str = "all",
        dropout: float = 0.3,
        word_dropout: float = 0.1,
        epochs: int | None = None,
        batch_size: int = 256,
        batch_tokens: int = 1_000,
        learning_rate: float = 2e-3,
        label_smoothing: float = 0.1,
        clip: float = 1.0,
        schedule: str = "one-cycle",
        warmup: float = 0.1,
        patience: int | None = None,
        validation_share: float = 0.05,
        beam: int = 5,
        length_penalty: float = 1.0,
        max_minutes: float = 0.0,
        threads: int = 1,
        random_state: int = 0,
    ) -> None:
        self._keep(locals())

    def fit(self, X: Iterable[str], y: Iterable[str]) -> "Translator":
        """Train on texts and their translations.

        Raises:
            ArgumentError, ArgumentTypeError: X or y hold something other than strings, or are not of one length.
            ConfigError: a parameter is out of its range.
            DataError: there are fewer than two different texts.
        """
        from elman.data.parallel import pairs_of

        return self._train(pairs_of(_texts(X), _texts(y)))

    def predict(self, X: Iterable[str]) -> list[str]:
        """The translation of each text."""
        return self._fitted().translate(_texts(X))

    def score(self, X: Iterable[str], y: Iterable[str]) -> float:
        """The mean log-probability of a symbol of the given translations, in nats: 0 at best."""
        from elman.data.parallel import pairs_of

        model = self._fitted()
        pairs = pairs_of(_texts(X), _texts(y))
        symbols = model.symbols.encode(pairs.targets or ())
        return float(model.score(pairs.sources, pairs.targets or ()).sum() / max(1, len(symbols.values) + len(symbols)))


def _texts(X: Iterable[str]) -> list[str]:
    """A list of texts; a string alone is refused where they are looked at."""
    return X if isinstance(X, str) else list(X)  # pyright: ignore[reportReturnType]
