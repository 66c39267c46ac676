"""One pass over a batch and its gradients, computed now, by the machine that was named; nothing is recorded here."""

import warnings
from collections.abc import Sequence
from types import ModuleType

import torch
from torch import Tensor

from elman import native
from elman.errors import ArgumentError
from elman.run import in_native, in_torch
from elman.run.plan import plan

MACHINES = ("native", "torch")
_missed: set[str] = set()  # reasons for another machine, each told once


def forward(
    program: str,
    machine: str,
    values: Sequence[Tensor],
    lengths: Tensor,
    reset: Tensor | None,
    reverse: bool,
    needs: Sequence[bool],
) -> list[Tensor]:
    """Run a step over a batch.

    Args:
        program: text of the step in its normal form.
        machine: "native" or "torch".
        values: every input of the program, in its order: weights, steps (n, T, width), rows and states (n, width).
        lengths: int64 (n) on the CPU.
        reset: booleans (n, T), or None.
        reverse: whether each row goes from its last real step to its first.
        needs: for each value, whether its gradient will be asked for.

    Returns:
        y (n, T, width), the final states (n, width), and what the gradients will need (n, T, sum of widths), if
        anything.
    """
    ready = plan(program)
    with torch.no_grad():
        adjoint = ready.adjoint(tuple(needs))
        return _machine(machine, values).forward(ready, adjoint, values, lengths, reset, reverse)


def backward(
    program: str,
    machine: str,
    values: Sequence[Tensor],
    results: Sequence[Tensor],
    gradients: Sequence[Tensor | None],
    lengths: Tensor,
    reset: Tensor | None,
    reverse: bool,
    needs: Sequence[bool],
) -> list[Tensor]:
    """Gradients of a run.

    Args:
        program, machine, values, lengths, reset, reverse, needs: as in the forward run.
        results: y, and what the forward run kept, if anything.
        gradients: of y and of the final states; None is zero.

    Returns:
        the gradients of the values that need one, in their order.
    """
    ready = plan(program)
    adjoint = ready.adjoint(tuple(needs))
    if adjoint is None:
        return []
    with torch.no_grad():
        y, *kept = results
        widths = [(len(y), ready.program.values[name].width) for name, _ in ready.program.states]
        shapes = [y.shape, *widths]
        full = [y.new_zeros(()).expand(s) if g is None else g for g, s in zip(gradients, shapes, strict=True)]
        found = _machine(machine, values).backward(
            ready, adjoint, values, y, kept[0] if kept else None, full, lengths, reset, reverse
        )
        wanted = zip(ready.program.inputs, values, needs, strict=True)
        return [found[v.name] if v.name in found else torch.zeros_like(t) for v, t, need in wanted if need]


def _machine(name: str, values: Sequence[Tensor]) -> ModuleType:
    """The machine of that name, or "torch" where a program that was made elsewhere cannot have it."""
    if name not in MACHINES:
        raise ArgumentError(f"machine is {name!r}", expected=" or ".join(map(repr, MACHINES)))
    if name == "torch":
        return in_torch
    reason = native.unavailable_reason() or ("" if values[0].is_cpu else f"values are on {values[0].device}")
    if not reason:
        return in_native
    if reason not in _missed:
        _missed.add(reason)
        warnings.warn(f"a program that was made for the native machine runs in torch: {reason}", stacklevel=2)
    return in_torch
