"""A stream takes one step after another and has the numbers of the whole sequence."""

import numpy as np
import pytest
import torch
from tests.conformance.laws import close, inputs, layer_of, set_machine
from torch import Tensor

from elman.cells import Elman
from elman.errors import ElmanError
from elman.layers import Recurrent

STEPS = 6


def told(stream: object, x: Tensor) -> Tensor:
    """One step of a stream; its output is copied, since the memory is used again."""
    return torch.as_tensor(stream(x)).detach().clone()  # pyright: ignore[reportCallIssue]


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
def test_stream_is_sequence(cell: str, machine: str, layers: int, dtype: torch.dtype) -> None:
    layer = layer_of(cell, machine, layers=layers, dtype=dtype)
    for batch in (1, 3, 7):
        x = inputs(layer, batch, STEPS)
        expected, final = layer(x)
        stream = layer.stream(batch=batch)
        y = torch.stack([told(stream, x[:, t]) for t in range(STEPS)], dim=1)
        close(y, expected.detach(), layer, STEPS * layers)
        for name, value in stream.state.items():
            close(torch.as_tensor(value), final[name].detach(), layer, STEPS * layers)


def test_numpy_in_numpy_out(cell: str, machine: str) -> None:
    layer = layer_of(cell, machine)
    x = inputs(layer, 2, STEPS)
    expected = layer(x)[0].detach()
    stream = layer.stream(batch=2)
    for t in range(STEPS):
        y = stream(x[:, t].numpy())
        assert isinstance(y, np.ndarray)
        close(torch.from_numpy(y.copy()), expected[:, t], layer, STEPS)


def test_reset_of_some_rows(cell: str, machine: str) -> None:
    layer = layer_of(cell, machine)
    x = inputs(layer, 4, STEPS)
    stream = layer.stream(batch=4)
    whole, again = layer(x)[0].detach(), layer(x[:, 2:])[0].detach()
    for t in range(STEPS):
        if t == 2:
            stream.reset(rows=[0, 3])
        y = told(stream, x[:, t])
        for row in range(4):
            expected = again[row, t - 2] if row in (0, 3) and t >= 2 else whole[row, t]
            close(y[row], expected, layer, STEPS)
    stream.reset()
    close(told(stream, x[:, 0]), whole[:, 0], layer, 1)


def test_reorder_rows(cell: str, machine: str) -> None:
    """As a beam search does: rows go on from the state of another, one of them twice, one of them lost."""
    layer = layer_of(cell, machine)
    x, rows = inputs(layer, 3, STEPS), [2, 0, 2]
    stream = layer.stream(batch=3)
    for t in range(3):
        told(stream, x[:, t])
    stream.reorder(rows)
    _, state = layer(x[:, :3])
    expected, _ = layer(x[:, 3:], state={name: value[rows] for name, value in state.items()})
    for t in range(3, STEPS):
        close(told(stream, x[:, t]), expected[:, t - 3].detach(), layer, STEPS)


def test_state_saved_and_restored(cell: str, machine: str) -> None:
    layer = layer_of(cell, machine)
    x = inputs(layer, 2, STEPS)
    stream = layer.stream(batch=2)
    for t in range(2):
        told(stream, x[:, t])
    saved = {name: torch.as_tensor(value).clone() for name, value in stream.state.items()}
    first = [told(stream, x[:, t]) for t in range(2, STEPS)]
    stream.state = saved
    second = [told(stream, x[:, t]) for t in range(2, STEPS)]
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    other = layer.stream(batch=2)
    other.state = saved
    assert torch.equal(told(other, x[:, 2]), first[0])


def test_two_streams_of_a_layer_do_not_meet(cell: str, machine: str) -> None:
    layer = layer_of(cell, machine)
    x = inputs(layer, 2, STEPS)
    expected = layer(x)[0].detach()
    a, b = layer.stream(batch=1), layer.stream(batch=1)
    for t in range(STEPS):
        close(told(a, x[:1, t]), expected[:1, t], layer, STEPS)
        close(told(b, x[1:, t]), expected[1:, t], layer, STEPS)


def test_a_learned_initial_state(machine: str) -> None:
    layer = set_machine(Recurrent(Elman(3, 5), layers=2, initial="learned").double(), machine)
    with torch.no_grad():
        for value in layer.initial.values():
            value += torch.randn_like(value)
    x = inputs(layer, 2, STEPS)
    expected = layer(x)[0].detach()
    stream = layer.stream(batch=2)
    for _ in range(2):
        for t in range(STEPS):
            close(told(stream, x[:, t]), expected[:, t], layer, 2 * STEPS)
        stream.reset()


def test_any_strides(machine: str) -> None:
    layer = layer_of("LSTM", machine)
    x = inputs(layer, 2, STEPS)
    expected = layer(x)[0].detach()
    stream, turned = layer.stream(batch=2), x.permute(2, 1, 0).contiguous().permute(2, 1, 0)
    for t in range(STEPS):
        close(told(stream, turned[:, t]), expected[:, t], layer, STEPS)


def test_what_a_stream_cannot_do(machine: str) -> None:
    with pytest.raises(ElmanError, match="direction"):
        layer_of("Elman", machine, bidirectional=True).stream()
    stream = layer_of("Elman", machine).stream(batch=2)
    for wrong in (torch.zeros(1, 3), torch.zeros(2, 4), torch.zeros(2, 1, 3)):
        with pytest.raises(ElmanError, match=r"\(2, 3\)"):
            stream(wrong.double())
