"""Matrix products of rows with weights."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from elman.step.capture.call import Call
from elman.step.capture.terms import Operand, Term
from elman.step.capture.values import Fixed, Rows, numel

aten = torch.ops.aten


def mm(call: Call, a: Tensor, b: Tensor) -> Rows:
    """rows (n, k) @ weight (k, m), or weight (m, k) @ rows (k, n)."""
    return _product(call, a, b)


def addmm(call: Call, bias: Tensor, a: Tensor, b: Tensor, *, beta: float = 1, alpha: float = 1) -> Rows:
    """β bias + α a @ b."""
    product = _product(call, a, b)
    return _plus(call, bias, beta, product, alpha)


def mv(call: Call, a: Tensor, b: Tensor) -> Rows:
    """rows (n, k) @ weight (k)."""
    rows, vector = call.value(a), call.value(b)
    if not isinstance(rows, Rows) or not isinstance(vector, Fixed):
        raise call.unsupported("is a product of two tensors that both depend on the rows")
    if rows.axis != 0:
        raise call.across()
    column = vector if vector.constant else call.weights.apply(aten.unsqueeze.default, vector, 1)
    if vector.constant:
        column = Fixed("", vector.tensor.unsqueeze(1))
    return Rows(_times(call, rows.name, column, False).name, (), 0)


def bmm(call: Call, a: Tensor, b: Tensor) -> Rows:
    """Per group g: rows (g, n, k) @ weight (g, k, m)."""
    rows, weight = call.value(a), call.value(b)
    if not isinstance(rows, Rows) or not isinstance(weight, Fixed):
        raise call.unsupported("is a product of two tensors that both depend on the rows")
    if rows.axis != 1:
        raise call.unsupported("is a product with one matrix per row")
    groups, inner = rows.features
    parts: list[str] = []
    for group in range(groups):
        own = call.take(rows, range(group * inner, (group + 1) * inner))
        parts.append(_times(call, own.name, _select(call, weight, group), False).name)
    width = call.out.shape[2] * groups
    name = parts[0] if groups == 1 else str(call.builder.add("concat", *parts, width=width))
    return Rows(name, (groups, call.out.shape[2]), 1)


def baddbmm(call: Call, bias: Tensor, a: Tensor, b: Tensor, *, beta: float = 1, alpha: float = 1) -> Rows:
    """β bias + α a @ b, per group."""
    return _plus(call, bias, beta, bmm(call, a, b), alpha)


def _product(call: Call, a: Tensor, b: Tensor) -> Rows:
    left, right = call.value(a), call.value(b)
    if isinstance(left, Rows) and isinstance(right, Fixed):
        if left.axis != 0:
            raise call.across()
        if left.merged:
            return _shared(call, left, right)
        return Rows(_times(call, left.name, right, False).name, (b.shape[1],), 0)
    if isinstance(left, Fixed) and isinstance(right, Rows):
        if right.axis != 1:
            raise call.across()
        return Rows(_times(call, right.name, left, True).name, (a.shape[0],), 1)
    assert isinstance(left, Rows)
    assert isinstance(right, Rows)
    if left.axis == 1 or right.axis == 0:
        raise call.across()
    raise call.unsupported("is a product of two tensors that both depend on the rows")


def _shared(call: Call, rows: Rows, weight: Fixed) -> Rows:
    """The same weight for every group of features: rows (n · g, k) @ weight (k, m)."""
    groups, inner = rows.features
    width = weight.tensor.shape[1]
    own = [call.take(rows, range(group * inner, (group + 1) * inner)).name for group in range(groups)]
    parts = [_times(call, name, weight, False).name for name in own]
    return Rows(str(call.builder.add("concat", *parts, width=groups * width)), (groups, width), 0, merged=True)


def _times(call: Call, rows: str, weight: Fixed, transposed: bool) -> Term:
    """rows @ weight or its transpose."""
    name, (flipped, r0, r1, c0, c1) = call.weights.matrix(weight)
    flipped = int(bool(flipped) != transposed)
    width = r1 - r0 if flipped else c1 - c0
    product = call.builder.add("matmul", rows, name, width=width, attributes=(flipped, r0, r1, c0, c1))
    return Term(call.builder, str(product))


def _select(call: Call, weight: Fixed, group: int) -> Fixed:
    """One matrix of a stack of weights."""
    if weight.constant:
        return Fixed("", weight.tensor[group])
    part = call.weights.apply(aten.select.int, weight, 0, group)
    part.root = weight.root or weight
    return part


def _plus(call: Call, bias: Tensor, beta: float, product: Rows, alpha: float) -> Rows:
    after = call.out.dim() - 1 - product.axis
    if product.merged and isinstance(call.value(bias), Rows):
        raise call.unsupported("adds rows to a product per group")
    total: Operand = Term(call.builder, product.name)
    if alpha != 1:
        total = total * alpha
    if beta != 0:
        first = call.operand(bias, product.features, after)
        total = total + (first if beta == 1 else first * beta)
    assert isinstance(total, Term)
    name = call.builder.rows(total.name, numel(product.features))
    return Rows(name, product.features, product.axis, product.merged)


def unfilled(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Tensor:
    """What a product returns, without computing its numbers: nobody reads them, and W may be large."""
    *first, a, b = args
    shape = (*a.shape[:-1], *b.shape[a.dim() - 1 :])
    fits = a.dtype == b.dtype and a.shape[-1] == b.shape[a.dim() - 2] and a.shape[:-2] == b.shape[: a.dim() - 2]
    fits = fits and all(
        bias.dtype == a.dtype and bias.dim() <= len(shape) and all(map(_spreads, bias.shape[::-1], shape[::-1]))
        for bias in first
    )
    if not fits or function._schema.is_mutable:
        return function(*args, **kwargs)  # which says what is wrong
    return a.new_zeros(shape)


def _spreads(size: int, to: int) -> bool:
    return size in (1, to)


RULES = {"mm": mm, "addmm": addmm, "mv": mv, "bmm": bmm, "baddbmm": baddbmm}
