"""Running programs on the native machine and beside it in torch, for the tests of this folder."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from elman.native.machine import Machine, View
from elman.step.derivative import derive
from elman.step.interpret import evaluate
from elman.step.program import Program
from elman.step.simplify import simplify
from elman.step.split import split

Values = Mapping[str, Tensor]


@dataclass
class Case:
    """A step, a value for each of its inputs (weights, (n, T, w), (n, w)), and the gradients of its results."""

    program: Program
    values: Values
    lengths: Tensor
    d_y: Tensor
    d_state: Values
    reset: Tensor | None = None
    reverse: bool = False

    def of_kind(self, kind: str) -> dict[str, Tensor]:
        return {value.name: self.values[value.name] for value in self.program.inputs if value.kind == kind}

    def to(self, dtype: torch.dtype) -> "Case":
        values = {name: value.to(dtype) for name, value in self.values.items()}
        d_state = {name: value.to(dtype) for name, value in self.d_state.items()}
        return Case(self.program, values, self.lengths, self.d_y.to(dtype), d_state, self.reset, self.reverse)


@dataclass
class Result:
    """y, the final states, and the gradients of all inputs."""

    y: Tensor
    finals: dict[str, Tensor]
    gradients: dict[str, Tensor]

    def all(self) -> dict[str, Tensor]:
        final = {f"final {name}": value for name, value in self.finals.items()}
        return {"y": self.y, **final, **{f"gradient {name}": value for name, value in self.gradients.items()}}


def case(program: Program, values: Values, n: int, time: int, seed: int, resets: bool, reverse: bool) -> Case:
    """A step with random lengths (zeros among them), gradients and resets."""
    program = simplify(program)
    generator = torch.Generator().manual_seed(seed)
    width = program.values[program.outputs[0][1]].width
    lengths = torch.randint(0, time + 1, (n,), generator=generator)
    d_y = torch.randn(n, time, width, generator=generator, dtype=torch.float64)
    states = [value.name for value in program.of_kind("state")]
    d_state = {name: torch.randn(values[name].shape, generator=generator, dtype=torch.float64) for name in states}
    reset = torch.rand(n, time, generator=generator) < 0.3 if resets else None
    values = {value.name: values[value.name] for value in program.inputs}
    return Case(program, values, lengths, d_y, d_state, reset, reverse)


def view(tensor: Tensor) -> View:
    """Address, shape and strides."""
    return tensor.data_ptr(), tensor.shape, tensor.stride()


def views(tensors: Values) -> dict[str, View]:
    """The same, by name."""
    return {name: view(tensor) for name, tensor in tensors.items()}


def nan(*shape: int, dtype: torch.dtype) -> Tensor:
    """Memory in which anything not written will be noticed."""
    return torch.full(shape, torch.nan, dtype=dtype)


def run_native(c: Case, threads: int = 1) -> Result:
    """Forward and adjoint on the native machine, as a layer does it; padding and all memory full of NaN."""
    n, time, dtype = len(c.lengths), c.d_y.shape[1], c.d_y.dtype
    name, values = str(dtype).removeprefix("torch."), c.program.values
    weights, steps, rows, states = (c.of_kind(kind) for kind in ("weight", "step", "row", "state"))
    padding = torch.arange(time) >= c.lengths.unsqueeze(1)
    steps = {k: v.masked_fill(padding.unsqueeze(2), torch.nan) for k, v in steps.items()}
    derivative = derive(c.program, {*weights, *steps, *rows})
    kept, adjoint = derivative.kept, derivative.program
    widths = [values[k].width for k in kept]
    shared = {
        "n": n, "time": time, "weights": views(weights), "rows": views(rows), "lengths": view(c.lengths),
        "reset": None if c.reset is None else view(c.reset), "reverse": c.reverse, "threads": threads,
    }  # fmt: skip

    y, store = torch.full_like(c.d_y, torch.nan), nan(n, time, sum(widths), dtype=dtype)
    finals = {k: torch.full_like(v, torch.nan) for k, v in states.items()}
    forward = Machine(c.program, split(c.program), dtype=name, stored=kept)
    forward.run(
        **shared, steps=views(steps), states=views(states), finals=views(finals), outputs={"y": view(y)},
        store=view(store),
    )  # fmt: skip

    stored = dict(zip(kept, store.split(widths, dim=2), strict=True)) if kept else {}
    sequences, new = {**steps, c.program.outputs[0][1]: y, **stored}, dict(c.program.states)
    given = {f"d.{k}": v for k, v in c.d_state.items()} | {f"d.{k}": torch.zeros_like(v) for k, v in rows.items()}
    found = {f"d.{k}": torch.full_like(v, torch.nan) for k, v in {**states, **rows, **steps}.items()}
    gradients = {k: torch.full_like(v, torch.nan) for k, v in weights.items()}
    totals = {f"d.{k}" for k in rows}
    backward = Machine(adjoint, split(adjoint), dtype=name, adjoint=True, totals=totals)
    backward.run(
        **shared, steps=views({**steps, "y": y, "d.y": c.d_y, **stored}),
        previous={k: (view(sequences[new[k]]), view(states[k])) for k in backward.layout.previous},
        states=views(given), finals=views(found), outputs=views(found), gradients=views(gradients),
    )  # fmt: skip
    missing = {k for k in weights if k not in {g.weight for g in adjoint.gradients}}
    missing |= {k for k in (*steps, *rows) if f"d.{k}" not in (*dict(adjoint.outputs), *dict(adjoint.states))}
    total = gradients | {k[2:]: v for k, v in found.items()}
    return Result(y, finals, {k: torch.zeros_like(v) if k in missing else v for k, v in total.items()})


def run_torch(c: Case) -> Result:
    """The same with torch, one row and one step after the other, and autograd: slow, and too plain to be wrong."""
    leaves = {name: value.detach().clone().requires_grad_() for name, value in c.values.items()}
    weights = {value.name for value in c.program.of_kind("weight")}
    steps = {value.name for value in c.program.of_kind("step")}
    y_rows, finals = [], []
    for row, length in enumerate(c.lengths.tolist()):
        rest = {k: v[row : row + 1] for k, v in leaves.items() if k not in weights | steps}
        start = {name: rest[name] for name, _ in c.program.states}
        state, y = start, list(torch.zeros_like(c.d_y[row]))
        for t in reversed(range(length)) if c.reverse else range(length):
            if c.reset is not None and c.reset[row, t]:
                state = start
            x = {k: leaves[k][row : row + 1, t] for k in steps}
            found = evaluate(c.program, {**{k: leaves[k] for k in weights}, **rest, **x, **state})
            state = {name: found[value] for name, value in c.program.states}
            y[t] = found[c.program.outputs[0][1]][0]
        y_rows.append(torch.stack(y) if y else c.d_y[row])
        finals.append(state)
    y = torch.stack(y_rows) if y_rows else torch.zeros_like(c.d_y)
    final = {k: torch.cat([f[k] for f in finals]) if finals else leaves[k] * 1 for k, _ in c.program.states}
    total = (y * c.d_y).sum() + sum((final[k] * v).sum() for k, v in c.d_state.items())
    total = total + 0 * sum(leaf.sum() for leaf in leaves.values())
    gradients = torch.autograd.grad(total, list(leaves.values()))
    return Result(y.detach(), {k: v.detach() for k, v in final.items()}, dict(zip(leaves, gradients, strict=True)))
