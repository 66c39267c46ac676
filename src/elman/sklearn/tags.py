"""The tagger as a scikit-learn estimator."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from elman.errors import ArgumentError
from elman.sklearn.estimator import Estimator

if TYPE_CHECKING:
    from elman.tasks.tag.tagger import Tagger as Model


class Tagger(Estimator):
    """A recurrent network that gives a tag to every word of a sentence.

    X is a list of sentences, each a list of words; y the same of tags. A tenth of the sentences is held back from
    learning and chooses the epoch. The defaults are those of `elman train --task tag`.

    Args:
        vocabulary: largest number of words with a vector.
        lowercase: whether words that differ in capitals have one vector.
        affixes: characters of the longest beginning and ending that has a vector; 0: none.
        max_characters: characters of a longer word that are read, from its two ends.
        cell: the recurrent cell, such as "lstm", "gru" or "elman".
        activation: φ of a cell that leaves it open; None: its own.
        embedding, character_embedding, affix_embedding: widths of the vectors of words, characters and affixes.
        character_hidden: width of the state that reads the characters of a word, each way; 0: they are not read.
        hidden: width of the hidden state, each way.
        layers: recurrent layers.
        bidirectional: whether a sentence is read from both ends.
        output: "softmax": each tag by itself; "crf": all tags of a sentence at once.
        word_dropout, embedding_dropout, dropout: probabilities, in training only.
        epochs: passes over the sentences; None: 20, and more of few sentences.
        batch_size, optimizer, learning_rate, weight_decay, clip, schedule, warmup: the steps of the training.
        patience: epochs without a better validation score after which it stops; 0: never.
        validation_share: share of the sentences that chooses the epoch.
        max_minutes: bound on the time of training; 0: none.
        threads: processor threads; 0: all cores.
        random_state: seed of the split, the first weights, the order of the sentences and the dropout.

    Attributes:
        classes_: the tags, in order.
        n_iter_: epochs made.
        model_: the trained `elman.tasks.tag.tagger.Tagger`.

    Example:
        >>> X = [["dogs", "bark"], ["a", "dog", "barks"], ["a", "cat"], ["cats", "sleep"]] * 10
        >>> y = [["N", "V"], ["D", "N", "V"], ["D", "N"], ["N", "V"]] * 10
        >>> Tagger(epochs=20, batch_size=4).fit(X, y).predict([["a", "dog", "sleeps"]])
        [['D', 'N', 'V']]
    """

    _task = "tag"
    model_: "Model"

    def __init__(
        self,
        *,
        vocabulary: int = 50_000,
        lowercase: bool = True,
        affixes: int = 4,
        max_characters: int = 40,
        cell: str = "lstm",
        activation: str | None = None,
        embedding: int = 100,
        character_embedding: int = 32,
        character_hidden: int = 64,
        affix_embedding: int = 64,
        hidden: int = 128,
        layers: int = 1,
        bidirectional: bool = True,
        output: str = "softmax",
        word_dropout: float = 0.2,
        embedding_dropout: float = 0.3,
        dropout: float = 0.5,
        epochs: int | None = None,
        batch_size: int = 32,
        optimizer: str = "adam",
        learning_rate: float = 2e-3,
        weight_decay: float = 0.0,
        clip: float = 5.0,
        schedule: str = "one-cycle",
        warmup: float = 0.3,
        patience: int | None = 0,
        validation_share: float = 0.1,
        max_minutes: float = 0.0,
        threads: int = 1,
        random_state: int = 0,
    ) -> None:
        self._keep(locals())

    def fit(self, X: Iterable[Sequence[str]], y: Iterable[Sequence[Any]]) -> "Tagger":
        """Train on sentences and their tags.

        Raises:
            ArgumentError, ArgumentTypeError: X holds something other than lists of strings, or y does not fit it.
            ConfigError: a parameter is out of its range.
            DataError: there are fewer than two sentences, or fewer than two tags.
        """
        from elman.data.sentences import from_sentences

        tags = [list(row) for row in y]
        known = {str(tag): tag for row in tags for tag in row}
        if len(known) < len({tag for row in tags for tag in row}):
            raise ArgumentError("two different tags in y have the same text", "tags that can be told apart as texts")
        self._train(from_sentences(X, tags), contrasts=False)
        self._tags = known
        self.classes_: list[Any] = [known[name] for name in self.model_.classes]
        return self

    def predict(self, X: Iterable[Sequence[str]]) -> list[list[Any]]:
        """The tag of each word of each sentence, as it stood in y."""
        return [[self._tags[name] for name in row] for row in self._fitted().predict(X)]

    def score(self, X: Iterable[Sequence[str]], y: Iterable[Sequence[Any]]) -> float:
        """The share of words with the right tag; of entities (B-, I-, …) the F1 instead.

        Raises:
            ArgumentError, ArgumentTypeError: X and y do not fit.
        """
        result = self._fitted().evaluate(X, [list(row) for row in y])
        return result["entities"]["f1"] if "entities" in result else result["accuracy"]
