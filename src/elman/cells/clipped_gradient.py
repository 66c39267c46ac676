"""Gradients kept within bounds as they flow back through time."""

from collections.abc import Mapping

from torch import Tensor

from elman.arguments import by_name
from elman.cells.cell import Cell
from elman.cells.wrapper import Wrapper
from elman.step.clip import clip_gradient


class ClippedGradient(Wrapper):
    """A cell whose states are handed on as they are, while what comes back through them is kept within [-b, b].

        ∂loss/∂s̃_t = ∂loss/∂y_t · ∂y_t/∂s̃_t + min(max(∂loss/∂s_t, -b), b)        s_t = s̃_t, what the cell inside makes

    Args:
        cell: the cell inside.
        bound: b, for all states or by name: {"h": 1.0}.

    Raises:
        ArgumentError, ArgumentTypeError: not a cell, no positive number, or no such state.

    Example:
        >>> layer = elman.Recurrent(ClippedGradient(cells.Elman(3, 5, activation="relu"), 1.0))
        >>> layer(torch.randn(2, 4, 3))[0].shape
        torch.Size([2, 4, 5])

    Source: A. Graves, "Generating sequences with recurrent neural networks", arXiv:1308.0850 (2013), section 2.1.
    """

    def __init__(self, cell: Cell, bound: float | Mapping[str, float] = 1.0) -> None:
        super().__init__(cell)
        self.bound = by_name("bound", bound, cell.states, cell.states, above=0)

    def step(self, x: Tensor, **given: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """s_t = s̃_t, its gradient within bounds."""
        y, new = self.cell.step(x, **given)
        return y, {**new, **{name: clip_gradient(new[name], bound) for name, bound in self.bound.items()}}
