"""Every cell trains: it learns to say at the last step what the first one was, which nothing without a memory can."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from elman import Recurrent, cells
from elman.cells import Cell
from elman.cells.wrapper import Wrapper

TIME, FEATURES, HIDDEN = 10, 2, 16
CELLS: dict[str, Callable[[int, int], Cell]] = {
    "CTRNN": lambda d, h: cells.CTRNN(d, h, tau=4.0),
    "Clockwork": lambda d, h: cells.Clockwork(d, h, periods=(1, 2, 4, 8)),
    "Deep": cells.Deep,
    "Elman": cells.Elman,
    "ElmanJordan": lambda d, h: cells.ElmanJordan(d, h, output_size=4),
    "GRU": cells.GRU,
    "IndRNN": cells.IndRNN,
    "Jordan": lambda d, h: cells.Jordan(d, h, output_size=h),
    "LSTM": cells.LSTM,
    "LSTM, coupled, peepholes, projection": lambda d, h: cells.LSTM(d, h, peepholes=True, coupled=True, projection=8),
    "LSTM, normed": lambda d, h: cells.LSTM(d, h, layer_norm=True),
    "Leaky": cells.Leaky,
    "MGU": cells.MGU,
    "MinGRU": cells.MinGRU,
    "MinLSTM": cells.MinLSTM,
    "MultiplicativeLSTM": cells.MultiplicativeLSTM,
    "QRNN": cells.QRNN,
    "QRNN, ifo": lambda d, h: cells.QRNN(d, h, window=3, pooling="ifo"),
    "RHN": cells.RHN,
    "SCRN": cells.SCRN,
    "SRU": cells.SRU,
    "SRU, no peepholes": lambda d, h: cells.SRU(d, h, peepholes=False),
}
FIXED = {"EchoState"}  # learns nothing itself: its readout is fitted


def rows(n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """x (n, T, 2): the symbol ±1 at the first step and 0 afterwards, beside noise at every step; the symbol (n, 1)."""
    symbol = torch.randint(0, 2, (n, 1), generator=generator) * 2.0 - 1
    x = torch.randn(n, TIME, FEATURES, generator=generator)
    x[:, :, 0] = 0
    x[:, 0, 0] = symbol[:, 0]
    return x, symbol


@pytest.mark.parametrize("name", CELLS)
def test_remembers_the_first_symbol(name: str) -> None:
    """A mean squared error below 0.25 on 500 rows never trained on.

    Without a memory the last output is a function of the last input, which tells nothing of the symbol: whatever it
    is, its error is 1 plus its square on average. A wrong sign costs at least 1, so an error of 1/4 means 375 right
    signs of 500, eleven standard deviations from what chance has. (An orthogonal W learns it in 20 steps, torch.nn.RNN
    with one too; gates of x alone in 200.)
    """
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)
    layer = Recurrent(CELLS[name](FEATURES, HIDDEN))
    readout = nn.Linear(layer.output_size, 1)
    optimiser = torch.optim.Adam([*layer.parameters(), *readout.parameters()], lr=0.01)
    unseen, wanted = rows(500, generator)
    for step in range(400):
        x, symbol = rows(50, generator)
        loss = (readout(layer(x)[0][:, -1]) - symbol).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % 20 == 19 and loss.item() < 0.1:
            break
    with torch.no_grad():
        error = (readout(layer(unseen)[0][:, -1]) - wanted).square().mean()
    assert error < 0.25


def test_a_cell_without_memory_does_not() -> None:
    """The same for the best that a function of the last input can do: linear regression on it, its square, and 1."""
    x, symbol = rows(500, torch.Generator().manual_seed(1))
    last = x[:, -1, 1:]
    features = torch.cat([torch.ones_like(last), last, last**2], dim=1)
    fitted = features @ torch.linalg.lstsq(features, symbol).solution
    # 3 of 500 degrees of freedom are fitted: 0.994 on average, with a standard deviation of about 0.005
    assert (fitted - symbol).square().mean() > 0.95


def test_every_cell_is_here() -> None:
    exported = {
        name
        for name, cell in vars(cells).items()
        if isinstance(cell, type) and issubclass(cell, Cell) and cell is not Cell and not issubclass(cell, Wrapper)
    }
    assert exported - FIXED == {name.split(",")[0] for name in CELLS}
