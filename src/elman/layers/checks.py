"""What a layer is called with, looked at before anything is computed."""

from collections.abc import Mapping

import torch
from torch import Tensor

from elman.errors import ArgumentError, ArgumentTypeError
from elman.run.choice import autocasting
from elman.step.reference import State


def check_x(x: Tensor, input_size: int, weight: Tensor | None) -> None:
    """Refuse an x that is not (n, T, input_size) in the type of the weights."""
    if not isinstance(x, Tensor):
        raise ArgumentTypeError(
            f"x is a {type(x).__name__}", expected="a tensor (n, T, d)", fix="Write torch.as_tensor(x)"
        )
    if x.dim() != 3:
        raise ArgumentError(
            f"x has shape {tuple(x.shape)}",
            expected=f"three dimensions (n, T, {input_size}): rows, steps, features",
            fix="For a single row write x.unsqueeze(0)." if x.dim() == 2 else "",
        )
    if x.shape[2] != input_size:
        raise ArgumentError(f"x has {x.shape[2]} features", expected=f"{input_size}, the cell's input_size")
    if weight is not None and x.dtype != weight.dtype and not autocasting(x.device.type):
        raise ArgumentTypeError(
            f"x is of type {x.dtype}", expected=f"{weight.dtype}, as the weights", fix=f"Write x.to({weight.dtype})"
        )


def check_reset(reset: Tensor | None, n: int, time: int) -> None:
    """Refuse a reset that is not booleans (n, T)."""
    if reset is None:
        return
    if not isinstance(reset, Tensor) or reset.dtype != torch.bool:
        what = f"of type {reset.dtype}" if isinstance(reset, Tensor) else f"a {type(reset).__name__}"
        raise ArgumentTypeError(f"reset is {what}", expected=f"a tensor of booleans ({n}, {time})")
    if reset.shape != (n, time):
        raise ArgumentError(f"reset has shape {tuple(reset.shape)}", expected=f"({n}, {time}), as x has rows and steps")


def checked_state(state: Mapping[str, Tensor], widths: Mapping[str, int], n: int, x: Tensor) -> State:
    """A given state: exactly the names of the layer, each (n, width) in x's type."""
    if not isinstance(state, Mapping):
        raise ArgumentTypeError(
            f"state is a {type(state).__name__}",
            expected=f"a dict with the names {', '.join(widths)}, each (n, width)",
        )
    if set(state) != set(widths):
        raise ArgumentError(
            f"state has the names {', '.join(state) or '(none)'}", expected=f"exactly {', '.join(widths) or '(none)'}"
        )
    for name, width in widths.items():
        if not isinstance(state[name], Tensor):
            raise ArgumentTypeError(
                f"state[{name!r}] is a {type(state[name]).__name__}", expected=f"a tensor ({n}, {width})"
            )
        if state[name].shape != (n, width):
            raise ArgumentError(
                f"state[{name!r}] has shape {tuple(state[name].shape)}", expected=f"({n}, {width}), batch first"
            )
        _check_type(f"state[{name!r}]", state[name], x)
    return dict(state)


def check_inputs(inputs: Mapping[str, Tensor], rows: Mapping[str, int], steps: Mapping[str, int], x: Tensor) -> None:
    """Refuse values that no cell takes, or of another shape: (n, width) per row, (n, T, width) per step."""
    if not isinstance(inputs, Mapping):
        raise ArgumentTypeError(f"inputs is a {type(inputs).__name__}", expected="a dict, name → tensor")
    n, time, _ = x.shape
    shapes = {name: (n, width) for name, width in rows.items()} | {name: (n, time, w) for name, w in steps.items()}
    for name, value in inputs.items():
        if name not in shapes:
            raise ArgumentError(f"inputs has the name {name!r}", expected=f"only {', '.join(shapes) or 'none'}")
        if not isinstance(value, Tensor) or value.shape != shapes[name]:
            what = f"has shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"is a {type(value).__name__}"
            raise ArgumentError(f"inputs[{name!r}] {what}", expected=f"a tensor {shapes[name]}")
        _check_type(f"inputs[{name!r}]", value, x)


def _check_type(name: str, value: Tensor, x: Tensor) -> None:
    if value.dtype != x.dtype and not autocasting(x.device.type):
        raise ArgumentTypeError(f"{name} is of type {value.dtype}", expected=f"{x.dtype}, as x")
