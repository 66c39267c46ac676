"""Stages: run in order they are the whole, and nothing waits that need not."""

import pytest
import torch
from equations import CELLS, program
from hypothesis import given, settings
from over_time import stage_by_stage, step_by_step
from random_programs import programs, random_values

from elman.step.dependencies import levels, loops, waits_for
from elman.step.derivative import derive
from elman.step.program import Input, Node, Program
from elman.step.simplify import simplify
from elman.step.split import split


@settings(max_examples=300, derandomize=True)
@given(programs())
def test_stages_in_order_are_the_whole(program: Program) -> None:
    values = random_values(program, 3, time=4)
    y, state = step_by_step(program, values)
    found, final = stage_by_stage(program, split(program), values)
    # The same operations on the same numbers; torch's products may round differently by the number of rows.
    torch.testing.assert_close(found[program.outputs[0][1]], y, rtol=1e-12, atol=1e-12)
    for name, value in state.items():
        torch.testing.assert_close(final[name], value, rtol=1e-12, atol=1e-12)


@settings(max_examples=300, derandomize=True)
@given(programs())
def test_every_node_and_state_stands_in_one_stage(program: Program) -> None:
    stages = split(program)
    assert sorted(node.name for stage in stages for node in stage.nodes) == sorted(n.name for n in program.nodes)
    assert sorted(name for stage in stages for name in stage.states) == sorted(name for name, _ in program.states)
    assert all(stage.nodes or stage.states for stage in stages)


@settings(max_examples=300, derandomize=True)
@given(programs())
def test_what_waits_for_no_state_is_before_all_loops(program: Program) -> None:
    stages, waits = split(program), waits_for(program)
    first = [] if stages[0].states else [node.name for node in stages[0].nodes]
    assert first == [node.name for node in program.nodes if not waits[node.name]]


@settings(max_examples=300, derandomize=True)
@given(programs())
def test_in_a_loop_stands_only_what_it_needs(program: Program) -> None:
    """A new state is made from it, or it is combined with an old one."""
    for stage in split(program):
        needed = {value for name, value in program.states if name in stage.states}
        for node in reversed(stage.nodes if stage.states else ()):
            assert node.name in needed or set(node.args) & (set(stage.states) | needed)
            needed |= set(map(str, node.args)) if node.name in needed or set(node.args) & set(stage.states) else set()


def two_states(*nodes: tuple, s: str, h: str) -> Program:
    """Nodes "0", "1", … over x, s and h, all of width 2."""
    block = (0, 0, 2, 0, 2)
    found = [Node(str(i), op, tuple(args), 2, block if op == "matmul" else ()) for i, (op, *args) in enumerate(nodes)]
    inputs = [
        Input("W", "weight", (2, 2)),
        Input("x", "step", (2,)),
        Input("s", "state", (2,)),
        Input("h", "state", (2,)),
    ]
    return Program(tuple(inputs), tuple(found), (("y", h),), (("s", s), ("h", h)))


def test_the_loops_of_an_scrn() -> None:
    stages = split(program("scrn"))
    assert [(stage.states, stage.linear) for stage in stages] == [
        ((), False),
        (("s",), True),
        ((), False),
        (("h",), False),
    ]
    assert [node.op for node in stages[1].nodes] == ["mul", "add"]
    assert [node.op for node in stages[2].nodes] == ["matmul", "add"]
    assert [node.op for node in stages[3].nodes] == ["matmul", "add", "sigmoid"]


@pytest.mark.parametrize("name", ["elman", "lstm", "gru"])
def test_the_loops_of_gated_cells(name: str) -> None:
    stages = split(program(name))
    assert [bool(stage.states) for stage in stages] == [False, True]
    assert not stages[1].linear


def test_states_that_need_each_other_share_a_loop() -> None:
    both = two_states(("add", "h", "x"), ("mul", "s", "x"), s="0", h="1")
    assert loops(both) == (("s", "h"),)


def test_an_old_value_is_read_in_its_own_loop_only() -> None:
    """h' = s h: the old s is combined with the old h, so their loops are one. With the new s there are two."""
    old = two_states(("add", "s", "x"), ("mul", "s", "h"), s="0", h="1")
    new = two_states(("add", "s", "x"), ("mul", "0", "h"), s="0", h="1")
    assert loops(old) == (("s", "h"),)
    assert loops(new) == (("s",), ("h",))


def test_a_state_that_is_the_old_value_of_another() -> None:
    assert loops(two_states(s="x", h="s")) == (("s", "h"),)


@pytest.mark.parametrize(
    ("nodes", "linear"),
    [
        ([("mul", "s", "x"), ("add", "0", "x")], True),
        ([("mul", "s", 0.5), ("sub", "x", "0")], True),
        ([("div", "s", "x"), ("add", "0", "0")], True),
        ([("div", "x", "s"), ("add", "0", "x")], False),
        ([("mul", "s", "s"), ("add", "0", "x")], False),
        ([("tanh", "s"), ("add", "0", "x")], False),
        ([("matmul", "s", "W"), ("add", "0", "x")], False),
        ([("maximum", "s", "x"), ("add", "0", "x")], False),
    ],
)
def test_linear_loops(nodes: list[tuple], linear: bool) -> None:
    program = two_states(*nodes, s="1", h="h")
    assert [stage.linear for stage in split(program) if stage.states == ("s",)] == [linear]


def test_levels_count_the_loops_before() -> None:
    step = program("scrn")
    found = levels(step)
    assert [found[name] for name in ("x", "s", "h", dict(step.states)["s"], dict(step.states)["h"])] == [0, 1, 2, 1, 2]


@pytest.mark.parametrize("name", CELLS)
def test_an_adjoint_has_as_many_loops(name: str) -> None:
    step = program(name)
    adjoint = derive(step, [value.name for value in step.of_kind("weight")]).program
    assert [len(group) for group in loops(adjoint)] == [len(group) for group in reversed(loops(step))]


def test_a_mean_with_learned_decay_runs_in_parallel_both_ways() -> None:
    inputs = (Input("x", "step", (2,)), Input("a", "weight", (2,)), Input("h", "state", (2,)))
    nodes = (Node("p", "mul", ("h", "a"), 2), Node("q", "add", ("p", "x"), 2), Node("r", "tanh", ("q",), 2))
    step = simplify(Program(inputs, nodes, (("y", "r"),), (("h", "q"),)))
    assert [(stage.states, stage.linear) for stage in split(step)] == [(("h",), True), ((), False)]
    adjoint = derive(step, ["a", "x"]).program
    assert [stage.linear for stage in split(adjoint) if stage.states] == [True]
