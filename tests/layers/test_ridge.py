"""The readout solved for: against NumPy's least squares and scikit-learn's ridge, on unequal rows, and on NARMA-10."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from elman import Recurrent
from elman.cells import GRU, EchoState, Elman
from elman.errors import ArgumentError, ArgumentTypeError
from elman.layers import Readout, fit_readout, ridge

LENGTHS = [40, 0, 3, 33, 5]


@pytest.fixture(params=["reservoir", "two layers", "both directions"])
def layer(request: pytest.FixtureRequest) -> Recurrent:
    torch.manual_seed(0)
    layers = {
        "reservoir": lambda: Recurrent(EchoState(3, 12, density=0.5, bias_scale=0.5)),
        "two layers": lambda: Recurrent(GRU(3, 6), layers=2, dropout=0.5),
        "both directions": lambda: Recurrent(Elman(3, 4), bidirectional=True),
    }
    return layers[request.param]().double().train()


def batch() -> tuple[Tensor, Tensor]:
    """x (5, 40, 3) and targets (5, 40, 2), with NaN where nothing may be read."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(5, 40, 3, dtype=torch.float64, generator=generator)
    targets = torch.randn(5, 40, 2, dtype=torch.float64, generator=generator) + 100  # a mean far from 0
    for row, length in enumerate(LENGTHS):
        x[row, length:], targets[row, length:] = math.nan, math.nan
    return x, targets


def rows(layer: Recurrent, x: Tensor, targets: Tensor, washout: int) -> tuple[np.ndarray, np.ndarray]:
    """Outputs and targets of the steps that count, collected row by row."""
    layer.eval()
    with torch.no_grad():
        y = [layer(x[i : i + 1, :length])[0][0, washout:] for i, length in enumerate(LENGTHS)]
    layer.train()
    wanted = [targets[i, washout:length] for i, length in enumerate(LENGTHS)]
    return torch.cat(y).numpy(), torch.cat(wanted).numpy()


def equal(readout: Readout, V: np.ndarray, c: np.ndarray, A: np.ndarray) -> None:
    """As close as the normal equations of outputs A allow: their condition number times rounding, 1000 sums each."""
    scale = np.linalg.cond(A) ** 2 * 1.1e-16 * 1000 * max(1, np.abs(V).max())
    assert scale < 1e-5, "the comparison says little"
    np.testing.assert_allclose(readout.V.detach().numpy(), V, rtol=0, atol=scale)
    np.testing.assert_allclose(readout.c.detach().numpy(), c, rtol=1e-15, atol=scale * A.shape[1])


@pytest.mark.parametrize("pieces", [1, 7, 64, 100_000])
@pytest.mark.parametrize("washout", [0, 3])
def test_ridge_of_scikit_learn(layer: Recurrent, pieces: int, washout: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ridge, "STEPS", pieces)
    linear_model = pytest.importorskip("sklearn.linear_model")
    x, targets = batch()
    A, B = rows(layer, x, targets, washout)
    expected = linear_model.Ridge(alpha=0.3).fit(A, B)
    readout = fit_readout(layer, x, targets, LENGTHS, penalty=0.3, washout=washout)
    equal(readout, expected.coef_.T, expected.intercept_, A - A.mean(axis=0))


def test_least_squares_of_numpy(layer: Recurrent) -> None:
    x, targets = batch()
    A, B = rows(layer, x, targets, washout=2)
    solution = np.linalg.lstsq(np.concatenate([A, np.ones((len(A), 1))], axis=1), B)[0]
    readout = fit_readout(layer, x, targets, LENGTHS, penalty=0.0, washout=2)
    equal(readout, solution[:-1], solution[-1], A - A.mean(axis=0))


def test_units_that_are_alike_share_the_weight() -> None:
    """Least squares has many solutions then; this one is the smallest, as NumPy's."""
    layer = Recurrent(Elman(2, 3)).double()
    cell = layer.cells["l0"]
    assert isinstance(cell, Elman)
    cell.U.data[:, 1], cell.W.data[:, 1] = cell.U.data[:, 0], cell.W.data[:, 0]
    cell.U.data[:, 2], cell.W.data[:, 2] = 0, 0  # a unit that is silent
    x, targets = torch.randn(3, 20, 2, dtype=torch.float64), torch.randn(3, 20, 1, dtype=torch.float64)
    A, B = layer(x)[0].detach().reshape(60, 3).numpy(), targets.reshape(60, 1).numpy()
    readout = fit_readout(layer, x, targets, penalty=0.0)
    expected = np.linalg.pinv(A - A.mean(axis=0), rcond=1e-10) @ (B - B.mean(axis=0))
    # one direction is left, so nothing is ill-conditioned: 60 sums of products below ten
    np.testing.assert_allclose(readout.V.detach().numpy(), expected, rtol=0, atol=60 * 10 * 1.1e-16)
    assert readout.V[2].item() == 0
    constant = fit_readout(layer, torch.zeros_like(x), targets, penalty=0.0)  # no output ever differs
    assert constant.V.abs().max() == 0
    assert constant.c.item() == pytest.approx(targets.mean().item(), abs=1e-15)


