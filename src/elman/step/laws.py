"""The laws of arithmetic, and of moving features, by which a node can be written shorter."""

import math
from typing import TYPE_CHECKING

import torch

from elman.step.aside import aside
from elman.step.operations import ELEMENTWISE
from elman.step.program import Argument

if TYPE_CHECKING:
    from elman.step.build import Builder


def fold(op: str, args: tuple[Argument, ...]) -> float:
    """An elementwise operation on numbers alone."""
    define = ELEMENTWISE[op].define
    return aside(lambda: float(define(*(torch.tensor(float(arg), dtype=torch.float64) for arg in args))))


def shorter(
    b: "Builder", op: str, args: tuple[Argument, ...], width: int, attributes: tuple[int | float, ...]
) -> Argument | None:
    """The same value in fewer operations, or None: laws of arithmetic that hold exactly, and of moving features."""
    if op in ("add", "sub", "mul", "div", "pow", "neg", "where"):
        return _arithmetic(b, op, args, width)
    if op in ("sum", "max", "slice", "expand", "concat"):
        return _features(b, op, args, width, attributes)
    if op == "matmul":
        return _product(b, args, width, attributes)
    return None


def _arithmetic(b: "Builder", op: str, args: tuple[Argument, ...], width: int) -> Argument | None:
    a, *rest = args
    second = rest[0] if rest else None

    def whole(arg: Argument) -> bool:
        return b.is_rows(arg) and b.width(arg) == width

    if (op, second) in (("add", 0), ("sub", 0), ("mul", 1), ("div", 1), ("pow", 1)) and whole(a):
        return a
    if op in ("add", "mul") and not isinstance(a, str):
        return b.add(op, *rest, a, width=width)  # numbers last
    if op == "mul" and second == -1:
        return b.add("neg", a, width=width)
    if op == "sub" and a == 0:
        return b.add("neg", *rest, width=width)
    if op == "pow":
        return _power(b, a, second, width)
    if op == "neg":
        if (inner := b.node(a, "neg")) and whole(inner.args[0]):
            return inner.args[0]
        if (inner := b.node(a, "mul")) and not isinstance(factor := inner.args[1], str):
            return b.add("mul", inner.args[0], -factor, width=width)
    if op in ("mul", "div"):  # a sign is carried outwards, where it may become part of a sum
        for i, arg in enumerate(args):
            if inner := b.node(arg, "neg"):
                return b.add("neg", b.add(op, *args[:i], inner.args[0], *args[i + 1 :], width=width), width=width)
    if op == "mul" and not isinstance(second, str) and (inner := b.node(a, "mul")):
        factor = inner.args[1]
        if not isinstance(factor, str) and second is not None:
            return b.add("mul", inner.args[0], factor * second, width=width)
    if op == "div" and not isinstance(second, str) and second and math.frexp(second)[0] in (0.5, -0.5):
        return b.add("mul", a, 1 / second, width=width)  # by a power of two: exact
    if op == "where":
        if not isinstance(a, str):
            chosen = rest[0] if a != 0 else rest[1]
            return b.rows(chosen, width)
        if rest[0] == rest[1] and whole(rest[0]):
            return rest[0]
        if (inner := b.node(a, "ne")) and inner.args[1] == 0:
            return b.add("where", inner.args[0], *rest, width=width)
    return None


def _power(b: "Builder", a: Argument, exponent: Argument | None, width: int) -> Argument | None:
    """The powers that are cheaper as something else."""
    names = {-1: "reciprocal", 0.5: "sqrt", -0.5: "rsqrt"}
    if exponent in names:
        return b.add(names[exponent], a, width=width)
    if exponent in (2, 3):
        square = b.add("mul", a, a, width=width)
        return square if exponent == 2 else b.add("mul", square, a, width=width)
    return None


def _features(
    b: "Builder", op: str, args: tuple[Argument, ...], width: int, attributes: tuple[int | float, ...]
) -> Argument | None:
    a = args[0]
    if op == "concat":
        return _concat(b, args, width)
    if op == "expand":
        return a if b.is_rows(a) and b.width(a) == width else None
    if op == "slice":
        start, stop = (int(value) for value in attributes)
        if (start, stop) == (0, b.width(a)):
            return a
        if inner := b.node(a, "slice"):
            shift = int(inner.attributes[0])
            return b.take(inner.args[0], start + shift, stop + shift)
        if inner := b.node(a, "expand"):
            source = inner.args[0]
            return b.rows(source if b.width(source) == 1 else b.take(source, start, stop), width)
        if inner := b.node(a, "full"):
            return b.rows(inner.attributes[0], width)
        return None
    if b.width(a) == 1:
        return a
    if (inner := b.node(a, "expand")) and b.is_rows(inner.args[0]):
        return inner.args[0] if op == "max" else b.add("mul", inner.args[0], float(b.width(a)))
    return _sum(b, a) if op == "sum" else None


def _sum(b: "Builder", a: Argument) -> Argument | None:
    """Σ a s is (Σ a) s for an s that all features share; so with Σ a / s, Σ g (a / s) and Σ -a."""
    if inner := b.node(a, "neg"):
        return b.add("neg", b.add("sum", b.rows(inner.args[0], b.width(a)), width=1))
    for op in ("mul", "div"):
        if not (inner := b.node(a, op)):
            continue
        for i, shared in enumerate(inner.args):
            if b.width(shared) == 1 and (op, i) != ("div", 0):
                return b.add(op, b.add("sum", b.rows(inner.args[1 - i], b.width(a)), width=1), shared)
    if inner := b.node(a, "mul"):
        for i, arg in enumerate(inner.args):
            if (quotient := b.node(arg, "div")) and b.width(quotient.args[1]) == 1:
                product = b.add("mul", inner.args[1 - i], quotient.args[0], width=b.width(a))
                return b.add("div", b.add("sum", product, width=1), quotient.args[1])
    return None


def _concat(b: "Builder", args: tuple[Argument, ...], width: int) -> Argument | None:
    """One level of concat, neighbouring slices joined again."""
    parts: list[Argument] = []
    for arg in args:
        for part in inner.args if (inner := b.node(arg, "concat")) else (arg,):
            last, this = b.node(parts[-1], "slice") if parts else None, b.node(part, "slice")
            if last and this and last.args == this.args and last.attributes[1] == this.attributes[0]:
                parts[-1] = b.take(last.args[0], int(last.attributes[0]), int(this.attributes[1]))
            else:
                parts.append(part)
    if len(parts) == 1:
        return parts[0]
    return None if tuple(parts) == args else b.add("concat", *parts, width=width)


def _product(
    b: "Builder", args: tuple[Argument, ...], width: int, attributes: tuple[int | float, ...]
) -> Argument | None:
    """concat(a, b) @ W is a @ W[above] + b @ W[below]: each part may then wait for less than the other."""
    inner = b.node(args[0], "concat")
    if not inner:
        return None
    transposed, r0, r1, c0, c1 = attributes
    start = int(c0 if transposed else r0)
    total: Argument | None = None
    for part in inner.args:
        stop = start + b.width(part)
        block = (1, r0, r1, start, stop) if transposed else (0, start, stop, c0, c1)
        product = b.add("matmul", part, args[1], width=width, attributes=block)
        total = product if total is None else b.add("add", total, product)
        start = stop
    return total
