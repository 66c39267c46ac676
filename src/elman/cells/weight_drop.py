"""DropConnect on recurrent weights."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import torch
from torch import Tensor

from elman.arguments import words
from elman.cells.cell import Cell
from elman.cells.wrapper import Wrapper, chances
from elman.errors import ArgumentError


class WeightDrop(Wrapper):
    """A cell some of whose weights are zero in training: drawn once for each run over a batch.

        W' = m W        training: each entry of m is 0 with probability p, otherwise 1 / (1 - p); else 1

    Args:
        cell: the cell inside.
        p: the probability.
        weights: names of the parameters that it befalls.

    Raises:
        ArgumentError, ArgumentTypeError: not a cell, no probability, or no such parameter.

    Example:
        >>> layer = elman.Recurrent(WeightDrop(cells.LSTM(3, 5), 0.5))
        >>> layer(torch.randn(2, 4, 3))[0].shape
        torch.Size([2, 4, 5])

    Source: S. Merity, N. Shirish Keskar and R. Socher, "Regularizing and optimizing LSTM language models", ICLR 2018,
    arXiv:1708.02182; L. Wan et al., "Regularization of neural networks using DropConnect", ICML 2013.
    """

    def __init__(self, cell: Cell, p: float = 0.5, weights: Sequence[str] = ("W",)) -> None:
        super().__init__(cell)
        known = dict(cell.named_parameters())
        self.weights = words("weights", weights)
        for name in self.weights:
            if name not in known:
                raise ArgumentError(f"{name!r} is no parameter of {type(cell).__name__}", expected=", ".join(known))
        self.p = chances(p, self.weights, self.weights)
        for name in self.weights:
            self.register_buffer(_mask(name), torch.ones_like(known[name]), persistent=False)

    def draw(self, n: int, time: int, *, dtype: torch.dtype, device: torch.device | str) -> dict[str, Any]:
        """New masks; nothing that the step takes."""
        for name, p in self.p.items() if self.training else ():
            weight = attrgetter(name)(self.cell)  # within torch.func no parameter
            mask = torch.empty(weight.shape, dtype=weight.dtype, device=weight.device).bernoulli_(1 - p) / (1 - p)
            setattr(self, _mask(name), mask)  # not written into the old one, which a pass backward may still need
        return self.cell.draw(n, time, dtype=dtype, device=device)

    def step(self, x: Tensor, **given: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The step of the cell inside, with W' for W."""
        if not self.training:
            return self.cell.step(x, **given)
        dropped = {name: attrgetter(name)(self.cell) * getattr(self, _mask(name)) for name in self.weights}
        return torch.func.functional_call(self.cell, dropped, (x,), given)


def _mask(name: str) -> str:
    return f"mask_{name.replace('.', '_')}"
