"""The native machine against torch, one row and one step at a time, on random programs."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.native.harness import Case, case, run_native, run_torch
from tests.step.random_programs import programs, random_values

from elman.native import available
from elman.step.program import Program

pytestmark = pytest.mark.skipif(not available(), reason="elman was built without its native machine")
EPS = torch.finfo(torch.float64).eps


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
