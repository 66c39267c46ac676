"""The networks of a forecaster by name: a closed list."""

from elman.tasks.forecast.hybrid import Hybrid
from elman.tasks.forecast.network import Attentive, Autoregressive, Direct, Network, Segment, Sizes
from elman.tasks.forecast.options import ForecastModelOptions

NETWORKS = {
    "direct": Direct,
    "segment": Segment,
    "attention": Attentive,
    "autoregressive": Autoregressive,
    "hybrid": Hybrid,
}


def make_network(sizes: Sizes, options: ForecastModelOptions) -> Network:
    """The network that the options name.

    Example:
        >>> sizes = Sizes(context=8, horizon=3)
        >>> network = make_network(sizes, ForecastModelOptions(hidden=4))
        >>> sum(weight.numel() for weight in network.parameters()) > 0
        True
    """
    return NETWORKS[options.network](sizes, options)
