"""Every instruction set that this processor has gives the reference's numbers, each in a process of its own.

All that differs between them is the kernels (one source, compiled several times): cells that use every one of them are
run, at all sizes and with values at the edges. All other tests run on the set that is chosen at import.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tests.conformance.laws import CELLS, KERNELS, layer_of

from elman import native as native_machine
from elman.run.choice import choose
from elman.step.program import Input, Node, Program

ROOT = Path(__file__).parents[2]
SETS = ("portable", "avx2", "avx512")


def run(instruction_set: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A Python process that is told which instruction set to use."""
    environment = {**os.environ, "ELMAN_INSTRUCTION_SET": instruction_set}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("instruction_set", SETS)
def test_same_numbers(native: str, instruction_set: str) -> None:
    if instruction_set == native_machine.instruction_set():
        pytest.skip("it is what test_same_numbers.py itself runs on")
    asked = run(instruction_set, "-c", "from elman import native; print(native.instruction_set())")
    if asked.stdout.strip() != instruction_set:
        pytest.skip(f"this build or processor has no {instruction_set}")
    laws = "tests/conformance/test_same_numbers.py"
    done = run(instruction_set, "-m", "pytest", laws, "-m", "kernels", "-q", "-x", "-p", "no:cacheprovider", "-n", "0")
    assert done.returncode == 0, done.stdout[-4000:]
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout


def kinds(program: Program) -> set[tuple[str, ...]]:
    """The operations of a program, each with the kinds of its operands."""

    def kind(argument: object) -> str:
        if not isinstance(argument, str):
            return "number"
        value = program.values[argument]
        if isinstance(value, Input) and value.kind == "weight":
            return "weight"
        return "one feature" if value.width == 1 else "features"

    return {(node.op, *map(kind, node.args)) for node in program.nodes if isinstance(node, Node)}


def test_the_cells_use_every_operation() -> None:
    used: dict[str, set[tuple[str, ...]]] = {}
    for name in CELLS:
        plan = choose(layer_of(name, "torch").cells["l0"], torch.float64, "cpu", "torch").plan
        adjoint = plan.adjoint((True,) * len(plan.program.inputs))
        assert adjoint is not None
        used[name] = kinds(plan.program) | kinds(adjoint.program)
    missing = set[tuple[str, ...]]().union(*used.values()).difference(*(used[name] for name in KERNELS))
    assert not missing, {one: [name for name in CELLS if one in used[name]] for one in missing}


def test_an_instruction_set_that_is_not_there(native: str) -> None:
    """Nothing is chosen silently in its place."""
    code = "from elman import native; print(native.available(), native.unavailable_reason())"
    assert run("mmx", "-c", code).stdout.startswith("False ELMAN_INSTRUCTION_SET is 'mmx'")
