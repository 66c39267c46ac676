"""Clockwork, CTRNN, Deep, EchoState, and the newer forms of Elman, GRU, SCRN and Leaky.

Their equations in NumPy, from unequal states, on every machine; initial values; wrong arguments.
"""

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from elman import Recurrent
from elman.cells import CTRNN, GRU, SCRN, Cell, Clockwork, Deep, EchoState, Elman, Leaky
from elman.errors import ArgumentError, ArgumentTypeError
from elman.native import available

Arrays = dict[str, np.ndarray]
Equation = Callable[[np.ndarray, Arrays, Arrays], tuple[np.ndarray, Arrays]]


def sigmoid(a: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-a))


def norm(a: np.ndarray) -> np.ndarray:
    """(a - mean) / √(variance + 1e-5), row by row."""
    apart = a - a.mean(axis=1, keepdims=True)
    return apart / np.sqrt((apart**2).mean(axis=1, keepdims=True) + 1e-5)


def normed_elman(x: np.ndarray, p: Arrays, s: Arrays) -> tuple[np.ndarray, Arrays]:
    h = np.tanh(p["g"] * norm(x @ p["U"] + s["h"] @ p["W"]) + p["b"])
    return h, {"h": h}


def normed_gru(x: np.ndarray, p: Arrays, s: Arrays) -> tuple[np.ndarray, Arrays]:
    h, w = s["h"], s["h"].shape[1]
    both = slice(0, 2 * w)
    gates = p["g"][both] * norm(x @ p["U"][:, both]) + p["k"][both] * norm(h @ p["W"][:, both]) + p["b"][both]
    r, z = sigmoid(gates[:, :w]), sigmoid(gates[:, w:])
    seen = p["k"][2 * w :] * norm(h @ p["W"][:, 2 * w :]) + p["c"]
    n = np.tanh(p["g"][2 * w :] * norm(x @ p["U"][:, 2 * w :]) + p["b"][2 * w :] + r * seen)
    h = (1 - z) * n + z * h
    return h, {"h": h}


def scrn(old: bool) -> Equation:
    def step(x: np.ndarray, p: Arrays, s: Arrays) -> tuple[np.ndarray, Arrays]:
        slow = (1 - p["alpha"]) * (x @ p["B"]) + p["alpha"] * s["s"]
        fast = sigmoid((s["s"] if old else slow) @ p["P"] + x @ p["A"] + s["h"] @ p["R"])
        return np.concatenate([fast, slow], axis=1), {"h": fast, "s": slow}

    return step


def leaky(x: np.ndarray, p: Arrays, s: Arrays) -> tuple[np.ndarray, Arrays]:
    h = (1 - p["leak"]) * s["h"] + p["leak"] * np.tanh(x @ p["U"] + s["h"] @ p["W"] + p.get("b", 0))
    return h, {"h": h}


def ctrnn(tau: Any, dt: float) -> Equation:
    def step(x: np.ndarray, p: Arrays, s: Arrays) -> tuple[np.ndarray, Arrays]:
        times = dt / sigmoid(p["r"]) if "r" in p else tau
        slope = (-s["h"] + np.tanh(s["h"]) @ p["W"] + x @ p["U"] + p["b"]) / times
        h = s["h"] + dt * slope
        return np.tanh(h), {"h": h}

    return step


def clockwork(periods: tuple[int, ...], widths: tuple[int, ...]) -> Equation:
    """Modules one by one, each with its own rows of W, and a count of steps as the paper has it."""
    begins = np.cumsum([0, *widths])

    def step(x: np.ndarray, p: Arrays, s: Arrays) -> tuple[np.ndarray, Arrays]:
        h = s["h"].copy()
        clock = s["clock"].copy()
        for i, period in enumerate(periods):
            own = slice(begins[i], begins[i + 1])
            new = np.tanh(x @ p["U"][:, own] + s["h"][:, begins[i] :] @ p["W"][begins[i] :, own] + p["b"][own])
            moves = s["clock"][:, i] % period == 0
            h[moves, own] = new[moves]
            clock[:, i] = (s["clock"][:, i] + 1) % period
        return h, {"h": h, "clock": clock}

    return step


def deep(x: np.ndarray, p: Arrays, s: Arrays) -> tuple[np.ndarray, Arrays]:
    u = np.tanh(np.tanh(x @ p["A.0"] + p["a.0"]) @ p["A.1"] + p["a.1"])
    z = np.tanh(u @ p["U"] + s["h"] @ p["W.0"] + p["b.0"])
    h = np.tanh(z @ p["W.1"] + p["b.1"])
    return np.tanh(h @ p["V.0"] + p["c.0"]), {"h": h}


