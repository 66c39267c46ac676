"""Lengths of the rows of a batch, as users give them: checked, and brought to one form."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from elman.errors import ArgumentError, ArgumentTypeError

Lengths = Tensor | Sequence[int]


def as_lengths(lengths: Lengths | None, n: int, time: int) -> Tensor:
    """The number of real steps of each row as an int64 tensor (n) on the CPU.

    Args:
        lengths: a list or a tensor of any integer type on any device, in any order, zeros allowed; None means that
            every row fills all steps.
        n: rows of the batch.
        time: steps of the batch, the largest length possible.

    Raises:
        ArgumentTypeError: not whole numbers (floats, or a mask of booleans).
        ArgumentError: not one per row, negative, or longer than the batch.

    Example:
        >>> as_lengths([2, 0, 3], n=3, time=4)
        tensor([2, 0, 3])
    """
    if lengths is None:
        return torch.full((n,), time, dtype=torch.int64, device="cpu")
    values = _tensor(lengths)
    if values.dtype == torch.bool:
        raise ArgumentTypeError(
            "lengths are booleans", expected="whole numbers, one per row", fix="From a mask: lengths = mask.sum(dim=1)"
        )
    if values.is_floating_point() or values.is_complex():
        raise ArgumentTypeError(
            f"lengths are of type {values.dtype}", expected="whole numbers", fix="Write lengths.long()"
        )
    if values.shape != (n,):
        raise ArgumentError(
            f"lengths have shape {tuple(values.shape)} for a batch of {n} rows", expected=f"shape ({n},)"
        )
    if values.is_meta:  # nobody knows them, and no shape depends on them
        return as_lengths(None, n, time)
    values = values.detach().to("cpu", torch.int64)
    if torch.compiler.is_compiling() or type(values) is not Tensor:  # values are looked at when the graph runs
        torch._assert_async(((values >= 0) & (values <= time)).all(), "lengths are not all from 0 to T, the steps of x")  # pyright: ignore[reportPrivateImportUsage]
        return values
    for wrong, what in ((values < 0, "negative"), (values > time, f"more than the {time} steps of the batch")):
        if wrong.any():
            row = int(wrong.nonzero()[0])
            raise ArgumentError(f"lengths[{row}] is {int(values[row])}, {what}", expected=f"0 to {time}")
    return values


def _tensor(lengths: Any) -> Tensor:
    if isinstance(lengths, Tensor):
        return lengths
    try:
        values = torch.as_tensor(lengths, device="cpu")
    except (TypeError, ValueError, RuntimeError) as error:
        raise ArgumentTypeError(
            f"lengths are {lengths!r} ({type(lengths).__name__})", expected="a list or tensor of whole numbers"
        ) from error
    return values.long() if values.numel() == 0 else values  # torch reads [] as float


def real_steps(lengths: Tensor, time: int, device: torch.device) -> Tensor:
    """Mask (n, T), True at the real steps of each row."""
    return torch.arange(time, device=device) < lengths.to(device).unsqueeze(1)
