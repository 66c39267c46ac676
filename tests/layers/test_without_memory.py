"""Layers on the meta device and on fake tensors: all the shapes of a real run, and no number is computed."""

from collections.abc import Callable

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

from elman.cells import GRU, LSTM, QRNN, SCRN, Cell, Clockwork, Elman, ElmanJordan, Jordan, MinGRU, Zoneout
from elman.layers import FromVector, Recurrent

CELLS: dict[str, Callable[[], Cell]] = {
    "Elman": lambda: Elman(3, 5),
    "LSTM": lambda: LSTM(3, 5, projection=2),
    "GRU": lambda: GRU(3, 5, layer_norm=True),
    "SCRN": lambda: SCRN(3, 5, context=2),
    "MinGRU": lambda: MinGRU(3, 5),
    "QRNN": lambda: QRNN(3, 5),
    "Clockwork": lambda: Clockwork(3, 5),
    "Zoneout": lambda: Zoneout(LSTM(3, 5), 0.3),
}


def shapes(found: tuple[torch.Tensor, dict[str, torch.Tensor]]) -> tuple[torch.Size, dict[str, torch.Size]]:
    y, state = found
    return y.shape, {name: value.shape for name, value in state.items()}


@pytest.mark.parametrize("machine", ["auto", "torch", "reference"])
@pytest.mark.parametrize("name", CELLS)
def test_the_meta_device(name: str, machine: str) -> None:
    real = Recurrent(CELLS[name](), layers=[5, 4] if name == "Elman" else 1, bidirectional=True, machine=machine)
    x, lengths = torch.randn(4, 7, 3, requires_grad=True), [7, 0, 3, 1]
    reset = torch.zeros(4, 7, dtype=torch.bool)
    want = shapes(real(x, lengths, reset=reset))
    layer = real.to("meta")
    empty = torch.empty(4, 7, 3, device="meta", requires_grad=True)
    for given in (lengths, torch.tensor(lengths), torch.tensor(lengths, device="meta")):
        y, state = layer(empty, given, reset=reset.to("meta"))
        assert shapes((y, state)) == want
        assert all(value.is_meta for value in (y, *state.values()))
    (y.sum() + sum(value.sum() for value in state.values())).backward()
    for value in (empty, *layer.parameters()):
        assert value.grad is not None
        assert value.grad.is_meta
        assert value.grad.shape == value.shape


def test_made_and_run_where_every_tensor_is_without_memory() -> None:
    with torch.device("meta"):
        layer = Recurrent(LSTM(3, 5), layers=2, dropout=0.5)
        y, state = layer(torch.empty(4, 7, 3), [7, 0, 3, 1])
    assert shapes((y, state)) == shapes(Recurrent(LSTM(3, 5), layers=2)(torch.zeros(4, 7, 3)))
    assert y.is_meta


def test_no_step_is_taken() -> None:
    """10⁹ steps of 100 rows would take days, and 2 TB."""
    with torch.device("meta"):
        y, _ = Recurrent(GRU(3, 5))(torch.empty(100, 10**9, 3))
    assert y.shape == (100, 10**9, 5)


def test_recurrence_from_the_output_and_a_vector() -> None:
    with torch.device("meta"):
        x, targets, vector = torch.empty(4, 7, 3), torch.empty(4, 7, 2), torch.empty(4, 2)
        for kind in (Jordan, ElmanJordan):
            for forcing in (None, 0, 0.5):
                y, state = Recurrent(kind(3, 5, 2))(x, feedback=targets, teacher_forcing=forcing)
                assert (y.shape, state["y"].shape) == ((4, 7, 2), (4, 2))
        y, _ = FromVector(GRU(5, 6), 2)(vector, x)
    assert y.shape == (4, 7, 6)


@pytest.mark.parametrize("name", CELLS)
def test_fake_tensors(name: str) -> None:
    want = shapes(Recurrent(CELLS[name]())(torch.zeros(4, 7, 3), [7, 0, 3, 1]))
    with FakeTensorMode():
        layer = Recurrent(CELLS[name]())
        y, state = layer(torch.empty(4, 7, 3), [7, 0, 3, 1])
        y.sum().backward()
    assert shapes((y, state)) == want
    assert all(isinstance(value, FakeTensor) for value in (y, *state.values()))
    assert all(value.grad is not None and value.grad.shape == value.shape for value in layer.parameters())
