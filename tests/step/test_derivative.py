"""The adjoint of a step against what autograd makes of the plain loop."""

from collections import Counter

import pytest
import torch
from equations import CELLS, program
from hypothesis import given, settings
from hypothesis import strategies as st
from over_time import backward, step_by_step
from random_programs import programs, random_values

from elman.step.check import ProgramError
from elman.step.derivative import derive, output_name
from elman.step.program import Input, Node, Program, Stage
from elman.step.simplify import simplify
from elman.step.split import split


def weights(program: Program) -> list[str]:
    return [value.name for value in program.of_kind("weight")]


def loop(program: Program) -> Stage:
    """Its one loop."""
    (found,) = (stage for stage in split(program) if stage.states)
    return found


@settings(max_examples=300, derandomize=True)
@given(programs(), st.data())
def test_gradients_are_those_of_autograd(program: Program, data: st.DataObject) -> None:
    """Over four steps, with gradients of the final states; 1e-8: rounding of up to fifty operations in float64."""
    program = simplify(program)
    names = [value.name for value in program.inputs if value.kind != "state"]
    needs = data.draw(st.sets(st.sampled_from(names)))
    values = {name: value.requires_grad_() for name, value in random_values(program, 3, time=4).items()}
    y, state = step_by_step(program, values)
    d_y = torch.randn_like(y)
    d_state = {name: torch.randn_like(value) for name, value in state.items()}
    loss = (y * d_y).sum() + sum((value * d_state[name]).sum() for name, value in state.items())
    loss = loss + 0 * sum(value.sum() for value in values.values())  # so that it depends on all of them
    wanted = [*needs, *state]
    right = torch.autograd.grad(loss, [values[name] for name in wanted], allow_unused=True, materialize_grads=True)
    derivative = derive(program, needs)
    with torch.no_grad():
        found = backward(program, derivative, {n: v.detach() for n, v in values.items()}, d_y, d_state)
    for name, gradient in zip(wanted, right, strict=True):
        torch.testing.assert_close(found.get(name, torch.zeros_like(gradient)), gradient, rtol=1e-8, atol=1e-8)


@settings(max_examples=200, derandomize=True)
@given(programs(), st.data())
def test_its_names_are_the_promised_ones(program: Program, data: st.DataObject) -> None:
    program = simplify(program)
    names = {value.name: value for value in program.inputs if value.kind != "state"}
    needs = data.draw(st.sets(st.sampled_from(list(names))))
    derivative = derive(program, needs)
    adjoint = derivative.program
    kinds = {name: value.kind for name, value in names.items()}
    assert [name for name, _ in adjoint.outputs] == [f"d.{n}" for n in names if n in needs and kinds[n] == "step"]
    states = [f"d.{value.name}" for value in program.of_kind("state")]
    assert [name for name, _ in adjoint.states] == states + [
        f"d.{n}" for n in names if n in needs and kinds[n] == "row"
    ]
    assert {gradient.weight for gradient in adjoint.gradients} <= {n for n in needs if kinds[n] == "weight"}
    assert set(derivative.kept) <= set(program.values)
    given = {"y", "d.y", *derivative.kept, *(value.name for value in program.of_kind("step"))}
    assert {value.name for value in adjoint.of_kind("step")} <= given
    assert set(derivative.kept) <= {value.name for value in adjoint.of_kind("step")} | {v for _, v in program.states}
    # Every old value that is asked for can be had: y, a step input, or something kept.
    new, there = dict(program.states), {dict(program.outputs)["y"], *derivative.kept}
    for value in adjoint.of_kind("previous"):
        assert new[value.name] in there or names[new[value.name]].kind == "step"


@pytest.mark.parametrize("name", CELLS)
def test_deriving_again_gives_the_same(name: str) -> None:
    assert derive(program(name), weights(program(name))) == derive(program(name), weights(program(name)))


def test_the_loop_of_an_elman_adjoint() -> None:
    derivative = derive(program("elman"), ["U", "W", "b"])
    assert derivative.kept == ()
    assert [(node.op, node.args) for node in derivative.program.nodes] == [
        ("add", ("d.y", "d.h")),
        ("tanh_grad", ("a1", "y")),
        ("matmul", ("a2", "W")),
    ]
    assert [(g.weight, g.left, g.right) for g in derivative.program.gradients] == [
        ("U", "x", "a2"),
        ("W", "h", "a2"),
        ("b", None, "a2"),
    ]


