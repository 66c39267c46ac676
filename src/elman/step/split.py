"""A program cut into stages: what can be computed for all time steps at once, and the loops that have to wait."""

from collections.abc import Mapping, Sequence

from elman.step.dependencies import loops, waits_for
from elman.step.program import Node, Program, Stage


def split(program: Program) -> tuple[Stage, ...]:
    """The stages of a program, in order.

        rows 0 · loop 0 · rows 1 · loop 1 · … · rows n

    A stage of rows is computed for all rows and steps at once, a loop step by step. States that need each other share
    a loop. Every node stands as early as it can; in a loop stand only nodes that the loop needs, and those that read
    the old value of one of its states. Stages of rows without nodes are left out; a loop may have none.

    Example: of h_t = tanh(x_t U + b + h_{t-1} W), y_t = h_t V there are three stages: x U + b; h W, the sum, tanh; h V.
    """
    groups = loops(program)
    place = {state: 2 * index + 1 for index, group in enumerate(groups) for state in group}
    inside = _needed_inside(program, place)
    at = {value.name: 0 for value in program.inputs}  # rows 0, loop 0, rows 1, … are 0, 1, 2, …
    stages: list[list[Node]] = [[] for _ in range(2 * len(groups) + 1)]
    for node in program.nodes:
        here = 0
        for arg in node.args:
            if not isinstance(arg, str):
                continue
            if arg in place:
                here = max(here, place[arg])
            else:
                # What a loop computes is at hand inside it, and to all once it is over.
                in_loop = at[arg] % 2 == 1
                here = max(here, at[arg] + (1 if in_loop and at[arg] not in inside[node.name] else 0))
        at[node.name] = here
        stages[here].append(node)
    found: list[Stage] = []
    for index, nodes in enumerate(stages):
        if index % 2:
            group = groups[index // 2]
            found.append(Stage(group, tuple(nodes), _linear(program, group, nodes)))
        elif nodes:
            found.append(Stage((), tuple(nodes)))
    return tuple(found)


def _needed_inside(program: Program, place: Mapping[str, int]) -> Mapping[str, frozenset[int]]:
    """For every value, the loops that need it to go on: it leads to a new state, or is combined with an old one."""
    inside: dict[str, set[int]] = {name: set() for name in program.values}
    for state, value in program.states:
        inside[value].add(place[state])
    for node in reversed(program.nodes):
        reads = {place[arg] for arg in node.args if isinstance(arg, str) and arg in place}
        inside[node.name] |= reads
        for arg in node.args:
            if isinstance(arg, str):
                inside[arg] |= inside[node.name]
    return {name: frozenset(found) for name, found in inside.items()}


def _linear(program: Program, group: tuple[str, ...], nodes: list[Node]) -> bool:
    """Whether the loop's new states are linear in its old ones, feature by feature (a sufficient condition)."""
    waits = waits_for(program)
    inner = {node.name for node in nodes} | set(group)
    if not all(set(waits[value]) & set(group) for state, value in program.states if state in group):
        return False
    for node in leading_to({value for state, value in program.states if state in group}, nodes):
        varying = [arg in inner for arg in node.args]
        widths = {program.values[str(arg)].width for arg, varies in zip(node.args, varying, strict=True) if varies}
        if widths != {node.width}:
            return False
        if node.op in ("add", "sub", "neg"):
            continue
        if not (node.op == "mul" and sum(varying) == 1) and not (node.op == "div" and varying == [True, False]):
            return False
    return True


def leading_to(values: set[str], nodes: Sequence[Node]) -> list[Node]:
    """The nodes, in their order, that some of these values are computed from."""
    reach, found = set(values), list[Node]()
    for node in reversed(nodes):
        if node.name in reach:
            reach |= {arg for arg in node.args if isinstance(arg, str)}
            found.append(node)
    return found[::-1]
