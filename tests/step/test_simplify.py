"""The normal form of a program: the same values, nothing left to simplify, nothing that waits without need."""

import torch
from hypothesis import given, settings

from elman.step.check import check
from elman.step.dependencies import levels
from elman.step.interpret import evaluate
from elman.step.program import Input, Node, Program
from elman.step.simplify import simplify
from elman.step.text import to_text
from random_programs import programs, random_values

EPS = torch.finfo(torch.float64).eps


@settings(max_examples=300)
@given(programs())
def test_random_programs_keep_the_laws(program: Program) -> None:
    check(program)


@settings(max_examples=300)
@given(programs())
def test_it_means_the_same(program: Program) -> None:
    values = random_values(program, 5)
    simple = simplify(program)
    before, after = evaluate(program, values), evaluate(simple, values)
    for (name, old), (same, new) in zip(
        (*program.outputs, *program.states), (*simple.outputs, *simple.states), strict=True
    ):
        assert name == same
        torch.testing.assert_close(after[new], before[old], rtol=1e-9, atol=1e-9)
