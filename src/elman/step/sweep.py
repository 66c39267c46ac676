"""Reverse accumulation through one step: from the last, every node hands its gradient to its arguments."""

from dataclasses import replace
from itertools import pairwise

from elman.step.build import Builder
from elman.step.operations import ELEMENTWISE
from elman.step.partials import apply
from elman.step.program import Argument, Gradient, Input, Node, Program

Block = tuple[str, tuple[int, int], tuple[int, int], str | None]  # of a weight: name, rows, columns; and the left side


def sweep(program: Program, needs: frozenset[str], output: str) -> Program:
    """The adjoint of a step, given every value of the step as an input.

    Args:
        program: the step.
        needs: weights, step inputs and rows whose gradients are wanted.
        output: the name that the output goes by: its gradient is the input d.<output>.
    """
    found = _Sweep(program, needs, output)
    for node in reversed(program.nodes):
        if node.name in found.active and node.name in found.gradients:
            found.node(node, found.gradient(node.name, node.width))
    return found.adjoint()


class _Sweep:
    """The gradients found so far.

    Attributes:
        active: values that depend on something whose gradient is needed.
        gradients: value → its gradients so far, each of the features start … stop.
        blocks: block of a weight → the right side of its gradient.
    """

    def __init__(self, program: Program, needs: frozenset[str], output: str) -> None:
        self.program, self.needs = program, needs
        states = program.of_kind("state")
        self.given = [Input(f"d.{output}", "step", (program.values[value].width,)) for _, value in program.outputs]
        rows = [row for row in program.of_kind("row") if row.name in needs]
        self.given += [Input(f"d.{value.name}", "state", value.shape) for value in (*states, *rows)]
        self.b = Builder((*program.inputs, *self.given), program.nodes)
        self.active = set(needs) | {value.name for value in states}
        for node in program.nodes:
            if any(arg in self.active for arg in node.args):
                self.active.add(node.name)
        self.gradients: dict[str, list[tuple[int, int, Argument]]] = {}
        self.blocks: dict[Block, Argument] = {}
        for _, value in program.outputs:
            self.give(value, f"d.{output}")
        for name, value in program.states:
            self.give(value, f"d.{name}")

    def give(self, name: str, gradient: Argument, start: int = 0) -> None:
        """One more gradient of a value, or of its features from start on."""
        self.gradients.setdefault(name, []).append((start, start + self.b.width(gradient), gradient))

    def gradient(self, name: str, width: int) -> str:
        """The sum of all gradients of a value (n, width)."""
        found = self.gradients.get(name, [])
        whole = [gradient for start, stop, gradient in found if stop - start == width]
        parts = [part for part in found if part[1] - part[0] < width]
        if parts:
            marks = sorted({0, width} | {mark for start, stop, _ in parts for mark in (start, stop)})
            pieces: list[Argument] = []
            for a, b in pairwise(marks):
                covering = [(start, g) for start, stop, g in parts if start <= a and b <= stop]
                pieces.append(self.sum([self.b.take(g, a - start, b - start) for start, g in covering], b - a))
            whole.append(self.b.add("concat", *pieces, width=width))
        return self.sum(whole, width)

    def sum(self, terms: list[Argument], width: int) -> str:
        total: Argument = 0.0
        for term in terms:
            total = self.b.add("add", total, term) if isinstance(total, str) else term
        return self.b.rows(total, width)

    def node(self, node: Node, g: str) -> None:
        """Hand the gradient of a node's result to its arguments."""
        if node.op in ELEMENTWISE:
            for index, arg in enumerate(node.args):
                if isinstance(arg, str) and arg in self.active:
                    gradient = apply(self.b, node, index, g)
                    if gradient is not None:
                        self.spread(arg, self.b.rows(gradient, node.width))
        elif node.op == "matmul":
            self.product(node, g)
        elif node.op == "concat":
            start = 0
            for arg in node.args:
                stop = start + self.b.width(arg)
                if arg in self.active:
                    self.give(str(arg), self.b.take(g, start, stop))
                start = stop
        elif node.op != "full":
            self.row(node, str(node.args[0]), g)

    def row(self, node: Node, arg: str, g: str) -> None:
        """Through sum, max, slice, expand and clip_gradient."""
        width = self.b.width(arg)
        if node.op == "expand":
            self.spread(arg, g)
        elif node.op == "slice":
            if arg not in self.b.vectors:  # (a vector's slice is met where it is used)
                self.give(arg, g, int(node.attributes[0]))
        elif node.op == "sum":
            self.give(arg, self.b.rows(g, width))
        elif node.op == "clip_gradient":
            above = self.b.add("maximum", g, -node.attributes[0])
            self.give(arg, str(self.b.add("minimum", above, node.attributes[0])))
        else:  # the largest features share the gradient, as in torch.amax
            largest = self.b.add("eq", arg, node.name)
            share = self.b.add("div", g, self.b.add("sum", largest, width=1))
            self.give(arg, self.b.add("mul", largest, share))

    def spread(self, arg: str, gradient: str) -> None:
        """The gradient of something that was broadcast to the width of its gradient."""
        if self.b.width(arg) < self.b.width(gradient):
            gradient = str(self.b.add("sum", gradient, width=1))
        if arg not in self.b.vectors:
            self.give(arg, gradient)
            return
        start = 0
        while slice_ := self.b.node(arg, "slice"):
            start += int(slice_.attributes[0])
            arg = str(slice_.args[0])
        self.block((arg, (0, 1), (start, start + self.b.width(gradient)), None), gradient)

    def product(self, node: Node, g: str) -> None:
        """Through a product with a block of a weight, whose gradient is left to the end: Σ leftᵀ right."""
        a, weight = str(node.args[0]), str(node.args[1])
        transposed, r0, r1, c0, c1 = (int(value) for value in node.attributes)
        if a in self.active:
            turned = (1 - transposed, r0, r1, c0, c1)
            self.give(a, self.b.add("matmul", g, weight, width=self.b.width(a), attributes=turned))
        if weight in self.needs:
            left, right = (g, a) if transposed else (a, g)
            self.block((weight, (r0, r1), (c0, c1), left), right)

    def block(self, block: Block, right: str) -> None:
        """One more right side of a block's gradient."""
        if block[0] in self.needs:
            self.blocks[block] = self.b.add("add", self.blocks[block], right) if block in self.blocks else right

    def adjoint(self) -> Program:
        """What was found, as a program."""
        outputs = [
            (f"d.{value.name}", self.gradient(value.name, value.width))
            for value in self.program.of_kind("step")
            if value.name in self.needs
        ]
        own = self.program.of_kind("state")
        states = [(f"d.{value.name}", self.gradient(value.name, value.width)) for value in own]
        for row in self.program.of_kind("row"):
            if row.name in self.needs:
                self.give(row.name, f"d.{row.name}")
                states.append((f"d.{row.name}", self.gradient(row.name, row.width)))
        gradients = [Gradient(*block, right=str(right)) for block, right in self.blocks.items()]
        order = [value.name for value in self.program.inputs]
        gradients.sort(key=lambda g: (order.index(g.weight), g.rows, g.columns))
        inputs = [replace(value, kind="previous") if value.kind == "state" else value for value in self.program.inputs]
        forward = {node.name for node in self.program.nodes} - self.b.vectors
        inputs += [Input(node.name, "step", (node.width,)) for node in self.program.nodes if node.name in forward]
        nodes = tuple(node for node in self.b.nodes if node.name not in forward)
        return Program((*inputs, *self.given), nodes, tuple(outputs), tuple(states), tuple(gradients))
