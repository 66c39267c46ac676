"""The mean of the weights over the steps of a training, from the moment at which single steps stop helping."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """The running mean of a network's parameters.

        w̄_k = w̄_{k-1} + (w_k − w̄_{k-1}) / k        for the k-th step since `begin`

    Where a constant step size makes the weights wander around a minimum, their mean lies nearer to it.

    Args:
        network: whose parameters are averaged; not read before `begin`.

    Example:
        >>> layer = torch.nn.Linear(1, 1, bias=False)
        >>> average = Average(layer)
        >>> average.begin()
        >>> for value in (1.0, 2.0, 6.0):
        ...     _ = layer.weight.data.fill_(value)
        ...     average.add()
        >>> with average.in_place():
        ...     layer.weight.item()
        3.0
        >>> layer.weight.item()
        6.0

    Source: Polyak & Juditsky (1992); with a trigger by the validation loss: Merity, Keskar & Socher (2018), AWD-LSTM.
    """

    def __init__(self, network: nn.Module) -> None:
        self.network = network
        self.steps = 0
        self.means: dict[str, Tensor] = {}

    @property
    def begun(self) -> bool:
        """Whether there is something to average."""
        return bool(self.means)

    def begin(self) -> None:
        """Average from the next step on."""
        self.means = {name: p.detach().clone() for name, p in self.network.named_parameters() if p.requires_grad}

    @torch.no_grad()
    def add(self) -> None:
        """Take in the parameters as they are after a step."""
        if self.begun:
            self.steps += 1
            own = dict(self.network.named_parameters())
            for name, mean in self.means.items():
                mean.lerp_(own[name], 1 / self.steps)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Inside, the network has the mean weights, if at least one step was averaged."""
        if not self.steps:
            yield
            return
        own = dict(self.network.named_parameters())
        kept = {name: own[name].data for name in self.means}
        for name, mean in self.means.items():
            own[name].data = mean.clone()
        try:
            yield
        finally:
            for name, value in kept.items():
                own[name].data = value

    def restore(self, means: dict[str, Tensor], steps: int) -> None:
        """Go on from a checkpoint."""
        own = dict(self.network.named_parameters())
        self.means = {name: mean.to(own[name].device, copy=True) for name, mean in means.items()}
        self.steps = steps
