"""Every option of a language model, in the groups in which a YAML file holds them."""

from dataclasses import dataclass, field

from elman.data.corpus_options import CorpusOptions, CorpusSymbolOptions
from elman.data.options import ACTIVATIONS, CELLS, option
from elman.learn.options import TrainingOptions


@dataclass(frozen=True)
class LanguageModelOptions:
    """The network: vectors of symbols → recurrent layers → softmax."""

    cell: str = option("lstm", "the recurrent cell", choices=CELLS)
    activation: str | None = option(None, "φ of a cell that leaves it open; its own if not given", choices=ACTIVATIONS)
    embedding: int = option(64, "width of the vector of a symbol", low=1)
    hidden: int = option(256, "width of the hidden state", low=1)
    context: int = option(40, "width of the slow context of the cell scrn", low=1)
    layers: int = option(1, "recurrent layers, one upon another", low=1)
    tied: bool = option(False, "whether symbols are read and predicted with the same vectors")
    softmax: str = option(
        "full", "the whole softmax, or a cheaper one for many symbols", choices=("full", "sampled", "adaptive")
    )
    samples: int = option(1000, "symbols that the sampled softmax draws for each step", low=1)
    embedding_dropout: float = option(
        0.0, "probability with which a symbol is read as zero wherever it stands in a batch", low=0, below=1
    )
    input_dropout: float = option(0.0, "dropout of the symbols' vectors", low=0, below=1)
    layer_dropout: float = option(0.0, "dropout between layers", low=0, below=1)
    dropout: float = option(0.0, "dropout before the softmax", low=0, below=1)
    variational: bool = option(True, "drop the same values at all steps of a chunk")
    weight_drop: float = option(
        0.0, "probability with which a weight from state to state is zero in a step", low=0, below=1
    )


@dataclass(frozen=True)
class GenerateTraining(TrainingOptions):
    """How a language model is trained."""

    steps: int = option(
        64, "symbols of a chunk, after which the gradient is cut and the state carried on", low=1, high=1 << 18
    )
    vary_steps: bool = option(True, "let the lengths of chunks vary, the step size in proportion")
    activation_penalty: float = option(0.0, "α of the mean square of the outputs, added to the loss (AR)", low=0)
    change_penalty: float = option(0.0, "β of the mean square of their change in a step, added (TAR)", low=0)


@dataclass(frozen=True)
class GenerateOptions:
    """All options of `elman train --task generate`."""

    data: CorpusOptions = field(default_factory=CorpusOptions)
    symbols: CorpusSymbolOptions = field(default_factory=CorpusSymbolOptions)
    model: LanguageModelOptions = field(default_factory=LanguageModelOptions)
    training: GenerateTraining = field(
        default_factory=lambda: GenerateTraining(batch_size=32, schedule="one-cycle", warmup=0.1)
    )
