"""Loops that are linear in their state: all steps at once, with the numbers of the loop."""

import pytest
import torch
from torch import Tensor, nn

from elman import Cell
from elman.layers import Recurrent
from elman.run import scan
from elman.run.plan import plan
from elman.step.text import to_text


class MinGRU(Cell):
    """h_t = (1 - z_t) h_{t-1} + z_t n_t, z_t and n_t of x_t alone."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size=input_size, output_size=hidden_size, states={"h": hidden_size})
        self.U = nn.Parameter(torch.randn(input_size, 2 * hidden_size) / input_size**0.5)

    def step(self, x: Tensor, *, h: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        z, n = (x @ self.U).chunk(2, dim=-1)
        z = torch.sigmoid(z)
        h = (1 - z) * h + z * n
        return h, {"h": h}


class Filter(Cell):
    """s_t = (c - s_{t-1} d) / e + x_t, y_t = s_{t-1} s_t: signs, divisions, vectors, and the old value is read."""

    def __init__(self, input_size: int) -> None:
        super().__init__(input_size=input_size, output_size=input_size, states={"s": input_size})
        self.c, self.d = nn.Parameter(torch.randn(input_size)), nn.Parameter(torch.rand(input_size))
        self.e = nn.Parameter(1 + torch.rand(input_size))

    def step(self, x: Tensor, *, s: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        new = (self.c - s * self.d) / self.e + x
        return new * s, {"s": new}


CELLS = {"MinGRU": lambda: MinGRU(3, 5), "Filter": lambda: Filter(3)}


def run(layer: Recurrent, x: Tensor, lengths: list[int], state: dict[str, Tensor]) -> list[Tensor]:
    """Output, final states, and the gradients of everything."""
    leaves = [x, *state.values(), *layer.parameters()]
    y, final = layer(x, lengths, state)
    generator = torch.Generator().manual_seed(3)
    results = [y, *final.values()]
    loss = sum((torch.randn(r.shape, dtype=r.dtype, generator=generator) * r).sum() for r in results)
    assert isinstance(loss, Tensor)
    return [*results, *torch.autograd.grad(loss, leaves)]


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("lengths", [[17, 1, 0, 16], [1, 1, 1, 1], [2, 0, 2, 2]], ids=str)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_numbers_of_the_loop(
    name: str, lengths: list[int], bidirectional: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    layer = Recurrent(CELLS[name](), bidirectional=bidirectional, machine="torch").double()
    time = max(lengths)
    x = torch.randn(4, time, 3, dtype=torch.float64, requires_grad=True)
    state = {k: torch.randn(4, w, dtype=torch.float64, requires_grad=True) for k, w in layer.states.items()}
    calls: list[bool] = []
    real = scan.scanned
    monkeypatch.setattr("elman.run.packed.scanned", lambda *a: calls.append(a[-1]) or real(*a))
    found = run(layer, x, lengths, state)
    if time > 1:
        assert set(calls) == {False, True}  # forward and backward
    layer.machine = "reference"
    # Every value is a sum of at most T terms of T factors, all of them near 1, in another order.
    for a, b in zip(found, run(layer, x, lengths, state), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=4 * 17 * 17 * 2.3e-16 * (1 + b.abs().max().item()))


def test_both_loops_are_known_to_be_linear() -> None:
    for make in CELLS.values():
        stages = plan(to_text(Recurrent(make()).program)).stages
        assert [stage.linear for stage in stages if stage.states] == [True]


def test_factors_beyond_all_numbers() -> None:
    """3¹⁰⁰⁰ is no number, but 0 · 3¹⁰⁰⁰ is 0: such a loop goes step by step."""

    class Grows(Cell):
        def __init__(self) -> None:
            super().__init__(input_size=1, output_size=1, states={"s": 1})
            self.a = nn.Parameter(torch.full((1,), 3.0))

        def step(self, x: Tensor, *, s: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
            s = self.a * s + x
            return s, {"s": s}

    y, _ = Recurrent(Grows(), machine="torch")(torch.zeros(2, 1000, 1))
    assert torch.equal(y, torch.zeros(2, 1000, 1))
