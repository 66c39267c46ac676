"""The native machine against torch, one row and one step at a time, on random programs."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.native.harness import Case, case, run_native, run_torch, view
from tests.step.random_programs import programs, random_values

from elman.native import Machine, available
from elman.native.library import machine
from elman.step.program import Input, Node, Program
from elman.step.simplify import simplify
from elman.step.split import split

pytestmark = pytest.mark.skipif(not available(), reason="elman was built without its native machine")
EPS, EPS32 = torch.finfo(torch.float64).eps, torch.finfo(torch.float32).eps


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Any program on any batch: no rows, no steps, one row, lengths of zero, resets, either direction."""
    program: Program = draw(programs())
    n, time, seed = draw(st.integers(0, 6)), draw(st.integers(0, 5)), draw(st.integers(0, 2**16))
    values = random_values(program, n, seed, time)
    return case(program, values, n, time, seed, resets=draw(st.booleans()), reverse=draw(st.booleans()))


@settings(max_examples=150)
@given(cases(), st.sampled_from([1, 2, 5]))
def test_any_program_equals_torch(c: Case, threads: int) -> None:
    ours, theirs = run_native(c, threads).all(), run_torch(c).all()
    assert ours.keys() == theirs.keys()
    for name, right in theirs.items():
        # values stay below about ten by construction, gradients below a few thousand; 5 steps of a dozen operations
        torch.testing.assert_close(
            ours[name], right, rtol=2**12 * EPS, atol=2**16 * EPS, msg=lambda m, n=name: f"{n}: {m}"
        )


@settings(max_examples=40)
@given(cases())
def test_float32_is_as_near_as_its_rounding_allows(c: Case) -> None:
    single, double = run_native(c.to(torch.float32)).all(), run_native(c).all()
    rounded = run_torch(c.to(torch.float32)).all()
    for name, right in double.items():
        # never much further from the truth than torch's own float32: the same operations in another order
        error, other = (single[name] - right).abs(), (rounded[name] - right).abs().max() if right.numel() else 0
        assert (error <= 64 * other + 2**9 * EPS32 * (1 + right.abs())).all(), name


def large_case(resets: bool = False) -> Case:
    """Many tiles, several chunks, unequal lengths: 70 rows, 90 steps, widths that fill no vector."""
    d, h, n, time = 5, 19, 70, 90
    inputs = (
        Input("x", "step", (d,)), Input("h", "state", (h,)), Input("s", "state", (3,)),
        Input("U", "weight", (d, h)), Input("W", "weight", (h, h)), Input("P", "weight", (3, h)),
        Input("b", "weight", (h,)), Input("A", "weight", (d, 3)),
    )  # fmt: skip
    nodes = (
        Node("xu", "matmul", ("x", "U"), h, (0, 0, d, 0, h)), Node("hw", "matmul", ("h", "W"), h, (0, 0, h, 0, h)),
        Node("xa", "matmul", ("x", "A"), 3, (0, 0, d, 0, 3)), Node("old", "mul", ("s", 0.9), 3),
        Node("s1", "add", ("old", "xa"), 3), Node("sp", "matmul", ("s1", "P"), h, (0, 0, 3, 0, h)),
        Node("a1", "add", ("xu", "b"), h), Node("a2", "add", ("a1", "hw"), h), Node("a3", "add", ("a2", "sp"), h),
        Node("h1", "tanh", ("a3",), h),
    )  # fmt: skip
    program = simplify(Program(inputs, nodes, (("y", "h1"),), (("h", "h1"), ("s", "s1"))))
    values = random_values(program, n, 3, time)
    values["W"] *= 0.3  # its spectral radius below one: differences of rounding do not grow from step to step
    return case(program, values, n, time, 4, resets, reverse=False)


@pytest.mark.parametrize("resets", [False, True])
def test_many_tiles_and_chunks(resets: bool) -> None:
    c = large_case(resets)
    ours, theirs = run_native(c, 2).all(), run_torch(c).all()
    for name, right in theirs.items():
        # gradients of weights are sums of 3,000 steps of size one
        torch.testing.assert_close(ours[name], right, rtol=0, atol=2**16 * EPS, msg=lambda m, n=name: f"{n}: {m}")


@pytest.mark.parametrize("threads", [2, 3, 8, 100])
def test_the_same_bits_for_any_number_of_threads(threads: int) -> None:
    c = large_case(resets=True).to(torch.float32)
    one, many = run_native(c, 1).all(), run_native(c, threads).all()
    assert all(torch.equal(one[name], many[name]) for name in one)


def test_strides_do_not_matter() -> None:
    c = large_case().to(torch.float32)
    odd = {name: torch.stack([value, value], dim=-1)[..., 0] for name, value in c.values.items()}
    assert not any(value.is_contiguous() for value in odd.values())
    straight, strided = run_native(c).all(), run_native(replace(c, values=odd)).all()
    assert all(torch.equal(straight[name], strided[name]) for name in straight)


def test_a_fork_after_a_run_can_run_too() -> None:
    x, y, lengths = torch.randn(64, 500, 32), torch.zeros(64, 500, 32), torch.full((64,), 500)
    weight, state = torch.randn(32, 32) * 0.1, torch.zeros(64, 32)
    inputs = (Input("x", "step", (32,)), Input("h", "state", (32,)), Input("W", "weight", (32, 32)))
    nodes = (
        Node("p", "matmul", ("h", "W"), 32, (0, 0, 32, 0, 32)),
        Node("a", "add", ("p", "x"), 32),
        Node("h1", "tanh", ("a",), 32),
    )
    program = Program(inputs, nodes, (("y", "h1"),), (("h", "h1"),))
    native = Machine(program, split(program), dtype="float32")

    def run() -> bytes:
        native.run(
            n=64, time=500, weights={"W": view(weight)}, steps={"x": view(x)}, states={"h": view(state)},
            finals={"h": view(state)}, outputs={"y": view(y)}, lengths=view(lengths), threads=4,
        )  # fmt: skip
        return y.numpy().tobytes()

    right = run()
    state.zero_()
    child = os.fork()
    if child == 0:  # nothing of torch here: its own threads do not survive a fork
        os._exit(0 if run() == right else 1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("name", ["portable", "avx2", "avx512"])
def test_every_instruction_set(name: str) -> None:
    """The tests of this folder again, with another choice of kernels."""
    if name not in machine().instruction_sets() or name == machine().INSTRUCTION_SET:
        pytest.skip(f"this processor or build has no {name}, or it is the one in use")
    files = [str(Path(__file__).parent / file) for file in ("test_functions.py", "test_machine.py")]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--timeout=0",
               "-k", "not instruction_set", *files]  # fmt: skip
    found = subprocess.run(command, env={**os.environ, "ELMAN_INSTRUCTION_SET": name}, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout[-3000:]


def test_an_unknown_instruction_set_leaves_no_machine() -> None:
    code = "import elman.native as n; print(n.available(), n.unavailable_reason())"
    environment = {**os.environ, "ELMAN_INSTRUCTION_SET": "abacus"}
    found = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert "False" in found.stdout
    assert "'abacus'" in found.stdout
