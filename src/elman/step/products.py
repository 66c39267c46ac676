"""Products in the order in which their factors come to be known, narrow factors first."""

from collections import Counter

from elman.step.build import Builder
from elman.step.dependencies import levels
from elman.step.program import Argument, Node, Program


def order_products(program: Program) -> Program:
    """Write every product of three or more factors again, so that most of it is computed before the loop.

    A factor of width 1 is multiplied into another one of width 1 while there is one: that costs one number per row.
    """
    products = _Products(program)
    for node in program.nodes:
        if node.name not in products.inside:
            products.names[node.name] = products.write(node)
    return products.b.program(program, products.names)


class _Products:
    """Which nodes are part of a larger product, and the program written so far."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.b = Builder(program.inputs)
        self.names: dict[str, Argument] = {value.name: value.name for value in program.inputs}
        self.levels = levels(program)
        uses = Counter(program.results())
        uses.update(arg for node in program.nodes for arg in node.args if isinstance(arg, str))
        products = {node.name for node in program.nodes if node.op == "mul" and uses[node.name] == 1}
        self.inside = {arg for node in program.nodes if node.op == "mul" for arg in node.args if arg in products}

    def write(self, node: Node) -> Argument:
        """Write a node, whose arguments are written unless they are inside it."""
        factors = self.factors(node) if node.op == "mul" else []
        if len(factors) < 3:
            args = [self.names[arg] if isinstance(arg, str) else arg for arg in node.args]
            return self.b.add(node.op, *args, width=node.width, attributes=node.attributes)
        number = 1.0
        rows: list[str] = []
        vectors: list[str] = []
        for factor in factors:
            if not isinstance(factor, str):
                number *= factor
            else:
                (vectors if factor in self.program.vectors else rows).append(factor)
        rows.sort(key=lambda name: (self.program.values[name].width > 1, self.levels[name]))
        total = self.b.add("mul", self.names[rows[0]], number)
        for width in (1, node.width):
            for name in [name for name in rows[1:] + vectors if self.program.values[name].width == width]:
                total = self.b.add("mul", total, self.names[name])
            if node.width == 1:
                break
        return total

    def factors(self, node: Node) -> list[Argument]:
        """The factors of a product, from left to right."""
        found: list[Argument] = []
        stack: list[Argument] = [node.name]
        while stack:
            name = stack.pop()
            value = self.program.values[name] if isinstance(name, str) else None
            if isinstance(value, Node) and (value is node or name in self.inside):
                stack += reversed(value.args)
            else:
                found.append(name)
        return found
