"""Every option of a text classifier, in the groups in which a YAML file holds them."""

from dataclasses import dataclass, field

from elman.data.options import DataOptions, SymbolOptions, option
from elman.learn.options import TrainingOptions


@dataclass(frozen=True)
class ModelOptions:
    """The network: embedding → recurrent layers → pooling → readout."""

    cell: str = option("elman", "the recurrent cell", choices=("elman",))
    activation: str = option("tanh", "φ of the Elman cell", choices=("tanh", "relu", "sigmoid", "identity"))
    embedding: int = option(32, "width of the vector of a symbol")
    pairs: int = option(0, "rows of a second, hashed table with one vector per pair of neighbouring symbols; 0: none")
    hidden: int = option(32, "width of the hidden state")
    layers: int = option(1, "recurrent layers, one upon another")
    bidirectional: bool = option(False, "read every text from both ends")
    pooling: str = option("mean+max", "from steps to one vector", choices=("last", "mean", "max", "mean+max"))
    word_dropout: float = option(0.15, "probability with which a symbol is read as unknown in training")
    embedding_dropout: float = option(0.3, "dropout of the symbols' vectors")
    dropout: float = option(0.3, "dropout between layers and before the readout")


@dataclass(frozen=True)
class ClassifyOptions:
    """All options of `elman train --task classify`."""

    data: DataOptions = field(default_factory=DataOptions)
    symbols: SymbolOptions = field(default_factory=SymbolOptions)
    model: ModelOptions = field(default_factory=ModelOptions)
    training: TrainingOptions = field(default_factory=TrainingOptions)
