"""Every option of a model of numeric series, in the groups in which a YAML file holds them."""

import math
from dataclasses import dataclass, field, replace

from elman.data.options import ACTIVATIONS, CELLS, option
from elman.data.series.collection_options import CollectionOptions
from elman.learn.options import TrainingOptions

# Cross-validation of two archive sets' training series: 300 steps 96.96 and 97.01 %, 800 steps no better (97.04 %).
LEAST_EPOCHS, MOST_EPOCHS, ENOUGH_STEPS = 20, 200, 500


@dataclass(frozen=True)
class SeriesModelOptions:
    """The network: recurrent layers → pooling, convolutions → mean, both → readout."""

    learn: str = option("class", "what the label of a series is", choices=("class", "number"))
    scale: str = option(
        "train",
        "subtract the mean and divide by the standard deviation, of each channel in all training series or in each "
        "series by itself",
        choices=("train", "series", "none"),
    )
    cell: str = option("lstm", "the recurrent cell", choices=CELLS)
    activation: str | None = option(None, "φ of a cell that leaves it open; its own if not given", choices=ACTIVATIONS)
    hidden: int = option(64, "width of the hidden state", low=1)
    layers: int = option(1, "recurrent layers, one upon another", low=1)
    bidirectional: bool = option(True, "read every series from both ends")
    pooling: str = option("mean+max", "from steps to one vector", choices=("last", "mean", "max", "mean+max"))
    convolutions: int = option(64, "filters of the convolutions beside the recurrent layers (LSTM-FCN); 0: none", low=0)
    dropout: float = option(0.3, "dropout between layers and before the readout", low=0, below=1)


@dataclass(frozen=True)
class SeriesTrainingOptions(TrainingOptions):
    """How a model of series is trained."""

    batch_size: int = option(16, "rows per step", low=1)

    def decided(self, steps: int) -> "SeriesTrainingOptions":
        """The same options, those left open chosen for an epoch of so many steps: few series need many epochs.

            epochs = as many as make 500 steps, at least 20 and at most 200        patience = a third, at least 3

        Example:
            >>> SeriesTrainingOptions().decided(4).epochs, SeriesTrainingOptions().decided(500).epochs
            (125, 20)
        """
        epochs = self.epochs or min(MOST_EPOCHS, max(LEAST_EPOCHS, math.ceil(ENOUGH_STEPS / max(steps, 1))))
        patience = max(3, epochs // 3) if self.patience is None else self.patience
        return replace(self, epochs=epochs, patience=patience)


@dataclass(frozen=True)
class SeriesOptions:
    """All options of `elman train --task series`."""

    data: CollectionOptions = field(default_factory=CollectionOptions)
    model: SeriesModelOptions = field(default_factory=SeriesModelOptions)
    training: SeriesTrainingOptions = field(default_factory=SeriesTrainingOptions)
