"""LSTM and GRU against torch.nn, against numbers worked by hand, and their initial values."""

import math

import pytest
import torch
from torch import Tensor, nn

from elman.cells import GRU, LSTM, Cell
from elman.errors import ArgumentError, ArgumentTypeError
from elman.layers import Recurrent

EPS = torch.finfo(torch.float64).eps


def copy_weights(cell: Cell, module: nn.Module, suffix: str) -> None:
    """Put the weights of one layer and direction of a torch module into a cell; torch adds both biases, but for n."""
    U, W, b, c = (
        getattr(module, f"{name}_{suffix}").detach() for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    h = cell.output_size
    values = {"U": U.T, "W": W.T, "b": b + c}
    if isinstance(cell, GRU):
        values |= {"b": torch.cat([(b + c)[: 2 * h], b[2 * h :]]), "c": c[2 * h :]}
    for name, parameter in cell.named_parameters():
        parameter.data = values[name].clone()


def pair(kind: str, layers: int, bidirectional: bool) -> tuple[Recurrent, nn.RNNBase]:
    """An elman layer and a torch layer with the same weights, biases not zero, float64."""
    module = {"LSTM": nn.LSTM, "GRU": nn.GRU}[kind](
        3, 5, layers, batch_first=True, bidirectional=bidirectional
    ).double()
    layer = Recurrent({"LSTM": LSTM, "GRU": GRU}[kind](3, 5), layers, bidirectional).double()
    for name, cell in layer.cells.items():
        assert isinstance(cell, Cell)
        copy_weights(cell, module, name.replace("_backward", "_reverse"))
    return layer, module


def states(layer: Recurrent, n: int) -> tuple[dict[str, Tensor], tuple[Tensor, ...]]:
    """Unequal initial states in both forms: by name, and stacked (passes, n, h) as torch has them."""
    state = {name: torch.randn(n, width, dtype=torch.float64) for name, width in layer.states.items()}
    kinds = dict.fromkeys(name.rsplit(".")[-1] for name in state)
    return state, tuple(torch.stack([v for k, v in state.items() if k.rsplit(".")[-1] == kind]) for kind in kinds)


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
@pytest.mark.parametrize(("layers", "bidirectional"), [(1, False), (1, True), (2, False), (2, True)])
def test_equals_torch_on_packed_sequences(kind: str, layers: int, bidirectional: bool) -> None:
    layer, module = pair(kind, layers, bidirectional)
    lengths = [4, 1, 7, 7]
    x = torch.randn(4, 7, 3, dtype=torch.float64, requires_grad=True)
    state, stacked = states(layer, 4)
    y, final = layer(x, lengths, state)

    packed = nn.utils.rnn.pack_padded_sequence(x, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
    out, last = module(packed, stacked if kind == "LSTM" else stacked[0])
    expected = nn.utils.rnn.pad_packed_sequence(out, batch_first=True)[0]
    last = last if kind == "LSTM" else (last,)

    # 7 steps of sums of at most 10 terms, through 2 layers: the rounding of another order of summation
    torch.testing.assert_close(y, expected, rtol=0, atol=256 * EPS)
    for kind_of_state, value in zip(("h", "c"), last, strict=False):
        mine = torch.stack([v for k, v in final.items() if k.rsplit(".")[-1] == kind_of_state])
        torch.testing.assert_close(mine, value, rtol=0, atol=256 * EPS)

    weight = torch.randn_like(y)
    mine, theirs = torch.autograd.grad((y * weight).sum(), x), torch.autograd.grad((expected * weight).sum(), x)
    torch.testing.assert_close(mine, theirs, rtol=0, atol=1024 * EPS)


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
