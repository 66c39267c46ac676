"""Every option of a watcher, in the groups in which a YAML file holds them."""

import math
from dataclasses import dataclass, field, replace

from elman.data.options import ACTIVATIONS, CELLS, option
from elman.data.series.recording_options import RecordingOptions
from elman.learn.options import TrainingOptions

LEAST_EPOCHS, MOST_EPOCHS, ENOUGH_STEPS = 5, 40, 1200


@dataclass(frozen=True)
class WatchModelOptions:
    """The network, and when it gives alarm."""

    cell: str = option("gru", "the recurrent cell", choices=CELLS)
    activation: str | None = option(None, "φ of a cell that leaves it open; its own if not given", choices=ACTIVATIONS)
    hidden: int = option(32, "width of the hidden state", low=1)
    layers: int = option(1, "recurrent layers, one upon another", low=1)
    dropout: float = option(0.0, "dropout between layers and before the readout", low=0, below=1)
    output: str = option("normal", "the distribution of the next values", choices=("normal", "student_t"))
    alarms: float = option(0.001, "share of normal steps that may give alarm", above=0, below=1)
    smoothing: float = option(
        0.0, "share of the score that is the one before: for slow changes, and against single outliers", low=0, below=1
    )
    # After a single outlier the next step is compared with a forecast from it, and gives alarm, too. With outliers put
    # into two series, hold 1 leaves out those: precision 0.24 → 0.44 and 0.52 → 0.65, at the same recall.
    hold: int = option(1, "the values of an alarm are read as missing, so many steps in a row at most", low=0)


@dataclass(frozen=True)
class WatchTraining(TrainingOptions):
    """How a watcher is trained."""

    steps: int = option(128, "steps of a window, over which gradients flow", low=1)
    windows: int = option(512, "windows drawn for an epoch", low=1)
    hide: float = option(0.02, "share of the values that are hidden, to learn what to do without them", low=0, below=1)
    held_back: float = option(
        0.2, "newest share of each series: its older half chooses the epoch, its newer half sets the threshold",
        above=0, below=1,
    )  # fmt: skip

    def decided(self, steps: int) -> "WatchTraining":
        """The same options, those left open chosen for an epoch of so many steps.

            epochs = as many as make 1,200 steps, at least 5 and at most 40        patience = a third, at least 3

        Example:
            >>> WatchTraining().decided(32).epochs
            38
        """
        epochs = self.epochs or min(MOST_EPOCHS, max(LEAST_EPOCHS, math.ceil(ENOUGH_STEPS / max(steps, 1))))
        patience = max(3, epochs // 3) if self.patience is None else self.patience
        return replace(self, epochs=epochs, patience=patience)


def _training() -> WatchTraining:
    return WatchTraining(batch_size=16, learning_rate=1e-2)


@dataclass(frozen=True)
class WatchOptions:
    """All options of `elman train --task watch`."""

    data: RecordingOptions = field(default_factory=RecordingOptions)
    model: WatchModelOptions = field(default_factory=WatchModelOptions)
    training: WatchTraining = field(default_factory=_training)