TIMES = [2.0, 4.0, 16.0, 8.0, 2.0]  # with dt = 2, shares that float32 holds exactly
CELLS: dict[str, tuple[Callable[[], Cell], Equation]] = {
    "Elman, normed": (lambda: Elman(3, 5, layer_norm=True), normed_elman),
    "GRU, normed": (lambda: GRU(3, 5, layer_norm=True), normed_gru),
    "SCRN, an α for each unit": (lambda: SCRN(3, 5, context=3, alpha=[0.0, 0.9, 0.5]), scrn(False)),
    "SCRN, old context": (lambda: SCRN(3, 5, context=2, alpha=[0.95, 0.9], old_context=True), scrn(True)),
    "Leaky, an a for each unit": (lambda: Leaky(3, 5, leak=torch.tensor([0.1, 0.2, 0.3, 0.9, 1.0])), leaky),
    "CTRNN": (lambda: CTRNN(3, 5, tau=0.7, dt=0.1), ctrnn(0.7, 0.1)),
    "CTRNN, a τ for each unit": (lambda: CTRNN(3, 5, tau=TIMES, dt=2.0), ctrnn(np.array(TIMES), 2.0)),
    "CTRNN, learned": (lambda: CTRNN(3, 5, tau=2.0, dt=0.5, learn_tau=True), ctrnn(None, 0.5)),
    "Clockwork": (lambda: Clockwork(3, 7, periods=(1, 2, 4)), clockwork((1, 2, 4), (3, 2, 2))),
    "Clockwork, other periods": (lambda: Clockwork(3, 5, periods=(2, 3)), clockwork((2, 3), (3, 2))),
    "Deep": (lambda: Deep(3, 5, input_layers=(4, 6), transition_layers=(2,), output_layers=(3,)), deep),
    "EchoState": (lambda: EchoState(3, 5, density=0.6, bias_scale=0.5, leak=[0.1, 0.2, 0.3, 0.9, 1.0]), leaky),
}


@pytest.mark.parametrize("machine", ["reference", "torch", "native"])
@pytest.mark.parametrize("name", CELLS)
def test_the_equations_of_the_paper(name: str, machine: str) -> None:
    if machine == "native" and not available():
        pytest.skip("elman was built without its native machine")
    torch.manual_seed(0)
    make, equation = CELLS[name]
    cell = make().double()
    generator = torch.Generator().manual_seed(0)
    for parameter in cell.parameters():
        parameter.data += 0.1 * torch.randn(parameter.shape, dtype=torch.float64, generator=generator)
    values = {key: value.detach().numpy() for key, value in (*cell.named_parameters(), *cell.named_buffers())}
    steps = 11
    x = torch.randn(4, steps, 3, dtype=torch.float64, generator=generator)
    start = {k: torch.randn(4, w, dtype=torch.float64, generator=generator) for k, w in cell.states.items()}
    if isinstance(cell, Clockwork):  # counts of 0, 1, 2 and 3 steps before this one
        start["clock"] = torch.tensor([[t % period for period in cell.periods] for t in range(4)]).double()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a fallback is announced by a warning
        y, final = Recurrent(cell, machine=machine)(x, state=start)
    state = {key: value.numpy() for key, value in start.items()}
    for t in range(steps):
        expected, state = equation(x[:, t].numpy(), values, state)
        # sums of at most 15 products and two dozen more operations, each rounded by half a unit (1.1e-16 of numbers up
        # to 4), over up to eleven steps
        np.testing.assert_allclose(y[:, t].detach().numpy(), expected, rtol=0, atol=steps * 40 * 1.1e-16 * 4)
    for key, value in state.items():
        np.testing.assert_allclose(final[key].detach().numpy(), value, rtol=0, atol=steps * 40 * 1.1e-16 * 4)


def test_a_module_moves_at_its_own_steps_only() -> None:
    cell = Clockwork(2, 6, periods=(1, 3, 5))
    y = Recurrent(cell)(torch.randn(3, 31, 2))[0].detach()
    for i, period in enumerate(cell.periods):
        own = y[:, :, 2 * i : 2 * i + 2]
        for t in range(1, 31):
            assert (own[:, t] == own[:, t - 1]).all().item() == (t % period != 0)
    # what is slower sees nothing of what is faster, so that the slowest module is an Elman network of every fifth step
    slow = Elman(2, 2)
    assert slow.b is not None
    assert cell.b is not None
    slow.U.data, slow.W.data, slow.b.data = cell.U.data[:, 4:], cell.W.data[4:, 4:], cell.b.data[4:]
    x = torch.randn(3, 21, 2)
    expected = Recurrent(slow)(x[:, ::5])[0]
    # 5 steps of float32, 7 sums each
    torch.testing.assert_close(Recurrent(cell)(x)[0][:, ::5, 4:], expected, rtol=0, atol=5 * 7 * 6e-8)


