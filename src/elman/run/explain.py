"""What a layer does, in words and numbers: its equations, its work, the machine that runs it, and what it stores."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from elman import native
from elman.cells.cell import weight_like
from elman.run.choice import Choice, choose
from elman.step.describe import describe
from elman.step.program import Input, Program, Stage
from elman.step.simplify import simplify
from elman.step.trace import UnsupportedOperation, captured

# Why a machine was not taken where nothing hinders it.
_SLOWER = {
    "torch": "it runs the same program step by step, in torch operations",
    "reference": "it is the plain loop that defines what is right, and slow",
}


def program_of(cell: Any) -> Program:
    """The cell's step as a program, in its normal form.

    Raises:
        UnsupportedOperation: the step does what a program cannot say.
        CaptureError: the step does what would be wrong on every machine.
    """
    return simplify(captured(cell, weight_like(cell).dtype).program)


def explanation(passes: Sequence[tuple[str, Any]], machine: str, x: Tensor | None = None) -> str:
    """What happens when cells are run one upon another.

    Args:
        passes: a title for each cell, and the cell.
        machine: the machine that was asked for.
        x: inputs (n, T, d) of the first, for the sizes; None where only the equations matter.
    """
    lines: list[str] = []
    seen: dict[tuple[str, str], str] = {}
    for title, cell in passes:
        weight = weight_like(cell)
        choice = choose(cell, weight.dtype, weight.device.type, machine)
        program = _program(cell)
        before = seen.setdefault((choice.machine, describe(program) if program else title), title)
        if before != title:
            lines.append(f"{title} · as {before}, with weights of its own")
            continue
        lines += [title, f"  machine: {_machine(choice.machine)}", *_others(choice, machine, weight.device.type)]
        if program is not None:
            lines += _part("equations", describe(program).splitlines())
            lines += _part("work for one row and one step", _work(choice.plan.stages if choice.text else (), program))
            lines += _part("stored for the gradients", _stored(cell, choice, x, title == passes[0][0]))
    return "\n".join(lines)


def _program(cell: Any) -> Program | None:
    try:
        return program_of(cell)
    except UnsupportedOperation:
        return None


def _part(title: str, lines: Sequence[str]) -> list[str]:
    return [f"  {title}", *(f"    {line}" for line in lines)] if lines else []


def _machine(name: str) -> str:
    if name != "native":
        return name
    return f"native ({native.instruction_set()}, threads: {torch.get_num_threads()})"


def _others(choice: Choice, asked: str, device: str) -> list[str]:
    """Why the other machines were not taken."""
    names = [name for name in ("native", "torch", "reference") if name != choice.machine]
    if device == "cuda" and choice.machine != "cudnn":
        names.insert(1, "cudnn")
    if choice.machine == asked:
        return [f"    not {name}: {choice.reasons.get(name, f'{asked} was asked for')}" for name in names]
    return [f"    not {name}: {choice.reasons.get(name, _SLOWER.get(name, ''))}" for name in names]


def _work(stages: Sequence[Stage], program: Program) -> list[str]:
    """Multiply-adds and elementwise operations, before, in and after the loops."""
    where = {"all steps at once": [s for s in stages if not s.states], "step by step": [s for s in stages if s.states]}
    lines = []
    for name, found in where.items():
        products, counts = _counts(program, found)
        parts = [f"{products:,} multiply-adds"] * bool(products)
        parts += [f"{op} {count:,}" for op, count in counts.items()]
        if parts:
            lines.append(f"{name}: {', '.join(parts)}")
    return lines


def _counts(program: Program, stages: Sequence[Stage]) -> tuple[int, Counter[str]]:
    products, counts = 0, Counter[str]()
    for node in (node for stage in stages for node in stage.nodes):
        if node.op == "matmul":
            products += program.values[str(node.args[0])].width * node.width
        elif node.op in ("sum", "max"):
            counts[node.op] += program.values[str(node.args[0])].width
        elif node.op not in ("slice", "concat", "expand", "full", "clip_gradient"):
            counts[node.op] += node.width
    return products, counts


def _stored(cell: Any, choice: Choice, x: Tensor | None, first: bool) -> list[str]:
    """What the forward run stores when gradients are wanted."""
    if not choice.text:
        return ["whatever autograd stores for each operation"]
    program, weights = choice.plan.program, choice.weights(cell, weight_like(cell).device.type)
    wants_x = x.requires_grad if x is not None and first else not first
    needs = tuple(_needs(value, weights, wants_x) for value in program.inputs)
    adjoint = choice.plan.adjoint(needs)
    if adjoint is None:
        return ["nothing: no gradient is wanted"]
    names = ", ".join(f"{_name(program, name)} ({stop - start})" for name, (start, stop) in adjoint.kept.items())
    size = adjoint.width * weight_like(cell).element_size()
    line = f"{names}: {size:,} bytes per row and step, beside x and y" if names else "nothing beside x and y"
    if names and x is not None:
        line += f"; {size * x.shape[0] * x.shape[1]:,} bytes for {x.shape[0]} rows of {x.shape[1]} steps"
    return [line]


def _needs(value: Input, weights: dict[str, Tensor], x: bool) -> bool:
    return weights[value.name].requires_grad if value.kind == "weight" else value.kind == "step" and x


def _name(program: Program, value: str) -> str:
    """What the equations call a value."""
    state = next((name for name, new in program.states if new == value), None)
    return f"{state}'" if state else value