def test_the_layer_stays_as_it_was(layer: Recurrent) -> None:
    x, targets = batch()
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    layer.cells["l0"].eval()
    modes = [module.training for module in layer.modules()]
    readout = fit_readout(layer, x, targets.requires_grad_(), LENGTHS)
    assert [module.training for module in layer.modules()] == modes
    assert all(torch.equal(before[name], value) for name, value in layer.state_dict().items())
    assert all(parameter.grad is None for parameter in layer.parameters())
    assert readout.V.requires_grad
    assert (readout.V.dtype, readout.V.shape) == (torch.float64, (layer.output_size, 2))


def test_a_float32_layer_is_solved_in_float64() -> None:
    """Outputs 1e-3 apart about a mean near 1: sums in float32 would lose them, with an error of some per cent."""
    torch.manual_seed(0)
    layer = Recurrent(Elman(1, 2))
    cell = layer.cells["l0"]
    assert isinstance(cell, Elman)
    assert cell.b is not None
    cell.U.data, cell.W.data, cell.b.data = torch.tensor([[1e-3, 0.0]]), torch.zeros(2, 2), torch.tensor([1.0, 0.5])
    x = torch.randn(1, 5000, 1)
    y = layer(x)[0].detach()
    readout = fit_readout(layer, x, 3 * y[..., :1], penalty=0.0)
    assert readout.V.dtype == torch.float32
    # targets and outputs are float32 numbers about 1, 6e-8 off, against a spread of 4e-4; averaged over 5,000
    torch.testing.assert_close(readout.V.detach(), torch.tensor([[3.0], [0.0]]), rtol=1e-4, atol=1e-4)


def narma(steps: int, seed: int) -> tuple[Tensor, Tensor]:
    """u (1, T, 1), uniform between 0 and 0.5, and y_{t+1} of the tenth-order system that it drives."""
    u = np.random.default_rng(seed).uniform(0, 0.5, steps)
    y = np.zeros(steps + 1)
    for t in range(9, steps):
        y[t + 1] = 0.3 * y[t] + 0.05 * y[t] * y[t - 9 : t + 1].sum() + 1.5 * u[t - 9] * u[t] + 0.1
    return torch.tensor(u).reshape(1, -1, 1), torch.tensor(y[1:]).reshape(1, -1, 1)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_narma_10(seed: int) -> None:
    """Squared error over variance on 2,000 new steps; a reservoir of 200 units had 0.02 to 0.06 over many draws.

    Least squares on the last 10 inputs had 0.33 to 0.37, on the last 100 inputs 0.14 to 0.17: what is below that takes
    the products that tanh makes.
    """
    torch.manual_seed(seed)
    u, y = narma(4200, seed)
    cell = EchoState(1, 200, spectral_radius=0.9, input_scale=0.2, bias_scale=0.2)
    layer = Recurrent(cell).double()
    readout = fit_readout(layer, u[:, :2200], y[:, :2200], penalty=1e-9, washout=200)
    with torch.no_grad():
        predicted = readout(layer(u)[0])[:, 2200:]
    error = (predicted - y[:, 2200:]).square().mean() / y[:, 2200:].var()
    assert error < 0.08


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"penalty": -1.0}, ArgumentError, "penalty is -1.0"),
        ({"penalty": math.nan}, ArgumentError, "penalty is nan"),
        ({"washout": -1}, ArgumentError, "washout is -1"),
        ({"washout": 1.5}, ArgumentTypeError, "washout is 1.5"),
        ({"washout": 40}, ArgumentError, "longest row has 40 steps"),
        ({"targets": torch.zeros(5, 40)}, ArgumentError, "as many rows and steps"),
        ({"targets": torch.zeros(5, 39, 1)}, ArgumentError, "as many rows and steps"),
        ({"targets": np.zeros((5, 40, 1))}, ArgumentTypeError, "ndarray"),
        ({"lengths": [0] * 5}, ArgumentError, "longest row has 0 steps"),
        ({"lengths": [41] * 5}, ArgumentError, "more than the 40 steps"),
        ({"layer": EchoState(3, 12)}, ArgumentTypeError, "elman.Recurrent"),
        ({"x": torch.zeros(0, 40, 3), "targets": torch.zeros(0, 40, 1), "lengths": []}, ArgumentError, "0 steps"),
        ({"x": torch.zeros(5, 0, 3), "targets": torch.zeros(5, 0, 1), "lengths": None}, ArgumentError, "0 steps"),
    ],
    ids=range(13),
)
def test_wrong_arguments(changes: dict[str, object], error: type[Exception], words: str) -> None:
    arguments: dict[str, object] = {
        "layer": Recurrent(EchoState(3, 12)),
        "x": torch.zeros(5, 40, 3),
        "targets": torch.zeros(5, 40, 1),
        "lengths": LENGTHS,
    }
    with pytest.raises(error, match=words):
        fit_readout(**(arguments | changes))  # pyright: ignore[reportArgumentType]
