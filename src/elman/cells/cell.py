"""The base class of every cell: named states, one pure step, and the memory of how it was made."""

import copy
import inspect
from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from elman.arguments import size
from elman.errors import ArgumentError, ArgumentTypeError


class Cell(nn.Module):
    """One recurrent step: new output and new state from one input and the old state.

        y_t, state_t = step(x_t, **state_{t-1})

    A subclass names its states and their widths, keeps its parameters as plain attributes, and writes `step` in
    ordinary torch operations, without side effects. Rows are examples: x_t is (n, input_size), each state (n, width).

    Args:
        input_size: width d of x_t.
        output_size: width o of the output y_t.
        states: name → width of each state, in the order in which they are shown.
        rows: name → width of what `step` takes besides, one value per sequence (a context, a mask).
        steps: the same with one value per time step (noise, targets).

    Raises:
        ArgumentError, ArgumentTypeError: a size that is not a whole number of at least 1, or a name that `step`
            cannot take as a keyword.

    Example:
        >>> class Leaky(Cell):
        ...     "h_t = a h_{t-1} + (1 - a) x_t"
        ...     def __init__(self, input_size, a=0.9):
        ...         super().__init__(input_size=input_size, output_size=input_size, states={"h": input_size})
        ...         self.a = a
        ...     def step(self, x, *, h):
        ...         h = self.a * h + (1 - self.a) * x
        ...         return h, {"h": h}
        >>> cell = Leaky(3, a=0.5)
        >>> y, state = cell.step(torch.ones(2, 3), **cell.initial_state(2))
        >>> y.tolist()
        [[0.5, 0.5, 0.5], [0.5, 0.5, 0.5]]
        >>> cell.like(input_size=7).a
        0.5
    """

    __signature__: ClassVar[inspect.Signature]
    _made_with: tuple[tuple[Any, ...], dict[str, Any]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # Because of __new__, `help`, the manual and `like` would see (*args, **kwargs) only.
        own = inspect.signature(cls.__init__)
        cls.__signature__ = own.replace(parameters=list(own.parameters.values())[1:])

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        # Remembered before any subclass constructor runs, so that no subclass has to do anything for `like`.
        cell = super().__new__(cls)
        object.__setattr__(cell, "_made_with", (args, kwargs))
        return cell

    def __init__(
        self,
        *,
        input_size: int,
        output_size: int,
        states: Mapping[str, int],
        rows: Mapping[str, int] | None = None,
        steps: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__()
        self.input_size = size("input_size", input_size)
        self.output_size = size("output_size", output_size)
        self._widths = {"states": _widths(states), "rows": _widths(rows or {}), "steps": _widths(steps or {})}
        twice = Counter(name for widths in self._widths.values() for name in widths).most_common(1)
        if twice and twice[0][1] > 1:
            raise ArgumentError(f"{twice[0][0]!r} is named twice", expected="a name of its own for all that step takes")

    @property
    def states(self) -> dict[str, int]:
        """Name → width of each state."""
        return self._widths["states"]

    @property
    def rows(self) -> dict[str, int]:
        """Name → width of what `step` takes besides, one value per sequence."""
        return self._widths["rows"]

    @property
    def steps(self) -> dict[str, int]:
        """Name → width of what `step` takes besides, one value per time step."""
        return self._widths["steps"]

    @property
    def feedback(self) -> str | None:
        """The state that is nothing but the output of the step before, if there is one: it can be teacher-forced."""
        return None

    def step(self, x: Tensor, **state: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """One time step.

        Args:
            x: input x_t (n, input_size).
            state: every state by name, (n, width).

        Returns:
            output y_t (n, output_size) and the new state, name → (n, width).
        """
        raise NotImplementedError(f"{type(self).__name__} has to define step(self, x, *, {', '.join(self.states)})")

    def draw(self, n: int, time: int, *, dtype: torch.dtype, device: torch.device | str) -> dict[str, Tensor]:
        """What is drawn anew for every run over a batch, so that all machines see the same: masks and noise.

        Args:
            n: rows of the batch.
            time: steps T of the batch.
            dtype: of the weights.
            device: of the inputs.

        Returns:
            name → (n, width) for `rows`, (n, T, width) for `steps`; what is not drawn has to be given by the caller.
        """
        return {}

    def forward(self, x: Tensor, **state: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The same as `step`, so that a cell can be called like any module."""
        return self.step(x, **state)

    def initial_state(
        self, n: int, *, dtype: torch.dtype | None = None, device: torch.device | str | None = None
    ) -> dict[str, Tensor]:
        """The state before the first step: zeros, name → (n, width), in the dtype and on the device of the weights."""
        like = weight_like(self)
        dtype, device = dtype or like.dtype, device or like.device
        return {name: torch.zeros(n, width, dtype=dtype, device=device) for name, width in self.states.items()}

    def like(self, **changes: Any) -> Self:
        """A new cell made with the same arguments as this one, except for the given changes; dtype and device too.

        Args:
            changes: constructor arguments by name, such as `input_size=64`.

        Raises:
            ArgumentError: the constructor has no argument of that name.
        """
        args, kwargs = copy.deepcopy(self._made_with)  # a module among them (an activation) must not be shared
        bound = inspect.signature(type(self)).bind(*args, **kwargs)
        for name in changes:
            if name not in bound.signature.parameters:
                raise ArgumentError(
                    f"{type(self).__name__} cannot be made again with another {name!r}: its constructor has no "
                    f"argument of that name",
                    expected=f"one of {', '.join(bound.signature.parameters)}",
                )
        bound.arguments.update(changes)
        sibling = type(self)(*bound.args, **bound.kwargs)
        weight = first_weight(self)
        return sibling if weight is None else sibling.to(weight.device, weight.dtype)

    def extra_repr(self) -> str:
        """Sizes and states for `print(cell)`."""
        states = ", ".join(f"{name}: {width}" for name, width in self.states.items())
        return f"{self.input_size} → {self.output_size}, states {{{states}}}"


def first_weight(module: nn.Module) -> Tensor | None:
    """The first parameter of a module, or buffer of real numbers where it has none: for its dtype and device.

    It takes a tenth of the time of `next(module.parameters())`.
    """
    for parameter in module._parameters.values():
        if parameter is not None:
            return parameter
    for inner in module._modules.values():
        found = None if inner is None else first_weight(inner)
        if found is not None:
            return found
    return next((value for value in module._buffers.values() if value is not None and value.is_floating_point()), None)


def weight_like(module: nn.Module) -> Tensor:
    """`first_weight`, or an empty tensor of torch's default dtype where the module holds nothing."""
    weight = first_weight(module)
    return torch.empty(0) if weight is None else weight


def _widths(widths: Mapping[str, int]) -> dict[str, int]:
    if not isinstance(widths, Mapping):
        raise ArgumentTypeError(f"states, rows or steps are {widths!r}", expected="a dict, name → width")
    return {_name(name): size(f"width of {name!r}", width) for name, width in widths.items()}


def _name(name: str) -> str:
    if not isinstance(name, str) or not name.isidentifier() or name == "x":
        raise ArgumentError(
            f"a state is named {name!r}", expected="a name that step() can take as a keyword, and not 'x'"
        )
    return name
