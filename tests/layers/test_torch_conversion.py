"""Layers and cells from torch.nn and to it: the same numbers, there and back, and refusals that name the reason."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import elman
from elman import cells, from_torch, to_torch
from elman.cells import Cell
from elman.errors import ArgumentError, ArgumentTypeError
from elman.layers import Recurrent

D, H, N, T = 3, 5, 4, 7
LAYERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "RNN": (nn.RNN, {}),
    "RNN relu": (nn.RNN, {"nonlinearity": "relu"}),
    "LSTM": (nn.LSTM, {}),
    "LSTM projected": (nn.LSTM, {"proj_size": 2}),
    "GRU": (nn.GRU, {}),
}
CELLS: dict[str, tuple[Any, dict[str, Any]]] = {
    "RNN": (nn.RNNCell, {}),
    "RNN relu": (nn.RNNCell, {"nonlinearity": "relu"}),
    "LSTM": (nn.LSTMCell, {}),
    "GRU": (nn.GRUCell, {}),
}


def close(a: Tensor, b: Tensor, sums: int) -> None:
    """Equal but for rounding: so many sums of at most 2 h + h products and ten operations, one upon another."""
    assert a.shape == b.shape
    assert a.dtype == b.dtype
    size = max(1.0, float(b.detach().abs().max()))
    torch.testing.assert_close(a, b, rtol=0, atol=torch.finfo(a.dtype).eps * (3 * H + 10) * sums * size)


def started(module: nn.RNNBase, state: dict[str, Tensor]) -> Any:
    """States by name as torch has them: h, or (h, c), each (passes, n, width)."""
    kinds = ("h", "c") if module.mode == "LSTM" else ("h",)
    stacked = tuple(torch.stack([v for k, v in state.items() if k.split(".")[-1] == kind]) for kind in kinds)
    return stacked if len(kinds) == 2 else stacked[0]


def same(layer: Recurrent, module: nn.RNNBase, dtype: torch.dtype = torch.float64) -> None:
    """The same outputs, final states, and gradients of x."""
    x = torch.randn(N, T, D, dtype=dtype, requires_grad=True)
    state = {name: torch.randn(N, width, dtype=dtype) for name, width in layer.states.items()}
    y, final = layer(x, state=state)
    given = x if module.batch_first else x.transpose(0, 1)
    expected, last = module(given, started(module, state))
    expected = expected if module.batch_first else expected.transpose(0, 1)
    close(y, expected, T * layer.layers)
    lasts, finals = (v if isinstance(v, tuple) else (v,) for v in (last, started(module, final)))
    for a, b in zip(finals, lasts, strict=True):
        close(a, b, T * layer.layers)
    weight = torch.randn(y.shape, dtype=dtype)
    a, b = (torch.autograd.grad((out * weight).sum(), x)[0] for out in (y, expected))
    close(a, b, 2 * T * T * layer.layers)


@pytest.mark.parametrize(("layers", "bidirectional"), [(1, False), (1, True), (3, False), (2, True)])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", LAYERS)
def test_there_and_back(kind: str, bias: bool, layers: int, bidirectional: bool) -> None:
    module, more = LAYERS[kind]
    batch_first = bias  # both are met
    theirs = module(D, H, layers, bias=bias, batch_first=batch_first, bidirectional=bidirectional, **more).double()
    ours = from_torch(theirs)
    same(ours, theirs)
    back = to_torch(ours)
    assert type(back) is module
    assert back.batch_first
    same(ours, back)
    assert {name: value.shape for name, value in back.state_dict().items()} == {
        name: value.shape for name, value in theirs.state_dict().items()
    }
    for name, value in theirs.named_parameters():
        assert torch.equal(back.get_parameter(name), value) or name.startswith("bias")


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", CELLS)
def test_cells_there_and_back(kind: str, bias: bool) -> None:
    module, more = CELLS[kind]
    theirs = module(D, H, bias=bias, **more).double()
    ours = from_torch(theirs)
    x = torch.randn(N, D, dtype=torch.float64)
    state = {name: torch.randn(N, width, dtype=torch.float64) for name, width in ours.states.items()}
    given = tuple(state.values()) if kind == "LSTM" else state["h"]
    back = to_torch(ours)
    assert type(back) is module
    _, new = ours(x, **state)
    for other in (theirs, back):
        expected = other(x, given)
        for name, value in zip(new, expected if kind == "LSTM" else (expected,), strict=True):
            close(new[name], value, 1)


def test_biases_of_a_gru_by_hand() -> None:
    theirs = nn.GRU(1, 1)
    with torch.no_grad():
        for value in theirs.parameters():
            value.zero_()
        theirs.get_parameter("bias_ih_l0").copy_(torch.tensor([1.0, 2.0, 3.0]))
        theirs.get_parameter("bias_hh_l0").copy_(torch.tensor([10.0, 20.0, 30.0]))
    cell = from_torch(theirs).cells["l0"]
    assert isinstance(cell, cells.GRU)
    assert cell.b is not None
    assert cell.c is not None
    assert cell.b.tolist() == [11.0, 22.0, 3.0]  # those of r and z are added up, that of n stands outside of the reset
    assert cell.c.tolist() == [30.0]
    back = to_torch(from_torch(theirs))
    assert back.get_parameter("bias_ih_l0").tolist() == [11.0, 22.0, 3.0]
    assert back.get_parameter("bias_hh_l0").tolist() == [0.0, 0.0, 30.0]


def test_what_a_layer_is_besides_its_weights() -> None:
    theirs = nn.LSTM(D, H, 2, dropout=0.25).eval()
    theirs.get_parameter("weight_ih_l1").requires_grad_(False)
    ours = from_torch(theirs)
    assert (ours.dropout, ours.training, ours.layers) == (0.25, False, 2)
    assert not ours.get_parameter("cells.l1.U").requires_grad
    assert ours.get_parameter("cells.l0.U").requires_grad
    back = to_torch(ours.train())
    assert (back.dropout, back.training, back.num_layers) == (0.25, True, 2)
    assert not back.get_parameter("weight_ih_l1").requires_grad
    assert back.get_parameter("bias_hh_l1").requires_grad
    assert not any(p.requires_grad for p in to_torch(from_torch(theirs.requires_grad_(False))).parameters())
    assert from_torch(nn.GRU(D, H).to(torch.bfloat16)).get_parameter("cells.l0.W").dtype == torch.bfloat16
    assert from_torch(nn.GRU(D, H, device="meta")).get_parameter("cells.l0.W").device.type == "meta"


def test_weights_are_copies_and_nothing_is_drawn() -> None:
    theirs = nn.RNN(D, H)
    torch.manual_seed(3)
    ours = from_torch(theirs)
    back = to_torch(ours)
    drawn = torch.rand(3)
    torch.manual_seed(3)
    assert torch.equal(drawn, torch.rand(3))
    with torch.no_grad():
        before = ours.get_parameter("cells.l0.W").clone()
        theirs.get_parameter("weight_hh_l0").zero_()
        back.get_parameter("weight_hh_l0").zero_()
    assert torch.equal(ours.get_parameter("cells.l0.W"), before)
    assert all(value.is_contiguous() for value in (*ours.parameters(), *back.parameters()))


def test_layers_of_elman_nn_and_trained_layers() -> None:
    theirs = elman.nn.GRU(D, H, batch_first=True).double()
    layer = from_torch(theirs)
    same(layer, theirs)
    layer.get_parameter("cells.l0.c").data.fill_(0.7)
    same(layer, to_torch(layer))
    learned = Recurrent(cells.LSTM(D, H)).double()  # of elman's own initial values
    same(learned, to_torch(learned))


class Written(cells.LSTM):
    """An LSTM with another step."""


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (Recurrent(cells.SCRN(D, H)), "its cell is SCRN"),
        (Recurrent(Written(D, H)), "its cell is Written"),
        (Recurrent(cells.Elman(D, H, activation="sigmoid")), "its activation is sigmoid"),
        (Recurrent(cells.Elman(D, H, layer_norm=True)), "its cell is Elman with the weights"),
        (Recurrent(cells.GRU(D, H, reset_after=False)), "its reset acts before the product"),
        (Recurrent(cells.LSTM(D, H, peepholes=True)), "its cell is LSTM with the weights p"),
        (Recurrent(cells.LSTM(D, H, coupled=True)), "its gates are coupled"),
        (Recurrent(cells.LSTM(D, H, projection=H)), "its projection is as wide as its memory"),
        (Recurrent(cells.LSTM(D, H), initial="learned"), "its initial state is learned"),
        (Recurrent(cells.GRU(D, H), 2, dropout=0.2, variational=True), "its dropout keeps its mask over time"),
        (Recurrent(cells.GRU(D, H), bidirectional=True, merge="sum"), "its directions are merged by 'sum'"),
        (Recurrent(cells.GRU(H, H), 2, connections="residual"), "its connections are 'residual'"),
        (Recurrent(cells.GRU(D, H), [H, H + 1]), "its cells are not all of one kind and width"),
        (Recurrent([cells.GRU(D, H), cells.LSTM(H, H)]), "its cells are not all of one kind and width"),
        (cells.LSTM(D, H, projection=2), "an nn.LSTMCell has no projection"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_torch_does_not_have(layer: Recurrent | Cell, reason: str) -> None:
    with pytest.raises(ArgumentError, match=f"torch.nn has no such layer: {reason}"):
        to_torch(layer)


def test_what_is_no_recurrent_layer() -> None:
    with pytest.raises(ArgumentTypeError, match="the module is a Linear"):
        from_torch(nn.Linear(2, 3))  # pyright: ignore[reportCallIssue, reportArgumentType]
    with pytest.raises(ArgumentTypeError, match="the layer is a GRU"):
        to_torch(nn.GRU(2, 3))  # pyright: ignore[reportCallIssue, reportArgumentType]
    with pytest.raises(ArgumentError, match=r"dropout is 1\.0"):
        from_torch(nn.GRU(2, 3, 2, dropout=1.0))


def test_a_forward_of_its_own_is_not_taken_for_torchs() -> None:
    class Shifted(nn.GRU):
        def forward(self, input: Any, hx: Any = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
            y, h = super().forward(input, hx)
            return y + 1, h

    class Renamed(nn.GRU):
        pass

    with pytest.raises(ArgumentTypeError, match="Shifted, whose forward is its own"):
        from_torch(Shifted(3, 5))
    assert from_torch(Renamed(3, 5)).states == {"h": 5}
    parametrized = nn.utils.parametrizations.weight_norm(nn.GRU(3, 5, batch_first=True), "weight_hh_l0")
    assert isinstance(parametrized, nn.GRU)
    x = torch.randn(2, 4, 3)
    torch.testing.assert_close(from_torch(parametrized)(x)[0], parametrized(x)[0], rtol=0, atol=1e-5)  # float32
