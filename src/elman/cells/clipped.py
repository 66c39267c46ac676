"""States kept within bounds."""

from collections.abc import Mapping

import torch
from torch import Tensor

from elman.arguments import by_name
from elman.cells.cell import Cell
from elman.cells.wrapper import Wrapper


class Clipped(Wrapper):
    """A cell whose states cannot leave [-b, b].

        s_t = min(max(s̃_t, -b), b)        s̃_t: what the cell inside makes of s_{t-1}

    An output that is a state is that state within its bounds. Where a state is cut off it gets no gradient.

    Args:
        cell: the cell inside.
        bound: b, for all states or by name: {"c": 50.0}.

    Raises:
        ArgumentError, ArgumentTypeError: not a cell, no positive number, or no such state.

    Example:
        >>> layer = elman.Recurrent(Clipped(cells.Elman(1, 2, activation="relu"), 0.5))
        >>> bool((layer(torch.full((1, 9, 1), 100.0))[0] <= 0.5).all())
        True

    Source: H. Sak, A. Senior and F. Beaufays, "Long short-term memory recurrent neural network architectures for large
    scale acoustic modeling", Interspeech 2014, which clips the cell state at 50.
    """

    def __init__(self, cell: Cell, bound: float | Mapping[str, float] = 50.0) -> None:
        super().__init__(cell)
        self.bound = by_name("bound", bound, cell.states, cell.states, above=0)

    def step(self, x: Tensor, **given: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """s_t = min(max(s̃_t, -b), b)."""
        y, new = self.cell.step(x, **given)
        states = dict(new)
        for name, bound in self.bound.items():
            states[name] = torch.clamp(new[name], -bound, bound)
            y = states[name] if y is new[name] else y
        return y, states
