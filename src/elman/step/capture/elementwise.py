"""What every elementwise function of torch is made of; gradients at kinks are those of torch."""

import math
from collections.abc import Callable

import torch

from elman.step.capture.terms import Operand, Term, apply, clip_gradient
from elman.step.operations import ELEMENTWISE


def gt(a: Operand, b: Operand) -> Term:
    """1 where a > b, else 0."""
    return apply("gt", a, b)


def where(condition: Operand, a: Operand, b: Operand) -> Operand:
    """a where the condition is not 0, else b."""
    if not isinstance(condition, Term):
        return a if condition else b
    return apply("where", condition, a, b)


def _add(a: Operand, b: Operand, alpha: float = 1) -> Operand:
    return a + (b if alpha == 1 else b * alpha)


def _sub(a: Operand, b: Operand, alpha: float = 1) -> Operand:
    return a - (b if alpha == 1 else b * alpha)


def _clamp(a: Term, min: Operand | None = None, max: Operand | None = None) -> Operand:
    # Not minimum and maximum: at the border itself torch lets the gradient through, and NaN stays NaN.
    if min is not None:
        a = apply("where", apply("lt", a, min), min, a)
    if max is not None:
        a = apply("where", gt(a, max), max, a)
    return a


def _hardtanh(a: Term, min_val: float = -1.0, max_val: float = 1.0) -> Operand:
    # At the border itself torch stops the gradient here.
    a = apply("where", apply("le", a, min_val), min_val, a)
    return apply("where", apply("ge", a, max_val), max_val, a)


def _hardsigmoid(a: Term) -> Operand:
    return _hardtanh(a + 3, 0, 6) * (1 / 6)


def _elu(a: Term, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0) -> Operand:
    above = gt(a, 0)
    below = apply("where", above, 0, a)  # so that exp cannot overflow in the half that is not used
    return where(above, a * scale, apply("expm1", below * input_scale) * (alpha * scale))


def _gelu(a: Term, approximate: str = "none") -> Operand:
    if approximate == "tanh":
        inner = math.sqrt(2 / math.pi) * (a + 0.044715 * (a * a * a))
        return 0.5 * a * (1 + apply("tanh", inner))
    return 0.5 * a * (1 + apply("erf", a * math.sqrt(0.5)))


def _softplus(a: Term, beta: float = 1.0, threshold: float = 20.0) -> Operand:
    scaled = a * beta
    if threshold == 20:
        return apply("softplus", scaled) / beta
    above = gt(scaled, threshold)
    below = apply("where", above, 0, scaled)
    return where(above, a, apply("log1p", apply("exp", below)) / beta)


def _log_sigmoid(a: Term) -> tuple[Operand, Operand]:
    decay = apply("exp", -apply("abs", a))
    return apply("minimum", a, 0) - apply("log1p", decay), decay


def _softshrink(a: Term, lambd: float = 0.5) -> Operand:
    inner = apply("where", apply("lt", a, -lambd), a + lambd, a * 0)  # NaN stays NaN
    return apply("where", gt(a, lambd), a - lambd, inner)


def _hardshrink(a: Term, lambd: float = 0.5) -> Operand:
    return apply("where", apply("le", apply("abs", a), lambd), 0, a)


def _sinh(a: Term) -> Operand:
    e = apply("expm1", a)
    return 0.5 * (e + e / (e + 1))


def _cosh(a: Term) -> Operand:
    return 0.5 * (apply("exp", a) + apply("exp", -a))


def safe_sqrt(a: Term) -> Term:
    """√a whose gradient at 0 is 0, as torch has it for norms and standard deviations."""
    zero = apply("le", a, 0)
    return apply("where", zero, 0, apply("sqrt", apply("where", zero, 1, a)))


def _nonzero(a: Operand) -> Operand:
    return apply("ne", a, 0) if isinstance(a, Term) else float(a != 0)


def _same(op: str) -> Callable[..., Operand]:
    return lambda *operands: apply(op, *operands)


