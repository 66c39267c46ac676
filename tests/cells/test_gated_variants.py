"""LSTM's options, MinLSTM, SRU, QRNN, MultiplicativeLSTM and RHN against their papers' equations; initial values."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from elman import Recurrent
from elman.cells import LSTM, QRNN, RHN, SRU, Cell, MinLSTM, MultiplicativeLSTM
from elman.errors import ArgumentError, ArgumentTypeError

Arrays = dict[str, np.ndarray]
Equation = Callable[[np.ndarray, Arrays, Arrays], tuple[np.ndarray, Arrays]]


def sigmoid(a: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-a))


def norm(a: np.ndarray) -> np.ndarray:
    centred = a - a.mean(axis=1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5)


def block(a: np.ndarray, index: int, width: int = 5) -> np.ndarray:
    """The columns of one gate; no columns stand there for a bias of None."""
    return a[..., index * width : (index + 1) * width]


def peephole_lstm(x: np.ndarray, p: Arrays, s: Arrays) -> tuple[np.ndarray, Arrays]:
    """Gers, Schraudolph and Schmidhuber (2002), section 3.1: o sees the new memory."""
    h, c = s["h"], s["c"]
    i, f, g, o = (x @ block(p["U"], k) + h @ block(p["W"], k) + block(p["b"], k) for k in range(4))
    c = sigmoid(f + block(p["p"], 1) * c) * c + sigmoid(i + block(p["p"], 0) * c) * np.tanh(g)
    h = sigmoid(o + block(p["p"], 2) * c) * np.tanh(c)
    return h, {"h": h, "c": c}


def coupled_lstm(x: np.ndarray, p: Arrays, s: Arrays) -> tuple[np.ndarray, Arrays]:
    """Greff et al. (2017), the variant CIFG."""
    f, g, o = (x @ block(p["U"], k) + s["h"] @ block(p["W"], k) + block(p["b"], k) for k in range(3))
    c = sigmoid(f) * s["c"] + (1 - sigmoid(f)) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)
    return h, {"h": h, "c": c}


def projected_lstm(x: np.ndarray, p: Arrays, s: Arrays) -> tuple[np.ndarray, Arrays]:
    """Sak, Senior and Beaufays (2014), equations 7 to 12 without the part that does not recur; they have peepholes."""
    r, c = s["h"], s["c"]
    i, f, g, o = (x @ block(p["U"], k) + r @ block(p["W"], k) + block(p["b"], k) for k in range(4))
    i, f = sigmoid(i + block(p["p"], 0) * c), sigmoid(f + block(p["p"], 1) * c)
    c = f * c + i * np.tanh(g)
    m = sigmoid(o + block(p["p"], 2) * c) * np.tanh(c)
    return m @ p["P"], {"h": m @ p["P"], "c": c}


def all_but_normed(x: np.ndarray, p: Arrays, s: Arrays) -> tuple[np.ndarray, Arrays]:
    """Coupled gates, peepholes and a projection at once, without a bias."""
    r, c = s["h"], s["c"]
    f, g, o = (x @ block(p["U"], k) + r @ block(p["W"], k) for k in range(3))
    f = sigmoid(f + block(p["p"], 0) * c)
    c = f * c + (1 - f) * np.tanh(g)
    m = sigmoid(o + block(p["p"], 1) * c) * np.tanh(c)
    return m @ p["P"], {"h": m @ p["P"], "c": c}


def normed_lstm(x: np.ndarray, p: Arrays, s: Arrays) -> tuple[np.ndarray, Arrays]:
    """Ba, Kiros and Hinton (2016), supplementary equations 20 to 22, the three offsets of the gates summed."""
    a = norm(s["h"] @ p["W"]) * p["s_h"] + norm(x @ p["U"]) * p["s_x"] + p["b"]
    c = sigmoid(block(a, 1)) * s["c"] + sigmoid(block(a, 0)) * np.tanh(block(a, 2))
    h = sigmoid(block(a, 3)) * np.tanh(norm(c) * p["s_c"] + p["b_c"])
    return h, {"h": h, "c": c}


def normed_coupled_projected_lstm(x: np.ndarray, p: Arrays, s: Arrays) -> tuple[np.ndarray, Arrays]:
    a = norm(s["h"] @ p["W"]) * p["s_h"] + norm(x @ p["U"]) * p["s_x"]
    f = sigmoid(block(a, 0))
    c = f * s["c"] + (1 - f) * np.tanh(block(a, 1))
    h = (sigmoid(block(a, 2)) * np.tanh(norm(c) * p["s_c"])) @ p["P"]
    return h, {"h": h, "c": c}


def minlstm(x: np.ndarray, p: Arrays, s: Arrays) -> tuple[np.ndarray, Arrays]:
    f, i = (sigmoid(x @ block(p["U"], k) + block(p["b"], k)) for k in range(2))
    n = x @ block(p["U"], 2) + block(p["b"], 2)
    h = f / (f + i) * s["h"] + i / (f + i) * n
    return h, {"h": h}


def sru(alpha: float) -> Equation:
    """Lei et al. (2018), equations 1 to 4, and α."""

    def step(x: np.ndarray, p: Arrays, s: Arrays) -> tuple[np.ndarray, Arrays]:
        c = s["c"]
        v = p.get("v", np.zeros(10))
        f = sigmoid(x @ block(p["U"], 1) + block(v, 0) * c + block(p["b"], 0))
        r = sigmoid(x @ block(p["U"], 2) + block(v, 1) * c + block(p["b"], 1))
        c = f * c + (1 - f) * (x @ block(p["U"], 0))
        return r * c + (1 - r) * alpha * (x @ p["S"] if "S" in p else x), {"c": c}

    return step


def qrnn(pooling: str, window: int) -> Equation:
    """Bradbury et al. (2017), equations 1 to 5, with biases."""

    def step(x: np.ndarray, p: Arrays, s: Arrays) -> tuple[np.ndarray, Arrays]:
        d = x.shape[1]
        inputs = [x] + [s[f"x{k}"] for k in range(1, window)]
        convolved = sum(x_k @ p["U"][k * d : (k + 1) * d] for k, x_k in enumerate(inputs)) + p["b"]
        z, f = np.tanh(block(convolved, 0)), sigmoid(block(convolved, 1))
        i = sigmoid(block(convolved, 3)) if pooling == "ifo" else 1 - f
        c = f * s["c"] + i * z
        y = c if pooling == "f" else sigmoid(block(convolved, 2)) * c
        return y, {"c": c, **{f"x{k}": inputs[k - 1] for k in range(1, window)}}

    return step


def multiplicative_lstm(x: np.ndarray, p: Arrays, s: Arrays) -> tuple[np.ndarray, Arrays]:
    m = (x @ p["M"]) * (s["h"] @ p["R"])
    i, f, g, o = (x @ block(p["U"], k) + m @ block(p["W"], k) + block(p["b"], k) for k in range(4))
    c = sigmoid(f) * s["c"] + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)
    return h, {"h": h, "c": c}


def rhn(depth: int) -> Equation:
    """Zilly et al. (2017), equations 6 to 9, with the carry gate 1 - t."""

    def step(x: np.ndarray, p: Arrays, s: Arrays) -> tuple[np.ndarray, Arrays]:
        h = s["h"]
        b = p.get("b", np.zeros(10 * depth))
        for layer in range(depth):
            first = float(layer == 0)
            new = np.tanh(first * (x @ block(p["U"], 0)) + h @ block(p["W"], 2 * layer) + block(b, 2 * layer))
            t = sigmoid(first * (x @ block(p["U"], 1)) + h @ block(p["W"], 2 * layer + 1) + block(b, 2 * layer + 1))
            h = new * t + h * (1 - t)
        return h, {"h": h}

    return step


CELLS: dict[str, tuple[Cell, Equation]] = {
    "LSTM, peepholes": (LSTM(3, 5, peepholes=True), peephole_lstm),
    "LSTM, coupled": (LSTM(3, 5, coupled=True), coupled_lstm),
    "LSTM, peepholes, projection": (LSTM(3, 5, peepholes=True, projection=2), projected_lstm),
    "LSTM, all but normed": (LSTM(3, 5, False, peepholes=True, coupled=True, projection=5), all_but_normed),
    "LSTM, normed": (LSTM(3, 5, layer_norm=True), normed_lstm),
    "LSTM, normed, coupled, projection": (
        LSTM(3, 5, False, coupled=True, projection=3, layer_norm=True),
        normed_coupled_projected_lstm,
    ),
    "MinLSTM": (MinLSTM(3, 5), minlstm),
    "SRU": (SRU(3, 5), sru(1.0)),
    "SRU, d = h": (SRU(5, 5), sru(1.0)),
    "SRU, no peepholes": (SRU(3, 5, peepholes=False), sru(1.0)),
    "SRU, scaled": (SRU(5, 5, scale=1.7), sru(1.7)),
    "QRNN, f, window 1": (QRNN(3, 5, 1, "f"), qrnn("f", 1)),
    "QRNN, fo": (QRNN(3, 5), qrnn("fo", 2)),
    "QRNN, ifo, window 4": (QRNN(3, 5, 4, "ifo"), qrnn("ifo", 4)),
    "MultiplicativeLSTM": (MultiplicativeLSTM(3, 5), multiplicative_lstm),
    "RHN": (RHN(3, 5), rhn(3)),
    "RHN, depth 1, no bias": (RHN(3, 5, depth=1, bias=False), rhn(1)),
}


@pytest.mark.parametrize("name", CELLS)
def test_the_equations_of_the_paper(name: str) -> None:
    cell, equation = CELLS[name]
    generator = torch.Generator().manual_seed(0)
    cell = cell.double()
    for parameter in cell.parameters():
        parameter.data += 0.3 * torch.randn(parameter.shape, dtype=torch.float64, generator=generator)
    weights = {key: value.detach().numpy() for key, value in cell.named_parameters()}
    x = torch.randn(4, 6, cell.input_size, dtype=torch.float64, generator=generator)
    start = {k: torch.randn(4, w, dtype=torch.float64, generator=generator) for k, w in cell.states.items()}
    y, final = Recurrent(cell)(x, state=start)
    state = {key: value.numpy() for key, value in start.items()}
    # at most three layers of sums of 15 products and 15 more operations, each rounded by half a unit, over up to six
    # steps; factors up to 4 from one to the next
    tolerance = 6 * 3 * 30 * 1.2e-16 * 4
    for t in range(6):
        expected, state = equation(x[:, t].numpy(), weights, state)
        np.testing.assert_allclose(y[:, t].detach().numpy(), expected, rtol=0, atol=tolerance)
    assert state.keys() == final.keys()
    for key, value in state.items():
        np.testing.assert_allclose(final[key].detach().numpy(), value, rtol=0, atol=tolerance)


def test_projection_is_that_of_torch() -> None:
    torch.manual_seed(0)
    theirs = nn.LSTM(3, 5, proj_size=2, batch_first=True).double()
    cell = LSTM(3, 5, projection=2).double()
    assert cell.P is not None
    assert cell.b is not None
    weights = {name: value.detach() for name, value in theirs.named_parameters()}
    with torch.no_grad():  # torch's blocks stand in the same order, as rows
        cell.U.copy_(weights["weight_ih_l0"].T)
        cell.W.copy_(weights["weight_hh_l0"].T)
        cell.P.copy_(weights["weight_hr_l0"].T)
        cell.b.copy_(weights["bias_ih_l0"] + weights["bias_hh_l0"])
    x = torch.randn(4, 7, 3, dtype=torch.float64, requires_grad=True)
    h, c = torch.randn(4, 2, dtype=torch.float64), torch.randn(4, 5, dtype=torch.float64)
    y, final = Recurrent(cell)(x, state={"h": h, "c": c})
    expected, (h_n, c_n) = theirs(x, (h[None], c[None]))
    probe = torch.randn_like(y)
    (mine,), (right,) = (torch.autograd.grad((out * probe).sum(), x) for out in (y, expected))
    # as above: 7 steps of sums of at most 12 products and some 15 operations; backward as many again
    for a, b in ((y, expected), (final["h"], h_n[0]), (final["c"], c_n[0]), (mine, right)):
        torch.testing.assert_close(a, b, rtol=0, atol=2 * 7 * 30 * 1.2e-16 * 4)


def test_coupled_gates_stay_within_bounds() -> None:
    """|c_t| ≤ max(|c_{t-1}|, 1), as a mixture; an LSTM with both gates open adds up."""
    x = torch.full((1, 50, 1), 10.0)
    _, final = Recurrent(LSTM(1, 8, coupled=True))(x)
    assert final["c"].abs().max() <= 1
    open_gates = LSTM(1, 1, forget_bias=20.0)
    nn.init.constant_(open_gates.U, 1.0)
    _, final = Recurrent(open_gates)(x)
    assert final["c"].item() > 40


def test_shares_of_shut_gates() -> None:
    """f / (f + i) where both are below the smallest number: the larger one wins, and nothing is NaN."""
    cell = MinLSTM(1, 2)
    cell.U.data = torch.zeros(1, 6)
    assert cell.b is not None
    cell.b.data = torch.tensor([-900.0, -990.0, -990.0, -900.0, 7.0, 7.0])  # f, i, n
    h, _ = cell.step(torch.zeros(1, 1), h=torch.full((1, 2), 3.0))
    assert h.tolist() == [[3.0, 7.0]]


def test_a_window_reaches_back_over_calls() -> None:
    """y_t of window 3 depends on x_{t-2} and not on x_{t-3} where nothing is kept; a chunk knows the one before."""
    cell = QRNN(2, 4, window=3, pooling="f")
    assert cell.b is not None
    cell.b.data[4:] = -1e4  # f = 0
    cell.U.data[:, 4:] = 0
    layer = Recurrent(cell)
    x = torch.randn(1, 9, 2, requires_grad=True)
    y, _ = layer(x)
    (grad,) = torch.autograd.grad(y[0, 6].sum(), x)
    # a float32 gate that is shut may be some 1e-38 and not 0
    assert (grad[0].abs().sum(dim=1) > 1e-30).tolist() == [t in (4, 5, 6) for t in range(9)]
    first, state = layer(x[:, :5])
    second, _ = layer(x[:, 5:], state=state)
    # sums of 6 products in float32, of one unit each
    torch.testing.assert_close(torch.cat([first, second], dim=1), y, rtol=0, atol=20 * 1.2e-7)


def test_initial_values_of_the_lstm() -> None:
    coupled = LSTM(40, 20, coupled=True, peepholes=True, projection=10)
    assert coupled.b is not None
    assert coupled.b.tolist() == [1.0] * 20 + [0.0] * 40  # f, g, o
    assert coupled.p is not None
    assert coupled.p.tolist() == [0.0] * 40  # f, o
    assert coupled.P is not None
    assert 0.9 * math.sqrt(6 / 30) < coupled.P.abs().max() <= math.sqrt(6 / 30)
    assert 0.9 * math.sqrt(6 / 60) < coupled.U.abs().max() <= math.sqrt(6 / 60)
    for W in coupled.W.detach().chunk(3, dim=1):  # (10, 20): its rows are orthogonal
        torch.testing.assert_close(W @ W.T, torch.eye(10), rtol=0, atol=1e-5)
    normed = LSTM(4, 3, layer_norm=True)
    gains = [value for value in (normed.s_x, normed.s_h, normed.s_c) if value is not None]
    assert [gain.tolist() for gain in gains] == [[1.0] * 12, [1.0] * 12, [1.0] * 3]
    assert normed.b_c is not None
    assert normed.b_c.tolist() == [0.0] * 3
    assert LSTM(4, 3, False, layer_norm=True).b_c is None


def test_other_initial_values() -> None:
    minimal = MinLSTM(40, 20, forget_bias=1.5)
    assert minimal.b is not None
    assert minimal.b.tolist() == [1.5] * 20 + [0.0] * 40
    multiplicative = MultiplicativeLSTM(40, 20)
    assert multiplicative.b is not None
    assert multiplicative.b.tolist() == [0.0] * 20 + [1.0] * 20 + [0.0] * 40
    highway = RHN(40, 20, depth=2)
    assert highway.b is not None
    assert highway.b.tolist() == ([0.0] * 20 + [-2.0] * 20) * 2
    for W in (multiplicative.R, *multiplicative.W.chunk(4, dim=1), *highway.W.chunk(4, dim=1)):
        torch.testing.assert_close(W.detach() @ W.detach().T, torch.eye(20), rtol=0, atol=1e-5)
    bound = math.sqrt(6 / 60)
    for U in (*minimal.U.chunk(3, dim=1), multiplicative.M, *multiplicative.U.chunk(4, dim=1), *highway.U.chunk(2, 1)):
        assert 0.9 * bound < U.abs().max() <= bound
    for U in QRNN(20, 20, window=2, pooling="ifo").U.chunk(4, dim=1):
        assert 0.9 * bound < U.abs().max() <= bound


@pytest.mark.parametrize("peepholes", [True, False])
def test_initial_values_of_the_sru(peepholes: bool) -> None:
    torch.manual_seed(0)
    cell = SRU(300, 400, peepholes=peepholes)
    share = 0.5 if peepholes else 1.0  # of the variance 1 / d, beside that of v c
    assert cell.S is not None
    for weight, variance in zip((cell.S, *cell.U.chunk(3, dim=1)), (1.0, 1.0, share, share), strict=True):
        # the mean of 120,000 squares of a uniform draw: within 6 of its standard deviations, 0.9 / √120000 each
        assert float(weight.detach().var()) * 300 == pytest.approx(variance, rel=6 * 0.9 / 346)
    if cell.v is not None:
        assert float(cell.v.detach().var()) == pytest.approx(0.5, rel=6 * 0.9 / math.sqrt(800))
    assert (cell.v is not None) == peepholes
    assert cell.b is not None
    assert (cell.b == 0).all()


def test_options() -> None:
    assert SRU(5, 5).S is None
    assert LSTM(2, 4, projection=3).like(input_size=3).states == {"h": 3, "c": 4}
    assert list(QRNN(2, 4, window=3).states) == ["c", "x1", "x2"]
    stacked = Recurrent(LSTM(2, 4, projection=3, coupled=True), layers=2)
    assert stacked(torch.zeros(1, 2, 2))[0].shape == (1, 2, 3)
    for cell in (MinLSTM, SRU, QRNN, MultiplicativeLSTM, RHN):
        assert "b" not in dict(cell(2, 3, bias=False).named_parameters())
        with pytest.raises(ArgumentError, match="hidden_size"):
            cell(2, 0)
        with pytest.raises(ArgumentTypeError, match="input_size"):
            cell(2.0, 3)  # pyright: ignore[reportArgumentType]


def test_options_that_make_no_sense() -> None:
    with pytest.raises(ArgumentError, match="both peepholes and layer_norm"):
        LSTM(2, 3, peepholes=True, layer_norm=True)
    with pytest.raises(ArgumentError, match="projection is 4, hidden_size 3"):
        LSTM(2, 3, projection=4)
    with pytest.raises(ArgumentError, match="projection is 0"):
        LSTM(2, 3, projection=0)
    with pytest.raises(ArgumentError, match="pooling is 'of'"):
        QRNN(2, 3, pooling="of")
    with pytest.raises(ArgumentError, match="window is 0"):
        QRNN(2, 3, window=0)
    with pytest.raises(ArgumentError, match="depth is 0"):
        RHN(2, 3, depth=0)


def test_linear_loops_are_known() -> None:
    """MinLSTM, QRNN and an SRU without peepholes are linear in the memory: it may run in parallel over time."""
    from elman.run.plan import plan
    from elman.step.text import to_text

    def linear(cell: Cell) -> dict[str, bool]:
        stages = plan(to_text(Recurrent(cell).program)).stages
        return {state: stage.linear for stage in stages for state in stage.states}

    assert linear(MinLSTM(3, 5)) == {"h": True}
    assert linear(SRU(3, 5)) == {"c": False}
    for d in (3, 5):
        assert linear(SRU(d, 5, peepholes=False)) == {"c": True}
    for pooling in ("f", "fo", "ifo"):
        assert linear(QRNN(3, 5, window=1, pooling=pooling)) == {"c": True}
        # the earlier inputs are copied, and the memory's loop comes after them
        assert linear(QRNN(3, 5, window=3, pooling=pooling)) == {"x1": False, "x2": False, "c": True}