def test_the_clock_of_a_long_sequence_stays_exact() -> None:
    """In float32 a plain count of steps would stand still at 2^24; this one returns to 0 with each period."""
    cell = Clockwork(1, 3, periods=(1, 2, 7))
    state = cell.initial_state(1)
    for _ in range(7 * 300 + 3):
        _, state = cell.step(torch.zeros(1, 1), **state)
    assert state["clock"].tolist() == [[0.0, 1.0, 3.0]]


def test_initial_values_of_elman() -> None:
    torch.manual_seed(0)
    cell = Elman(60, 50, "relu", start="identity", scale=0.5)
    assert torch.equal(cell.W.detach(), 0.5 * torch.eye(50))
    # 3,000 normal draws: their standard deviation is 0.001 within four standard errors, 1 / √(2 · 3,000) each
    assert cell.U.std().item() == pytest.approx(0.001, rel=4 / math.sqrt(6000))
    assert abs(cell.U.mean().item()) < 4 * 0.001 / math.sqrt(3000)
    assert cell.b is not None
    assert cell.b.abs().max() == 0
    wide = Elman(3, 20, scale=1.5).W.detach()
    torch.testing.assert_close(wide @ wide.T, 2.25 * torch.eye(20), rtol=0, atol=1e-5)
    normed = Elman(3, 20, layer_norm=True).g
    assert normed is not None
    assert torch.equal(normed.detach(), torch.ones(20))
    assert Elman(3, 20).g is None
    assert GRU(3, 20).g is None


def test_an_identity_start_keeps_a_state_without_input() -> None:
    """What the start is for: relu units add up their inputs, and the gradient of the first is that of the last."""
    layer = Recurrent(Elman(1, 4, "relu", start="identity").double())
    x = torch.ones(1, 300, 1, dtype=torch.float64, requires_grad=True)
    cell = layer.cells["l0"]
    assert isinstance(cell, Elman)
    cell.U.data.abs_()
    y, _ = layer(x)
    # 300 equal summands, each sum rounded by half a unit
    torch.testing.assert_close(y[:, -1], 300 * cell.U.detach(), rtol=300 * 1.2e-16, atol=0)
    (slope,) = torch.autograd.grad(y[:, -1].sum(), x)
    torch.testing.assert_close(slope, cell.U.sum().detach().expand_as(slope), rtol=1e-15, atol=0)


@pytest.mark.parametrize(("size", "density", "radius"), [(80, 0.1, 0.9), (80, 1.0, 1.3), (3, 0.01, 0.5), (1, 0.1, 0.7)])
def test_a_reservoir_has_its_spectral_radius_and_density(size: int, density: float, radius: float) -> None:
    torch.manual_seed(0)
    cell = EchoState(4, size, radius, density, input_scale=0.3, bias_scale=0.2).double()
    # drawn in float64 and kept in float32: entries are off by 6e-8 of theirs; non-normal matrices this small: 100 times
    assert np.abs(np.linalg.eigvals(cell.W.numpy())).max() == pytest.approx(radius, rel=6e-6)
    assert (cell.W != 0).sum(dim=0).tolist() == [max(1, round(density * size))] * size
    assert cell.b is not None
    for drawn, scale in ((cell.U, 0.3), (cell.b, 0.2)):
        assert drawn.abs().max() <= scale
    if size > 50:  # 320 draws stay below 90 % of the bound with probability 0.9^320
        assert cell.U.abs().max() > 0.9 * 0.3
    assert not list(cell.parameters())
    assert set(cell.state_dict()) == {"U", "W", "b"}
    assert "b" not in EchoState(4, size).state_dict()


