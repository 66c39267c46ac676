"""LSTM and GRU against numbers worked by hand, and their initial values; the conformance suite has torch.nn beside."""

import math

import pytest
import torch

from elman.cells import GRU, LSTM
from elman.errors import ArgumentError, ArgumentTypeError


def test_a_step_of_the_lstm_worked_by_hand() -> None:
    cell = LSTM(1, 1).double()
    cell.U.data = torch.tensor([[1.0, -1.0, 0.5, 2.0]], dtype=torch.float64)
    cell.W.data = torch.tensor([[0.0, 1.0, -1.0, 0.5]], dtype=torch.float64)
    assert cell.b is not None
    cell.b.data = torch.tensor([0.1, 1.0, 0.0, -0.2], dtype=torch.float64)
    x, h, c = (torch.tensor([[value]], dtype=torch.float64) for value in (0.4, 0.2, -0.3))
    y, state = cell.step(x, h=h, c=c)
    sigmoid = [1 / (1 + math.exp(-a)) for a in (0.5, 0.8, 0.7)]  # i: 0.4 + 0.1; f: -0.4 + 0.2 + 1; o: 0.8 + 0.1 - 0.2
    new = sigmoid[1] * -0.3 + sigmoid[0] * math.tanh(0.0)  # g: 0.2 - 0.2
    assert state["c"].item() == pytest.approx(new, abs=1e-15)
    assert y.item() == pytest.approx(sigmoid[2] * math.tanh(new), abs=1e-15)


@pytest.mark.parametrize("reset_after", [True, False])
def test_a_step_of_the_gru_worked_by_hand(reset_after: bool) -> None:
    cell = GRU(1, 2, reset_after=reset_after).double()
    cell.U.data = torch.tensor([[1.0, 0.0, 0.0, -1.0, 2.0, 0.0]], dtype=torch.float64)
    cell.W.data = torch.tensor([[0.0, 1, 0, 0, 1, 2], [0.5, 0, 0, 1, 0, -1]], dtype=torch.float64)
    assert cell.b is not None
    cell.b.data = torch.tensor([0.0, 0, 0, 0, 0.1, 0], dtype=torch.float64)
    if cell.c is not None:
        cell.c.data = torch.tensor([0.0, 0.3], dtype=torch.float64)
    x, h = torch.tensor([[0.2]], dtype=torch.float64), torch.tensor([[0.4, -0.6]], dtype=torch.float64)
    r = [1 / (1 + math.exp(-a)) for a in (0.2 - 0.3, 0.4)]  # x U_r + h W_r
    z = [1 / (1 + math.exp(-a)) for a in (0.0, -0.2 - 0.6)]
    if reset_after:  # h W_n = (0.4, 0.8 + 0.6), c = (0, 0.3)
        n = [math.tanh(0.5 + r[0] * 0.4), math.tanh(r[1] * 1.7)]
    else:  # r h = (0.4 r_0, -0.6 r_1)
        n = [math.tanh(0.5 + 0.4 * r[0]), math.tanh(0.8 * r[0] + 0.6 * r[1])]
    expected = [(1 - z[k]) * n[k] + z[k] * h[0, k].item() for k in range(2)]
    assert cell.step(x, h=h)[0].squeeze(0).tolist() == pytest.approx(expected, abs=1e-15)


def test_initial_values() -> None:
    lstm, gru = LSTM(40, 20), GRU(40, 20)
    assert lstm.b is not None
    assert lstm.b.tolist() == [0.0] * 20 + [1.0] * 20 + [0.0] * 40
    for cell, gates in ((lstm, 4), (gru, 3)):
        assert cell.U.abs().max() <= math.sqrt(6 / 60)
        for block in cell.W.chunk(gates, dim=1):
            torch.testing.assert_close(block @ block.T, torch.eye(20), rtol=0, atol=1e-5)
    assert not torch.equal(gru.W[:, :20], gru.W[:, 20:40])
    assert gru.b is not None
    assert gru.c is not None
    assert (gru.b == 0).all()
    assert (gru.c == 0).all()


def test_options() -> None:
    assert LSTM(2, 3, forget_bias=2.5).like(input_size=5).forget_bias == 2.5
    assert [name for name, _ in LSTM(2, 3, bias=False).named_parameters()] == ["U", "W"]
    assert [name for name, _ in GRU(2, 3, bias=False).named_parameters()] == ["U", "W"]
    assert [name for name, _ in GRU(2, 3, reset_after=False).named_parameters()] == ["U", "W", "b"]
    for cell in (LSTM, GRU):
        with pytest.raises(ArgumentError, match="hidden_size"):
            cell(2, 0)
        with pytest.raises(ArgumentTypeError, match="input_size"):
            cell(2.0, 3)  # pyright: ignore[reportArgumentType]
