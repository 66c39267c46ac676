"""One value for each row, the same at all steps, as a state that never changes: what a stream makes of it."""

from collections.abc import Mapping

from torch import Tensor

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


def checked_rows(inputs: Mapping[str, Tensor], rows: Mapping[str, int], batch: int, weight: Tensor) -> State:
    """Values per row, exactly those that the cells take, each (batch, width) in the type of the weights."""
    if not isinstance(inputs, Mapping):
        raise ArgumentTypeError(f"inputs is a {type(inputs).__name__}", expected="a dict, name → (batch, width)")
    if set(inputs) != set(rows):
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
    return {name: value.to(weight.device) for name, value in inputs.items()}
