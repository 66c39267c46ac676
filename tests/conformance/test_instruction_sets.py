"""Every instruction set that this processor has gives the reference's numbers, each in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SETS = ("portable", "avx2", "avx512")


def run(instruction_set: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A Python process that is told which instruction set to use."""
    environment = {**os.environ, "ELMAN_INSTRUCTION_SET": instruction_set}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("instruction_set", SETS)
def test_same_numbers(native: str, instruction_set: str) -> None:
    asked = run(instruction_set, "-c", "from elman import native; print(native.instruction_set())")
    if asked.stdout.strip() != instruction_set:
        pytest.skip(f"this build or processor has no {instruction_set}")
    laws = "tests/conformance/test_same_numbers.py"
    done = run(instruction_set, "-m", "pytest", laws, "-q", "-x", "-p", "no:cacheprovider", "-n", "0")
    assert done.returncode == 0, done.stdout[-4000:]
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout


def test_an_instruction_set_that_is_not_there(native: str) -> None:
    """Nothing is chosen silently in its place."""
    code = "from elman import native; print(native.available(), native.unavailable_reason())"
    assert run("mmx", "-c", code).stdout.startswith("False ELMAN_INSTRUCTION_SET is 'mmx'")
