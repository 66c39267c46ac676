"""Every option of a text classifier, in the groups in which a YAML file holds them."""

from dataclasses import dataclass, field

from elman.data.options import ACTIVATIONS, CELLS, DataOptions, SymbolOptions, option
from elman.learn.options import TrainingOptions


@dataclass(frozen=True)
class ModelOptions:
    """The network: embedding → recurrent layers → pooling → readout."""

    cell: str = option("gru", "the recurrent cell", choices=CELLS)
    activation: str | None = option(None, "φ of a cell that leaves it open; its own if not given", choices=ACTIVATIONS)
    embedding: int = option(64, "width of the vector of a symbol", low=1)
    pairs: int = option(
        4, "give a vector of its own to each pair of neighbours found in at least so many texts; 0: none", low=0
    )
    pair_dropout: float = option(0.5, "probability with which a pair is left out in training", low=0, below=1)
    hidden: int = option(32, "width of the hidden state", low=1)
    layers: int = option(1, "recurrent layers, one upon another", low=1)
    bidirectional: bool = option(True, "read every text from both ends")
    pooling: str = option("mean+max", "from steps to one vector", choices=("last", "mean", "max", "mean+max"))
    word_dropout: float = option(0.4, "probability with which a symbol is read as unknown in training", low=0, below=1)
    embedding_dropout: float = option(0.5, "dropout of the symbols' vectors", low=0, below=1)
    dropout: float = option(0.5, "dropout between layers and before the readout", low=0, below=1)


@dataclass(frozen=True)
class ClassifyTraining(TrainingOptions):
    """How a classifier is trained."""

    class_weights: str = option("none", "weight of each class in the loss", choices=("none", "balanced"))
    chosen_by: str = option("loss", "the validation number that chooses the epoch", choices=("loss", "accuracy"))
    init_from: str | None = option(
        None, "run folder of a language model: begin with its vectors of symbols and its recurrent layers"
    )
    thaw: int = option(1, "with init_from: epochs after which the next layer from the top begins to learn", low=0)
    lower_rate: float = option(
        0.4, "with init_from: the step size of a layer as a share of that of the one above it", above=0, high=1
    )


@dataclass(frozen=True)
class ClassifyOptions:
    """All options of `elman train --task classify`."""

    data: DataOptions = field(default_factory=DataOptions)
    symbols: SymbolOptions = field(default_factory=SymbolOptions)
    model: ModelOptions = field(default_factory=ModelOptions)
    training: ClassifyTraining = field(default_factory=ClassifyTraining)