@pytest.mark.parametrize("machine", ["reference", "torch", "native"])
def test_a_layer_without_anything_to_learn(machine: str) -> None:
    """Gradients pass through a reservoir to what stands below it; streams and siblings are of its dtype."""
    if machine == "native" and not available():
        pytest.skip("elman was built without its native machine")
    layer = Recurrent(EchoState(3, 6, leak=0.4), layers=2, machine=machine).double()
    x = torch.randn(2, 4, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: layer(x, [4, 2])[0], (x,))
    stream = layer.stream(batch=2)
    y = torch.stack([torch.as_tensor(stream(x[:, t].detach())).clone() for t in range(4)], dim=1)
    assert y.dtype == torch.float64
    torch.testing.assert_close(y, layer(x)[0].detach(), rtol=0, atol=4 * 40 * 1.2e-16)
    sibling = EchoState(3, 6).double().like(input_size=5)
    assert sibling.W.dtype == torch.float64
    assert not torch.equal(sibling.W, EchoState(3, 6).double().W)


def test_an_echo_state_forgets_how_it_began() -> None:
    layer = Recurrent(EchoState(1, 50, spectral_radius=0.8, input_scale=0.5).double())
    x = torch.randn(1, 200, 1, dtype=torch.float64)
    ends = [layer(x, state={"h": start * torch.ones(1, 50, dtype=torch.float64)})[1]["h"] for start in (-1.0, 1.0)]
    # 0.8^200 = 4e-20; what is left is rounding
    torch.testing.assert_close(ends[0], ends[1], rtol=0, atol=1e-14)


def test_initial_values_of_the_others() -> None:
    cell = Clockwork(40, 30, periods=(1, 2, 4))
    W = cell.W.detach()
    for i in range(3):
        own = slice(10 * i, 10 * i + 10)
        torch.testing.assert_close(W[own, own] @ W[own, own].T, torch.eye(10), rtol=0, atol=1e-5)
        assert (W[: 10 * i, own] == 0).all()
        assert (W[10 * i + 10 :, own] != 0).all()
    assert cell.widths == (10, 10, 10)
    assert Clockwork(3, 8, periods=(1, 2, 4)).widths == (3, 3, 2)
    learned = CTRNN(3, 5, tau=[4.0, 8.0, 2.0, 10.0, 5.0], learn_tau=True).r
    assert learned is not None
    torch.testing.assert_close(torch.sigmoid(learned.detach()), torch.tensor([0.25, 0.125, 0.5, 0.1, 0.2]))
    each = SCRN(3, 5, context=2, alpha=[0.9, 0.5], learn_alpha=True).r
    assert each is not None
    torch.testing.assert_close(torch.sigmoid(each.detach()), torch.tensor([0.9, 0.5]))
    layers = Deep(3, 5, input_layers=(7,), transition_layers=(5, 4), output_layers=(2, 6))
    assert (layers.output_size, layers.U.shape) == (6, (7, 5))
    assert [tuple(W.shape) for W in (*layers.A, *layers.W, *layers.V)] == [
        (3, 7),
        (5, 5),
        (5, 4),
        (4, 5),
        (5, 2),
        (2, 6),
    ]
    torch.testing.assert_close(layers.W[0] @ layers.W[0].T, torch.eye(5), rtol=0, atol=1e-5)


def test_a_deep_cell_without_layers_is_an_elman_cell() -> None:
    deep_cell, plain = Deep(3, 5).double(), Elman(3, 5).double()
    deep_cell.U.data, deep_cell.W[0].data = plain.U.data, plain.W.data
    x = torch.randn(2, 6, 3, dtype=torch.float64)
    assert torch.equal(Recurrent(deep_cell, machine="reference")(x)[0], Recurrent(plain, machine="reference")(x)[0])


def test_the_layers_of_a_deep_cell_that_need_not_wait_do_not() -> None:
    from elman.run.plan import plan
    from elman.step.text import to_text

    cell = Deep(3, 5, input_layers=(7, 8), transition_layers=(6, 9), output_layers=(4, 2))
    stages = plan(to_text(Recurrent(cell).program)).stages
    counts = [[sum(node.op == "matmul" for node in stage.nodes), bool(stage.states)] for stage in stages]
    assert counts == [[3, False], [3, True], [2, False]]  # two of A and U; three of W; two of V


