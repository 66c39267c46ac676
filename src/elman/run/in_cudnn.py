"""The machine "cudnn": Elman's cell, LSTM and GRU in their plain forms, on CUDA devices by the kernels of cuDNN.

Torch owns the way there and back, so gradients are its own; second ones cuDNN does not have.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from elman.cells.elman import ACTIVATIONS, Elman
from elman.cells.gru import GRU
from elman.cells.lstm import LSTM
from elman.run.packed import packing
from elman.run.torch_weights import from_cell

_ACTIVATIONS = {ACTIVATIONS["tanh"]: "rnn_tanh", ACTIVATIONS["relu"]: "rnn_relu"}


def kind(cell: Any) -> str:
    """What torch calls the cell where cuDNN has it: "rnn_tanh", "rnn_relu", "lstm" or "gru"; empty where not.

    Subclasses have steps of their own, and so have these cells with options (layer norm, peepholes, …).

    Example:
        >>> kind(cells.GRU(3, 5)), kind(cells.GRU(3, 5, reset_after=False))
        ('gru', '')
    """
    if type(cell) is Elman and cell.g is None:
        return _ACTIVATIONS.get(cell.activation, "")
    if type(cell) is LSTM and not cell.coupled and cell.p is None and cell.P is None and cell.s_x is None:
        return "lstm"
    return "gru" if type(cell) is GRU and cell.reset_after and cell.g is None else ""


def run(
    cell: Elman | LSTM | GRU, x: Tensor, lengths: Tensor, state: Mapping[str, Tensor], reverse: bool
) -> tuple[Tensor, dict[str, Tensor]]:
    """Run a cell over the real steps of every row.

    Args:
        cell: one that has a `kind`.
        x: inputs (n, T, d) in the dtype of the weights.
        lengths: real steps of each row (n), int64 on the CPU.
        state: initial state, name → (n, width), in the dtype of the weights.
        reverse: begin at each row's last real step and go to its first.

    Returns:
        y (n, T, h), zero in the padding, and the final state, name → (n, width).
    """
    if not lengths.any():
        return x.new_zeros(*x.shape[:2], cell.output_size), dict(state)
    if bool((lengths == x.shape[1]).all()):
        y, last = _called(cell, x.flip(1) if reverse else x, None, [state[name] for name in cell.states])
        return y.flip(1) if reverse else y, dict(zip(cell.states, last, strict=True))
    pack = packing(lengths, x.shape[1], None, reverse, x.device)
    rows = pack.alive[0]  # those of no real step come last
    start = [state[name][pack.order] for name in cell.states]
    y, last = _called(cell, pack.pack(x), torch.tensor(pack.alive), [value[:rows] for value in start])
    finals = (pack.unsorted(torch.cat([value, old[rows:]])) for value, old in zip(last, start, strict=True))
    return pack.spread(y), dict(zip(cell.states, finals, strict=True))


def _called(
    cell: Elman | LSTM | GRU, x: Tensor, rows: Tensor | None, start: list[Tensor]
) -> tuple[Tensor, list[Tensor]]:
    """Outputs and final states (n, width) of x (n, T, d), or of packed steps (P, d) and the rows alive in each."""
    name = kind(cell)
    first = [value[None].contiguous() for value in start]
    state, weights = first if name == "lstm" else first[0], _weights(cell)
    more = (cell.b is not None, 1, 0.0, torch.is_grad_enabled(), False)
    with torch.autocast(x.device.type, enabled=False):
        if rows is None:
            y, *last = getattr(torch, name)(x, state, weights, *more, True)
        else:
            y, *last = getattr(torch, name)(x, rows, state, weights, *more)
    return y, [value[0] for value in last]


def _weights(cell: Elman | LSTM | GRU) -> list[Tensor]:
    """cuDNN's matrices and its two biases, views of one tensor in its own order: torch would copy others each time."""
    parts = from_cell(dict(cell.named_parameters())).values()
    flat = torch.cat([part.reshape(-1) for part in parts])
    return [one.view_as(part) for one, part in zip(flat.split([p.numel() for p in parts]), parts, strict=True)]
