"""The machine "torch": a plan and its adjoint on packed steps, in torch operations, wherever torch runs."""

from collections.abc import Sequence

import torch
from torch import Tensor

from elman.errors import ArgumentError
from elman.run.packed import Packing, packing, run
from elman.run.plan import Adjoint, Plan
from elman.step.program import Program


def forward(
    plan: Plan, adjoint: Adjoint | None, values: Sequence[Tensor], lengths: Tensor, reset: Tensor | None, reverse: bool
) -> list[Tensor]:
    """Run a step over a batch.

    Args:
        plan: of the step.
        adjoint: what is kept is for this adjoint; None for nothing.
        values: every input of the program, in its order: weights, steps (n, T, width), rows and states (n, width).
        lengths: int64 (n) on the CPU.
        reset: booleans (n, T), or None.
        reverse: whether each row goes from its last real step to its first.

    Returns:
        y (n, T, width), the final states (n, width), and the kept values side by side (n, T, sum of widths) where
        there are any.
    """
    program, (y, _) = plan.program, plan.output
    pack = _packing(program, values, lengths, reset, reverse)
    weights, packed, states = _given(program, dict(zip((v.name for v in program.inputs), values, strict=True)), pack)
    kept = tuple(adjoint.kept) if adjoint else ()
    found = run(program, plan.stages, pack, weights=weights, packed=packed, states=states, wanted=frozenset({y, *kept}))
    results = [pack.spread(found.values[y]), *(pack.unsorted(found.finals[name]) for name, _ in program.states)]
    if kept:
        results.append(pack.spread(torch.cat([found.values[name] for name in kept], dim=1)))
    return results


def backward(
    plan: Plan,
    adjoint: Adjoint,
    values: Sequence[Tensor],
    y: Tensor,
    store: Tensor | None,
    gradients: Sequence[Tensor],
    lengths: Tensor,
    reset: Tensor | None,
    reverse: bool,
) -> dict[str, Tensor]:
    """Gradients of a run.

    Args:
        plan, adjoint, values, lengths, reset, reverse: as in the forward run.
        y, store: what the forward run returned.
        gradients: of y and of the final states, in the order of `program.states`.

    Returns:
        gradient by name of the program's inputs: of all states, and of those for which the adjoint was made.
    """
    program = adjoint.program
    pack = _packing(plan.program, values, lengths, reset, reverse)
    inputs = dict(zip((v.name for v in plan.program.inputs), values, strict=True))
    weights, packed, initial = _given(plan.program, inputs, pack)
    packed[adjoint.output], packed[f"d.{adjoint.output}"] = pack.pack(y), pack.pack(gradients[0])
    if store is not None:
        kept = pack.pack(store)
        packed |= {name: kept[:, start:stop] for name, (start, stop) in adjoint.kept.items()}
    for state, (place, name) in adjoint.previous.items():
        packed[state] = pack.before(packed[adjoint.output if place == "output" else name], initial[state])
    states = {f"d.{name}": g[pack.order] for (name, _), g in zip(plan.program.states, gradients[1:], strict=True)}
    for value in program.of_kind("state"):
        if value.name not in states:
            states[value.name] = y.new_zeros(len(lengths), value.width)
    wanted = frozenset(program.results())
    found = run(
        program, adjoint.stages, pack,
        weights={v.name: weights[v.name] for v in program.of_kind("weight")},
        packed={v.name: packed[v.name] for v in program.inputs if v.kind not in ("weight", "state")},
        states=states, wanted=wanted, adjoint=True, totals=adjoint.totals,
    )  # fmt: skip
    results = {name.removeprefix("d."): pack.unsorted(value) for name, value in found.finals.items()}
    results |= {name.removeprefix("d."): pack.spread(found.values[value]) for name, value in program.outputs}
    return results | _weights(program, weights, found.values)


def _packing(
    program: Program, values: Sequence[Tensor], lengths: Tensor, reset: Tensor | None, reverse: bool
) -> Packing:
    n, time = next(v.shape[:2] for v, i in zip(values, program.inputs, strict=True) if i.kind == "step")
    if lengths.shape != (n,) or (n and not 0 <= int(lengths.min()) <= int(lengths.max()) <= time):
        raise ArgumentError(f"lengths are {lengths.tolist()}", expected=f"{n} numbers from 0 to {time}")
    device = next((v.device for v in values), lengths.device)
    return packing(lengths.cpu(), time, reset, reverse, device)


def _given(
    program: Program, inputs: dict[str, Tensor], pack: Packing
) -> tuple[dict[str, Tensor], dict[str, Tensor], dict[str, Tensor]]:
    """Weights, packed values per step and row, and states of sorted rows, by name."""
    packed = {v.name: pack.pack(inputs[v.name]) for v in program.of_kind("step")}
    packed |= {v.name: inputs[v.name][pack.order][pack.owner] for v in program.of_kind("row")}
    weights = {v.name: inputs[v.name] for v in program.of_kind("weight")}
    return weights, packed, {v.name: inputs[v.name][pack.order] for v in program.of_kind("state")}


def _weights(program: Program, weights: dict[str, Tensor], values: dict[str, Tensor]) -> dict[str, Tensor]:
    """The gradients of weights: products over all packed steps."""
    found: dict[str, Tensor] = {}
    for gradient in program.gradients:
        total = found.setdefault(gradient.weight, torch.zeros_like(weights[gradient.weight]))
        columns, right = slice(*gradient.columns), values[gradient.right]
        if gradient.left is not None:
            total[slice(*gradient.rows), columns] += values[gradient.left].T @ right
        elif total.dim():
            total[columns] += right.sum(dim=0)
        else:
            total += right.sum()
    return found
