"""What the operators return, without computing it: for torch.compile, torch.export, and tensors without memory."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from elman.run.plan import plan


def forward(program: str, machine: str, values: Sequence[Tensor], *setting: Any) -> list[Tensor]:
    """Empty tensors in the place of what `elman.run.kernels.forward` returns."""
    ready = plan(program)
    by_kind = {value.kind: tensor for value, tensor in zip(ready.program.inputs, values, strict=True)}
    n, time, _ = by_kind["step"].shape
    like = by_kind["step"]
    states = [like.new_empty(n, ready.program.values[name].width) for name, _ in ready.program.states]
    adjoint = ready.adjoint(tuple(setting[-1]))
    kept = [like.new_empty(n, time, adjoint.width)] if adjoint and adjoint.width else []
    return [like.new_empty(n, time, ready.output[1]), *states, *kept]


def backward(program: str, machine: str, values: Sequence[Tensor], *setting: Any) -> list[Tensor]:
    """Empty tensors in the place of what `elman.run.kernels.backward` returns."""
    needs = setting[-1]
    return [
        torch.empty_like(v, memory_format=torch.contiguous_format)
        for v, need in zip(values, needs, strict=True)
        if need
    ]
