"""A gradient that is clipped on its way back, in the middle of a step and on a state, on every machine."""

import math
import warnings

import pytest
import torch
from torch import Tensor, nn

from elman import Cell, Recurrent
from elman.cells import LSTM, ClippedGradient
from elman.errors import ElmanError
from elman.step.clip import clip_gradient

MACHINES = ("reference", "torch", "native")


class Inside(Cell):
    """h_t = tanh(clip(x_t U) + h_{t-1} W): the gradient is clipped inside of the step, not on the state."""

    def __init__(self, bound: float) -> None:
        super().__init__(input_size=3, output_size=5, states={"h": 5})
        self.bound = bound
        self.U, self.W = nn.Parameter(torch.randn(3, 5)), nn.Parameter(torch.randn(5, 5))

    def step(self, x: Tensor, *, h: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        h = torch.tanh(clip_gradient(x @ self.U, self.bound) + h @ self.W)
        return h, {"h": h}


def clipped(value: Tensor, bound: float) -> Tensor:
    """The same by a hook of autograd's, which knows nothing of ours."""
    value = value * 1
    value.register_hook(lambda gradient: gradient.clamp(-bound, bound))
    return value


@pytest.mark.parametrize("machine", MACHINES)
def test_inside_of_a_step(machine: str) -> None:
    torch.manual_seed(0)
    layer = Recurrent(Inside(0.3), machine=machine).double()
    U, W = layer.cells["l0"].get_parameter("U"), layer.cells["l0"].get_parameter("W")
    x = torch.randn(4, 6, 3, dtype=torch.float64, requires_grad=True)
    h, out = torch.zeros(4, 5, dtype=torch.float64), []
    for t in range(6):
        h = torch.tanh(clipped(x[:, t] @ U, 0.3) + h @ W)
        out.append(h)
    loss = torch.randn(4, 6, 5, dtype=torch.float64)
    theirs = torch.autograd.grad((torch.stack(out, dim=1) * loss).sum(), [x, U, W])
    mine = torch.autograd.grad((layer(x)[0] * loss).sum(), [x, U, W])
    for a, b in zip(mine, theirs, strict=True):  # sums of 24 rows and steps, each of some 20 rounded terms
        torch.testing.assert_close(a, b, rtol=0, atol=24 * 20 * 2.3e-16 * (1 + float(b.abs().max())))
    free = torch.autograd.grad((Recurrent(Inside(1e9)).double()(x)[0] * loss).sum(), x)[0]
    assert not torch.allclose(mine[0], free)


@pytest.mark.parametrize("machine", MACHINES)
def test_on_the_states(machine: str) -> None:
    torch.manual_seed(0)
    cell = LSTM(3, 5)
    layer = Recurrent(ClippedGradient(cell, {"h": 0.1, "c": 0.2}), machine=machine).double()
    x = torch.randn(4, 6, 3, dtype=torch.float64, requires_grad=True)
    state, out = cell.initial_state(4), []
    for t in range(6):
        y, state = cell.step(x[:, t], **state)
        state = {"h": clipped(state["h"], 0.1), "c": clipped(state["c"], 0.2)}
        out.append(y)
    loss = torch.randn(4, 6, 5, dtype=torch.float64)
    leaves = [x, *cell.parameters()]
    theirs = torch.autograd.grad((torch.stack(out, dim=1) * loss).sum() + 9 * state["c"].sum(), leaves)
    y, final = layer(x)
    mine = torch.autograd.grad((y * loss).sum() + 9 * final["c"].sum(), leaves)
    for a, b in zip(mine, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=24 * 30 * 2.3e-16 * (1 + float(b.abs().max())))
    assert torch.equal(y, Recurrent(cell, machine=machine)(x)[0])  # nothing changes on the way forward


def test_a_growing_gradient_is_held() -> None:
    """h_t = 3 h_{t-1} + x_t: the gradient of h_200 for h_0 is 3²⁰⁰, and at most 1 with a bound of 1."""

    class Grows(Cell):
        def __init__(self) -> None:
            super().__init__(input_size=1, output_size=1, states={"h": 1})
            self.a = nn.Parameter(torch.full((1,), 3.0))

        def step(self, x: Tensor, *, h: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
            h = self.a * h + x
            return h, {"h": h}

    x = torch.zeros(1, 200, 1, requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it runs at native speed
        (free,) = torch.autograd.grad(Recurrent(Grows())(x)[0][:, -1].sum(), x)
        (held,) = torch.autograd.grad(Recurrent(ClippedGradient(Grows(), 1.0))(x)[0][:, -1].sum(), x)
    assert free[0, 0].isinf()
    assert held[0].flatten().tolist() == [1.0] * 199 + [1.0]
    assert "clip_gradient(" in str(Recurrent(ClippedGradient(Grows(), 1.0)).program)


def test_second_derivatives() -> None:
    a = torch.tensor([0.3, 1.0, -1.0], dtype=torch.float64, requires_grad=True)
    (first,) = torch.autograd.grad((clip_gradient(a, 2.5) ** 3).sum(), a, create_graph=True)
    assert first.tolist() == [pytest.approx(0.27), 2.5, 2.5]  # of 3 a²
    (second,) = torch.autograd.grad(first.sum(), a)
    assert second.tolist() == [pytest.approx(1.8), 0.0, 0.0]


@pytest.mark.parametrize("machine", MACHINES)
def test_second_derivatives_of_a_layer(machine: str) -> None:
    """The same as with a hook of autograd's, by autograd and by torch.func.

    Of a loss that is linear in y: with another, a gradient comes back through the layer twice, and a machine clips each
    of the two where autograd clips their sum.
    """
    torch.manual_seed(0)
    cell = LSTM(3, 5).double()
    layer, state, out = Recurrent(ClippedGradient(cell, 0.1), machine=machine), cell.initial_state(4), []
    x = torch.randn(4, 6, 3, dtype=torch.float64, requires_grad=True)
    for t in range(6):
        y, state = cell.step(x[:, t], **state)
        state = {name: clipped(value, 0.1) for name, value in state.items()}
        out.append(y)
    loss = torch.randn(4, 6, 5, dtype=torch.float64)
    theirs, mine = (
        torch.autograd.grad((y * loss).sum(), x, create_graph=True)[0] for y in (torch.stack(out, 1), layer(x)[0])
    )
    func = torch.func.grad(lambda x: (layer(x)[0] * loss).sum())(x.detach())
    torch.testing.assert_close(func, theirs, rtol=0, atol=24 * 30 * 2.3e-16 * (1 + float(theirs.detach().abs().max())))
    mine, theirs = (torch.autograd.grad(first.square().sum(), x)[0] for first in (mine, theirs))
    torch.testing.assert_close(mine, theirs, rtol=0, atol=24 * 60 * 2.3e-16 * (1 + float(theirs.abs().max())))


def test_not_a_number_stays() -> None:
    a = torch.zeros(2, requires_grad=True)
    (gradient,) = torch.autograd.grad((clip_gradient(a, 1.0) * torch.tensor([math.nan, math.inf])).sum(), a)
    assert gradient[0].isnan()
    assert gradient[1] == 1


@pytest.mark.parametrize("bound", [0.0, -1.0, math.nan])
def test_bounds(bound: float) -> None:
    with pytest.raises(ElmanError, match="bound"):
        clip_gradient(torch.zeros(1), bound)
    with pytest.raises(ElmanError, match="bound"):
        ClippedGradient(LSTM(1, 1), bound)
