"""Dropout on the recurrent connection: the same units, all along a sequence."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from elman.cells.cell import Cell
from elman.cells.wrapper import Wrapper, also, chances


class StateDropout(Wrapper):
    """A cell that does not see some of its units; they are drawn once for each sequence.

        y_t, s_t = step(x_t, m s_{t-1})        training: m is 0 with probability p, otherwise 1 / (1 - p); else 1

    Args:
        cell: the cell inside.
        p: the probability, for the state h (for all states where there is no h), or by name: {"h": 0.3}.

    Raises:
        ArgumentError, ArgumentTypeError: not a cell, no probability, or no such state.

    Example:
        >>> layer = elman.Recurrent(StateDropout(cells.LSTM(3, 5), 0.3), layers=2, dropout=0.3, variational=True)
        >>> layer(torch.randn(2, 4, 3))[0].shape
        torch.Size([2, 4, 5])

    Source: Y. Gal and Z. Ghahramani, "A theoretically grounded application of dropout in recurrent neural networks",
    NeurIPS 2016, arXiv:1512.05287.
    """

    def __init__(self, cell: Cell, p: float | Mapping[str, float] = 0.3) -> None:
        super().__init__(cell)
        default = ("h",) if "h" in cell.states else cell.states
        self.p = chances(p, default, cell.states)

    @property
    def rows(self) -> dict[str, int]:
        """In training, the masks."""
        masks = {f"{name}_mask": self.states[name] for name in self.p} if self.training else {}
        return also(self.cell.rows, masks)

    def draw(self, n: int, time: int, *, dtype: torch.dtype, device: torch.device | str) -> dict[str, Any]:
        """0 for a unit that is dropped, otherwise 1 / (1 - p): (n, width)."""
        drawn = self.cell.draw(n, time, dtype=dtype, device=device)
        for name, p in self.p.items() if self.training else ():
            mask = torch.empty(n, self.states[name], dtype=dtype, device=device)
            drawn[f"{name}_mask"] = mask.bernoulli_(1 - p) / (1 - p)
        return drawn

    def step(self, x: Tensor, **given: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """y_t, s_t = step(x_t, m s_{t-1})."""
        if self.training:
            given |= {name: given[name] * given.pop(f"{name}_mask") for name in self.p}
        return self.cell.step(x, **given)
