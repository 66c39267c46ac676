"""One vector for a whole sequence, seen at every step of it."""

from typing import Any, Self

import torch
from torch import Tensor

from elman.arguments import size
from elman.cells.cell import Cell
from elman.cells.wrapper import Wrapper
from elman.errors import ArgumentError


class Conditioned(Wrapper):
    """A cell that reads, beside x_t, a vector that stays the same over the whole sequence.

        y_t, s_t = step([x_t v], s_{t-1})            v: `context`, one value per row

    The cell inside reads both side by side, v last. Its product with v stands outside of the loop: no step waits for
    it. Where v is all that the cell inside reads, x_t is one number that is not read.

    Args:
        cell: the cell inside, its input_size that of x_t and of v together.
        context_size: k, width of v.

    Raises:
        ArgumentError, ArgumentTypeError: not a cell, or one that reads less than v.

    Example:
        >>> layer = elman.Recurrent(Conditioned(cells.Elman(3 + 2, 5), context_size=2))
        >>> print(layer.program)
        x (n, 3), context (n, 2), h (n, 5); cell.U (5, 5), cell.W (5, 5), cell.b (5)
        input → hidden
            a4 = x @ cell.U[0:3, :] + context @ cell.U[3:5, :] + cell.b
        hidden → hidden (waits for the step before)
            h' = tanh(a4 + h @ cell.W)
        hidden → output
            y = h'
        >>> y, state = layer(torch.randn(4, 6, 3), inputs={"context": torch.randn(4, 2)})

    Source: K. Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical machine
    translation", EMNLP 2014, arXiv:1406.1078; I. Goodfellow, Y. Bengio and A. Courville, "Deep Learning" (2016),
    section 10.2.4.
    """

    def __init__(self, cell: Cell, context_size: int) -> None:
        super().__init__(cell)
        self.context_size = size("context_size", context_size)
        if cell.input_size < self.context_size:
            raise ArgumentError(
                f"{type(cell).__name__} reads {cell.input_size} features, and the vector alone has {context_size}",
                expected="a cell whose input_size is that of x and of the vector together",
            )
        if "context" in (*cell.states, *cell.rows, *cell.steps):
            raise ArgumentError(
                f"{type(cell).__name__} has a 'context' of its own",
                expected="a name of its own for all that step takes",
            )
        self.alone = cell.input_size == self.context_size
        self.input_size = 1 if self.alone else cell.input_size - self.context_size

    @property
    def rows(self) -> dict[str, int]:
        """Those of the cell inside, and the vector."""
        return {**self.cell.rows, "context": self.context_size}

    def like(self, **changes: Any) -> Self:
        """The same around a sibling of the cell inside; `input_size` is the width of x_t."""
        if {"input_size", "context_size"} & changes.keys():
            x = changes.get("input_size", 0 if self.alone else self.input_size)
            changes["input_size"] = x + size("context_size", changes.get("context_size", self.context_size))
        return super().like(**changes)

    def step(self, x: Tensor, **given: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """y_t, s_t = step([x_t v], s_{t-1})."""
        context = given.pop("context")
        return self.cell.step(context if self.alone else torch.cat([x, context], dim=1), **given)
