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
    first, *steps = program.of_kind("step")
    more = {v.name: given[v.name] for v in (*steps, *program.of_kind("row"))}
    ((_, y),) = program.outputs

    def step(x: Tensor, **others: Tensor) -> tuple[Tensor, State]:
        found = evaluate(program, {**weights, first.name: x, **others})
        return found[y], {name: found[value] for name, value in program.states}

    states = {v.name: given[v.name] for v in program.of_kind("state")}
    width = program.values[y].width
    out, final = unroll(
        step, given[first.name], lengths.cpu(), states, output_size=width, inputs=more, backward=reverse, reset=reset
    )
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
    count = len(values)
    present = [i for i, gradient in enumerate(gradients) if gradient is not None]
    wanted = [i for i, need in enumerate(needs) if need]

    def first(*tensors: Tensor) -> tuple[Tensor, ...]:
        """The gradients of the values that need one, from all values and the given gradients."""
        fixed = tensors[:count]

        def run(*varied: Tensor) -> tuple[Tensor, ...]:
            here = dict(zip(wanted, varied, strict=True))
            results = loop(program, [here.get(i, fixed[i]) for i in range(count)], lengths, reset, reverse)
            return tuple(results[i] for i in present)

        return torch.func.vjp(run, *[fixed[i] for i in wanted])[1](tensors[count:])

    given = [gradient for gradient in gradients if gradient is not None]
    full = [torch.zeros_like(values[i]) if s is None else s for i, s in zip(wanted, seconds, strict=True)]
    found = torch.func.vjp(first, *values, *given)[1](tuple(full))
    places = dict(zip(present, found[count:], strict=True))
    return list(found[:count]), [places.get(i) for i in range(len(gradients))]
