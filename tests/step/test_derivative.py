"""The adjoint of a step against what autograd makes of the plain loop."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.step.derivative import derive
from elman.step.program import Program
from elman.step.simplify import simplify
from over_time import backward, stage_by_stage, step_by_step
from elman.step.split import split
from random_programs import programs, random_values


@settings(max_examples=200)
@given(programs())
def test_stages_in_order_are_the_whole(program: Program) -> None:
    values = random_values(program, 3, time=4)
    y, state = step_by_step(program, values)
    found, final = stage_by_stage(program, split(program), values)
    torch.testing.assert_close(found[program.outputs[0][1]], y, rtol=1e-9, atol=1e-9)
    for name, value in state.items():
        torch.testing.assert_close(final[name], value, rtol=1e-9, atol=1e-9)


@settings(max_examples=200)
@given(programs(), st.data())
def test_gradients_are_those_of_autograd(program: Program, data: st.DataObject) -> None:
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
