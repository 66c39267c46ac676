"""The networks of a forecaster by name: a closed list; and several of them that forecast together."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from elman.tasks.forecast.feedback import OutputFeedback
from elman.tasks.forecast.hybrid import Hybrid
from elman.tasks.forecast.material import Batch
from elman.tasks.forecast.network import Attentive, Autoregressive, Direct, Network, Segment, Sizes
from elman.tasks.forecast.options import ForecastModelOptions

NETWORKS = {
    "direct": Direct,
    "segment": Segment,
    "attention": Attentive,
    "autoregressive": Autoregressive,
    "output_feedback": OutputFeedback,
    "hybrid": Hybrid,
}


class Ensemble(Network):
    """Networks that differ in their first weights and the order of their windows only, and are averaged.

        ŷ = mean of the members' ŷ        for each quantile likewise; sample paths are shared out among them

    Args:
        sizes, options: of every member.
        count: how many.
    """

    def __init__(self, sizes: Sizes, options: ForecastModelOptions, count: int) -> None:
        super().__init__(sizes, replace(options, identity=0))
        self.options = options
        self.members = nn.ModuleList(NETWORKS[options.network](sizes, options) for _ in range(count))

    def points(self, batch: Batch) -> Tensor:
        """One forecast for each step (n, H)."""
        return torch.stack([member.points(batch) for member in self._all()]).mean(0)

    def samples(self, batch: Batch, count: int) -> Tensor:
        """Sample paths (n, H, count)."""
        members = self._all()
        shares = [count // len(members) + (k < count % len(members)) for k in range(len(members))]
        return torch.cat([m.samples(batch, own) for m, own in zip(members, shares, strict=True) if own], -1)

    def quantiles(self, batch: Batch, levels: Sequence[float], count: int = 500) -> Tensor:
        """Quantiles (n, H, levels)."""
        return torch.stack([member.quantiles(batch, levels) for member in self._all()]).mean(0)

    def _all(self) -> list[Network]:
        return [member for member in self.members if isinstance(member, Network)]


def make_network(sizes: Sizes, options: ForecastModelOptions, members: int = 1) -> Network:
    """The network that the options name, or an ensemble of several.

    Example:
        >>> sizes = Sizes(context=8, horizon=3)
        >>> network = make_network(sizes, ForecastModelOptions(hidden=4))
        >>> sum(weight.numel() for weight in network.parameters()) > 0
        True
    """
    return NETWORKS[options.network](sizes, options) if members == 1 else Ensemble(sizes, options, members)
