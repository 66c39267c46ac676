"""SCRN, Leaky, IndRNN, MGU and MinGRU against their papers' equations in NumPy, from unequal states; initial values."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from elman import Recurrent
from elman.cells import MGU, SCRN, Cell, IndRNN, Leaky, MinGRU
from elman.errors import ElmanError

Arrays = dict[str, np.ndarray]
Equation = Callable[[np.ndarray, Arrays, Arrays], tuple[np.ndarray, Arrays]]


def sigmoid(a: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-a))


def scrn(alpha: float) -> Equation:
    def step(x: np.ndarray, p: Arrays, s: Arrays) -> tuple[np.ndarray, Arrays]:
        share = sigmoid(p["r"]) if "r" in p else alpha
        slow = (1 - share) * (x @ p["B"]) + share * s["s"]
        fast = sigmoid(slow @ p["P"] + x @ p["A"] + s["h"] @ p["R"])
        return np.concatenate([fast, slow], axis=1), {"h": fast, "s": slow}

    return step


def leaky(leak: float) -> Equation:
    def step(x: np.ndarray, p: Arrays, s: Arrays) -> tuple[np.ndarray, Arrays]:
        share = sigmoid(p["r"]) if "r" in p else leak
        h = (1 - share) * s["h"] + share * np.tanh(x @ p["U"] + s["h"] @ p["W"] + p["b"])
        return h, {"h": h}

    return step


def indrnn(x: np.ndarray, p: Arrays, s: Arrays) -> tuple[np.ndarray, Arrays]:
    h = np.maximum(x @ p["U"] + p["w"] * s["h"] + p["b"], 0)
    return h, {"h": h}


def mgu(x: np.ndarray, p: Arrays, s: Arrays) -> tuple[np.ndarray, Arrays]:
    h, width = s["h"], s["h"].shape[1]
    f = sigmoid(x @ p["U"][:, :width] + h @ p["W"][:, :width] + p["b"][:width])
    n = np.tanh(x @ p["U"][:, width:] + (f * h) @ p["W"][:, width:] + p["b"][width:])
    h = (1 - f) * h + f * n
    return h, {"h": h}


def mingru(x: np.ndarray, p: Arrays, s: Arrays) -> tuple[np.ndarray, Arrays]:
    width = s["h"].shape[1]
    z = sigmoid(x @ p["U"][:, :width] + p["b"][:width])
    h = (1 - z) * s["h"] + z * (x @ p["U"][:, width:] + p["b"][width:])
    return h, {"h": h}


CELLS: dict[str, tuple[Cell, Equation]] = {
    "SCRN": (SCRN(3, 5, context=2), scrn(0.95)),
    "SCRN, another α": (SCRN(3, 5, context=7, alpha=0.5), scrn(0.5)),
    "SCRN, learned": (SCRN(3, 5, context=2, alpha=0.9, learn_alpha=True), scrn(math.nan)),
    "Leaky": (Leaky(3, 5, leak=0.3), leaky(0.3)),
    "Leaky, learned": (Leaky(3, 5, learn_leak=True), leaky(math.nan)),
    "IndRNN": (IndRNN(3, 5), indrnn),
    "MGU": (MGU(3, 5), mgu),
    "MinGRU": (MinGRU(3, 5), mingru),
}


@pytest.mark.parametrize("name", CELLS)
def test_the_equations_of_the_paper(name: str) -> None:
    cell, equation = CELLS[name]
    generator = torch.Generator().manual_seed(0)
    cell = cell.double()
    for parameter in cell.parameters():
        parameter.data += 0.1 * torch.randn(parameter.shape, dtype=torch.float64, generator=generator)
    weights = {key: value.detach().numpy() for key, value in cell.named_parameters()}
    x = torch.randn(4, 6, 3, dtype=torch.float64, generator=generator)
    start = {k: torch.randn(4, w, dtype=torch.float64, generator=generator) for k, w in cell.states.items()}
    y, final = Recurrent(cell)(x, state=start)
    state = {key: value.numpy() for key, value in start.items()}
    for t in range(6):
        expected, state = equation(x[:, t].numpy(), weights, state)
        # sums of at most 15 products and a dozen more operations, each rounded by half a unit, over up to six steps
        np.testing.assert_allclose(y[:, t].detach().numpy(), expected, rtol=0, atol=6 * 30 * 1.2e-16 * 4)
    for key, value in state.items():
        np.testing.assert_allclose(final[key].detach().numpy(), value, rtol=0, atol=6 * 30 * 1.2e-16 * 4)


def test_initial_values() -> None:
    scrn_cell = SCRN(40, 20, context=10, alpha=0.9, learn_alpha=True)
    assert scrn_cell.r is not None
    torch.testing.assert_close(torch.sigmoid(scrn_cell.r.detach()), torch.full((10,), 0.9))
    assert SCRN(3, 5).r is None
    torch.testing.assert_close(scrn_cell.R.detach() @ scrn_cell.R.detach().T, torch.eye(20), rtol=0, atol=1e-5)
    for weight, sizes in ((scrn_cell.A, 60), (scrn_cell.B, 50), (scrn_cell.P, 30)):
        bound = math.sqrt(6 / sizes)
        assert 0.9 * bound < weight.abs().max() <= bound
    ind = IndRNN(40, 2000)
    assert 0 <= ind.w.min() < 0.01
    assert 0.99 < ind.w.max() <= 1
    minimal = MinGRU(40, 20)
    for block in minimal.U.chunk(2, dim=1):
        assert 0.9 * math.sqrt(6 / 60) < block.abs().max() <= math.sqrt(6 / 60)
    for block in MGU(40, 20).W.detach().chunk(2, dim=1):
        torch.testing.assert_close(block @ block.T, torch.eye(20), rtol=0, atol=1e-5)
    assert MinGRU(3, 5, bias=False).b is None
    assert MGU(3, 5, bias=False).b is None
    assert IndRNN(3, 5, bias=False).b is None


def test_a_unit_of_an_indrnn_only_doubles() -> None:
    cell = IndRNN(1, 3)
    cell.w.data = torch.tensor([3.0, -3.0, 0.5])
    assert cell.clip_(steps=10).w.tolist() == pytest.approx([2**0.1, -(2**0.1), 0.5])
    with pytest.raises(ElmanError, match="steps"):
        cell.clip_(steps=0)


@pytest.mark.parametrize("alpha", [-0.1, 1.0, math.nan])
def test_alpha_out_of_range(alpha: float) -> None:
    with pytest.raises(ElmanError, match="alpha is"):
        SCRN(3, 5, alpha=alpha)
    with pytest.raises(ElmanError, match="to be learned"):
        SCRN(3, 5, alpha=0.0, learn_alpha=True)


@pytest.mark.parametrize("leak", [0.0, -1.0, 1.1, math.nan])
def test_leak_out_of_range(leak: float) -> None:
    with pytest.raises(ElmanError, match="leak is"):
        Leaky(3, 5, leak=leak)
    with pytest.raises(ElmanError, match="to be learned"):
        Leaky(3, 5, leak=1.0, learn_leak=True)
    learned = Leaky(3, 5, leak=0.1, learn_leak=True).r
    assert learned is not None
    torch.testing.assert_close(torch.sigmoid(learned.detach()), torch.full((5,), 0.1))


def test_linear_loops_are_known() -> None:
    """The context of an SCRN and the whole of a MinGRU may run in parallel over time."""
    from elman.run.plan import plan
    from elman.step.text import to_text

    def linear(cell: Cell) -> dict[str, bool]:
        stages = plan(to_text(Recurrent(cell).program)).stages
        return {state: stage.linear for stage in stages for state in stage.states}

    assert linear(SCRN(3, 5, context=2)) == {"s": True, "h": False}
    assert linear(MinGRU(3, 5)) == {"h": True}
    assert linear(IndRNN(3, 5, activation="identity")) == {"h": True}
    assert linear(IndRNN(3, 5)) == {"h": False}
