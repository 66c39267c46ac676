"""The machine checks every code and every tensor before it touches memory."""

from typing import Any

import pytest
import torch
from tests.native.harness import view

from elman.native import Machine, available, instruction_set
from elman.native.library import machine, opcodes
from elman.step.operations import ELEMENTWISE
from elman.step.program import Input, Node, Program
from elman.step.split import split

pytestmark = pytest.mark.skipif(not available(), reason="elman was built without its native machine")
CHUNK, STEP, CARRY = 0, 1, 2
BUFFER, VECTOR, CONSTANT = 1, 2, 3


def code() -> Any:
    """Buffers of width 3: two of a chunk (0, 1), one of a step (2), a state (3); a matrix, a vector, a number."""
    c = machine().Code(False)
    for lifetime in (CHUNK, CHUNK, STEP, CARRY):
        c.add_buffer(3, lifetime)
    c.add_state(3, 3, True)
    c.add_weight(3, 3, False)
    c.add_weight(1, 3, True)
    c.add_matrix(0, 0, 3, 0, 3, False)
    c.add_vector(1, 0, 3)
    c.add_constant(2.0)
    return c


def rows(buffer: int, offset: int = 0, width: int = 3) -> tuple[int, int, int, int]:
    return (BUFFER, buffer, offset, width)


def instruction(
    c: Any, op: str, *operands: Any, loop: bool = False, dst: int = 1, offset: int = 0, width: int = 3
) -> None:
    c.add_stage(loop, [0] if loop else [])
    c.add_instruction(opcodes()[op], width, dst, offset, list(operands), 0)


def test_the_names_of_operations_are_those_of_programs() -> None:
    assert set(ELEMENTWISE) <= set(opcodes())
    assert {"copy", "fma", "sum", "max", "matmul"} == set(opcodes()) - set(ELEMENTWISE)


def test_good_instructions_are_taken() -> None:
    instruction(code(), "add", rows(0), (CONSTANT, 0, 0, 1))
    instruction(code(), "add", rows(0, 1, 1), (VECTOR, 0, 0, 3))
    instruction(code(), "matmul", rows(0), (VECTOR, 0, 0, 3))
    instruction(code(), "tanh", rows(3), loop=True, dst=2)
    instruction(code(), "max", rows(0), width=1)


