"""Operations over the features of each row: sums, means, variances, norms, softmax, layer norm."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from elman.step.capture.call import Call
from elman.step.capture.elementwise import safe_sqrt
from elman.step.capture.terms import Operand, Term, apply, reduce, take
from elman.step.capture.values import Fixed, Rows, numel

aten = torch.ops.aten

Dims = int | Sequence[int] | None


def _mean(a: Term) -> Term:
    return reduce("sum", a) * (1 / a.width)


def _spread(a: Term, correction: float) -> Term:
    centred = a - _mean(a)
    return reduce("sum", centred * centred) / max(a.width - correction, 0)


def _least(a: Term) -> Term:
    return -reduce("max", -a)


def _softmax(a: Term) -> Term:
    e = apply("exp", a - reduce("max", a))
    return e / reduce("sum", e)


def _log_softmax(a: Term) -> Term:
    shifted = a - reduce("max", a)
    return shifted - apply("log", reduce("sum", apply("exp", shifted)))


def _logsumexp(a: Term) -> Term:
    top = reduce("max", a)
    top = apply("where", apply("eq", apply("abs", top), float("inf")), 0, top)  # ∞ - ∞ would be no number
    return top + apply("log", reduce("sum", apply("exp", a - top)))


def _norm(order: float) -> Callable[[Term], Term]:
    if order == 2:
        return lambda a: safe_sqrt(reduce("sum", a * a))
    return lambda a: reduce("sum", apply("abs", a))


def _reduced(call: Call, dims: Dims, keepdim: bool, formula: Callable[[Term], Term]) -> Rows:
    """A formula that turns the features of some dimensions into one."""
    tensor = call.args[0]
    found = call.dimensions(tensor, dims)
    rows = call.rows(tensor)
    own = [dim - (dim > rows.axis) for dim in found]
    names = [formula(call.take(rows, group)).name for group in _groups(rows.features, own)]
    name = names[0] if len(names) == 1 else str(call.builder.add("concat", *names, width=len(names)))
    shape = [1 if i in found else size for i, size in enumerate(tensor.shape)]
    axis = rows.axis if keepdim else rows.axis - sum(dim < rows.axis for dim in found)
    features = tuple(s for i, s in enumerate(shape) if i != rows.axis and (keepdim or i not in found))
    return Rows(name, features, axis)


def _mapped(call: Call, dims: Dims, formula: Callable[[Term], Term]) -> Rows:
    """A formula on the features of some dimensions that keeps their shape."""
    rows = call.rows(call.args[0])
    own = [dim - (dim > rows.axis) for dim in call.dimensions(call.args[0], dims)]
    return _per_group(call, rows, rows.features, own, formula)


def _per_group(
    call: Call, rows: Rows, features: tuple[int, ...], dims: list[int], formula: Callable[[Term], Term]
) -> Rows:
    """A formula on some dimensions of the features, seen in some shape, for each group in the others."""
    groups = _groups(features, dims)
    names = [formula(call.take(rows, group)).name for group in groups]
    order = torch.argsort(torch.tensor([column for group in groups for column in group])).tolist()
    return Rows(take(call.builder, names, order), rows.features, rows.axis)


def _groups(features: tuple[int, ...], dims: list[int]) -> list[list[int]]:
    """The columns of each group of features, those in which only the given dimensions differ."""
    kept = [dim for dim in range(len(features)) if dim not in dims]
    places = torch.arange(numel(features)).view(features).permute(*kept, *dims)
    return places.reshape(numel(tuple(features[dim] for dim in kept)), -1).tolist()


def _over(formula: Callable[[Term], Term]) -> Callable[..., Rows]:
    def rule(call: Call, *args: Any, **kwargs: Any) -> Rows:
        dims = args[1] if len(args) > 1 else kwargs.get("dim")
        keepdim = args[2] if len(args) > 2 else kwargs.get("keepdim", False)
        return _reduced(call, dims, keepdim, formula)

    return rule


def _variance(root: bool, mean: bool) -> Callable[..., Any]:
    def rule(call: Call, _: Tensor, dim: Dims = None, *, correction: float | None = None, keepdim: bool = False) -> Any:
        degrees = 1 if correction is None else correction

        def formula(a: Term) -> Term:
            return safe_sqrt(_spread(a, degrees)) if root else _spread(a, degrees)

        found = _reduced(call, dim, keepdim, formula)
        return (found, _reduced(call, dim, keepdim, _mean)) if mean else found

    return rule


def _vector_norm(
    call: Call, _: Tensor, order: float = 2, dim: Dims = None, keepdim: bool = False, dtype: Any = None
) -> Rows:
    if order not in (1, 2):
        raise call.unsupported(f"of order {order} is not among the operations that are compiled")
    return _reduced(call, dim, keepdim, _norm(order))


def _normal(eps: float) -> Callable[[Term], Term]:
    return lambda a: (a - _mean(a)) * apply("rsqrt", _spread(a, 0) + eps)


def _layer_norm(call: Call, a: Tensor, shape: list[int], weight: Tensor | None, bias: Tensor | None, eps: float) -> Any:
    dims = list(range(a.dim() - len(shape), a.dim()))
    return _affine(call, _mapped(call, dims, _normal(eps)), weight, bias), None, None


def _group_norm(call: Call, *args: Any) -> Any:
    a, weight, bias, n, channels, rest, groups, eps = args
    rows = call.rows(a)
    if n != call.n or rows.axis != 0 or rest != 1:
        raise call.unsupported("is compiled for rows (n, channels) only")
    normal = _per_group(call, rows, (groups, channels // groups), [1], _normal(eps))
    return _affine(call, normal, weight, bias), None, None


def _batch_norm(call: Call, *args: Any) -> Any:
    a, weight, bias, mean, variance, training, _, eps = args
    if training or mean is None:
        raise call.across()
    rows, spread = call.rows(a), call.value(variance)
    if not isinstance(spread, Fixed) or spread.constant or len(rows.features) != 1:
        raise call.unsupported()
    inverse = call.weights.apply(aten.rsqrt.default, call.weights.apply(aten.add.Scalar, spread, eps))
    centred = call.term(rows) - call.operand(mean, rows.features, 1)
    normal = centred * call.weights.vector(inverse, rows.features, 1, call.n)
    return _affine(call, Rows(normal.name, rows.features), weight, bias), None, None


def _affine(call: Call, rows: Rows, weight: Tensor | None, bias: Tensor | None) -> Rows:
    total: Operand = call.term(rows)
    after = len(rows.features) - rows.axis
    if weight is not None:
        total = total * call.operand(weight, rows.features, after)
    if bias is not None:
        total = total + call.operand(bias, rows.features, after)
    assert isinstance(total, Term)
    return Rows(total.name, rows.features, rows.axis)


def _whole(call: Call, *_: Any, **__: Any) -> Rows:
    raise call.across()


def _with_position(call: Call, *_: Any, **__: Any) -> Rows:
    raise call.unsupported("with the position of the largest is not compiled", "Write x.amax(-1) for the value alone.")


RULES: dict[str, Callable[..., Any]] = {
    "sum.dim_IntList": _over(lambda a: reduce("sum", a)),
    "sum.default": _whole,
    "mean.dim": _over(_mean),
    "mean.default": _whole,
    "amax": _over(lambda a: reduce("max", a)),
    "amin": _over(_least),
    "max.default": _whole,
    "min.default": _whole,
    "max.dim": _with_position,
    "min.dim": _with_position,
    "any.dim": _over(lambda a: reduce("max", apply("ne", a, 0))),
    "all.dim": _over(lambda a: _least(apply("ne", a, 0))),
    "logsumexp": _over(_logsumexp),
    "var.correction": _variance(root=False, mean=False),
    "std.correction": _variance(root=True, mean=False),
    "var_mean.correction": _variance(root=False, mean=True),
    "std_mean.correction": _variance(root=True, mean=True),
    "linalg_vector_norm": _vector_norm,
    "_softmax": lambda call, a, dim, half: _mapped(call, dim, _softmax),
    "_log_softmax": lambda call, a, dim, half: _mapped(call, dim, _log_softmax),
    "native_layer_norm": _layer_norm,
    "native_group_norm": _group_norm,
    "native_batch_norm": _batch_norm,
}
