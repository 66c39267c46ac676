"""The operations a program is made of: one row each, with the torch function that defines it."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Operation:
    """One elementwise operation.

    Args:
        arity: how many arguments it takes; each is rows (n, width), rows (n, 1), a vector (width) or a number.
        define: what it computes, in torch.
        symbol: how it is printed: a prefix or infix sign, or "" for name(arguments).
    """

    arity: int
    define: Callable[..., Tensor]
    symbol: str = ""


def _compare(name: str) -> Callable[..., Tensor]:
    function = getattr(torch, name)

    def compare(a: Tensor, b: Tensor) -> Tensor:
        return function(a, b).to(torch.result_type(a, b))

    return compare


# Comparisons give 0 and 1. The three _grad operations are what autograd computes for the most common functions:
# one pass each instead of three.
ELEMENTWISE: dict[str, Operation] = {
    "neg": Operation(1, torch.neg, "-"),
    "tanh": Operation(1, torch.tanh),
    "sigmoid": Operation(1, torch.sigmoid),
    "relu": Operation(1, torch.relu),
    "exp": Operation(1, torch.exp),
    "expm1": Operation(1, torch.expm1),
    "log": Operation(1, torch.log),
    "log1p": Operation(1, torch.log1p),
    "sqrt": Operation(1, torch.sqrt),
    "rsqrt": Operation(1, torch.rsqrt),
    "reciprocal": Operation(1, torch.reciprocal),
    "abs": Operation(1, torch.abs),
    "sign": Operation(1, torch.sign),
    "sin": Operation(1, torch.sin),
    "cos": Operation(1, torch.cos),
    "erf": Operation(1, torch.erf),
    "softplus": Operation(1, torch.nn.functional.softplus),
    "add": Operation(2, torch.add, "+"),
    "sub": Operation(2, torch.sub, "-"),
    "mul": Operation(2, torch.mul, "*"),
    "div": Operation(2, torch.div, "/"),
    "pow": Operation(2, torch.pow, "**"),
    "minimum": Operation(2, torch.minimum),
    "maximum": Operation(2, torch.maximum),
    "gt": Operation(2, _compare("gt"), ">"),
    "ge": Operation(2, _compare("ge"), ">="),
    "lt": Operation(2, _compare("lt"), "<"),
    "le": Operation(2, _compare("le"), "<="),
    "eq": Operation(2, _compare("eq"), "=="),
    "ne": Operation(2, _compare("ne"), "!="),
    "tanh_grad": Operation(2, lambda g, y: g * (1 - y * y)),
    "sigmoid_grad": Operation(2, lambda g, y: g * (y * (1 - y))),
    "relu_grad": Operation(2, lambda g, y: torch.where(y > 0, g, torch.zeros_like(g))),
    "where": Operation(3, lambda c, a, b: torch.where(c != 0, a, b)),
}

# Not elementwise: a product with a block of a weight matrix; over the features of a row; moving features about.
#   matmul(a, W)      a (n, k) @ W[r0:r1, c0:c1] or its transpose
#   sum(a), max(a)    (n, width) → (n, 1)
#   slice(a)          features start … stop of rows or of a vector
#   concat(a, b, …)   side by side
#   expand(a)         rows (n, 1) or a vector, as rows (n, width)
#   full()            rows (n, width) of one number
#   clip_gradient(a)  rows as they are; their gradient is kept within ± one number
STRUCTURAL = ("matmul", "sum", "max", "slice", "concat", "expand", "full", "clip_gradient")

OPERATIONS = (*ELEMENTWISE, *STRUCTURAL)
