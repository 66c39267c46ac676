"""The recorded derivative of every operation against autograd, at kinks and equal arguments too."""

import threading

import pytest
import torch
from torch import Tensor

from elman.step.build import Builder
from elman.step.interpret import evaluate
from elman.step.operations import ELEMENTWISE
from elman.step.partials import apply, partials
from elman.step.program import Input, Node, Program

POSITIVE = {"log", "log1p", "sqrt", "rsqrt", "reciprocal"}


def arguments(op: str) -> list[Tensor]:
    """Three columns of numbers, all pairs of some; positive ones where others have no derivative."""
    numbers = torch.tensor([-2.0, -1.0, -0.5, 0.0, 0.3, 1.0, 2.5], dtype=torch.float64)
    if op in POSITIVE:
        numbers = numbers[numbers > 0]
    first, second = torch.cartesian_prod(numbers, numbers).T
    if op == "pow":
        first = first.abs()
    if op == "div":
        second = second + 0.2
    return [first.unsqueeze(1), second.unsqueeze(1), first.unsqueeze(1).flip(0)][: ELEMENTWISE[op].arity]


@pytest.mark.parametrize("op", ELEMENTWISE)
def test_it_is_what_autograd_computes(op: str) -> None:
    values = [value.requires_grad_() for value in arguments(op)]
    result = ELEMENTWISE[op].define(*values)
    gradient = torch.linspace(-1, 2, len(result), dtype=torch.float64).unsqueeze(1)
    expected: list[Tensor | None] = [None] * len(values)
    if result.requires_grad:
        expected = list(torch.autograd.grad(result, values, gradient, allow_unused=True))

    names = [f"v{i}" for i in range(len(values))]
    node = Node("result", op, tuple(names), 1)
    inputs = [Input(name, "step", (1,)) for name in (*names, "g")]
    given = {name: value.detach() for name, value in zip(names, values, strict=True)} | {"g": gradient}
    for index, wanted in enumerate(expected):
        b = Builder(inputs, [node])
        found = apply(b, node, index, "g")
        if found is None:
            assert wanted is None or not wanted.any()
            continue
        assert isinstance(found, str)
        mine = evaluate(Program(tuple(inputs), tuple(b.nodes), (), ()), given)[found]
        assert wanted is not None
        # The same operations but for constants that were moved; softplus: see there.
        torch.testing.assert_close(mine, wanted, rtol=1e-14 if op != "softplus" else 1e-8, atol=1e-15)


def test_the_most_common_ones_are_one_operation() -> None:
    for op in ("tanh", "sigmoid", "relu"):
        nodes, (end,) = partials(op)
        assert (nodes[str(end)].op, nodes[str(end)].args) == (f"{op}_grad", ("gradient", "result"))


def test_a_number_as_exponent_leaves_no_choice() -> None:
    node = Node("result", "pow", ("a", 2.5), 1)
    b = Builder([Input("a", "step", (1,)), Input("g", "step", (1,))], [node])
    apply(b, node, 0, "g")
    assert [node.op for node in b.nodes] == ["pow", "pow", "mul", "mul"]


@pytest.mark.parametrize(
    "mode",
    [
        torch.no_grad,
        torch.inference_mode,
        lambda: torch.device("meta"),
        lambda: torch.autocast("cpu", torch.bfloat16),
        lambda: torch._subclasses.FakeTensorMode(),
    ],
    ids=["no_grad", "inference_mode", "device", "autocast", "fake tensors"],
)
def test_whatever_the_caller_has_switched_on(mode: type[torch.no_grad]) -> None:
    expected = partials("erf")
    partials.cache_clear()
    with mode():
        assert partials("erf") == expected
        b = Builder([Input("a", "step", (1,))])
        assert b.add("exp", 0.0) == 1.0


def test_several_threads_at_once() -> None:
    partials.cache_clear()
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append([partials(op) for op in ELEMENTWISE])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(one == found[0] for one in found)
