"""Sequences of unequal length: from a list to a padded batch with lengths, and back."""

from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from elman.arguments import sizes
from elman.errors import ArgumentError, ArgumentTypeError
from elman.layers.lengths import Lengths, as_lengths


def ragged(
    sequences: Iterable[Any],
    *,
    dtype: torch.dtype | None = None,
    step: Sequence[int] | None = None,
    padding: float = 0,
) -> tuple[Tensor, Tensor]:
    """Sequences of unequal length as what a layer takes: one padded tensor and the lengths.

    Args:
        sequences: one per row: tensors, arrays or lists of vectors (T_i, d) or of numbers (T_i), such as ids; zero
            steps are fine. Or a nested tensor.
        dtype: the type of the result; None keeps that of the sequences, which then have to agree.
        step: the shape of one time step, (d,) for vectors and () for numbers: needed only where no sequence tells.
        padding: what stands after a row's end, such as -100 for targets that a loss shall ignore.

    Returns:
        x (n, T, d), or (n, T) for numbers, with T the longest of the T_i, and lengths (n), int64 on the CPU.

    Raises:
        ArgumentTypeError: something that is no sequence of numbers, or sequences of different types.
        ArgumentError: steps of different shapes, or nothing that tells the shape of a step.

    Example:
        >>> x, lengths = ragged([[5, 6, 7], [], [8]])
        >>> x.tolist(), lengths.tolist()
        ([[5, 6, 7], [0, 0, 0], [8, 0, 0]], [3, 0, 1])
        >>> x, lengths = ragged([torch.randn(4, 2), torch.randn(9, 2)])
        >>> x.shape
        torch.Size([2, 9, 2])
    """
    step = None if step is None else sizes("step", step, each="a width in step", least=0)
    _check(dtype, padding)
    rows = [_row(i, row, dtype) for i, row in enumerate(_listed(sequences))]
    # [] tells nothing of its steps: it goes along with the others. An empty tensor does where no other row tells.
    telling = [i for i, row in enumerate(rows) if row is not None and row.shape != (0,)]
    telling = telling or [i for i, row in enumerate(rows) if row is not None]
    if telling:
        first = rows[telling[0]]
        assert first is not None
        shape, kind, device = tuple(first.shape[1:]), first.dtype, first.device
    elif step is None or dtype is None:
        raise ArgumentError(
            f"nothing in {len(rows)} sequences tells what one step looks like",
            expected="a sequence with a step in it, or the shape and type of a step",
            fix="Write step=(d,), or step=() for numbers, and dtype=torch.float32.",
        )
    else:
        shape, kind, device = step, dtype, torch.device("cpu")
    if step is not None and step != shape:
        raise ArgumentError(f"a step has shape {shape} in sequence {telling[0]}", expected=f"{step}, as step says")
    for i in telling:
        _agree(i, rows[i], telling[0], shape, kind, device)
    even = [
        torch.empty(0, *shape, dtype=kind, device=device) if row is None or row.shape == (0,) else row for row in rows
    ]
    lengths = torch.tensor([len(row) for row in even], dtype=torch.int64)
    if not even:
        return torch.empty(0, 0, *shape, dtype=kind), lengths
    return pad_sequence(even, batch_first=True, padding_value=padding), lengths


def unragged(y: Tensor, lengths: Lengths) -> list[Tensor]:
    """The real steps of every row: what `ragged` was given, or outputs that belong to it.

    Args:
        y: (n, T, …), such as the outputs of a layer.
        lengths: real steps of each row (n).

    Returns:
        n tensors (T_i, …), views of y.

    Raises:
        ArgumentError, ArgumentTypeError: shapes or lengths that do not fit.

    Example:
        >>> [row.tolist() for row in unragged(torch.tensor([[5, 6, 7], [0, 0, 0], [8, 0, 0]]), [3, 0, 1])]
        [[5, 6, 7], [], [8]]
    """
    if not isinstance(y, Tensor):
        raise ArgumentTypeError(f"y is a {type(y).__name__}", expected="a tensor (n, T, …)")
    if y.dim() < 2:
        raise ArgumentError(f"y has shape {tuple(y.shape)}", expected="rows and steps, (n, T, …)")
    return [row[:steps] for row, steps in zip(y, as_lengths(lengths, *y.shape[:2]).tolist(), strict=True)]


def _check(dtype: torch.dtype | None, padding: float) -> None:
    if dtype is not None and not isinstance(dtype, torch.dtype):
        raise ArgumentTypeError(f"dtype is {dtype!r} ({type(dtype).__name__})", expected="a type such as torch.float32")
    if isinstance(padding, bool) or not isinstance(padding, Real):
        raise ArgumentTypeError(f"padding is {padding!r} ({type(padding).__name__})", expected="a number")


def _listed(sequences: Iterable[Any]) -> list[Any]:
    if isinstance(sequences, Tensor) and sequences.is_nested:
        return list(sequences.unbind())
    if isinstance(sequences, str | bytes | dict) or not isinstance(sequences, Iterable):
        raise ArgumentTypeError(
            f"sequences are a {type(sequences).__name__}", expected="a list with one tensor, array or list per row"
        )
    return list(sequences)


def _row(i: int, row: Any, dtype: torch.dtype | None) -> Tensor | None:
    """A sequence as a tensor; None for an empty list."""
    if isinstance(row, np.ndarray) and not (row.flags.writeable and all(step >= 0 for step in row.strides)):
        row = row.copy()  # torch takes neither negative strides nor, without a warning, what may not be written
    try:
        values = _stacked(row)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ArgumentTypeError(
            f"sequence {i} is a {type(row).__name__} that is not an array of numbers: {error}",
            expected="a tensor, an array or a list of numbers or of vectors of one width",
        ) from error
    if values.dim() == 0:
        raise ArgumentError(
            f"sequence {i} is a single number", expected="a sequence of steps", fix=f"Write [{row}] for one step."
        )
    if values.shape == (0,) and not isinstance(row, Tensor | np.ndarray):
        return None
    return values if dtype is None else values.to(dtype)


def _stacked(row: Any) -> Tensor:
    if isinstance(row, list | tuple) and row and isinstance(row[0], Tensor):  # one tensor for each step
        return torch.stack(list(row))
    if isinstance(row, list | tuple) and row and isinstance(row[0], np.ndarray):
        row = np.stack(row)
    return torch.as_tensor(row)


def _agree(
    i: int, row: Tensor | None, first: int, shape: tuple[int, ...], kind: torch.dtype, device: torch.device
) -> None:
    assert row is not None
    if row.shape[1:] != shape:
        raise ArgumentError(
            f"a step has shape {tuple(row.shape[1:])} in sequence {i}", expected=f"{shape}, as in sequence {first}"
        )
    if row.dtype != kind:
        raise ArgumentTypeError(
            f"sequence {i} is of type {row.dtype}",
            expected=f"{kind}, as sequence {first}",
            fix="Write dtype=torch.float32, or another type that all shall have.",
        )
    if row.device != device:
        raise ArgumentError(f"sequence {i} is on {row.device}", expected=f"{device}, as sequence {first}")
