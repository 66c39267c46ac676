"""Random steps, captured from torch like any cell's, on the native machine and on the reference loop."""

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.conformance.conftest import need_native
from tests.conformance.laws import gradients, set_machine
from tests.step.random_programs import programs, random_values
from torch import Tensor, nn

from elman.cells import Cell
from elman.layers import Recurrent
from elman.native import available
from elman.step.interpret import as_step, evaluate
from elman.step.program import Program

pytestmark = pytest.mark.skipif(not available(), reason="elman was built without its native machine")
EPS = torch.finfo(torch.float64).eps


class Drawn(Cell):
    """A random program as a cell: its step is the program, run by torch node by node."""

    def __init__(self, program: Program, seed: int) -> None:
        values = random_values(program, 2, seed)
        y = evaluate(program, values)[program.outputs[0][1]]
        super().__init__(
            input_size=program.values["x"].width,
            output_size=y.shape[1],
            states={value.name: value.width for value in program.of_kind("state")},
        )
        self.program = program
        self.weights = nn.ParameterDict({value.name: values[value.name] for value in program.of_kind("weight")})

    def step(self, x: Tensor, **state: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        return as_step(self.program, dict(self.weights))(x, **state)


@settings(max_examples=200)
@given(
    program=programs(rows=False, steps=False),
    n=st.integers(1, 9),
    time=st.integers(1, 6),
    seed=st.integers(0, 2**16),
)
def test_any_step_equals_the_reference(program: Program, n: int, time: int, seed: int) -> None:
    need_native()
    assume(all(node.op != "full" for node in program.nodes))  # in torch, rows of one number and a weight make a weight
    generator = torch.Generator().manual_seed(seed)
    layer = Recurrent(Drawn(program, seed))
    x = torch.randn(n, time, layer.input_size, dtype=torch.float64, generator=generator).clamp(-2, 2)
    start = {name: torch.randn(n, w, dtype=torch.float64, generator=generator) for name, w in layer.states.items()}
    lengths = torch.randint(0, time + 1, (n,), generator=generator)
    leaves = [x.requires_grad_(), *(value.requires_grad_() for value in start.values())]
    found = []
    for machine in ("reference", "native"):
        y, final = set_machine(layer, machine)(x, lengths, start)
        found.append([y, *(final[name] for name in layer.states), *gradients(layer, y, final, leaves)])
    for right, mine in zip(*found, strict=True):
        # values stay below about ten by construction, gradients below a few thousand; 6 steps of a dozen operations
        torch.testing.assert_close(mine, right, rtol=2**12 * EPS, atol=2**16 * EPS)
