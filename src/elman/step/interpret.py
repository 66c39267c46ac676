"""A program run by torch, node by node: differentiable, on any device and dtype, and the meaning of every operation."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from elman.step.clip import clip_gradient
from elman.step.operations import ELEMENTWISE
from elman.step.program import Node, Program


def evaluate(program: Program, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Every value of a program for some rows.

    Args:
        program: a step or its adjoint.
        values: every input by name: weights in their shapes, everything else (n, width).

    Returns:
        the inputs and the result of every node by name, rows (n, width), vectors (width).

    Example:
        >>> from elman.step.program import Input
        >>> double = Program((Input("h", "state", (2,)),), (Node("a1", "mul", ("h", 2.0), 2),), (), (("h", "a1"),))
        >>> evaluate(double, {"h": torch.tensor([[1.0, 2.0]])})["a1"].tolist()
        [[2.0, 4.0]]
    """
    found = {value.name: values[value.name] for value in program.inputs}
    like = next((found[value.name] for value in program.inputs if value.kind != "weight"), torch.zeros(1, 1))
    for node in program.nodes:
        found[node.name] = _run(node, found, like)
    return found


def _run(node: Node, found: Mapping[str, Tensor], like: Tensor) -> Tensor:
    """One node; `like` is some rows, for their number, dtype and device."""
    args = [found[arg] if isinstance(arg, str) else like.new_full((), arg) for arg in node.args]
    if node.op in ELEMENTWISE:
        return ELEMENTWISE[node.op].define(*args)
    if node.op == "concat":
        return torch.cat(args, dim=1)
    if node.op == "full":
        return like.new_full((like.shape[0], node.width), node.attributes[0])
    return _STRUCTURAL[node.op](node, like.shape[0], *args)


def _matmul(node: Node, n: int, a: Tensor, weight: Tensor) -> Tensor:
    transposed, r0, r1, c0, c1 = (int(value) for value in node.attributes)
    block = weight[r0:r1, c0:c1]
    return a @ (block.T if transposed else block)


_STRUCTURAL: dict[str, Callable[..., Tensor]] = {
    "matmul": _matmul,
    "sum": lambda node, n, a: a.sum(dim=1, keepdim=True),
    "max": lambda node, n, a: a.amax(dim=1, keepdim=True),
    "slice": lambda node, n, a: a[..., node.attributes[0] : node.attributes[1]],
    "expand": lambda node, n, a: a.expand(n, node.width),
    "clip_gradient": lambda node, n, a: clip_gradient(a, node.attributes[0]),
}


def as_step(
    program: Program, weights: Mapping[str, Tensor], rows: Mapping[str, Tensor] | None = None
) -> Callable[..., tuple[Tensor, dict[str, Tensor]]]:
    """The program as a `step(x, **state) -> (y, new state)` for `elman.step.reference.unroll`.

    Args:
        program: a step whose one "step" input is x, and whose one output is y.
        weights: every weight by name.
        rows: values per row by name (n, width); only where all rows last equally long, since `unroll` sorts rows.
    """
    (x_name,) = (value.name for value in program.of_kind("step"))
    (y_name,) = (value for _, value in program.outputs)

    def step(x: Tensor, **state: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        found = evaluate(program, {**weights, **(rows or {}), **state, x_name: x})
        return found[y_name], {name: found[value] for name, value in program.states}

    return step
