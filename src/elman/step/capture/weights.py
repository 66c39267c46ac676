"""The weights of a program: which parameters it needs, in which form, and the names they get."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from elman.step.build import Builder
from elman.step.capture.once import Constant, Once, Ref
from elman.step.capture.refusal import CaptureError, UnsupportedOperation, user_line
from elman.step.capture.terms import Operand, Term, take
from elman.step.capture.values import Fixed, numel
from elman.step.program import Input

aten = torch.ops.aten


class Weights:
    """Everything that a step computes without its rows.

    Args:
        builder: of the program that will read the weights.
        dtype: in which the program computes.
        taken: names that are taken already.

    Attributes:
        sources: name of a weight → dotted name of the parameter or buffer.
        once: every operation on weights so far.
        constants: tensors of numbers that the program reads, by name.
        inputs: the weights that the program reads.
    """

    def __init__(self, builder: Builder, dtype: torch.dtype, taken: set[str]) -> None:
        self.builder, self.dtype, self.taken = builder, dtype, set(taken)
        self.sources: dict[str, str] = {}
        self.once: list[Once] = []
        self.constants: dict[str, Constant] = {}
        self.inputs: dict[str, Input] = {}

    def source(self, dotted: str, tensor: Tensor) -> Fixed:
        """A parameter or a buffer."""
        name = self._name(dotted)
        self.sources[name] = dotted
        return Fixed(name, tensor)

    def record(
        self, function: Any, args: Sequence[Any], kwargs: Mapping[str, Any], out: Any, like: Fixed
    ) -> list[Fixed]:
        """An operation on weights; gives what stands for its results.

        Args:
            function: the aten operation.
            args, kwargs: its arguments, with `Fixed` in place of tensors.
            out: what it returned.
            like: the weight after which the results are named.
        """
        many = isinstance(out, list | tuple)
        stem = f"{like.name}.{function.__name__.split('.')[0].strip('_')}"
        results = [Fixed(self._name(stem), tensor) for tensor in (out if many else (out,))]
        named = tuple((key, self._refs(value)) for key, value in kwargs.items() if key not in ("device", "pin_memory"))
        self.once.append(Once(tuple(r.name for r in results), function, self._refs(tuple(args)), named, many))
        return results

    def apply(self, function: Any, fixed: Fixed, *args: Any, **kwargs: Any) -> Fixed:
        """One more operation on a weight."""
        return self.record(function, (fixed, *args), kwargs, function(fixed.tensor, *args, **kwargs), fixed)[0]

    def matrix(self, fixed: Fixed) -> tuple[str, tuple[int, ...]]:
        """A weight as the right side of a product: its name, and (transposed, r0, r1, c0, c1)."""
        if fixed.constant:
            fixed = self._constant(fixed.tensor)
        elif fixed.root is not None:
            block = _block(fixed.tensor, fixed.root.tensor)
            if block is not None:
                return self._matrix(fixed.root).name, block
        rows, columns = fixed.tensor.shape
        return self._read(fixed).name, (0, 0, rows, 0, columns)

    def vector(self, fixed: Fixed, features: tuple[int, ...], after: int, n: int) -> Operand:
        """A weight as an operand beside rows: the same for every row.

        Args:
            fixed: the weight.
            features: the shape of one row to which it is broadcast.
            after: how many dimensions follow that of the rows.
            n: how many rows there are.
        """
        axis = fixed.tensor.dim() - 1 - after
        if fixed.constant:
            tensor = _one_row(fixed.tensor, axis, n).to(self.dtype)
            first = tensor.flatten()[0].item() if tensor.numel() else 0.0
            if bool((tensor == first).all()):
                return float(first)
            fixed = self._constant(tensor.expand(features).reshape(-1))
            return Term(self.builder, self._read(fixed).name)
        if axis >= 0 and fixed.tensor.shape[axis] != 1:
            raise UnsupportedOperation(
                f"a weight of shape {tuple(fixed.tensor.shape)} stands where rows are, outside a matrix product",
                "Multiply rows by it with @, or use a vector.",
                where=user_line(),
            )
        if fixed.tensor.dtype != self.dtype:
            fixed = self.apply(aten._to_copy.default, fixed, dtype=self.dtype)
        return Term(self.builder, self._vector(fixed, features, axis))

    def _vector(self, fixed: Fixed, features: tuple[int, ...], axis: int) -> str:
        width = numel(features)
        if fixed.tensor.numel() == 1:
            if fixed.tensor.dim() > 1:
                fixed = self.apply(aten.view.default, fixed, [1])
            return self._read(fixed).name
        if fixed.tensor.dim() == 1 and fixed.tensor.numel() == width:
            return self._slice(fixed)
        if axis >= 0:
            fixed = self.apply(aten.select.int, fixed, axis, 0)
        if fixed.tensor.numel() != width:
            fixed = self.apply(aten.expand.default, fixed, list(features))
        if fixed.tensor.dim() != 1:
            fixed = self.apply(aten.reshape.default, fixed, [width])
        return self._slice(fixed)

    def spread(self, fixed: Fixed, move: Callable[[Tensor], Tensor], n: int) -> tuple[str, tuple[int, ...]] | None:
        """A weight repeated for every row, as rows; None where that is not what an operation does.

        Args:
            fixed: the weight.
            move: the operation, on any tensor of the weight's shape.
            n: how many rows there are.
        """
        shape = fixed.tensor.shape
        places = move(torch.arange(fixed.tensor.numel()).view(shape))
        if places.dim() == 0 or places.shape[0] != n or not bool((places == places[0]).all()):
            return None
        flat = fixed if fixed.tensor.dim() == 1 else self.apply(aten.reshape.default, fixed, [fixed.tensor.numel()])
        whole = self.vector(flat, tuple(flat.tensor.shape), 1, n)
        assert isinstance(whole, Term)
        name = self.builder.rows(whole.name, whole.width)
        return take(self.builder, [name], places[0].flatten().tolist()), tuple(places.shape[1:])

    def rows(self, fixed: Fixed, after: int, n: int) -> tuple[str, tuple[int, ...]]:
        """A constant or a weight with a dimension of rows, all equal, as rows of the program: name and features."""
        axis = fixed.tensor.dim() - 1 - after
        features = tuple(size for i, size in enumerate(fixed.tensor.shape) if i != axis)
        operand = self.vector(fixed, features, after, n)
        arg = operand.name if isinstance(operand, Term) else operand
        return self.builder.rows(arg, numel(features)), features

    def _slice(self, fixed: Fixed) -> str:
        """A vector, or the part that it is of a longer one."""
        root = fixed.root
        if root is None or root.tensor.dim() != 1 or fixed.tensor.stride(0) != 1 or not root.tensor.is_contiguous():
            return self._read(fixed).name
        start = int(fixed.tensor.storage_offset()) - int(root.tensor.storage_offset())
        return str(self.builder.take(self._read(root).name, start, start + fixed.tensor.numel()))

    def _matrix(self, root: Fixed) -> Input:
        """A weight of two or more dimensions as a matrix: all but the last are its rows."""
        if root.tensor.dim() == 2:
            return self._read(root)
        name = f"{root.name}.rows"
        if name not in self.inputs:
            shape = [numel(tuple(root.tensor.shape[:-1])), root.tensor.shape[-1]]
            self.taken.add(name)
            self.once.append(Once((name,), aten.reshape.default, (Ref(root.name), tuple(shape))))
            return self._read(Fixed(name, root.tensor.reshape(shape)))
        return self.inputs[name]

    def _read(self, fixed: Fixed) -> Input:
        found = self.inputs.get(fixed.name)
        if found is None:
            found = Input(fixed.name, "weight", tuple(fixed.tensor.shape))
            self.inputs[fixed.name] = found
            self.builder.values[fixed.name] = found
            self.builder.vectors.add(fixed.name)
        return found

    def _constant(self, tensor: Tensor) -> Fixed:
        """A constant under a name; equal ones share it."""
        values = _tuples(tensor.tolist())
        for constant in self.constants.values():
            if constant.dtype == tensor.dtype and constant.values == values:
                return Fixed(constant.name, tensor)
        name = self._name("constant")
        self.constants[name] = Constant(name, values, tensor.dtype)
        return Fixed(name, tensor.clone())

    def _refs(self, argument: Any) -> Any:
        if isinstance(argument, Fixed):
            return Ref(self._constant(argument.tensor).name if argument.constant else argument.name)
        if isinstance(argument, list | tuple):
            return tuple(self._refs(part) for part in argument)
        return argument

    def _name(self, wish: str) -> str:
        """A name nobody has: one word, that does not begin like a number or a comment."""
        wish = re.sub(r"[^\w.]", "_", wish)
        name, count = wish, 1
        while name in self.taken:
            count += 1
            name = f"{wish}{count}"
        self.taken.add(name)
        return name


def _one_row(tensor: Tensor, axis: int, n: int) -> Tensor:
    """A constant without its dimension of rows, which have to be equal."""
    if axis < 0:
        return tensor
    rows = tensor.movedim(axis, 0)
    if rows.shape[0] not in (1, n) or not bool((rows == rows[0]).all()):
        raise CaptureError(
            "a constant differs from row to row",
            "a step that treats all rows alike",
            "Let values that differ between rows enter as inputs.",
            where=user_line(),
        )
    return rows[0]


def _block(view: Tensor, root: Tensor) -> tuple[int, ...] | None:
    """Which block of a contiguous matrix a view of it is, (transposed, r0, r1, c0, c1), or None."""
    if view.dim() != 2 or root.dim() < 2 or not root.is_contiguous() or not view.numel() or view.dtype != root.dtype:
        return None
    columns = root.shape[-1]
    row, column = divmod(int(view.storage_offset()) - int(root.storage_offset()), columns)
    for transposed, tensor in ((0, view), (1, view.t())):
        height, width = tensor.shape
        steps = (tensor.stride(0) if height > 1 else columns, tensor.stride(1) if width > 1 else 1)
        if steps == (columns, 1) and column + width <= columns:
            return (transposed, row, row + height, column, column + width)
    return None


def _tuples(values: Any) -> Any:
    return tuple(_tuples(value) for value in values) if isinstance(values, list) else values
