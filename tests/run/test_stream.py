"""Streams beside the laws of the conformance suite: memory, weights of their own, and what they refuse."""

import copy
import pickle
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import torch

from elman import cells, native
from elman.errors import ElmanError
from elman.layers import Recurrent
from elman.run.stream import NativeStream

needs_native = pytest.mark.skipif(not native.available(), reason="there is no native machine here")


@needs_native
@pytest.mark.parametrize("given", ["array", "tensor"])
def test_no_memory_is_taken(given: str) -> None:
    stream = Recurrent(cells.LSTM(3, 5), layers=2).stream(batch=4)
    assert isinstance(stream, NativeStream)
    assert stream.machine == "native"
    x = np.ones((4, 3), np.float32) if given == "array" else torch.ones(4, 3)
    y = first = stream(x)
    tracemalloc.start()
    for _ in range(100):
        y = stream(x)
    current, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert y is first  # the same memory
    assert current < 1000  # of the loop itself; 100 outputs would take 8,000 bytes and more
    assert peak < 3000


@pytest.mark.parametrize("machine", ["auto", "reference"])
def test_weights_are_those_of_the_beginning(machine: str) -> None:
    layer = Recurrent(cells.Elman(3, 5), machine=machine)
    x = torch.randn(1, 3)
    stream = layer.stream()
    before = stream(x).clone()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
    stream.reset()
    assert torch.equal(stream(x), before)
    assert torch.equal(layer.stream()(x), torch.zeros(1, 5))


def test_nothing_is_recorded() -> None:
    layer = Recurrent(cells.Elman(3, 5), machine="reference")
    assert not layer.stream()(torch.randn(1, 3, requires_grad=True)).requires_grad


@pytest.mark.parametrize("machine", ["auto", "reference"])
def test_rows(machine: str) -> None:
    stream = Recurrent(cells.Elman(3, 5), machine=machine).stream(batch=3)
    x = torch.randn(3, 3)
    stream(x)
    after = stream.state["h"]
    for rows in ([], torch.tensor([], dtype=torch.int32), np.zeros(3, bool)):
        stream.reset(rows)
        assert torch.equal(stream.state["h"], after)
    stream.reset(np.array([True, False, True]))
    assert torch.equal(stream.state["h"][[0, 2]], torch.zeros(2, 5))
    assert torch.equal(stream.state["h"][1], after[1])
    for wrong in ([3], [-1], [0.5], [[0]], "ab"):
        with pytest.raises(ElmanError, match="rows are"):
            stream.reset(wrong)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ElmanError, match="reorder got 2 rows"):
        stream.reorder([0, 1])


@pytest.mark.parametrize("machine", ["auto", "reference"])
def test_wrong_input(machine: str) -> None:
    stream = Recurrent(cells.Elman(3, 5), machine=machine).stream(batch=2)
    good = np.zeros((2, 3), np.float32)
    for wrong, what in (
        (good.astype(np.float64), "float64"),
        (torch.zeros(2, 3, dtype=torch.int64), "int64"),
        (good[:1], r"\(1, 3\)"),
        (torch.zeros(3), r"\(3,\)"),
        ([[0.0] * 3] * 2, "list"),
        (None, "NoneType"),
    ):
        with pytest.raises(ElmanError, match=what):
            stream(wrong)
    for state, what in (
        ({}, "h"),
        ({"h": torch.zeros(2, 4)}, r"\(2, 4\)"),
        ({"h": torch.zeros(2, 5), "c": torch.zeros(2, 5)}, "c"),
        (torch.zeros(2, 5), "Tensor"),
    ):
        with pytest.raises(ElmanError, match=what):
            stream.state = state  # pyright: ignore[reportAttributeAccessIssue]
    for batch in (0, -1, 1.5, "2"):
        with pytest.raises(ElmanError, match="batch"):
            Recurrent(cells.Elman(3, 5), machine=machine).stream(batch)  # pyright: ignore[reportArgumentType]
    for duplicate in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="another with"):
            duplicate(stream)


def test_the_state_of_a_layer_goes_on_in_a_stream() -> None:
    layer = Recurrent(cells.GRU(3, 5), layers=2).double()
    x = torch.randn(2, 6, 3, dtype=torch.float64)
    whole, final = layer(x)
    _, state = layer(x[:, :4])
    stream = layer.stream(batch=2)
    stream.state = state  # with its gradient history, which is left behind
    for t in (4, 5):
        torch.testing.assert_close(stream(x[:, t]), whole[:, t].detach(), rtol=1e-13, atol=1e-13)
    for name, value in stream.state.items():
        torch.testing.assert_close(value, final[name].detach(), rtol=1e-13, atol=1e-13)


@needs_native
def test_a_stream_that_is_there_when_python_ends_is_no_complaint() -> None:
    """A script with a cell of its own: its class keeps alive what the cell was captured as."""
    script = [
        "from elman import Recurrent, cells",
        "class Own(cells.GRU):",
        "    def step(self, x, *, h):",
        "        return super().step(x, h=h)",
        "stream = Recurrent(Own(3, 5)).stream()",
    ]
    ended = subprocess.run([sys.executable, "-c", "\n".join(script)], capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
