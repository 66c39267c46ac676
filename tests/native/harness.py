"""Running programs on the native machine and beside it in torch, for the tests of this folder."""

from collections.abc import Mapping

import torch
from torch import Tensor

from elman.native.machine import Machine, View
from elman.step.derivative import derive
from elman.step.interpret import as_step
from elman.step.program import Program
from elman.step.reference import unroll
from elman.step.split import split


def view(tensor: Tensor) -> View:
    """Address, shape and strides."""
    return tensor.data_ptr(), tensor.shape, tensor.stride()


def views(tensors: Mapping[str, Tensor]) -> dict[str, View]:
    """The same, by name."""
    return {name: view(tensor) for name, tensor in tensors.items()}


def nan(*shape: int, dtype: torch.dtype) -> Tensor:
    """Memory in which anything not written will be noticed."""
    return torch.full(shape, torch.nan, dtype=dtype)


def dtype_name(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def run_native(
    program: Program,
    weights: Mapping[str, Tensor],
    x: Tensor,
    lengths: Tensor,
    state: Mapping[str, Tensor],
    upstream: tuple[Tensor, Mapping[str, Tensor]],
    *,
    reset: Tensor | None = None,
    reverse: bool = False,
    threads: int = 1,
) -> tuple[Tensor, dict[str, Tensor], dict[str, Tensor]]:
    """y, final states and gradients (of weights, x and states by name) of a program with one input x and output y."""
    n, time, _ = x.shape
    dtype, name = x.dtype, dtype_name(x)
    derivative = derive(program, frozenset({*weights, "x"}))
    kept = derivative.kept
    forward = Machine(program, split(program), dtype=name, stored=kept)
    values = program.values
    y = nan(n, time, values[program.outputs[0][1]].width, dtype=dtype)
    finals = {k: torch.empty_like(v) for k, v in state.items()}
    store = nan(n, time, sum(values[k].width for k in kept), dtype=dtype)
    forward.run(
        n=n, time=time, weights=views(weights), steps={"x": view(x)}, states=views(state), finals=views(finals),
        outputs={"y": view(y)}, store=view(store), lengths=view(lengths), threads=threads, reverse=reverse,
        reset=None if reset is None else view(reset),
    )  # fmt: skip
    parts = dict(zip(kept, store.split([values[k].width for k in kept], dim=2), strict=True)) if kept else {}
    adjoint = derivative.program
    backward = Machine(adjoint, split(adjoint), dtype=name, adjoint=True)
    sequences = {program.outputs[0][1]: y, "x": x, **parts}
    gradients = {k: torch.full_like(v, torch.nan) for k, v in weights.items()}
    initial = {f"d.{k}": torch.empty_like(v) for k, v in state.items()}
    dx = torch.full_like(x, torch.nan)
    steps = {"x": x, "y": y, "d.y": upstream[0], **parts}
    new = dict(program.states)
    backward.run(
        n=n, time=time, weights=views(weights), steps=views(steps),
        previous={k: (view(sequences[new[k]]), view(state[k])) for k in backward.layout.previous},
        states={f"d.{k}": view(v) for k, v in upstream[1].items()}, finals=views(initial),
        outputs={"d.x": view(dx)}, gradients=views(gradients), lengths=view(lengths), threads=threads,
        reverse=reverse, reset=None if reset is None else view(reset),
    )  # fmt: skip
    wanted = {k: v for k, v in gradients.items() if k in {g.weight for g in adjoint.gradients}}
    return y, finals, {**wanted, "x": dx, **{k[2:]: v for k, v in initial.items()}}


def run_torch(
    program: Program,
    weights: Mapping[str, Tensor],
    x: Tensor,
    lengths: Tensor,
    state: Mapping[str, Tensor],
    upstream: tuple[Tensor, Mapping[str, Tensor]],
    *,
    reset: Tensor | None = None,
    reverse: bool = False,
) -> tuple[Tensor, dict[str, Tensor], dict[str, Tensor]]:
    """The same through the reference loop and autograd."""
    leaves = {k: v.detach().clone().requires_grad_() for k, v in weights.items()}
    leaves |= {"x": x.detach().clone().requires_grad_()}
    leaves |= {k: v.detach().clone().requires_grad_() for k, v in state.items()}
    y, finals = unroll(
        as_step(program, {k: leaves[k] for k in weights}), leaves["x"], lengths, {k: leaves[k] for k in state},
        output_size=program.values[program.outputs[0][1]].width, backward=reverse, reset=reset,
    )  # fmt: skip
    total = (y * upstream[0]).sum() + sum((finals[k] * v).sum() for k, v in upstream[1].items())
    found = torch.autograd.grad(total, list(leaves.values()), allow_unused=True)
    gradients = {k: torch.zeros_like(v) if g is None else g for (k, v), g in zip(leaves.items(), found, strict=True)}
    return y.detach(), {k: v.detach() for k, v in finals.items()}, gradients