# Operations that torch and programs know by the same name, in one form only.
_SAME = [op for op in ELEMENTWISE if op not in ("add", "sub", "div", "softplus", "where") and not op.endswith("_grad")]

# Name of the aten operation (in front of its overload) → formula on its arguments. Tensors come as terms, or as
# numbers where they are constants of one value; at least one of them is a term.
RULES: dict[str, Callable[..., object]] = {
    **{op: _same(op) for op in _SAME},
    "add": _add,
    "sub": _sub,
    "rsub": lambda a, b, alpha=1: _sub(b, a, alpha),
    "div.Tensor": lambda a, b: a / b,
    "div.Scalar": lambda a, b: a / b,
    "true_divide": lambda a, b: a / b,
    "square": lambda a: a * a,
    "sgn": _same("sign"),
    "exp2": lambda a: apply("exp", a * math.log(2)),
    "log2": lambda a: apply("log", a) * (1 / math.log(2)),
    "log10": lambda a: apply("log", a) * (1 / math.log(10)),
    "tan": lambda a: apply("sin", a) / apply("cos", a),
    "sinh": _sinh,
    "cosh": _cosh,
    "special_expit": _same("sigmoid"),
    "leaky_relu": lambda a, slope=0.01: where(gt(a, 0), a, a * slope),
    "_prelu_kernel": lambda a, slope: where(gt(a, 0), a, a * slope),
    "elu": _elu,
    "celu": lambda a, alpha=1.0: _elu(a, alpha, 1.0, 1 / alpha),
    "gelu": _gelu,
    "silu": lambda a: a * apply("sigmoid", a),
    "mish": lambda a: a * apply("tanh", apply("softplus", a)),
    "softplus": _softplus,
    "log_sigmoid_forward": _log_sigmoid,
    "hardtanh": _hardtanh,
    "hardsigmoid": _hardsigmoid,
    "hardswish": lambda a: a * _hardsigmoid(a),
    "relu6": lambda a: _hardtanh(a, 0, 6),
    "threshold": lambda a, limit, value: apply("where", apply("le", a, limit), value, a),
    "softshrink": _softshrink,
    "hardshrink": _hardshrink,
    "clamp": _clamp,
    "clamp_min": _clamp,
    "clamp_max": lambda a, max: _clamp(a, None, max),
    "clip": _clamp,
    "where.self": where,
    "masked_fill": lambda a, mask, value: where(mask, value, a),
    "lerp": lambda a, b, weight: a + weight * (b - a),
    "addcmul": lambda a, b, c, value=1: a + (b * c if value == 1 else b * c * value),
    "addcdiv": lambda a, b, c, value=1: a + (b / c if value == 1 else b / c * value),
    "logical_not": lambda a: apply("eq", a, 0),
    "bitwise_not": lambda a: apply("eq", a, 0),
    "logical_and": lambda a, b: _nonzero(a) * _nonzero(b),
    "bitwise_and": lambda a, b: a * b,
    "logical_or": lambda a, b: apply("maximum", _nonzero(a), _nonzero(b)),
    "bitwise_or": _same("maximum"),
    "logical_xor": lambda a, b: apply("ne", _nonzero(a), _nonzero(b)),
    "bitwise_xor": _same("ne"),
    "isnan": lambda a: apply("ne", a, a),
    "clip_gradient": clip_gradient,
    "clone": lambda a, memory_format=None: a,
    "_to_copy": lambda a, dtype=None, **_: _nonzero(a) if dtype == torch.bool else a,
    "contiguous": lambda a, memory_format=None: a,
}

# These give 0 or 1 whatever they are given, and carry no gradient.
_DECISIONS = """
    gt ge lt le eq ne logical_not logical_and logical_or logical_xor bitwise_not bitwise_and bitwise_or bitwise_xor
    isnan
"""
DECISIONS = frozenset(_DECISIONS.split())

# These keep to 0 and 1 where they are given nothing else; True + True would be 2.
_BOOLEAN = """
    mul where minimum maximum clone _to_copy amax amin any all
"""
BOOLEAN = DECISIONS | frozenset(_BOOLEAN.split())
