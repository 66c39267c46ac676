"""What the laws are checked with: cells, machines, batches, and how much two results may differ."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import pytest
import torch
from tests.conformance.written_cells import WRITTEN
from torch import Tensor, nn

from elman.cells import (
    CTRNN,
    GRU,
    LSTM,
    MGU,
    QRNN,
    RHN,
    SCRN,
    SRU,
    Cell,
    Clipped,
    Clockwork,
    Deep,
    Elman,
    ElmanJordan,
    IndRNN,
    Jordan,
    Leaky,
    MinGRU,
    MinLSTM,
    MultiplicativeLSTM,
)
from elman.layers import Recurrent

CELLS: dict[str, Callable[[int, int], Cell]] = {
    "Elman": Elman,
    "Elman relu, no bias": lambda d, h: Elman(d, h, activation="relu", bias=False),
    "LSTM": LSTM,
    "LSTM, peepholes": lambda d, h: LSTM(d, h, peepholes=True),
    "LSTM, coupled, peepholes, projection": lambda d, h: LSTM(
        d, h, peepholes=True, coupled=True, projection=max(1, h - 2)
    ),
    "LSTM, projection": lambda d, h: LSTM(d, h, projection=max(1, h // 2)),
    "LSTM, normed": lambda d, h: LSTM(d, h, layer_norm=True),
    "MultiplicativeLSTM": MultiplicativeLSTM,
    "RHN": RHN,
    "GRU": GRU,
    "GRU, reset before": lambda d, h: GRU(d, h, reset_after=False),
    "SCRN": lambda d, h: SCRN(d, h, context=max(1, h // 2)),
    "SCRN, learned": lambda d, h: SCRN(d, h, context=h, alpha=0.8, learn_alpha=True),
    "IndRNN": IndRNN,
    "Leaky, learned": lambda d, h: Leaky(d, h, leak=0.2, learn_leak=True),
    "MGU": MGU,
    "MinGRU": MinGRU,
    "MinLSTM": MinLSTM,
    "SRU": SRU,
    "SRU, no peepholes": lambda d, h: SRU(d, h, peepholes=False),
    "QRNN": QRNN,
    "QRNN, ifo": lambda d, h: QRNN(d, h, window=3, pooling="ifo"),
    "Elman, normed": lambda d, h: Elman(d, h, layer_norm=True),
    "GRU, normed": lambda d, h: GRU(d, h, layer_norm=True),
    "SCRN, old context": lambda d, h: SCRN(d, h, context=3, alpha=[0.5, 0.8, 0.95], old_context=True),
    "CTRNN": lambda d, h: CTRNN(d, h, tau=[2.0 + unit for unit in range(h)]),
    "CTRNN, learned": lambda d, h: CTRNN(d, h, tau=3.0, learn_tau=True, activation="sigmoid"),
    "Clockwork": lambda d, h: Clockwork(d, h, periods=(1, 2, 4)[:h]),
    "Deep": lambda d, h: Deep(d, h, input_layers=(4,), transition_layers=(h + 1,), output_layers=(3,)),
    "Jordan": lambda d, h: Jordan(d, h, output_size=h + 1),
    "ElmanJordan": lambda d, h: ElmanJordan(d, h, output_size=max(1, h - 2), output_activation="sigmoid"),
    "Clipped": lambda d, h: Clipped(GRU(d, h), 0.6),
    **WRITTEN,
}
MACHINES = ("reference", "torch", "native")
# Cells that together use every operation of the native machine, on every kind of operand, in the pass forward or in
# that backward (a test in test_instruction_sets.py looks), and two that everybody uses. What is a matter of a kernel
# and not of a cell is tried with them: instruction sets, and many sizes.
KERNELS = frozenset(
    {
        "Elman",
        "LSTM",
        "GRU, normed",
        "choosy",
        "MinLSTM",
        "IndRNN",
        "three",
        "SCRN, learned",
        "Clockwork",
        "silent",
        "normed LSTM",
    }
)


def marked(name: str, *more: object) -> object:
    """A parameter of a test: the name of a cell and what else there is; `-m kernels` takes those of `KERNELS`."""
    return pytest.param(name, *more, marks=[pytest.mark.kernels] if name in KERNELS else [])


def layer_of(
    name: str,
    machine: str,
    d: int = 3,
    h: int = 5,
    *,
    dtype: torch.dtype = torch.float64,
    layers: int = 1,
    bidirectional: bool = False,
) -> Recurrent:
    """A layer of a cell on a machine; the same weights every time, and no bias that is zero."""
    torch.manual_seed(0)
    cell = CELLS[name](d, h)
    if cell.feedback and bidirectional:
        pytest.skip("its output is fed back, which cannot be done from the end of a sequence")
    if cell.feedback and layers > 1:  # it can only be the last
        layer = Recurrent([*(Elman(d, d) for _ in range(layers - 1)), cell])
    else:
        layer = Recurrent(cell, layers, bidirectional)
    with torch.no_grad():
        for parameter in layer.parameters():
            if parameter.dim() == 1:
                parameter += 0.1 * torch.randn_like(parameter)
    return set_machine(layer.to(dtype), machine)


def on_machine(cell: nn.Module, machine: str) -> Recurrent:
    """A single layer of a given cell on a machine."""
    assert isinstance(cell, Cell)
    return set_machine(Recurrent(cell), machine)


def set_machine(layer: Recurrent, machine: str) -> Recurrent:
    """The layer, told to run on a machine."""
    layer.machine = machine
    return layer


def inputs(layer: Recurrent, n: int, time: int, *, seed: int = 1, grad: bool = False) -> Tensor:
    """x (n, T, d) in the layer's dtype; drawn in float64, so that both dtypes see the same numbers."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, time, layer.input_size, dtype=torch.float64, generator=generator)
    return x.to(next(layer.parameters()).dtype).requires_grad_(grad)


