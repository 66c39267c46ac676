"""What the forward run stores for the backward run: as few features as will do, the rest computed again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from elman.step.program import Program

EVERYTHING = 1 << 50  # more than any sum of costs

# A product over as many features costs as much per number as storing it and reading it again. Measured with AVX-512:
# 2.7 ns to write, page in and read a float32, 1 ns for a product over 125 features; slower products bring it down.
FEATURES = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """What is stored, and what the adjoint computes from it.

    Args:
        kept: forward values to be stored, in the program's order.
        again: nodes to be computed again, in the program's order.
    """

    kept: tuple[str, ...]
    again: tuple[str, ...]


def choose(program: Program, needed: Iterable[str]) -> Choice:
    """The cheapest way to have all needed values of a forward step at hand in the backward run.

    There anyway are: weights, rows and step inputs, the output y, and the old values of states whose new value is y or
    a step input; another state's old values are there if its new values are kept. Elementwise operations are computed
    again for nothing, a product over k features for k / FEATURES of what its result costs to store. The cheapest choice
    is a minimum cut between what is given and the needed values, as near to these as possible.

    Example: of a narrow LSTM c alone is kept (h is y), the gates are computed again; of a wide one i, f, g, o and c.
    """
    needed, values, states = set(needed), program.values, dict(program.states)
    sequences = {value.name for value in program.of_kind("step")}
    sequences |= {value for _, value in program.outputs if value not in states}
    given = sequences | {value.name for value in program.inputs if value.kind != "state"}
    kept = {states[name] for name in needed if name in states} - sequences
    cost = {name: 0 if name in given | kept else FEATURES * value.width for name, value in values.items()}
    for state, value in states.items():
        cost[state] = 0 if value in sequences | kept else FEATURES * values[value].width
    cut = _cut(program, needed, cost)
    kept |= {states.get(name, name) for name in cut if cost[name]}
    again: list[str] = []
    reach, todo = set[str](), list(needed)
    while todo:
        name = todo.pop()
        value = values[name]
        if name not in reach and name not in given | kept and name not in states:
            reach.add(name)
            todo += [arg for arg in getattr(value, "args", ()) if isinstance(arg, str)]
    again = [node.name for node in program.nodes if node.name in reach]
    return Choice(tuple(name for name in values if name in kept), tuple(again))


def _cut(program: Program, needed: set[str], cost: Mapping[str, int]) -> set[str]:
    """The values to store, of the cheapest choice by which everything needed is at hand.

    Each value is two points, (name, in) and (name, out), joined by an edge of its cost; the flow from a common source
    to a common sink is raised until no more fits. The full edges nearest to the sink are the cut.
    """
    flow = _Flow()
    for name in cost:
        flow.edge((name, "in"), (name, "out"), cost[name])
    for value in program.inputs:
        flow.edge("source", (value.name, "in"), EVERYTHING)
    for node in program.nodes:
        if node.op == "matmul":
            _, r0, r1, c0, c1 = node.attributes
            flow.edge("source", (node.name, "in"), int((r1 - r0) * (c1 - c0)))
        for arg in node.args:
            if isinstance(arg, str):
                flow.edge((arg, "out"), (node.name, "in"), EVERYTHING)
    for name in needed:
        flow.edge((name, "out"), "sink", EVERYTHING)
    near = flow.saturate("source", "sink")
    return {name for name in cost if (name, "out") in near and (name, "in") not in near}


class _Flow:
    """The largest flow through a network of edges with capacities (Edmonds and Karp 1972)."""

    def __init__(self) -> None:
        self.left: dict[object, dict[object, int]] = {}  # capacity left, from → to

    def edge(self, start: object, stop: object, capacity: int) -> None:
        """Add an edge."""
        there = self.left.setdefault(start, {})
        there[stop] = there.get(stop, 0) + capacity
        self.left.setdefault(stop, {}).setdefault(start, 0)

    def saturate(self, source: object, sink: object) -> set[object]:
        """Send as much as fits; the points from which the sink can still be reached."""
        while path := self._path(source, sink):
            amount = min(self.left[a][b] for a, b in path)
            for a, b in path:
                self.left[a][b] -= amount
                self.left[b][a] += amount
        near, todo = {sink}, [sink]
        while todo:
            stop = todo.pop()
            for start in self.left.get(stop, {}):
                if start not in near and self.left[start][stop]:
                    near.add(start)
                    todo.append(start)
        return near

    def _path(self, source: object, sink: object) -> list[tuple[object, object]]:
        """The shortest way with capacity left, as its edges."""
        came: dict[object, object] = {source: source}
        todo = [source]
        for here in todo:
            for there, capacity in self.left.get(here, {}).items():
                if capacity and there not in came:
                    came[there] = here
                    todo.append(there)
        path: list[tuple[object, object]] = []
        while sink in came and sink != source:
            path.append((came[sink], sink))
            sink = came[sink]
        return path
