"""Depth by widths and by cells, merges of directions, residual and dense connections, dropout once per sequence."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from elman import Recurrent
from elman.cells import GRU, LSTM, Cell, Elman, Zoneout
from elman.errors import ElmanError
from elman.layers.stack import MERGES

N, T, D, H = 4, 6, 3, 5
LENGTHS = [6, 2, 0, 4]


def drawn(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def alone(layer: Recurrent, name: str, x: Tensor) -> Tensor:
    """What one cell of a stack makes of x, run forward over each row turned round by hand where it runs backward."""
    cell = layer.cells[name]
    assert isinstance(cell, Cell)
    if not name.endswith("backward"):
        return Recurrent(cell)(x, LENGTHS)[0]
    y = torch.zeros(N, T, cell.output_size, dtype=x.dtype)
    for row, length in enumerate(LENGTHS):
        if length:
            y[row, :length] = Recurrent(cell)(x[row : row + 1, :length].flip(1))[0][0].flip(0)
    return y


def close(a: Tensor, b: Tensor) -> None:
    """The same operations in the same order but for the machine's own sums: 12 steps of some 20 terms."""
    torch.testing.assert_close(a, b, rtol=0, atol=12 * 20 * 2.3e-16 * max(1.0, float(b.detach().abs().max())))


@pytest.mark.parametrize("merge", MERGES)
def test_merges(merge: str) -> None:
    torch.manual_seed(0)
    layer = Recurrent(Elman(D, H), layers=2, bidirectional=True, merge=merge).double()
    x = drawn(N, T, D)
    for index in range(2):
        a, b = alone(layer, f"l{index}", x), alone(layer, f"l{index}_backward", x)
        x = {"concat": torch.cat([a, b], dim=2), "sum": a + b, "average": (a + b) / 2, "product": a * b}[merge]
    y, _ = layer(drawn(N, T, D), LENGTHS)
    close(y, x)
    assert layer.output_size == (2 * H if merge == "concat" else H) == y.shape[2]


@pytest.mark.parametrize("bidirectional", [False, True])
def test_residual(bidirectional: bool) -> None:
    torch.manual_seed(0)
    merge = "sum" if bidirectional else "concat"
    layer = Recurrent(GRU(D, H), layers=3, bidirectional=bidirectional, merge=merge, connections="residual").double()
    x = drawn(N, T, D)
    for index in range(3):
        y = alone(layer, f"l{index}", x)
        y = y + alone(layer, f"l{index}_backward", x) if bidirectional else y
        x = y + x if index else y
    close(layer(drawn(N, T, D), LENGTHS)[0], x)


def test_dense() -> None:
    torch.manual_seed(0)
    layer = Recurrent(Elman(D, H), layers=[H, 4, 7], connections="dense").double()
    x = drawn(N, T, D)
    first = alone(layer, "l0", x)
    second = alone(layer, "l1", torch.cat([x, first], dim=2))
    third = alone(layer, "l2", torch.cat([x, first, second], dim=2))
    y, state = layer(x, LENGTHS)
    close(y, torch.cat([first, second, third], dim=2))
    assert layer.output_size == H + 4 + 7
    assert {name: value.shape[1] for name, value in state.items()} == {"l0.h": H, "l1.h": 4, "l2.h": 7}


def test_widths() -> None:
    layer = Recurrent(LSTM(D, H, forget_bias=3.0), layers=[H, 4, 2])
    assert layer.states == {"l0.h": H, "l0.c": H, "l1.h": 4, "l1.c": 4, "l2.h": 2, "l2.c": 2}
    assert layer.cells["l2"].get_parameter("b").tolist() == [0, 0, 3, 3, 0, 0, 0, 0]
    assert layer(torch.randn(2, 3, D))[0].shape == (2, 3, 2)
    assert Recurrent(Elman(D, 9), layers=[4]).states == {"h": 4}


def test_cells_of_several_kinds() -> None:
    torch.manual_seed(0)
    cells = [Elman(D, H), Zoneout(LSTM(H, 4), 0.0), GRU(4, 2)]
    layer = Recurrent(cells).double()
    assert list(layer.cells.values()) == cells  # the very cells
    x = drawn(N, T, D)
    want = x
    for index in range(3):
        want = alone(layer, f"l{index}", want)
    close(layer(x, LENGTHS)[0], want)
    stream = layer.stream(batch=N)
    steps = torch.stack([stream(step).clone() for step in x.unbind(1)], dim=1)
    close(steps, layer(x)[0])
    both = Recurrent([Elman(D, H), GRU(2 * H, 4)], bidirectional=True)
    assert [type(cell).__name__ for cell in both.cells.values()] == ["Elman", "Elman", "GRU", "GRU"]
    assert both(torch.randn(2, 3, D))[0].shape == (2, 3, 8)


def test_dropout_once_for_each_sequence() -> None:
    """What the second layer sees is that of the first without dropout, times 0 or 1 / (1 - p), at all steps."""

    class Last(Cell):
        """y_t = x_t: it shows what it is given."""

        def __init__(self, input_size: int) -> None:
            super().__init__(input_size=input_size, output_size=input_size, states={"h": input_size})

        def step(self, x: Tensor, *, h: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
            return x, {"h": h}

    torch.manual_seed(0)
    layer = Recurrent([Elman(D, 100), Last(100)], dropout=0.25, variational=True).double()
    x = drawn(40, T, D)
    seen = layer(x)[0] / layer.eval()(x)[0]
    assert torch.equal((seen > 0.5), (seen[:, :1] > 0.5).expand_as(seen))
    kept = seen[:, 0][seen[:, 0] > 0.5]
    torch.testing.assert_close(kept, torch.full_like(kept, 4 / 3), rtol=1e-12, atol=0)
    assert abs(len(kept) / 4000 - 0.75) < 5 * math.sqrt(0.75 * 0.25 / 4000)
    each_step = Recurrent([Elman(D, 100), Last(100)], dropout=0.25).double()
    seen = each_step(x)[0] / each_step.eval()(x)[0]
    assert not torch.equal((seen > 0.5), (seen[:, :1] > 0.5).expand_as(seen))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Recurrent([]), r"cell is \[\]"),
        (lambda: Recurrent([Elman(3, 5), "GRU"]), "or a list of them"),  # pyright: ignore[reportArgumentType]
        (lambda: Recurrent([Elman(3, 5), GRU(4, 2)]), "cell 1 reads 4 features, and the layers below give 5"),
        (lambda: Recurrent([Elman(3, 5), GRU(5, 2)], bidirectional=True), "input_size=10"),
        (lambda: Recurrent([Elman(3, 5), GRU(5, 2)], layers=3), "layers is 3, and there are 2 cells"),
        (lambda: Recurrent([cell := Elman(5, 5), cell]), "the same cell stands twice"),
        (lambda: Recurrent(Elman(3, 5), layers=[]), "layers is an empty list"),
        (lambda: Recurrent(Elman(3, 5), layers=[5, 0]), r"layers\[1\] is 0"),
        (lambda: Recurrent(Elman(3, 5), merge="sum"), "runs in one direction"),
        (lambda: Recurrent(Elman(3, 5), bidirectional=True, merge="max"), "merge is 'max'"),
        (lambda: Recurrent(Elman(3, 5), connections="skip"), "connections is 'skip'"),
        (lambda: Recurrent(Elman(3, 5), layers=[5, 4], connections="residual"), "layer 1 gives 4 features"),
        (lambda: Recurrent(Elman(3, 5), layers=2, bidirectional=True).stream(), "cannot be a stream"),
    ],
)
def test_what_makes_no_sense(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ElmanError, match=message):
        make()
