"""A cell around a cell: what changes how a step is trained, and not what it computes."""

from collections.abc import Iterable, Mapping
from typing import Any, Self

import torch
from torch import Tensor, nn

from elman.arguments import by_name
from elman.cells.cell import Cell
from elman.errors import ArgumentError, ArgumentTypeError


class Wrapper(Cell):
    """A cell made of another, with its sizes and states; a subclass changes `step`, and may take more than x.

    Args:
        cell: the cell inside.

    Attributes:
        cell: as above.

    Raises:
        ArgumentTypeError: not a cell.
    """

    def __init__(self, cell: Cell) -> None:
        if not isinstance(cell, Cell):
            raise ArgumentTypeError(
                f"cell is {cell!r} ({type(cell).__name__})",
                expected="an instance of elman.Cell, such as elman.cells.Elman(input_size, hidden_size)",
            )
        super().__init__(input_size=cell.input_size, output_size=cell.output_size, states=cell.states)
        self.cell = cell

    @property
    def rows(self) -> dict[str, int]:
        """Those of the cell inside, which may be others in training."""
        return self.cell.rows

    @property
    def steps(self) -> dict[str, int]:
        """Those of the cell inside, which may be others in training."""
        return self.cell.steps

    @property
    def feedback(self) -> str | None:
        """That of the cell inside."""
        return self.cell.feedback

    def draw(self, n: int, time: int, *, dtype: torch.dtype, device: torch.device | str) -> dict[str, Any]:
        """What the cell inside draws."""
        return self.cell.draw(n, time, dtype=dtype, device=device)

    def like(self, **changes: Any) -> Self:
        """The same around a sibling of the cell inside; arguments that this class does not know are that cell's."""
        known = self.__signature__.parameters.keys() - {"cell"}
        own: Mapping[str, Any] = {name: value for name, value in changes.items() if name in known}
        inner = {name: value for name, value in changes.items() if name not in known}
        return super().like(cell=self.cell.like(**inner), **own)

    def extra_repr(self) -> str:
        """Sizes, states, and what the wrapper was made with, for `print(cell)`."""
        names = [name for name in self.__signature__.parameters if name != "cell"]
        values = {name: getattr(self, name, None) for name in names}
        plain = {name: value for name, value in values.items() if not isinstance(value, Tensor | nn.Module | None)}
        return ", ".join([super().extra_repr(), *(f"{name}={value!r}" for name, value in plain.items())])


def also(inner: Mapping[str, int], own: Mapping[str, int]) -> dict[str, int]:
    """What a step takes: what the cell inside takes, and the wrapper's own.

    Raises:
        ArgumentError: two wrappers of one kind change the same state.
    """
    twice = [name for name in own if name in inner]
    if twice:
        raise ArgumentError(f"two cells, one around the other, draw {twice[0]!r}", expected="one of them for a state")
    return {**inner, **own}


def chances(p: float | Mapping[str, float], default: Iterable[str], known: Iterable[str]) -> dict[str, float]:
    """Probabilities by name, of one number for all names or of some by name; those that are 0 are left out.

    Raises:
        ArgumentError, ArgumentTypeError: not 0 ≤ p < 1, or no such name.
    """
    return {name: value for name, value in by_name("p", p, default, known, least=0, below=1).items() if value}
