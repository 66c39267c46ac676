"""Which states a value has to wait for, and which states have to be computed together."""

from collections.abc import Mapping

from elman.step.program import Program


def waits_for(program: Program) -> Mapping[str, frozenset[str]]:
    """For every value, the states whose old value it is computed from within the step."""
    nothing: frozenset[str] = frozenset()
    found = {value.name: frozenset([value.name]) if value.kind == "state" else nothing for value in program.inputs}
    for node in program.nodes:
        found[node.name] = nothing.union(*(found[arg] for arg in node.args if isinstance(arg, str)))
    return found


def loops(program: Program) -> tuple[tuple[str, ...], ...]:
    """The groups of states that need each other, in an order in which their loops over time can run.

    A state needs every state that its new value waits for. The old value of a state is to be had only inside its own
    loop, so a state also needs whatever is combined with its old value.

    Example: of s_t = a s_{t-1} + x_t, h_t = tanh(s_t P + h_{t-1} R), first (s), then (h).
    """
    waits = waits_for(program)
    needs = {name: set(waits[value]) | {name} for name, value in program.states}
    for node in program.nodes:
        for arg in node.args:
            if isinstance(arg, str) and arg in needs:
                needs[arg] |= waits[node.name]
    for name, value in program.states:
        if value in needs:  # its new value is the old one of another
            needs[value].add(name)
    for middle in needs:  # transitively
        for reach in needs.values():
            if middle in reach:
                reach |= needs[middle]
    groups = {tuple(other for other in needs if other in needs[name] and name in needs[other]) for name in needs}
    order = list(needs)
    return tuple(sorted(groups, key=lambda group: (len(needs[group[0]]), order.index(group[0]))))


def levels(program: Program) -> Mapping[str, int]:
    """For every value, 0 if it waits for no state, otherwise 1 + the place of the last loop that it waits for."""
    place = {name: index for index, group in enumerate(loops(program), 1) for name in group}
    return {name: max((place[state] for state in waits), default=0) for name, waits in waits_for(program).items()}
