"""The adjoint of a step: the program that carries gradients from each step to the one before."""

from collections.abc import Iterable
from dataclasses import replace

from elman.step.build import Builder
from elman.step.check import ProgramError, check
from elman.step.keep import choose
from elman.step.program import Argument, Derivative, Input, Node, Program
from elman.step.simplify import simplify
from elman.step.sweep import sweep


def derive(program: Program, needs: Iterable[str]) -> Derivative:
    """The adjoint of a step.

        d.state_{t-1}, d.x_t, Σ ∂weights = adjoint(d.y_t, d.state_t, kept values of step t)

    Args:
        program: a step, simplified, since what is kept are values of it.
        needs: weights, step inputs and rows whose gradients are wanted; those of the states are found always.

    Returns:
        the adjoint, and the values to keep for it. The new values of a state whose old values are needed ("previous")
        are the output y, a step input, or among the kept ones.

    Raises:
        ProgramError: there is no such input, or the names d.… of the adjoint are taken.

    Example: of h_t = tanh(x_t U + h_{t-1} W), y_t = h_t nothing is kept but y, and the adjoint is
        g = tanh_grad(d.y + d.h, y);  d.h = g Wᵀ;  ∂U = Σ xᵀ g,  ∂W = Σ h_{t-1}ᵀ g.
    """
    check(program)
    needs = frozenset(needs)
    names = {value.name for value in program.inputs if value.kind != "state"}
    if not needs <= names:
        raise ProgramError(f"gradients are asked for {sorted(needs - names)}", f"some of {sorted(names)}")
    output = output_name(program)
    taken = {f"d.{name}" for name in (*program.values, output)} & set(program.values)
    if taken:
        raise ProgramError(f"a step has values named {sorted(taken)}, which are the names of gradients")
    adjoint = simplify(sweep(program, needs, output))
    kept, adjoint = _remember(program, adjoint, output)
    used = {str(arg) for node in adjoint.nodes for arg in node.args} | set(adjoint.results())
    asked = used | {f"d.{output}"}
    inputs = tuple(value for value in adjoint.inputs if value.kind in ("state", "weight") or value.name in asked)
    new = dict(program.states)
    wanted = used | {new[value.name] for value in inputs if value.kind == "previous"}
    return Derivative(tuple(name for name in kept if name in wanted), check(replace(adjoint, inputs=inputs)))


def output_name(program: Program) -> str:
    """The name of the output in the adjoint: "y", or "output" where a value of the step is itself named y."""
    return "output" if "y" in program.values else "y"


def _remember(program: Program, adjoint: Program, output: str) -> tuple[tuple[str, ...], Program]:
    """The kept values, and an adjoint that computes all others again (so far, all are inputs of it)."""
    nodes = {node.name for node in program.nodes}
    used = {str(arg) for node in adjoint.nodes for arg in node.args} | set(adjoint.results())
    used &= {value.name for value in adjoint.inputs}  # (the adjoint's own nodes may be named like forward ones)
    choice = choose(program, (used & nodes) | (used & set(dict(program.states))))
    inputs = {value.name: value for value in (*program.of_kind("weight"), *adjoint.inputs) if value.name not in nodes}
    for name in choice.kept:
        inputs[name] = Input(name, "step", (program.values[name].width,))
    known: dict[str, Argument] = {name: name for name in (*program.values, *inputs)}
    for _, value in program.outputs:
        if value in nodes:
            known[value] = output
            inputs[output] = Input(output, "step", (program.values[value].width,))

    def named(node: Node) -> tuple[Argument, ...]:
        return tuple(known[arg] if isinstance(arg, str) else arg for arg in node.args)

    again: list[Node] = []
    for node in program.nodes:
        if node.name in choice.again:
            again.append(replace(node, args=named(node)))
        elif node.op == "max" and node.args[0] in choice.again:
            # A stored maximum may differ in its last bit from all features that are computed again, and then is
            # equal to none of them.
            known[node.name] = f"{node.name}_again"
            again.append(replace(node, name=f"{node.name}_again", args=named(node)))
    b = Builder(inputs.values(), again)
    for node in adjoint.nodes:
        known[node.name] = b.add(node.op, *named(node), width=node.width, attributes=node.attributes)
    return choice.kept, simplify(b.program(replace(adjoint, inputs=tuple(inputs.values())), known))