WRONG: list[tuple[Callable[[], Cell], type[Exception], str]] = [
    (lambda: Elman(3, 5, start="zeros"), ArgumentError, "'orthogonal', 'identity'"),
    (lambda: GRU(3, 5, reset_after=False, layer_norm=True), ArgumentError, "layer_norm"),
    (lambda: SCRN(3, 5, context=2, alpha=[0.5, 1.0]), ArgumentError, "0 ≤ alpha < 1"),
    (lambda: SCRN(3, 5, context=3, alpha=[0.5, 0.6]), ArgumentError, "3: one a unit"),
    (lambda: SCRN(3, 5, context=2, alpha=[0.0, 0.6], learn_alpha=True), ArgumentError, "to be learned"),
    (lambda: SCRN(3, 5, alpha="much"), ArgumentTypeError, "a number"),  # pyright: ignore[reportArgumentType]
    (lambda: Leaky(3, 2, leak=[0.5, math.nan]), ArgumentError, "finite"),
    (lambda: Leaky(3, 2, leak=[0.5, 0.0]), ArgumentError, "0 < leak ≤ 1"),
    (lambda: CTRNN(3, 2, tau=0.5), ArgumentError, "smaller dt"),
    (lambda: CTRNN(3, 2, tau=[2.0, 0.9]), ArgumentError, "tau is 0.9"),
    (lambda: CTRNN(3, 2, tau=1.0, learn_tau=True), ArgumentError, "tau > dt"),
    (lambda: CTRNN(3, 2, dt=0.0), ArgumentError, "dt is 0.0"),
    (lambda: CTRNN(3, 2, dt=math.nan), ArgumentError, "dt is nan"),
    (lambda: CTRNN(3, 2, activation="step"), ArgumentError, "activation"),
    (lambda: Clockwork(3, 2), ArgumentError, "4 periods for 2"),
    (lambda: Clockwork(3, 5, periods=(2, 1)), ArgumentError, "grow"),
    (lambda: Clockwork(3, 5, periods=(1, 1)), ArgumentError, "grow"),
    (lambda: Clockwork(3, 5, periods=()), ArgumentError, "grow"),
    (lambda: Clockwork(3, 5, periods=(0, 1)), ArgumentError, "a period is 0"),
    (lambda: Clockwork(3, 5, periods=(1.5, 2)), ArgumentTypeError, "a period"),  # pyright: ignore[reportArgumentType]
    (lambda: Deep(3, 5, transition_layers=(0,)), ArgumentError, "transition_layers"),
    (lambda: Deep(3, 5, output_layers=(2.5,)), ArgumentTypeError, "output_layers"),  # pyright: ignore[reportArgumentType]
    (lambda: Deep(0, 5), ArgumentError, "input_size"),
    (lambda: EchoState(3, 5, spectral_radius=0.0), ArgumentError, "spectral_radius is 0.0"),
    (lambda: EchoState(3, 5, spectral_radius=math.inf), ArgumentError, "spectral_radius is inf"),
    (lambda: EchoState(3, 5, density=1.1), ArgumentError, "at most 1"),
    (lambda: EchoState(3, 5, density=math.nan), ArgumentError, "density is nan"),
    (lambda: EchoState(3, 5, input_scale=-1.0), ArgumentError, "input_scale is -1.0"),
    (lambda: EchoState(3, 5, bias_scale=-0.1), ArgumentError, "bias_scale is -0.1"),
    (lambda: EchoState(3, 5, leak=0.0), ArgumentError, "leak is 0.0"),
]


@pytest.mark.parametrize(("make", "error", "words"), WRONG, ids=[str(i) for i in range(len(WRONG))])
def test_wrong_arguments_are_errors_at_construction(
    make: Callable[[], Cell], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize(
    "made",
    [
        lambda: CTRNN(3, 5, tau=[2.0] * 5),
        lambda: CTRNN(3, 5, tau=[2.0] * 5, learn_tau=True),
        lambda: Leaky(3, 5, leak=[0.5] * 5, learn_leak=True),
        lambda: SCRN(3, 5, context=2, alpha=[0.5, 0.9]),
        lambda: Clockwork(3, 5),
        lambda: EchoState(3, 5, leak=[0.5] * 5),
    ],
)
def test_made_without_memory(made: Callable[[], Cell]) -> None:
    """On the meta device, where nothing has a value, a cell has all its shapes."""
    with torch.device("meta"):
        cell = made()
    assert all(value.is_meta for value in (*cell.parameters(), *cell.buffers()))
    own, other = ([(name, value.shape) for name, value in one.named_buffers()] for one in (cell, made()))
    assert own == other
    assert cell.state_dict().keys() == made().state_dict().keys()


@pytest.mark.parametrize("activation", [None, 3])
@pytest.mark.parametrize("kind", [Elman, Leaky, CTRNN, Clockwork, Deep, EchoState])
def test_an_activation_is_a_name_or_a_function(kind: Callable[..., Cell], activation: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=f"activation is {activation}"):
        kind(3, 5, activation=activation)
