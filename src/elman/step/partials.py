"""The derivative of every elementwise operation, recorded from autograd: what it computes, as our own operations."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from elman.step.aside import aside
from elman.step.build import Builder
from elman.step.operations import ELEMENTWISE
from elman.step.program import Argument, Input, Node

GRADIENT, RESULT = "gradient", "result"  # ∂loss/∂result, and the result itself
UNKNOWN = "unknown"  # what an operation that is not in the table below gives
Write = Callable[..., Argument]


@cache
def partials(op: str) -> tuple[Mapping[str, Node], tuple[Argument | None, ...]]:
    """How an operation's gradient becomes the gradients of its arguments.

    Returns:
        nodes by name over "gradient", "result" and the arguments "0", "1", …, and for every argument the value that is
        its gradient (None: always zero).

    Example:
        >>> nodes, (gradient,) = partials("tanh")
        >>> nodes[gradient].op, nodes[gradient].args
        ('tanh_grad', ('gradient', 'result'))
    """
    return aside(lambda: _record(op))


def _record(op: str) -> tuple[Mapping[str, Node], tuple[Argument | None, ...]]:
    define, arity = ELEMENTWISE[op].define, ELEMENTWISE[op].arity
    args = [torch.full((2, 3), 0.5, dtype=torch.float64, requires_grad=True) for _ in range(arity)]
    gradient = torch.ones(2, 3, dtype=torch.float64)
    recorder = _Recorder({GRADIENT: gradient, **{str(i): arg for i, arg in enumerate(args)}})
    with recorder:
        result = define(*args)
        if not result.requires_grad:
            return {}, (None,) * arity
        recorder.names[result.data_ptr()] = RESULT
        loss = (result * gradient).sum()  # (handing the gradient to autograd.grad imports sympy: half a second)
        found = torch.autograd.grad(loss, args, allow_unused=True)
    ends = [None if one is None else recorder.argument(one) for one in found]
    nodes = {node.name: node for node in recorder.b.nodes}
    return nodes, tuple(None if end == 0 else end for end in ends)


def apply(b: Builder, node: Node, index: int, gradient: Argument) -> Argument | None:
    """Write the gradient of one argument of an elementwise node, given that of its result."""
    nodes, ends = partials(node.op)
    end = ends[index]
    if end is None:
        return None
    known: dict[str, Argument] = {GRADIENT: gradient, RESULT: node.name}
    known |= {str(i): arg for i, arg in enumerate(node.args)}

    def write(arg: Argument) -> Argument:
        if not isinstance(arg, str):
            return arg
        if arg not in known:
            known[arg] = b.add(nodes[arg].op, *map(write, nodes[arg].args))
        return known[arg]

    return write(end)


class _Recorder(TorchDispatchMode):
    """Writes down what torch does to some tensors; a tensor is known by where it is."""

    def __init__(self, known: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.b = Builder(Input(name, "step", (3,)) for name in (*known, RESULT, UNKNOWN))
        self.names: dict[int, Argument] = {value.data_ptr(): name for name, value in known.items()}
        self.alive: list[Any] = [known]  # so that no place is used twice

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # the default imports all of torch._dynamo: half a second

    def argument(self, value: object) -> Argument:
        """The name of a tensor, or a number."""
        return self.names[value.data_ptr()] if isinstance(value, Tensor) else float(value)  # type: ignore[arg-type]

    def __torch_dispatch__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = function(*args, **(kwargs or {}))
        # What is done in place has a name that ends in _, and its result stands where its first argument stood.
        name = function.name().removeprefix("aten::").split(".")[0].rstrip("_")
        self.alive.append(result)
        rule = _TORCH.get(name)
        if rule is not None and (kwargs or {}).get("alpha", 1) == 1:
            values = [self.argument(arg) for arg in args if not isinstance(arg, list)]
            self.names[result.data_ptr()] = rule(self.b.add, *values)
        elif name != "detach":
            self.names[result.data_ptr()] = UNKNOWN  # an error only if a gradient is made of it
        return result


def _softplus(add: Write, g: Argument, a: Argument, *_: Argument) -> Argument:
    # torch cuts softplus off above 20, where its derivative is 1 - 2e-9; the same as the sigmoid to that.
    return add("mul", g, add("sigmoid", a))


def _same(name: str) -> Callable[..., Argument]:
    return lambda add, *args: add(name, *args)


_TORCH: dict[str, Callable[..., Argument]] = {
    **{name: _same(name) for name in ("neg", "exp", "log", "sin", "cos", "add", "sub", "mul", "div", "pow", "where")},
    **{name: _same(name) for name in ("gt", "ge", "lt", "le", "eq", "ne", "abs", "sqrt", "reciprocal")},
    "sgn": _same("sign"),
    "logical_and": _same("mul"),  # of zeros and ones
    "tanh_backward": _same("tanh_grad"),
    "sigmoid_backward": _same("sigmoid_grad"),
    "threshold_backward": lambda add, g, a, _: add("relu_grad", g, a),
    "softplus_backward": _softplus,
    "masked_fill": lambda add, a, mask, value: add("where", mask, value, a),
    "zeros_like": lambda add, a: 0.0,
    "scalar_tensor": lambda add, value: value,
    "ones_like": lambda add, a: 1.0,
    "sum": lambda add, a: 0.0,  # the loss, whose value is of no interest
    "expand": lambda add, a: a,
    "rsub": lambda add, a, b: add("sub", b, a),
}
