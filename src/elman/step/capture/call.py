"""One torch operation on rows while it is watched, and what its handlers need to know."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from elman.step.build import Builder
from elman.step.capture.refusal import CaptureError, UnsupportedOperation, user_line
from elman.step.capture.terms import Operand, Term, take
from elman.step.capture.values import Fixed, Rows, Value
from elman.step.capture.weights import Weights


@dataclass(slots=True)
class Call:
    """One operation, of which at least one argument is rows.

    Args:
        function: the aten operation.
        args, kwargs: its arguments; tensors as torch has them.
        out: what it returned.
        value: what stands behind a tensor.
        builder: writes the program.
        weights: keeps the weights.
        n: how many rows there are.
        shown: the operation as the user wrote it.
    """

    function: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    out: Any
    value: Callable[[Tensor], Value]
    builder: Builder
    weights: Weights
    n: int
    shown: str

    def rows(self, tensor: Tensor) -> Rows:
        """An argument as rows; a constant or an expanded weight becomes some."""
        value = self.value(tensor)
        if isinstance(value, Rows):
            return value
        # A tensor that is joined with rows has its rows where they have them.
        after = max(t.dim() - 1 - r.axis for t, r in self.all_rows())
        name, features = self.weights.rows(value, after, self.n)
        return Rows(name, features, tensor.dim() - 1 - after)

    def all_rows(self) -> list[tuple[Tensor, Rows]]:
        """Every argument that is rows, with its tensor."""
        pairs = [(tensor, self.value(tensor)) for tensor in tensors_of((self.args, self.kwargs))]
        return [(tensor, value) for tensor, value in pairs if isinstance(value, Rows)]

    def term(self, rows: Rows) -> Term:
        """Rows as a term of a formula."""
        return Term(self.builder, rows.name)

    def take(self, rows: Rows, columns: Sequence[int]) -> Term:
        """Features of rows chosen and put into an order."""
        return Term(self.builder, take(self.builder, [rows.name], columns))

    def operand(self, tensor: Tensor, features: tuple[int, ...], after: int) -> Operand:
        """A tensor argument broadcast to rows of a shape, whose dimension of rows has `after` others behind it."""
        value = self.value(tensor)
        if isinstance(value, Fixed):
            return self.weights.vector(value, features, after, self.n)
        if tensor.dim() - 1 - value.axis != after:
            raise self.across("two tensors are combined whose rows stand in different dimensions")
        term = self.term(value)
        if value.width == 1 or value.width == _product(features):
            return term
        places = torch.arange(value.width).view(value.features).expand(features)
        return self.take(value, places.flatten().tolist())

    def unsupported(self, why: str = "", fix: str = "") -> UnsupportedOperation:
        """This operation cannot be said by a program."""
        what = f"{self.shown}{f' {why}' if why else ' is not among the operations that are compiled'}"
        return UnsupportedOperation(what, fix, where=user_line())

    def across(self, what: str = "") -> CaptureError:
        """This operation mixes rows."""
        return CaptureError(
            f"{what or f'{self.shown} works across the rows of the batch'}",
            "a step in which every row depends on itself alone: rows come and go as sequences end",
            "Work along the features, the last dimension.",
            where=user_line(),
        )

    def dimensions(self, tensor: Tensor, dims: int | Sequence[int] | None) -> list[int]:
        """Dimensions of features counted from 0, None meaning all; none of them may be that of the rows."""
        rank = max(tensor.dim(), 1)
        given = [dims] if isinstance(dims, int) else list(dims or range(tensor.dim()))
        found = sorted({dim % rank for dim in given})
        value = self.value(tensor)
        if isinstance(value, Rows) and value.axis in found:
            raise self.across()
        return found


def tensors_of(argument: Any) -> list[Tensor]:
    """Every tensor in nested arguments."""
    if isinstance(argument, Tensor):
        return [argument]
    if isinstance(argument, list | tuple):
        return [tensor for part in argument for tensor in tensors_of(part)]
    if isinstance(argument, dict):
        return tensors_of(tuple(argument.values()))
    return []


def _product(shape: Sequence[int]) -> int:
    total = 1
    for size in shape:
        total *= size
    return total