def test_the_loop_of_an_lstm_adjoint() -> None:
    """Elementwise work of the gates and one product for each; the weights' gradients are products after it."""
    derivative = derive(program("lstm"), ["U", "W", "b"])
    found = Counter(node.op for node in loop(derivative.program).nodes)
    # d.y + d.h, d.c + …, three sums of four products; o, i, g, f, c, tanh(c) times a gradient
    assert found == Counter({"matmul": 4, "sigmoid_grad": 3, "tanh_grad": 2, "mul": 6, "add": 5})
    products = [node for node in loop(derivative.program).nodes if node.op == "matmul"]
    assert {node.args[1] for node in products} == {"W"}
    assert all(node.attributes[0] == 1 for node in products)
    assert Counter((g.weight, g.left) for g in derivative.program.gradients) == Counter(
        {("U", "x"): 4, ("W", "h"): 4, ("b", None): 4}
    )


def test_the_loop_of_a_gru_adjoint() -> None:
    found = Counter(node.op for node in loop(derive(program("gru"), ["U", "W", "b", "e"]).program).nodes)
    # g = d.y + d.h;  g z, g (1 - z), g (h - n), r, and what r multiplies;  three sums of four terms
    assert found == Counter({"matmul": 3, "sigmoid_grad": 2, "tanh_grad": 1, "mul": 5, "add": 4})


@pytest.mark.parametrize("name", CELLS)
def test_the_gradient_of_x_is_outside_of_the_loop_and_only_if_asked_for(name: str) -> None:
    step = program(name)
    without, having = derive(step, weights(step)).program, derive(step, [*weights(step), "x"]).program
    assert [name for name, _ in having.outputs] == ["d.x"]
    inside = {node.name for stage in split(having) if stage.states for node in stage.nodes}
    assert dict(having.outputs)["d.x"] not in inside
    counts = [Counter(n.op for s in split(p) if s.states for n in s.nodes) for p in (without, having)]
    assert counts[0] == counts[1]


def test_what_nobody_needs_is_not_computed() -> None:
    step = program("lstm")
    assert derive(step, []).program.gradients == ()
    only = derive(step, ["b"]).program
    assert {gradient.weight for gradient in only.gradients} == {"b"}
    assert "U" not in {arg for stage in split(only) if stage.states for node in stage.nodes for arg in node.args}


def test_a_weight_used_twice_with_the_same_left_side_has_one_product() -> None:
    inputs = (Input("W", "weight", (3, 3)), Input("x", "step", (3,)), Input("h", "state", (3,)))
    block = (0, 0, 3, 0, 3)
    nodes = (
        Node("p", "matmul", ("x", "W"), 3, block),
        Node("q", "tanh", ("p",), 3),
        Node("r", "mul", ("p", "h"), 3),
        Node("s", "add", ("q", "r"), 3),
        Node("t", "matmul", ("h", "W"), 3, block),
        Node("u", "add", ("s", "t"), 3),
    )
    found = derive(simplify(Program(inputs, nodes, (("y", "u"),), (("h", "u"),))), ["W"]).program
    assert sorted(str(gradient.left) for gradient in found.gradients) == ["h", "x"]


def test_wrong_names_are_errors() -> None:
    step = program("elman")
    with pytest.raises(ProgramError, match=r"asked for \['V'\]"):
        derive(step, ["U", "V"])
    with pytest.raises(ProgramError, match=r"asked for \['h'\]"):
        derive(step, ["h"])
    odd = Program((Input("h", "state", (2,)), Input("d.h", "row", (2,))), (), (("y", "h"),), (("h", "h"),))
    with pytest.raises(ProgramError, match=r"named \['d.h'\]"):
        derive(odd, [])


def test_a_state_named_like_the_output() -> None:
    """A Jordan network may call its state y: the output then goes by another name in the adjoint."""
    inputs = (Input("x", "step", (2,)), Input("y", "state", (2,)))
    nodes = (Node("a1", "add", ("x", "y"), 2), Node("a2", "tanh", ("a1",), 2))
    step = simplify(Program(inputs, nodes, (("y", "a2"),), (("y", "a2"),)))
    assert output_name(step) == "output"
    assert output_name(program("elman")) == "y"
    derivative = derive(step, ["x"])
    values = {name: value.requires_grad_() for name, value in random_values(step, 3, time=4).items()}
    y, _ = step_by_step(step, values)
    right = torch.autograd.grad(y.sum(), [values["x"], values["y"]])
    detached = {name: value.detach() for name, value in values.items()}
    found = backward(step, derivative, detached, torch.ones_like(y), {})
    torch.testing.assert_close([found["x"], found["y"]], list(right))