def states(layer: Recurrent, n: int, *, seed: int = 2, grad: bool = False) -> dict[str, Tensor]:
    """A state that is neither zero nor the same twice."""
    generator = torch.Generator().manual_seed(seed)
    dtype = next(layer.parameters()).dtype
    drawn = {
        name: torch.randn(n, width, dtype=torch.float64, generator=generator) for name, width in layer.states.items()
    }
    return {name: value.to(dtype).requires_grad_(grad) for name, value in drawn.items()}


def close(a: Tensor, b: Tensor, layer: Recurrent, steps: int, times: float = 1.0) -> None:
    """Equal but for rounding in another order.

    A value of a step is a sum of at most (d + h) products and some ten more operations, each rounded by half a unit
    in the last place; over the steps these errors add up (the cells' weights keep lengths about the same).

    Args:
        a, b: what is compared.
        layer: for widths and dtype.
        steps: how many steps one after another.
        times: how many such sums lie on top of each other, for gradients: those of the pass backward.
    """
    assert a.shape == b.shape
    assert a.dtype == b.dtype
    if not a.numel():
        return
    terms = sum(layer.states.values()) + layer.input_size + layer.output_size + 10
    size = max(1.0, float(b.detach().abs().max()))
    tolerance = torch.finfo(a.dtype).eps * terms * max(steps, 1) * size * times
    torch.testing.assert_close(a, b, rtol=0, atol=tolerance)


def all_close(
    mine: Mapping[str, Tensor], theirs: Mapping[str, Tensor], layer: Recurrent, steps: int, times: float = 1.0
) -> None:
    """`close` for everything of the same name."""
    assert mine.keys() == theirs.keys()
    for name in mine:
        close(mine[name], theirs[name], layer, steps, times)


def gradients(layer: Recurrent, y: Tensor, final: Mapping[str, Tensor], leaves: Iterable[Tensor]) -> tuple[Tensor, ...]:
    """Gradients of a random projection of all results, for the given leaves and then all weights."""
    return projected(layer, y, final, [*leaves, *layer.parameters()])


def projected(layer: Recurrent, y: Tensor, final: Mapping[str, Tensor], wanted: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Gradients of a random projection of all results; zero for what had no part in them."""
    generator = torch.Generator().manual_seed(3)
    loss = torch.zeros((), dtype=y.dtype)
    for value in (y, *(final[name] for name in layer.states)):
        loss = loss + (value * torch.randn(value.shape, dtype=torch.float64, generator=generator).to(y.dtype)).sum()
    if not loss.requires_grad:  # a random step of comparisons alone
        return tuple(map(torch.zeros_like, wanted))
    return torch.autograd.grad(loss, wanted, allow_unused=True, materialize_grads=True)
