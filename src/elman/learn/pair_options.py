"""The options of networks that write one text from another."""

from dataclasses import dataclass

from elman.data.options import CELLS, SymbolOptions, option
from elman.errors import ConfigError
from elman.learn.options import TrainingOptions


@dataclass(frozen=True)
class PairSymbolOptions:
    """How texts become sequences of symbols, the same ones on both sides."""

    tokens: str = option("bpe", "what one symbol is", choices=("word", "character", "bpe"))
    vocabulary: int = option(6_000, "largest number of symbols, of both sides together", low=5)
    lowercase: bool = option(False, "read capitals as small letters, and write none")
    max_length: int = option(200, "symbols of a text that are read at most; 0: all", low=0)

    def of_texts(self) -> SymbolOptions:
        """The options of the vocabulary."""
        return SymbolOptions(self.tokens, self.vocabulary, self.lowercase, self.max_length, keep="first")


@dataclass(frozen=True)
class EncoderDecoderOptions:
    """The network: embedding → encoder → attention ← decoder ← embedding."""

    cell: str = option("gru", "the recurrent cell", choices=CELLS)
    embedding: int = option(256, "width of the vector of a symbol", low=1)
    hidden: int = option(256, "width of the hidden state of each direction, and of the decoder", low=1)
    layers: int = option(1, "recurrent layers of the encoder, and of the decoder", low=1)
    networks: str = option(
        "two", "one that reads and one that writes; or one that reads, and then writes on", choices=("two", "one")
    )
    attention: str = option(
        "after",
        "where the decoder looks back: after the loop (all steps at once), inside it (slow), or nowhere",
        choices=("after", "inside", "none"),
    )
    score: str = option("general", "how attention compares", choices=("general", "additive"))
    input_feeding: bool = option(False, "let each step read what attention gave in the step before (slow)")
    coverage: bool = option(False, "let attention know where it has looked before (slow)")
    shared: str = option("all", "which share one matrix of vectors", choices=("all", "target", "none"))
    dropout: float = option(
        0.3, "dropout of vectors, of what was read, between layers, before the readout", low=0, below=1
    )
    word_dropout: float = option(0.1, "probability with which a symbol is read as unknown in training", low=0, below=1)


@dataclass(frozen=True)
class PairTraining(TrainingOptions):
    """How a network that writes one text from another is trained."""

    batch_tokens: int = option(
        1_000, "symbols of a step on either side, padding included; batch_size rows at most", low=1
    )
    label_smoothing: float = option(0.1, "share of a target that is spread over all symbols", low=0, below=1)


def check_pairs(symbols: PairSymbolOptions, model: EncoderDecoderOptions) -> None:
    """Refuse options each of which is possible, and that do not go together.

    Raises:
        ConfigError: what does not, and what to write instead.

    Example:
        >>> check_pairs(PairSymbolOptions(), EncoderDecoderOptions(networks="one", coverage=True))
        Traceback (most recent call last):
        elman.errors.ConfigError: coverage is given, and networks is one. Expected two networks: one has no attention.
    """
    if symbols.max_length == 1:
        expected = "at least 2, for a symbol and the end of its text; or 0, for the whole of every text"
        raise ConfigError("max_length is 1", expected=expected)
    if model.networks == "one":
        given = {
            "attention inside": model.attention == "inside",
            "the additive score": model.score == "additive",
            "input feeding": model.input_feeding,
            "coverage": model.coverage,
        }
        if names := [name for name, there in given.items() if there]:
            raise ConfigError(
                f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} given, and networks is one",
                expected="two networks: one has no attention",
            )
