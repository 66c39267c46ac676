"""elman itself."""

from typing import Any

import torch
from torch import Tensor, nn

import elman
from benchmarks.case import GATES, Case
from benchmarks.peers import Run, settled, threads
from benchmarks.peers.torch_layers import epoch_of, run_of
from elman.cells import Cell


def cell_of(case: Case) -> Cell:
    """The cell of a case, with the weights of the case if it is one of elman's own."""
    torch.manual_seed(0)
    if case.cell not in GATES:
        from tests.conformance.written_cells import WRITTEN

        return WRITTEN[case.cell](case.d, case.h)
    kinds = {"elman": elman.cells.Elman, "lstm": elman.cells.LSTM, "gru": elman.cells.GRU}
    cell = kinds[case.cell](case.d, case.h)
    data = case.data()
    for name, parameter in cell.named_parameters():
        parameter.data = torch.from_numpy(data[name])
    return cell


def layer_of(cell: Cell, case: Case, layers: int = 1) -> Any:
    """A layer on the machine that was asked for."""
    layer: Any = elman.Recurrent(cell, layers)
    if case.machine != "auto":
        layer.machine = case.machine
    return layer


def build(case: Case) -> Run | None:
    """The case on elman."""
    if case.mode == "epoch":
        return epoch_of(layer_of(elman.cells.Elman(16, 32, activation="relu"), case, layers=3))
    cell = cell_of(case)
    layer = layer_of(cell, case)
    if case.mode == "step":
        return stream(layer, case)
    lengths = torch.from_numpy(case.lengths) if case.unequal else None

    def over(x: Tensor) -> Tensor:
        return layer(x, lengths)[0]

    shared, others = split_weights(cell, case)
    return run_of(over, case, shared, others)


def split_weights(cell: nn.Module, case: Case) -> tuple[dict[str, Tensor], tuple[Tensor, ...]]:
    """Weights that all peers have (U, W), and the others."""
    own: dict[str, Tensor] = dict(cell.named_parameters())
    shared = {name: own[name] for name in ("U", "W") if name in own and case.cell in GATES}
    return shared, tuple(value for name, value in own.items() if name not in shared)


def stream(layer: Any, case: Case) -> Run | None:
    """One step after another, on a NumPy array."""
    torch.set_num_threads(threads())
    if not hasattr(layer, "stream"):
        return None
    one: Any = layer.stream(batch=case.n)
    x = case.data()["x"][:, 0]
    return settled(lambda: one(x))
