"""Every option of a forecaster, in the groups in which a YAML file holds them."""

from dataclasses import dataclass, field

from elman.data.options import ACTIVATIONS, CELLS, option
from elman.data.series.options import SeriesDataOptions
from elman.learn.options import TrainingOptions

NETWORKS = ("direct", "segment", "attention", "autoregressive", "output_feedback", "hybrid")
OUTPUTS = ("point", "quantiles", "normal", "student_t", "negative_binomial")


@dataclass(frozen=True)
class ForecastModelOptions:
    """The network: what it looks back on, how it reads it, what it says of the steps to come."""

    horizon: int | None = option(None, "steps to forecast; one season, or 10, if not given", low=1)
    context: int | None = option(None, "steps looked back on; 2 seasons or 3 horizons, the larger, if not given", low=1)
    network: str = option(
        "direct",
        "direct: all steps from the last state; segment: a segment of steps is one step; attention: encoder and "
        "decoder; autoregressive: step after step, each reads the one before; output_feedback: the same with no other "
        "memory; hybrid: exponential smoothing, learned with the network",
        choices=NETWORKS,
    )
    cell: str = option("gru", "the recurrent cell", choices=CELLS)
    activation: str | None = option(None, "φ of a cell that leaves it open; its own if not given", choices=ACTIVATIONS)
    hidden: int = option(64, "width of the hidden state", low=1)
    layers: int = option(1, "recurrent layers, one upon another", low=1)
    dropout: float = option(0.0, "dropout between layers and before the readout", low=0, below=1)
    segment: int | None = option(None, "steps of a segment; a season that divides the context if not given", low=1)
    dilations: str = option("1, 2", "of the hybrid's layers: how many steps back each looks, with commas between")
    identity: int = option(0, "width of a vector learned for each series; 0: none", low=0)
    calendar: bool = option(True, "whether the network reads the time of the day, the week and the year")
    scaling: str = option(
        "none", "scale of each series, from all its values", choices=("none", "mean", "standard", "robust", "last")
    )
    log: bool = option(False, "take the logarithm first")
    window: str = option(
        "mean",
        "scale of each context, after that of its series: its mean |z|, its mean and deviation, its last value, none",
        choices=("none", "mean", "standard", "last"),
    )
    anchor: str = option(
        "season",
        "what the network's output is added to: the value one season before, the last one, nothing",
        choices=("season", "last", "none"),
    )
    output: str = option("point", "what is said of each step", choices=OUTPUTS)
    loss: str = option("mae", "loss of a point; smape goes with log", choices=("mae", "mse", "smape"))
    levels: str = option("0.1, 0.5, 0.9", "levels of the quantiles, with commas between")
    conformal: bool = option(True, "whether quantiles are calibrated by the errors of the steps held back")


@dataclass(frozen=True)
class ForecastTraining(TrainingOptions):
    """How a forecaster is trained."""

    windows_per_epoch: int = option(20_000, "windows of an epoch, drawn at random where there are more; 0: all", low=0)
    ensemble: int = option(1, "networks trained with one seed after another, whose forecasts are averaged", low=1)
    validation_steps: int | None = option(
        None, "newest steps of each series that choose the epoch; one horizon if not given", low=1
    )
    test_steps: int = option(0, "still newer steps, measured once at the end", low=0)
    stride: int | None = option(None, "steps between the windows measured; one horizon if not given", low=1)


def _training() -> ForecastTraining:
    return ForecastTraining(batch_size=128, learning_rate=3e-3)


@dataclass(frozen=True)
class ForecastOptions:
    """All options of `elman train --task forecast`."""

    data: SeriesDataOptions = field(default_factory=SeriesDataOptions)
    model: ForecastModelOptions = field(default_factory=ForecastModelOptions)
    training: ForecastTraining = field(default_factory=_training)
