"""The native machine against the reference loop: odd sizes, long sequences, both dtypes; and that it really runs."""

import warnings

import pytest
import torch
from tests.conformance.laws import CELLS, KERNELS, all_close, close, gradients, inputs, layer_of, marked, states
from torch import Tensor

# Widths beside those of a panel (8 or 16 columns) and a tile (6 rows): one less, one more, several of them.
SIZES = [(1, 1, 1, 1), (7, 3, 5, 17), (13, 2, 16, 33), (6, 5, 33, 16), (5, 4, 15, 31), (70, 9, 16, 16), (2, 80, 4, 7)]
# How a kernel ends at a tile's edge is the same for all cells: those that use each of them are tried at all sizes, the
# others where a tile and a panel are full, and with one more of each.
FEW = [(6, 5, 33, 16), (7, 3, 5, 17)]
EACH = pytest.mark.parametrize(
    ("cell", "n", "time", "d", "h"),
    [marked(cell, *size) for cell in CELLS for size in (SIZES if cell in KERNELS else FEW)],
)


def results(layer_args: tuple, n: int, time: int, dtype: torch.dtype) -> tuple[Tensor, dict[str, Tensor], tuple]:
    """y, final states and all gradients of a layer on a batch of unequal rows."""
    name, machine, d, h = layer_args
    layer = layer_of(name, machine, d, h, dtype=dtype)
    x, state = inputs(layer, n, time, grad=True), states(layer, n, grad=True)
    lengths = torch.randint(0, time + 1, (n,), generator=torch.Generator().manual_seed(5))
    lengths[0] = time
    y, final = layer(x, lengths, state)
    return y, final, gradients(layer, y, final, [x, *state.values()])


@EACH
def test_float64(cell: str, native: str, n: int, time: int, d: int, h: int) -> None:
    y, final, mine = results((cell, native, d, h), n, time, torch.float64)
    expected, last, theirs = results((cell, "reference", d, h), n, time, torch.float64)
    layer = layer_of(cell, native, d, h)
    close(y, expected, layer, time)
    all_close(final, last, layer, time)
    steep = 1 / 1e-5**0.5 if h == 1 and "normed" in cell else 1  # layer norm of one feature divides by √(0 + 1e-5)
    for a, b in zip(mine, theirs, strict=True):
        close(a, b, layer, time, times=2 * n * steep)


@EACH
def test_float32_is_as_close_to_float64_as_torch_is(cell: str, native: str, n: int, time: int, d: int, h: int) -> None:
    """Torch's own rounding in float32 is the measure, in the plain loop and in the program's operations.

    Both are taken, since where a step is steep (layer norm over features that hardly differ) autograd's derivative and
    the program's round differently by a factor of five. From run to run either differs by a small factor.
    """
    wide = results((cell, "reference", d, h), n, time, torch.float64)
    loop, program = (results((cell, machine, d, h), n, time, torch.float32) for machine in ("reference", "torch"))
    ours = results((cell, native, d, h), n, time, torch.float32)
    names = list(layer_of(cell, native, d, h).states)
    rows = zip(*([r[0], *(r[1][name] for name in names), *r[2]] for r in (wide, loop, program, ours)), strict=True)
    for values in rows:
        right, *torchs, mine = (value.detach() for value in values)
        if right.numel():
            assert mine.dtype == torch.float32
            measure = max(float((other - right).abs().max()) for other in torchs)
            unit = torch.finfo(torch.float32).eps * float(right.abs().max())
            assert float((mine - right).abs().max()) <= 8 * measure + 16 * unit


def test_every_cell_really_runs_natively(cell: str, native: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from elman.native.machine import Machine

    runs: list[bool] = []
    run = Machine.run

    def counted(self: Machine, **arguments: object) -> None:
        runs.append(bool(arguments.get("gradients")))
        run(self, **arguments)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(Machine, "run", counted)
    layer = layer_of(cell, native)
    x = inputs(layer, 3, 4, grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a fallback is announced by a warning
        y, _ = layer(x, [4, 2, 0])
        assert runs == [False]
        y.sum().backward()
    assert runs == [False, True]


ORDINARY = [0.0, -0.0, 1e-30, -1e-20, 0.3, 88.0, -104.0, 1e4, -1e4, torch.nan]
EXTREME = [1e30, -1e30, torch.inf, -torch.inf]
BUILT_IN = ["Elman", "LSTM", "GRU", "GRU, reset before"]  # elsewhere inf - inf depends on how a formula is written


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
def test_values_at_the_edges(cell: str, native: str, dtype: torch.dtype) -> None:
    """Huge and tiny inputs, infinite ones and NaN come out as torch has them; each row keeps its own to itself."""
    values = torch.tensor(ORDINARY + (EXTREME if cell in BUILT_IN else []), dtype=dtype)
    x = values.reshape(-1, 1, 1).repeat(1, 3, 1)
    expected, y = (layer_of(cell, machine, 1, 3, dtype=dtype)(x)[0].detach() for machine in ("reference", native))
    unit = torch.finfo(dtype).eps
    torch.testing.assert_close(y, expected, rtol=1024 * unit, atol=1024 * unit, equal_nan=True)
    assert y[ORDINARY.index(0.0)].isfinite().all()
