"""The loop one writes oneself: the cell's step, again and again, in torch."""

import torch
from torch import Tensor

from benchmarks.case import Case
from benchmarks.peers import Run
from benchmarks.peers.elman_layer import cell_of, split_weights
from benchmarks.peers.torch_layers import run_of


def build(case: Case) -> Run | None:
    """The case as a Python loop over all steps."""
    if case.mode in ("step", "epoch") or case.unequal:
        return None
    cell = cell_of(case)

    def over(x: Tensor) -> Tensor:
        state = cell.initial_state(x.shape[0])
        outputs = []
        for x_t in x.unbind(1):
            y, state = cell.step(x_t, **state)
            outputs.append(y)
        return torch.stack(outputs, dim=1)

    shared, others = split_weights(cell, case)
    return run_of(over, case, shared, others)
