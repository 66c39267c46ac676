"""Zoneout: some units keep their old value."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from elman.cells.cell import Cell
from elman.cells.wrapper import Wrapper, also, chances


class Zoneout(Wrapper):
    """A cell some of whose units are left as they were, at random and at each step anew.

        training:    s_t = m_t s_{t-1} + (1 - m_t) s̃_t         m_t is 1 with probability p, otherwise 0
        otherwise:   s_t = p s_{t-1} + (1 - p) s̃_t             s̃_t: what the cell inside makes of s_{t-1}

    An output that is a state is that state after zoneout.

    Args:
        cell: the cell inside.
        p: the probability, for all states or by name: {"h": 0.05, "c": 0.5}.

    Raises:
        ArgumentError, ArgumentTypeError: not a cell, no probability, or no such state.

    Example:
        >>> layer = elman.Recurrent(Zoneout(cells.LSTM(3, 5), {"c": 0.5, "h": 0.05}))
        >>> y, state = layer(torch.randn(2, 4, 3))
        >>> torch.equal(y[:, -1], state["h"])
        True

    Source: D. Krueger et al., "Zoneout: regularizing RNNs by randomly preserving hidden activations", ICLR 2017,
    arXiv:1606.01305.
    """

    def __init__(self, cell: Cell, p: float | Mapping[str, float] = 0.1) -> None:
        super().__init__(cell)
        self.p = chances(p, cell.states, cell.states)

    @property
    def steps(self) -> dict[str, int]:
        """In training, which units keep their value."""
        masks = {f"{name}_kept": self.states[name] for name in self.p} if self.training else {}
        return also(self.cell.steps, masks)

    def draw(self, n: int, time: int, *, dtype: torch.dtype, device: torch.device | str) -> dict[str, Any]:
        """Ones where a unit keeps its value, otherwise zeros: (n, T, width)."""
        drawn = self.cell.draw(n, time, dtype=dtype, device=device)
        for name, p in self.p.items() if self.training else ():
            shape = (n, time, self.states[name])
            drawn[f"{name}_kept"] = torch.empty(shape, dtype=dtype, device=device).bernoulli_(p)
        return drawn

    def step(self, x: Tensor, **given: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """s_t = m_t s_{t-1} + (1 - m_t) s̃_t."""
        kept = {name: given.pop(f"{name}_kept") if self.training else p for name, p in self.p.items()}
        y, new = self.cell.step(x, **given)
        states = dict(new)
        for name, m in kept.items():
            states[name] = m * given[name] + (1 - m) * new[name]
            y = states[name] if y is new[name] else y
        return y, states
