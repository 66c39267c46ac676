"""One value for each row, the same at all steps, as a state that never changes: what a stream makes of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from elman.cells.cell import weight_like
from elman.cells.wrapper import Wrapper
from elman.errors import ArgumentError, ArgumentTypeError
from elman.step.reference import State


class Held(Wrapper):
    """A cell whose inputs per row are states that never change: to every machine a step of x and of states alone.

    Args:
        cell: the cell inside.
    """

    @property
    def held(self) -> dict[str, int]:
        """Name → width of what does not change."""
        return self.cell.rows

    @property
    def states(self) -> dict[str, int]:
        """Those of the cell inside, and what does not change."""
        return {**self.cell.states, **self.held}

    @property
    def rows(self) -> dict[str, int]:
        """None."""
        return {}

    def step(self, x: Tensor, **given: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The step of the cell inside; what it is given per row is handed on."""
        y, new = self.cell.step(x, **given)
        return y, {**new, **{name: given[name] for name in self.held}}


def values_per_row(passes: Sequence[tuple[str, Any]], batch: int, inputs: Mapping[str, Tensor]) -> State:
    """What the cells take beside x for each row, name → (batch, width): given, or drawn by a cell once for all steps.

    Args:
        passes: what the names of each layer's states begin with, and its cell.
        batch: rows.
        inputs: what is given, name → (batch, width).

    Raises:
        ArgumentError, ArgumentTypeError: something that no cell takes, of another shape or type, or missing.
    """
    weight = weight_like(passes[0][1])
    taken: State = {}
    for prefix, cell in passes:
        drawn = cell.draw(batch, 0, dtype=weight.dtype, device=weight.device) if cell.rows else {}
        taken |= {prefix + name: value for name, value in drawn.items() if name in cell.rows}
    if not isinstance(inputs, Mapping):
        raise ArgumentTypeError(f"inputs is a {type(inputs).__name__}", expected="a dict, name → (batch, width)")
    rows = {prefix + name: width for prefix, cell in passes for name, width in cell.rows.items()}
    if set(inputs) - set(rows) or set(rows) - set(inputs) - set(taken):
        raise ArgumentError(
            f"inputs has the names {', '.join(map(str, inputs)) or '(none)'}",
            expected=f"exactly {', '.join(rows) or '(none)'}: what the cells take beside x, one value per row",
        )
    for name, value in inputs.items():
        shape = (batch, rows[name])
        if not isinstance(value, Tensor) or value.shape != shape:
            what = f"has shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"is a {type(value).__name__}"
            raise ArgumentError(f"inputs[{name!r}] {what}", expected=f"a tensor {shape}")
        if value.dtype != weight.dtype:
            raise ArgumentTypeError(f"inputs[{name!r}] is of type {value.dtype}", expected=f"{weight.dtype}")
        taken[name] = value.to(weight.device)
    return taken
