"""A program in its normal form: the same meaning in fewer operations, of which few wait for the state."""

from collections.abc import Mapping
from dataclasses import replace

from elman.step.build import Builder, renamed
from elman.step.check import check
from elman.step.pieces import split_features
from elman.step.products import order_products
from elman.step.program import Argument, Node, Program
from elman.step.sums import order_sums

ROUNDS = 8


def simplify(program: Program) -> Program:
    """The normal form of a program.

    - Features that are only taken apart again are computed apart: (a @ W)[:, s:e] is a @ W[:, s:e].
    - concat(a, b) @ W is a @ W[above] + b @ W[below], so the input's part does not wait for the state.
    - A sum begins with the terms that wait for the fewest states, (x @ U + b) + h @ W; so does a product.
    - g a + g b is g (a + b); numbers are folded; nothing is computed twice, or for nothing.

    All inputs stay except weights that nothing needs; nodes are named a1, a2, … in the order of their first use.

    Example:
        >>> from elman.step.program import Input, Node
        >>> program = Program(
        ...     inputs=(Input("x", "step", (2,)), Input("W", "weight", (4, 2)), Input("h", "state", (2,))),
        ...     nodes=(Node("a", "concat", ("h", "x"), 4), Node("new", "matmul", ("a", "W"), 2, (0, 0, 4, 0, 2))),
        ...     outputs=(("y", "new"),),
        ...     states=(("h", "new"),),
        ... )
        >>> for node in simplify(program).nodes:
        ...     print(node.name, node.op, *node.args, node.attributes)
        a1 matmul x W (0, 2, 4, 0, 2)
        a2 matmul h W (0, 0, 2, 0, 2)
        a3 add a1 a2 ()
    """
    check(program)
    for _ in range(ROUNDS):
        before, program = program, tidy(order_products(order_sums(tidy(split_features(fold(program))))))
        check(program)
        if program == before:
            break
    return program


def fold(program: Program) -> Program:
    """The same nodes written again, so that the builder's laws apply to each."""
    b = Builder(program.inputs)
    names: dict[str, Argument] = {value.name: value.name for value in program.inputs}
    for node in program.nodes:
        args = [names[arg] if isinstance(arg, str) else float(arg) for arg in node.args]
        names[node.name] = b.add(node.op, *args, width=node.width, attributes=node.attributes)
    return b.program(program, names)


def tidy(program: Program) -> Program:
    """Without nodes and weights that nothing needs; the rest in the order of first use, named a1, a2, …"""
    nodes = {node.name: node for node in program.nodes}
    order: dict[str, Node] = {}
    for result in program.results():
        _visit(result, nodes, order)
    used = {arg for node in order.values() for arg in node.args} | {g.weight for g in program.gradients}
    inputs = tuple(value for value in program.inputs if value.kind != "weight" or value.name in used)
    taken = {value.name for value in program.inputs}
    names: dict[str, Argument] = {name: name for name in taken}
    count = 0
    for name in order:
        count += 1
        while f"a{count}" in taken:
            count += 1
        names[name] = f"a{count}"
    tidied = tuple(
        replace(node, name=names[name], args=tuple(names[arg] if isinstance(arg, str) else arg for arg in node.args))
        for name, node in order.items()
    )
    return renamed(replace(program, inputs=inputs, nodes=tidied), names)


def _visit(result: str, nodes: Mapping[str, Node], order: dict[str, Node]) -> None:
    """Append a value's nodes to the order, each after its arguments. (No recursion: a step may be a long chain.)"""
    stack = [result]
    while stack:
        node = nodes.get(stack[-1])
        if node is None or node.name in order:
            stack.pop()
            continue
        missing = [arg for arg in node.args if arg in nodes and arg not in order]
        if missing:
            stack += [str(arg) for arg in reversed(missing)]
        else:
            order[node.name] = node
            stack.pop()
