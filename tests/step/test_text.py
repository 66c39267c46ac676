"""A program as text: exact both ways, and nothing else is read."""

import math
import re

import pytest
from equations import CELLS, program
from hypothesis import given, settings
from hypothesis import strategies as st
from random_programs import programs

from elman.errors import ArgumentError
from elman.step.check import ProgramError, check
from elman.step.derivative import derive
from elman.step.program import Input, Node, Program
from elman.step.simplify import simplify
from elman.step.text import parse, to_text


@given(programs())
def test_text_gives_the_program_back(program: Program) -> None:
    assert parse(to_text(program)) == program


@pytest.mark.parametrize("name", CELLS)
def test_an_adjoint_too(name: str) -> None:
    step = program(name)
    adjoint = derive(step, [value.name for value in step.of_kind("weight")]).program
    assert adjoint.gradients
    assert parse(to_text(adjoint)) == adjoint


@given(st.floats(allow_nan=False))
def test_numbers_are_exact(number: float) -> None:
    step = Program(
        inputs=(Input("h", "state", (2,)),),
        nodes=(Node("a", "mul", ("h", number), 2), Node("b", "full", (), 2, (number,))),
        outputs=(("y", "b"),),
        states=(("h", "a"),),
    )
    back = parse(to_text(step))
    for value in (back.nodes[0].args[1], back.nodes[1].attributes[0]):
        assert value == number
        assert math.copysign(1, float(value)) == math.copysign(1, number)


def test_no_number_is_a_number_too() -> None:
    step = Program((Input("h", "state", (2,)),), (Node("a", "mul", ("h", math.nan), 2),), (("y", "a"),), (("h", "a"),))
    assert math.isnan(float(parse(to_text(step)).nodes[0].args[1]))


LINES = to_text(program("scrn"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("elman program 1", "elman program 2"),
        ("step x 3", "step  x 3"),
        ("step x 3", "step x 03"),
        ("step x 3", "step x +3"),
        ("step x 3", "step x ३"),
        ("step x 3", "step x 0"),
        ("step x 3", "step x 99999999999999999999"),
        ("step x 3", "step x 3 3"),
        ("step x 3", "step x"),
        ("step x 3", "input x 3"),
        ("matmul x A", "matmul x B"),
        ("matmul x A", "matmul A x"),
        ("matmul x A", "product x A"),
        ("; 0 0 3 0 5", "; 0 0 3 0 6"),
        ("; 0 0 3 0 5", "; 0 -1 3 0 5"),
        ("; 0 0 3 0 5", "; 2 0 3 0 5"),
        ("; 0 0 3 0 5", "; 0 0 3 0 #5.0"),
        ("; 0 0 3 0 5", "; 0 0 3 0"),
        ("; 0 0 3 0 5", ""),
        ("#0.95", "#0.950"),
        ("#0.95", "0.95"),
        ("#0.95", "#1e"),
        ("#0.95", "#"),
        ("output y", "output y y"),
        ("next s", "next t"),
        ("next s", "next h"),
        ("\n", "\r\n"),
        ("output y", "\noutput y"),
        ("step x 3", "step x 3\nstep x 3"),
    ],
)
def test_anything_else_is_refused(old: str, new: str) -> None:
    assert old in LINES
    with pytest.raises(ProgramError):
        parse(LINES.replace(old, new, 1))


def test_the_error_is_one_a_caller_can_catch() -> None:
    with pytest.raises(ArgumentError, match=re.escape("begins with 'import os'")):
        parse("import os")
    with pytest.raises(ProgramError, match=r"line 3 .* 'rm -rf'"):
        parse("elman program 1\nstep x 3\nrm -rf\n")


@settings(max_examples=500)
@given(st.data())
def test_damage_is_refused_or_means_another_lawful_program(data: st.DataObject) -> None:
    """Bytes are changed, lines left out, doubled or exchanged: never another exception, never an unlawful program."""
    text = LINES
    for _ in range(data.draw(st.integers(1, 3))):
        lines = text.split("\n")
        kind = data.draw(st.sampled_from(("letter", "drop", "double", "swap")))
        if kind == "letter":
            place = data.draw(st.integers(0, len(text) - 1))
            text = text[:place] + data.draw(st.sampled_from("0123456789 abhxsUW#;.-\n")) + text[place + 1 :]
            continue
        i, j = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
        if kind == "drop":
            del lines[i]
        elif kind == "double":
            lines.insert(j, lines[i])
        else:
            lines[i], lines[j] = lines[j], lines[i]
        text = "\n".join(lines)
        if not text:
            return
    try:
        found = parse(text)
    except ProgramError:
        return
    assert to_text(found) == text
    simplify(check(found))
