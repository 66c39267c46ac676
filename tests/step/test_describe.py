"""Printed equations: those of a textbook, and when they are computed as they stand, the program's numbers."""

from dataclasses import dataclass

import pytest
import torch
from equations import CELLS, program
from hypothesis import given, settings
from random_programs import programs, random_values
from torch import Tensor

from elman.step.derivative import derive
from elman.step.describe import LENGTH, describe
from elman.step.interpret import evaluate
from elman.step.operations import ELEMENTWISE
from elman.step.program import Input, Node, Program
from elman.step.simplify import simplify


def test_an_elman_network() -> None:
    assert describe(program("elman", 3, 5)).split("\n") == [
        "x (n, 3), h (n, 5); U (3, 5), W (5, 5), b (5)",
        "input → hidden",
        "    a2 = x @ U + b",
        "hidden → hidden (waits for the step before)",
        "    h' = tanh(a2 + h @ W)",
        "hidden → output",
        "    y = h'",
    ]


def test_an_scrn() -> None:
    assert [line for line in describe(program("scrn", 3, 5)).split("\n") if not line.startswith(" ")][1:] == [
        "input → hidden",
        "hidden → hidden: s (waits for the step before, linear)",
        "hidden → hidden (all steps at once)",
        "hidden → hidden: h (waits for the step before)",
        "hidden → output",
    ]


@pytest.mark.parametrize("name", CELLS)
def test_lines_can_be_read(name: str) -> None:
    step = program(name, 3, 5)
    for shown in (step, derive(step, [value.name for value in step.of_kind("weight")]).program):
        lines = describe(shown).split("\n")
        assert all(len(line) <= LENGTH + 30 for line in lines[1:])
        assert len(lines) == len(set(lines)) or shown is not step


@dataclass(frozen=True)
class Value:
    """A tensor whose comparisons are 0 and 1, as in a program."""

    tensor: Tensor

    def __getitem__(self, index: object) -> "Value":
        return Value(self.tensor[index])  # type: ignore[index]

    def __neg__(self) -> "Value":
        return Value(-self.tensor)

    @property
    def T(self) -> "Value":  # noqa: N802
        """The transposed matrix."""
        return Value(self.tensor.T)


def _of(value: "Value | float") -> Tensor:
    return value.tensor if isinstance(value, Value) else torch.tensor(value, dtype=torch.float64)


METHODS = {"+": "add", "-": "sub", "*": "mul", "/": "truediv", "@": "matmul", "**": "pow"}
METHODS |= {">": "gt", ">=": "ge", "<": "lt", "<=": "le", "==": "eq", "!=": "ne"}
for operation in ELEMENTWISE.values():
    if operation.arity == 2 and operation.symbol:

        def forwards(a: Value, b: "Value | float", define: object = operation.define) -> Value:
            return Value(define(_of(a), _of(b)))  # type: ignore[operator]

        def backwards(a: Value, b: "Value | float", define: object = operation.define) -> Value:
            return Value(define(_of(b), _of(a)))  # type: ignore[operator]

        method = METHODS[operation.symbol]
        setattr(Value, f"__{method}__", forwards)
        setattr(Value, f"__r{method}__", backwards)
Value.__matmul__ = lambda a, b: Value(a.tensor @ b.tensor)  # type: ignore[attr-defined]


@settings(max_examples=200, derandomize=True)
@given(programs())
def test_equations_computed_as_they_stand_are_the_program(program: Program) -> None:
    """Python reads the printed lines; numbers are printed to six digits."""
    program = simplify(program)
    values = random_values(program, 3)
    names: dict[str, object] = {name: Value(value) for name, value in values.items()}
    for op, one in ELEMENTWISE.items():
        names[op] = lambda *args, define=one.define: Value(define(*map(_of, args)))
    names["sum"] = lambda a: Value(a.tensor.sum(1, keepdim=True))
    names["max"] = lambda a: Value(a.tensor.amax(1, keepdim=True))
    names["concat"] = lambda *args: Value(torch.cat([arg.tensor for arg in args], 1))
    names["expand"] = lambda a, width: Value(a.tensor.expand(3, width))
    names["full"] = lambda number, width: Value(torch.full((3, width), number, dtype=torch.float64))
    for line in describe(program).split("\n"):
        if line.startswith("    "):
            name, expression = line.strip().replace("'", "_new").split(" = ", 1)
            names[name] = eval(expression, {"__builtins__": {}}, names)  # noqa: S307
    right = evaluate(program, values)
    ends = {"y": program.outputs[0][1]} | {f"{name}_new": value for name, value in program.states}
    for name, value in ends.items():
        found = names[name]
        assert isinstance(found, Value)
        torch.testing.assert_close(found.tensor, right[value], rtol=1e-3, atol=1e-3)


def test_products_are_not_ambiguous() -> None:
    """(r h) W is written with brackets."""
    step = Program(
        inputs=(Input("x", "step", (2,)), Input("W", "weight", (2, 2)), Input("h", "state", (2,))),
        nodes=(Node("r", "mul", ("x", "h"), 2), Node("p", "matmul", ("r", "W"), 2, (0, 0, 2, 0, 2))),
        outputs=(("y", "p"),),
        states=(("h", "p"),),
    )
    assert "(x * h) @ W" in describe(step)
