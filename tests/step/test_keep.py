"""What is kept for the backward run: enough, and by its own measure the cheapest choice there is."""

from itertools import combinations

import pytest
from equations import program
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from random_programs import programs

from elman.step.derivative import derive
from elman.step.keep import FEATURES, choose
from elman.step.program import Program
from elman.step.simplify import simplify


def cost(program: Program, needed: set[str], kept: set[str]) -> int | None:
    """What a choice costs in stored features and repeated products; None if something needed is then not at hand."""
    states = dict(program.states)
    sequences = {value.name for value in program.of_kind("step")} | {program.outputs[0][1]} - set(states)
    given = sequences | kept | {value.name for value in program.inputs if value.kind != "state"}
    again: set[str] = set()
    todo = list(needed)
    while todo:
        name = todo.pop()
        if name in states:  # its old value: the sequence of its new ones
            if states[name] not in sequences | kept:
                return None
        elif name not in given and name not in again:
            again.add(name)
            todo += [arg for arg in program.values[name].args if isinstance(arg, str)]  # type: ignore[union-attr]
    products = [node.attributes for node in program.nodes if node.name in again and node.op == "matmul"]
    stored = FEATURES * sum(program.values[name].width for name in kept)
    return stored + sum(int((r1 - r0) * (c1 - c0)) for _, r0, r1, c0, c1 in products)


@settings(max_examples=200, derandomize=True)
@given(programs(operations=6), st.data())
def test_no_choice_is_cheaper(program: Program, data: st.DataObject) -> None:
    """Against every choice there is. (A state's new value is stored once for two uses, which a cut counts twice.)"""
    program = simplify(program)
    names = [node.name for node in program.nodes if node.name not in program.vectors]
    assume(1 <= len(names) <= 9)
    needed = data.draw(st.sets(st.sampled_from([*names, *dict(program.states)]), min_size=1))
    choice = choose(program, needed)
    mine = cost(program, needed, set(choice.kept))
    assert mine is not None
    new = {value for _, value in program.states}
    candidates = {*names, *new}
    all_costs = [
        found
        for size in range(len(candidates) + 1)
        for kept in combinations(sorted(candidates), size)
        if (found := cost(program, needed, set(kept))) is not None
    ]
    slack = FEATURES * sum(program.values[value].width for value in new)
    assert min(all_costs) <= mine <= min(all_costs) + slack
    forced = {dict(program.states)[name] for name in needed if name in dict(program.states)}
    if new <= forced | {program.outputs[0][1]}:
        assert mine == min(all_costs)


@pytest.mark.parametrize(("h", "blocks"), [(8, 1), (512, 5)])
def test_an_lstm_keeps_c_and_if_it_is_wide_its_gates(h: int, blocks: int) -> None:
    """Of i, f, g, o, c, tanh(c) and h: h is y, tanh(c) is computed from c."""
    step = program("lstm", 3, h)
    kept = derive(step, ["U", "W", "b"]).kept
    assert sum(step.values[name].width for name in kept) == blocks * h
    assert dict(step.states)["c"] in kept


@pytest.mark.parametrize(("h", "blocks"), [(8, 0), (512, 3)])
def test_a_gru_keeps_nothing_or_if_it_is_wide_its_gates(h: int, blocks: int) -> None:
    """r, z and h W_n; from r, h W_n and a narrow x, n is computed again."""
    step = program("gru", 3, h)
    kept = derive(step, ["U", "W", "b", "e"]).kept
    assert sum(step.values[name].width for name in kept) == blocks * h


@pytest.mark.parametrize("h", [8, 512])
def test_an_elman_network_keeps_nothing_but_its_output(h: int) -> None:
    assert derive(program("elman", 3, h), ["U", "W", "b"]).kept == ()
