"""A program run over time by torch, stage by stage and without autograd: on any device, in any dtype."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from elman.run.scan import scanned
from elman.step.interpret import evaluate
from elman.step.program import Input, Program, Stage
from elman.step.reference import schedule


@dataclass(frozen=True)
class Packing:
    """Where the real steps of a batch stand, one time step after another, long rows first.

    Args:
        order: row of the batch at each sorted place (n).
        alive: how many rows take part in each step.
        places: row · T + position of each packed step (P), P the number of real steps.
        owner: sorted place of the row of each packed step (P).
        reset: whether the state is set back before each packed step (P, 1), or None.
        shape: n and T.
    """

    order: Tensor
    alive: tuple[int, ...]
    places: Tensor
    owner: Tensor
    reset: Tensor | None
    shape: tuple[int, int]

    def pack(self, sequence: Tensor) -> Tensor:
        """(n, T, width) → (P, width)."""
        return sequence.reshape(-1, sequence.shape[2])[self.places]

    def spread(self, packed: Tensor) -> Tensor:
        """(P, width) → (n, T, width), zero in the padding."""
        n, time = self.shape
        spread = packed.new_zeros(n * time, packed.shape[1]).index_copy_(0, self.places, packed)
        return spread.reshape(n, time, packed.shape[1])

    def unsorted(self, rows: Tensor) -> Tensor:
        """(n, width) of sorted rows, in the order of the batch."""
        return torch.empty_like(rows).index_copy_(0, self.order, rows)

    def before(self, new: Tensor, initial: Tensor) -> Tensor:
        """The old value of a state at every packed step, of the sequence of its new values (P, w) and (n, w)."""
        steps = new.split(self.alive)
        shifted = [step[:m] for step, m in zip((initial, *steps), self.alive, strict=False)]
        old = torch.cat(shifted) if shifted else new
        return old if self.reset is None else torch.where(self.reset, initial[self.owner], old)


def packing(lengths: Tensor, time: int, reset: Tensor | None, reverse: bool, device: torch.device) -> Packing:
    """The real steps of a batch of rows of these lengths (n)."""
    order = torch.argsort(lengths, descending=True, stable=True)
    alive, places = schedule(lengths[order], order, time, reverse)
    begins = torch.tensor([0, *alive]).cumsum(dim=0)[:-1]  # of each step's part
    owner = torch.arange(len(places)) - begins.repeat_interleave(torch.tensor(alive, dtype=torch.int64))
    places = places.to(device)
    packed = None if reset is None else reset.to(device).reshape(-1, 1)[places]
    return Packing(order.to(device), tuple(alive), places, owner.to(device), packed, (len(lengths), time))


@dataclass(frozen=True)
class Results:
    """What a program computed.

    Args:
        values: packed values by name (P, width): every input per step or row, every node that was asked for.
        finals: states at the end, of sorted rows (n, width).
    """

    values: dict[str, Tensor]
    finals: dict[str, Tensor]


def run(
    program: Program,
    stages: tuple[Stage, ...],
    packing: Packing,
    *,
    weights: Mapping[str, Tensor],
    packed: Mapping[str, Tensor],
    states: Mapping[str, Tensor],
    wanted: frozenset[str],
    adjoint: bool = False,
    totals: frozenset[str] = frozenset(),
) -> Results:
    """Run a program over all packed steps.

    Args:
        program, stages: a step or its adjoint.
        packing: of the batch.
        weights: by name.
        packed: all other inputs but the states, by name (P, width).
        states: initial states of sorted rows, by name (n, width).
        wanted: names of values to be returned.
        adjoint: go from the last step to the first.
        totals: states that are not set back at a reset.
    """
    used = {value for _, value in program.states}
    used |= wanted
    after = [used]  # what is used once a stage is over, for each of them
    for stage in stages[:0:-1]:
        used = used | {str(arg) for node in stage.nodes for arg in node.args}
        after.append(used)
    values = {**weights, **packed}
    finals: dict[str, Tensor] = {}
    for stage, needed in zip(stages, reversed(after), strict=False):
        if stage.states:
            loop = _Loop(program, stage, packing, values, {name: states[name] for name in stage.states}, needed)
            done = loop.at_once(values, adjoint) if stage.linear else None
            found, last = loop.run(adjoint, totals) if done is None else done
            finals |= last
        else:
            found = evaluate(_part(program, stage, next(iter(packed))), values)
            found = {node.name: found[node.name] for node in stage.nodes if node.name in needed}
        values |= found
    return Results(values, finals)


def _part(program: Program, stage: Stage, like: str) -> Program:
    """A stage as a program; its first input is rows, so that it is known how many there are."""
    made = {node.name for node in stage.nodes}
    names = [like, *(arg for node in stage.nodes for arg in node.args if isinstance(arg, str) and arg not in made)]
    kinds = {value.name: value for value in program.inputs}
    inputs = tuple(kinds.get(name, Input(name, "step", (program.values[name].width,))) for name in dict.fromkeys(names))
    return replace(program, inputs=inputs, nodes=stage.nodes, outputs=(), states=(), gradients=())


class _Loop:
    """A stage with states, step by step."""

    def __init__(
        self,
        program: Program,
        stage: Stage,
        packing: Packing,
        values: Mapping[str, Tensor],
        states: dict[str, Tensor],
        needed: set[str],
    ) -> None:
        self.stage, self.part = stage, _part(program, stage, stage.states[0])
        self.new = {name: value for name, value in program.states if name in states}
        self.packing, self.states = packing, states
        self.widths = {name: value.width for name, value in program.values.items()}
        nodes = [node.name for node in stage.nodes]
        self.made = [name for name in (*states, *nodes) if name in needed]
        given = {value.name for value in self.part.inputs} | set(self.new.values())
        given -= {*states, *nodes}
        self.fixed = {name: values[name] for name in given if name in program.vectors}
        self.steps = {name: values[name].split(packing.alive) for name in given if name not in self.fixed}

    def at_once(
        self, values: Mapping[str, Tensor], adjoint: bool
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]] | None:
        """The same as `run`, by a scan over time; None where that cannot be done."""
        if len(self.states) > 1 or self.packing.reset is not None or len(self.packing.alive) < 2:
            return None
        (state,) = self.stage.states
        alive, owner = self.packing.alive, self.packing.owner
        done = scanned(self.stage, self.new[state], alive, owner, values, self.states[state], adjoint)
        if done is None:
            return None
        found = evaluate(self.part, {**values, state: done[0]})
        return {name: found[name] for name in self.made}, {state: done[1]}

    def run(self, adjoint: bool, totals: frozenset[str]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """The packed values made in the loop, and the states at its end (n, width)."""
        alive, start = self.packing.alive, self.states
        resets = None if self.packing.reset is None else self.packing.reset.split(alive)
        made: dict[str, list[Tensor]] = {name: [] for name in self.made}
        cut = {name: torch.zeros_like(value) for name, value in start.items()}  # gradients that a reset held up
        current = {name: value[: 0 if adjoint else len(value)] for name, value in start.items()}
        ended: list[dict[str, Tensor]] = []
        for t in reversed(range(len(alive))) if adjoint else range(len(alive)):
            m = alive[t]
            here = len(next(iter(current.values())))
            if m > here:
                current = {name: torch.cat([value, start[name][here:m]]) for name, value in current.items()}
            elif m < here:
                ended.append({name: value[m:] for name, value in current.items()})
                current = {name: value[:m] for name, value in current.items()}
            if resets is not None and not adjoint:
                current = {name: torch.where(resets[t], start[name][:m], v) for name, v in current.items()}
            found = evaluate(self.part, {**self.fixed, **{k: v[t] for k, v in self.steps.items()}, **current})
            found |= current | {name: steps[t] for name, steps in self.steps.items()}
            for name in self.made:
                made[name].append(found[name])
            current = {name: found[value] for name, value in self.new.items()}
            if resets is not None and adjoint:
                for name in current.keys() - totals:
                    cut[name][:m] += torch.where(resets[t], current[name], 0)
                    current[name] = torch.where(resets[t], 0, current[name])
        m = len(next(iter(current.values())))
        ended += [{name: value[m:] for name, value in start.items()}] if adjoint else []
        finals = {
            name: torch.cat([v, *(part[name] for part in reversed(ended))]) + cut[name] for name, v in current.items()
        }
        return {name: self._joined(name, steps, adjoint) for name, steps in made.items()}, finals

    def _joined(self, name: str, steps: list[Tensor], adjoint: bool) -> Tensor:
        if not steps:
            return next(iter(self.states.values())).new_zeros(0, self.widths[name])
        return torch.cat(steps[::-1] if adjoint else steps)
