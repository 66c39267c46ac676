"""Shares that units have: one number between 0 and 1 for all units or for each, fixed or learned."""

from collections.abc import Sequence
from numbers import Real

import numpy as np
import torch
from torch import Tensor, nn

from elman.arguments import number
from elman.errors import ArgumentError, ArgumentTypeError

Numbers = float | Sequence[float] | Tensor


def per_unit(name: str, value: Numbers, width: int) -> float | Tensor:
    """A number for all units, or a vector (width) in float64 with one for each, of finite numbers.

    Raises:
        ArgumentTypeError: it is neither a number nor a sequence of numbers.
        ArgumentError: it has another number of numbers than there are units, or one that is not finite.
    """
    given = value.tolist() if isinstance(value, Tensor | np.ndarray) else value
    if isinstance(given, str) or not isinstance(given, Sequence | Real):
        raise ArgumentTypeError(
            f"{name} is {value!r} ({type(value).__name__})", expected=f"a number, or {width} of them, one for each unit"
        )
    if not isinstance(given, Sequence):
        return number(name, given)
    if len(given) != width:
        raise ArgumentError(f"{name} has {len(given)} numbers", expected=f"one number, or {width}: one a unit")
    numbers = [number(f"{name}[{i}]", one) for i, one in enumerate(given)]
    return torch.tensor(numbers, dtype=torch.float64, device="cpu")


def share(
    name: str, value: Numbers, width: int, *, learned: bool = False, zero: bool = False, one: bool = False
) -> float | Tensor:
    """`per_unit` of numbers from 0 to 1; the ends themselves where `zero` and `one` say so, and nothing is learned.

    Raises:
        ArgumentError, ArgumentTypeError: as `per_unit`, or a number out of range.
    """
    zero, one = zero and not learned, one and not learned
    numbers = per_unit(name, value, width)
    some = torch.as_tensor(numbers, device="cpu")
    low, high = some.min().item(), some.max().item()
    if low < 0 or high > 1 or (low == 0 and not zero) or (high == 1 and not one):
        between = f"0 {'≤' if zero else '<'} {name} {'≤' if one else '<'} 1"
        raise ArgumentError(f"{name} is {value}", expected=between + (", to be learned" if learned else ""))
    return numbers


def keep(cell: nn.Module, name: str, value: float | Tensor) -> None:
    """Keep a number as a plain attribute, and numbers as a buffer that moves with the cell and is not saved."""
    if isinstance(value, Tensor):
        own = value.to(torch.get_default_device(), torch.get_default_dtype())
        cell.register_buffer(name, own, persistent=False)
    else:
        setattr(cell, name, value)


def set_logits(r: Tensor, value: float | Tensor) -> None:
    """Set r so that σ(r) is the given share, in place."""
    with torch.no_grad():
        r.copy_(torch.logit(torch.as_tensor(value, dtype=torch.float64)).expand(r.shape))
