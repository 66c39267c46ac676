"""The plain loop over a program, under autograd: it gives second derivatives, of every machine."""

from collections.abc import Sequence

import torch
from torch import Tensor

from elman.step.interpret import evaluate
from elman.step.program import Program
from elman.step.reference import State, unroll


def loop(
    program: Program, values: Sequence[Tensor], lengths: Tensor, reset: Tensor | None, reverse: bool
) -> list[Tensor]:
    """Run a step over a batch by the plain loop: y (n, T, width) and the final states (n, width).

    Args:
        program: a step.
        values: every input of the program, in its order: weights, steps (n, T, width), rows and states (n, width).
        lengths: int64 (n).
        reset: booleans (n, T), or None.
        reverse: whether each row goes from its last real step to its first.
    """
    given = dict(zip((value.name for value in program.inputs), values, strict=True))
    weights = {value.name: given[value.name] for value in program.of_kind("weight")}
    steps = program.of_kind("step")
    time = given[steps[0].name].shape[1]
    parts = [given[v.name] for v in steps] + [
        given[v.name].unsqueeze(1).expand(-1, time, -1) for v in program.of_kind("row")
    ]
    names = [v.name for v in (*steps, *program.of_kind("row"))]
    widths = [part.shape[2] for part in parts]
    ((_, y),) = program.outputs

    def step(x: Tensor, **state: Tensor) -> tuple[Tensor, State]:
        found = evaluate(program, {**weights, **dict(zip(names, x.split(widths, dim=1), strict=True)), **state})
        return found[y], {name: found[value] for name, value in program.states}

    states = {v.name: given[v.name] for v in program.of_kind("state")}
    width = program.values[y].width
    x = parts[0] if len(parts) == 1 else torch.cat(parts, dim=2)
    out, final = unroll(step, x, lengths.cpu(), states, output_size=width, backward=reverse, reset=reset)
    return [out, *(final[name] for name, _ in program.states)]


def second_derivatives(
    program: Program,
    values: Sequence[Tensor],
    gradients: Sequence[Tensor | None],
    seconds: Sequence[Tensor | None],
    lengths: Tensor,
    reset: Tensor | None,
    reverse: bool,
    needs: Sequence[bool],
) -> tuple[list[Tensor | None], list[Tensor | None]]:
    """The derivative of the gradients of a run.

    Args:
        program, values, lengths, reset, reverse: as for `loop`.
        gradients: that were given for y and the final states.
        seconds: what is given for the gradients of the values that need one.
        needs: which those are.

    Returns:
        for every value, and for every one of `gradients`.
    """
    again = torch.is_grad_enabled()
    with torch.enable_grad():
        values = [_leaf(value) for value in values]
        given = [None if g is None else _leaf(g) for g in gradients]
        results = loop(program, values, lengths, reset, reverse)
        pairs = [(r, g) for r, g in zip(results, given, strict=True) if g is not None and r.requires_grad]
        wanted = [value for value, need in zip(values, needs, strict=True) if need]
        first = torch.autograd.grad(
            [r for r, _ in pairs], wanted, [g for _, g in pairs], create_graph=True, allow_unused=True
        )
    pairs = [(f, s) for f, s in zip(first, seconds, strict=True) if f is not None and s is not None and f.requires_grad]
    inputs = [*values, *(g for g in given if g is not None)]
    if not pairs:
        return [None] * len(values), [None] * len(given)
    found = iter(
        torch.autograd.grad([f for f, _ in pairs], inputs, [s for _, s in pairs], create_graph=again, allow_unused=True)
    )
    return [next(found) for _ in values], [None if g is None else next(found) for g in given]


def _leaf(tensor: Tensor) -> Tensor:
    """The tensor again, as a value of its own: what reaches it by way of another one is not counted."""
    return tensor.view_as(tensor) if tensor.requires_grad else tensor.detach().requires_grad_()
