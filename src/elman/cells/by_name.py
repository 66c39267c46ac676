"""Cells by their name, for options in files and at the command line: a closed list, nothing is imported by name."""

import inspect
from collections.abc import Callable
from typing import Any

from elman.cells.cell import Cell
from elman.cells.ctrnn import CTRNN
from elman.cells.elman import Elman
from elman.cells.gru import GRU
from elman.cells.indrnn import IndRNN
from elman.cells.leaky import Leaky
from elman.cells.lstm import LSTM
from elman.cells.mgu import MGU
from elman.cells.mingru import MinGRU
from elman.cells.minlstm import MinLSTM
from elman.cells.multiplicative_lstm import MultiplicativeLSTM
from elman.cells.qrnn import QRNN
from elman.cells.rhn import RHN
from elman.cells.scrn import SCRN
from elman.cells.sru import SRU
from elman.errors import ArgumentError

BY_NAME: dict[str, Callable[..., Cell]] = {
    "elman": Elman,
    "leaky": Leaky,
    "scrn": SCRN,
    "indrnn": IndRNN,
    "ctrnn": CTRNN,
    "gru": GRU,
    "lstm": LSTM,
    "mgu": MGU,
    "mingru": MinGRU,
    "minlstm": MinLSTM,
    "sru": SRU,
    "qrnn": QRNN,
    "rhn": RHN,
    "multiplicative_lstm": MultiplicativeLSTM,
}


def make_cell(name: str, input_size: int, hidden_size: int, activation: str | None = None, **more: Any) -> Cell:
    """The cell of this name.

    Args:
        name: such as "gru".
        input_size: width d of x.
        hidden_size: width of h.
        activation: φ by its name, for a cell that leaves it open; None: the cell's own.
        **more: what else the cell's constructor takes, such as context=40 of "scrn".

    Raises:
        ArgumentError: there is no such cell, or it has no such argument.

    Example:
        >>> make_cell("lstm", 3, 5).states
        {'h': 5, 'c': 5}
        >>> make_cell("scrn", 3, 5, context=2).states
        {'h': 5, 's': 2}
    """
    if name not in BY_NAME:
        raise ArgumentError(f"there is no cell {name!r}", expected=f"one of {', '.join(BY_NAME)}")
    if activation is not None:
        more["activation"] = activation
    known = inspect.signature(BY_NAME[name]).parameters
    for word in more:
        if word not in known:
            raise ArgumentError(f"the cell {name!r} has no {word} to choose", expected=", ".join(known))
    return BY_NAME[name](input_size, hidden_size, **more)