@pytest.mark.parametrize(
    ("op", "operands", "options", "words"),
    [
        ("add", [rows(0)], {}, "wrong number of operands"),
        ("add", [rows(0), rows(9)], {}, "no such buffer"),
        ("add", [rows(0), rows(-1)], {}, "no such buffer"),
        ("add", [rows(0), rows(1, 1, 3)], {}, "outside of its buffer"),
        ("add", [rows(0), rows(1, -1, 3)], {}, "outside of its buffer"),
        ("add", [rows(0), rows(1, 2**62, 2)], {}, "outside of its buffer"),
        ("add", [rows(0), rows(1, 0, 2)], {}, "unequal width"),
        ("add", [rows(0), rows(1, 0, 0)], {}, "width 0"),
        ("add", [rows(0), rows(1, 0, 2**60)], {}, "width"),
        ("add", [rows(0), (VECTOR, 1, 0, 3)], {}, "no such vector"),
        ("add", [rows(0), (VECTOR, 0, 0, 1)], {}, "another width"),
        ("add", [rows(0), (CONSTANT, 0, 0, 3)], {}, "constant has width 1"),
        ("add", [rows(0), (7, 0, 0, 3)], {}, "unknown kind of operand"),
        ("add", [rows(0), rows(1)], {"dst": 9}, "no such buffer"),
        ("add", [rows(0), rows(1)], {"offset": 1}, "outside of its buffer"),
        ("tanh", [rows(2)], {}, "lives for one step"),
        ("tanh", [rows(3)], {}, "lives for one step"),
        ("matmul", [rows(0, 0, 2)], {}, "its own width"),
        ("matmul", [rows(1)], {}, "overwrites what it reads"),
        ("matmul", [rows(0), (CONSTANT, 0, 0, 1)], {}, "same width"),
        ("matmul", [rows(0)], {"width": 2}, "fills a whole buffer"),
        ("matmul", [(VECTOR, 0, 0, 3)], {}, "its own width"),
        ("sum", [rows(0)], {}, "one number each"),
    ],
)  # fmt: skip
def test_bad_instructions_are_refused(op: str, operands: list[Any], options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        instruction(code(), op, *operands, **options)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda c: c.add_buffer(0, CHUNK), "width 0"),
        (lambda c: c.add_buffer(2**40, CHUNK), "width"),
        (lambda c: c.add_buffer(3, 5), "lifetime"),
        (lambda c: c.add_matrix(0, 0, 4, 0, 3, False), "outside of its weight"),
        (lambda c: c.add_matrix(0, 2, 2, 0, 3, False), "outside of its weight"),
        (lambda c: c.add_matrix(5, 0, 1, 0, 1, False), "no such weight"),
        (lambda c: c.add_vector(0, 0, 3), "matrix is used as a vector"),
        (lambda c: c.add_vector(1, 1, 4), "outside of its weight"),
        (lambda c: c.add_state(3, 0, True), "carried buffer"),
        (lambda c: c.add_load(0, 0, 0), "no such input"),
        (lambda c: c.add_instruction(opcodes()["tanh"], 3, 1, 0, [rows(0)], -1), "outside of any stage"),
        (lambda c: c.add_stage(False, [0]), "only a loop"),
        (lambda c: c.add_stage(True, [4]), "no such state"),
        (lambda c: c.add_update(0, rows(0)), "only a loop"),
        (lambda c: c.add_store(0, 0, rows(0)), "no such output"),
        (lambda c: c.add_product(0, 0, 3, 0, 3, rows(0), rows(1)), "nobody wants"),
        (lambda c: c.add_product(1, 0, 1, 0, 3, None, rows(2)), "lives for one step"),
        (lambda c: c.add_product(1, 0, 1, 0, 2, None, rows(1)), "its own width"),
    ],
)  # fmt: skip
def test_bad_declarations_are_refused(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call(code())


def test_a_loop_writes_its_own_states_only() -> None:
    c = code()
    c.add_buffer(3, CARRY)
    c.add_state(3, 4, True)
    c.add_stage(True, [1])
    with pytest.raises(ValueError, match="not its own"):
        c.add_instruction(opcodes()["tanh"], 3, 3, 0, [rows(0)], -1)
    with pytest.raises(ValueError, match="not its own"):
        c.add_update(0, rows(0))


def cumulative() -> Machine:
    """s_t = s_{t-1} + x_t, y = s."""
    inputs = (Input("x", "step", (2,)), Input("s", "state", (2,)))
    program = Program(inputs, (Node("a", "add", ("s", "x"), 2),), (("y", "a"),), (("s", "a"),))
    return Machine(program, split(program), dtype="float32")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"x": (3, 5, 1)}, "an input has another shape"),
        ({"x": (3, 4, 2)}, "an input has another shape"),
        ({"s": (2, 2)}, "a state has another shape"),
        ({"y": (3, 5, 3)}, "an output has another shape"),
        ({"lengths": (4,)}, "lengths has another shape"),
        ({"reset": (3, 4)}, "reset has another shape"),
    ],
)  # fmt: skip
def test_tensors_of_wrong_shape_are_refused(change: dict[str, tuple[int, ...]], words: str) -> None:
    shapes = {"x": (3, 5, 2), "s": (3, 2), "y": (3, 5, 2), "lengths": (3,), "reset": (3, 5)} | change
    kinds = {"lengths": torch.int64, "reset": torch.bool}
    t = {name: torch.zeros(shape, dtype=kinds.get(name, torch.float32)) for name, shape in shapes.items()}
    final = torch.zeros(3, 2)
    with pytest.raises(ValueError, match=words):
        cumulative().run(
            n=3, time=5, weights={}, steps={"x": view(t["x"])}, states={"s": view(t["s"])}, finals={"s": view(final)},
            outputs={"y": view(t["y"])}, lengths=view(t["lengths"]), reset=view(t["reset"]),
        )  # fmt: skip


@pytest.mark.parametrize("length", [-1, 6, 2**62])
def test_lengths_out_of_range_are_refused(length: int) -> None:
    x, y, s = torch.zeros(1, 5, 2), torch.zeros(1, 5, 2), torch.zeros(1, 2)
    lengths = torch.tensor([length])
    with pytest.raises(ValueError, match=r"lengths\[0\] is"):
        cumulative().run(
            n=1, time=5, weights={}, steps={"x": view(x)}, states={"s": view(s)}, finals={"s": view(s)},
            outputs={"y": view(y)}, lengths=view(lengths),
        )  # fmt: skip


def test_the_instruction_set_is_one_of_those_here() -> None:
    assert instruction_set() in machine().instruction_sets()
