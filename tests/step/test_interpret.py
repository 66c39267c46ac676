"""The interpreter against the cells whose programs it runs."""

import pytest
import torch
from equations import CELLS

from elman.step.interpret import as_step, evaluate
from elman.step.operations import ELEMENTWISE
from elman.step.program import Input, Node, Program
from elman.step.reference import unroll
from elman.step.trace import trace


@pytest.mark.parametrize("name", CELLS)
def test_a_program_does_what_the_cell_does(name: str) -> None:
    cell = CELLS[name](3, 4)
    capture = trace(cell, dtype=torch.float64)
    x = torch.randn(2, 5, 3, dtype=torch.float64)
    state = {state: torch.randn(2, width, dtype=torch.float64) for state, width in cell.states.items()}
    lengths = torch.tensor([3, 5])
    step = as_step(capture.program, capture.weights(cell))
    mine, theirs = (unroll(run, x, lengths, state, output_size=4) for run in (step, cell.step))
    # The same operations in the same order: the same bits.
    assert torch.equal(mine[0], theirs[0])
    assert all(torch.equal(mine[1][state], theirs[1][state]) for state in cell.states)


def test_features() -> None:
    nodes = (
        Node("total", "sum", ("x",), 1),
        Node("largest", "max", ("x",), 1),
        Node("middle", "slice", ("x",), 2, (1, 3)),
        Node("b1", "slice", ("b",), 2, (0, 2)),
        Node("moved", "add", ("middle", "b1"), 2),
        Node("wide", "expand", ("total",), 3),
        Node("all", "expand", ("b",), 3),
        Node("scalar", "expand", ("g",), 2),
        Node("ones", "full", (), 2, (1.0,)),
        Node("both", "concat", ("moved", "largest"), 3),
        Node("times", "matmul", ("middle", "W"), 1, (0, 1, 3, 2, 3)),
        Node("turned", "matmul", ("middle", "W"), 1, (1, 0, 1, 0, 2)),
    )
    inputs = (
        Input("x", "step", (3,)),
        Input("b", "weight", (3,)),
        Input("g", "weight", ()),
        Input("W", "weight", (3, 3)),
    )
    values = {
        "x": torch.tensor([[1.0, 2.0, 4.0], [5.0, 0.0, -1.0]]),
        "b": torch.tensor([10.0, 20.0, 30.0]),
        "g": torch.tensor(7.0),
        "W": torch.arange(9.0).reshape(3, 3),
    }
    found = evaluate(Program(inputs, nodes, (), ()), values)
    expected = {
        "total": [[7.0], [4.0]],
        "largest": [[4.0], [5.0]],
        "middle": [[2.0, 4.0], [0.0, -1.0]],
        "moved": [[12.0, 24.0], [10.0, 19.0]],
        "wide": [[7.0] * 3, [4.0] * 3],
        "all": [[10.0, 20.0, 30.0]] * 2,
        "scalar": [[7.0, 7.0]] * 2,
        "ones": [[1.0, 1.0]] * 2,
        "both": [[12.0, 24.0, 4.0], [10.0, 19.0, 5.0]],
        "times": [[2 * 5.0 + 4 * 8.0], [-8.0]],
        "turned": [[2 * 0.0 + 4 * 1.0], [-1.0]],
    }
    assert {name: found[name].tolist() for name in expected} == expected


@pytest.mark.parametrize("op", ELEMENTWISE)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_operation_takes_rows_vectors_and_numbers(op: str, dtype: torch.dtype) -> None:
    """And gives rows in the dtype of its rows."""
    arity = ELEMENTWISE[op].arity
    given = {"x": torch.rand(2, 3, dtype=dtype), "n": torch.rand(2, 1, dtype=dtype), "b": torch.rand(3, dtype=dtype)}
    inputs = (Input("x", "step", (3,)), Input("n", "step", (1,)), Input("b", "weight", (3,)))
    for place in range(arity):
        for others in (["n"] * arity, ["b"] * arity, [0.5] * arity, ["n", "b", 0.5][:arity]):
            args = tuple("x" if i == place else other for i, other in enumerate(others))
            found = evaluate(Program(inputs, (Node("a", op, args, 3),), (), ()), given)["a"]
            assert found.shape == (2, 3)
            assert found.dtype == dtype
