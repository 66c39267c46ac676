"""Which machine is taken, what is said when it is a slow one, and what ELMAN_MACHINE does."""

import warnings

import pytest
import torch
from torch import Tensor

from elman import cells, native
from elman.errors import ElmanError
from elman.layers import Recurrent
from elman.run.choice import choose

FASTEST = "native" if native.available() else "torch"


class Cumulative(cells.Elman):
    """Its step cannot be a program."""

    def step(self, x: Tensor, *, h: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        h = torch.cumsum(h, dim=1) + x @ self.U
        return h, {"h": h}


def chosen(cell: cells.Cell, machine: str = "auto", dtype: torch.dtype = torch.float32, device: str = "cpu") -> str:
    return choose(cell, dtype, device, machine).machine


def test_the_fastest_that_can() -> None:
    cell = cells.Elman(3, 5)
    assert chosen(cell) == FASTEST
    assert chosen(cell, device="cuda") == "cudnn"
    assert chosen(cell, "torch", device="cuda") == "torch"
    assert [chosen(cell, name) for name in ("torch", "reference")] == ["torch", "reference"]
    with pytest.raises(ElmanError, match=r"'native' cannot run Elman: it computes in torch\.float32"):
        choose(cell.to(torch.bfloat16), torch.bfloat16, "cpu", "native")


def test_a_slow_machine_is_told_once() -> None:
    class Once(Cumulative): ...

    layer = Recurrent(Once(3, 5))
    with pytest.warns(UserWarning, match=r"Once runs as the plain loop.*torch\.cumsum"):
        layer(torch.zeros(1, 1, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer(torch.zeros(1, 1, 3))
        chosen(cells.GRU(3, 5), device="cuda")  # nothing to be told: that is what one asks for
    with pytest.raises(ElmanError, match=r"'torch' cannot run Cumulative: .*torch\.cumsum"):
        Recurrent(Cumulative(3, 5), machine="torch")(torch.zeros(1, 1, 3))


def test_the_environment_says_what_auto_means(monkeypatch: pytest.MonkeyPatch) -> None:
    cell = cells.Elman(3, 5)
    monkeypatch.setenv("ELMAN_MACHINE", "reference")
    assert chosen(cell) == "reference"
    assert chosen(cell, "torch") == "torch"
    monkeypatch.setenv("ELMAN_MACHINE", "")
    assert chosen(cell) == FASTEST
    monkeypatch.setenv("ELMAN_MACHINE", "fast")
    with pytest.raises(ElmanError, match=r"machine is 'fast'.*auto, native, cudnn, torch, reference"):
        Recurrent(cell)


def test_a_changed_cell_is_looked_at_again() -> None:
    """The machine may be changed at any time, and so may the step's constants."""
    layer = Recurrent(cells.Elman(3, 5)).double()
    x = torch.randn(2, 4, 3, dtype=torch.float64)
    before = layer(x)[0]
    cell = layer.cells["l0"]
    assert isinstance(cell, cells.Elman)
    cell.activation = torch.relu
    after = layer(x)[0]
    layer.machine = "reference"
    torch.testing.assert_close(after, layer(x)[0], rtol=1e-13, atol=1e-13)
    assert not torch.allclose(before, after)
