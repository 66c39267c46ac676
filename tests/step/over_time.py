"""Programs over sequences of equal length, in torch: step by step, and stage by stage as a machine runs them."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from elman.step.derivative import output_name
from elman.step.interpret import evaluate
from elman.step.program import Derivative, Input, Program, Stage
from elman.step.split import split

Values = dict[str, Tensor]


def step_by_step(program: Program, values: Mapping[str, Tensor]) -> tuple[Tensor, Values]:
    """The plain loop: y (n, T, o) and the final states; step inputs are (n, T, width)."""
    steps = {value.name for value in program.of_kind("step")}
    state = {name: values[name] for name, _ in program.states}
    ys = []
    for t in range(values["x"].shape[1]):
        now = {name: value[:, t] if name in steps else value for name, value in values.items()}
        found = evaluate(program, {**now, **state})
        ys.append(found[program.outputs[0][1]])
        state = {name: found[value] for name, value in program.states}
    return torch.stack(ys, dim=1), state


def stage_by_stage(program: Program, stages: Sequence[Stage], values: Mapping[str, Tensor]) -> tuple[Values, Values]:
    """Every value as a sequence (n, T, width) or a vector, and the final states.

    A stage is given nothing but what inputs and the stages before it have: it fails if it reads anything else.
    """
    n, time = next(values[value.name].shape[:2] for value in program.of_kind("step"))
    new, vectors = dict(program.states), program.vectors
    known = {value.name: values[value.name] for value in program.inputs if value.kind != "state"}
    for value in program.of_kind("row"):
        known[value.name] = values[value.name].unsqueeze(1).expand(n, time, value.width)
    old: Values = {}
    final: Values = {}
    for stage in stages:
        if not stage.states:
            flat = {name: v if name in vectors else v.flatten(0, 1) for name, v in known.items()}
            for name, v in nodes(stage, flat, n * time).items():
                known[name] = v if name in vectors else v.unflatten(0, (n, time))
            continue
        state = {name: values[name] for name in stage.states}
        history: dict[str, list[Tensor]] = {name: [] for name in (*state, *(node.name for node in stage.nodes))}
        for t in range(time):
            now = {name: v if name in vectors else v[:, t] for name, v in known.items()} | state
            now |= nodes(stage, now, n)
            for name, sequence in history.items():
                sequence.append(now[name])
            state = {name: now[new[name]] for name in state}
        found = {name: v[0] if name in vectors else torch.stack(v, dim=1) for name, v in history.items()}
        old |= {name: found.pop(name) for name in stage.states}
        known |= found
        final |= state
    return known | old, final


def nodes(stage: Stage, values: Mapping[str, Tensor], n: int) -> Values:
    """The nodes of a stage for n rows."""
    read = {str(arg) for node in stage.nodes for arg in node.args if isinstance(arg, str)}
    read -= {node.name for node in stage.nodes}
    inputs = [Input("rows", "step", (1,))]
    inputs += [Input(name, "weight", ()) for name in read]  # (the shapes do not matter to the interpreter)
    part = Program(tuple(inputs), stage.nodes, (), ())
    found = evaluate(part, {**{name: values[name] for name in read}, "rows": torch.ones(n, 1, dtype=torch.float64)})
    return {node.name: found[node.name] for node in stage.nodes}


def backward(
    program: Program, derivative: Derivative, values: Mapping[str, Tensor], d_y: Tensor, d_state: Mapping[str, Tensor]
) -> Values:
    """The gradients of all inputs that the derivative gives, by name, as a machine computes them."""
    forward, _ = stage_by_stage(program, split(program), values)
    adjoint, output = derivative.program, output_name(program)
    y = forward[program.outputs[0][1]]
    new = dict(program.states)
    given: Values = {}
    for value in adjoint.inputs:
        name = value.name
        if value.kind == "state":
            given[name] = d_state.get(name.removeprefix("d."), torch.zeros(len(y), value.width, dtype=y.dtype))
        elif value.kind == "previous":
            source = new[name]
            is_there = source == program.outputs[0][1] or source in derivative.kept
            assert is_there or source in {v.name for v in program.of_kind("step")}, f"{source} is not stored"
            given[name] = torch.cat([values[name].unsqueeze(1), forward[source][:, :-1]], dim=1).flip(1)
        elif value.kind == "step":
            there = {f"d.{output}": d_y, output: y, **{v.name: values[v.name] for v in program.of_kind("step")}}
            given[name] = (forward[name] if name in derivative.kept else there[name]).flip(1)
        else:
            given[name] = values[name]
    found, final = stage_by_stage(adjoint, split(adjoint), given)
    gradients = {name.removeprefix("d."): value for name, value in final.items()}
    for name, value in adjoint.outputs:
        gradients[name.removeprefix("d.")] = found[value].flip(1)
    for gradient in adjoint.gradients:
        total = gradients.setdefault(gradient.weight, torch.zeros_like(values[gradient.weight]))
        right = found[gradient.right].flatten(0, 1)
        (r0, r1), (c0, c1) = gradient.rows, gradient.columns
        if gradient.left is None:
            total.view(-1)[c0:c1] += right.sum(dim=0)
        else:
            total[r0:r1, c0:c1] += found[gradient.left].flatten(0, 1).T @ right
    return gradients
