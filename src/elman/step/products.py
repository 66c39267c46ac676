"""Products in the order in which their factors come to be known, narrow factors first."""

from elman.step.program import Argument, Node, Program
from elman.step.rewrite import Rewriter


def order_products(program: Program) -> Program:
    """Write every product of three or more factors again, so that most of it is computed before the loop.

    A factor of width 1 is multiplied into another one of width 1 while there is one: that costs one number per row.
    """
    return _Products(program).written()


class _Products(Rewriter):
    """A product is part of the product that alone uses it."""

    def parts(self) -> set[str]:
        nodes = self.program.nodes
        products = {node.name for node in nodes if node.op == "mul" and self.uses[node.name] == 1}
        return {arg for node in nodes if node.op == "mul" for arg in node.args if arg in products}

    def write(self, node: Node) -> Argument:
        factors = self.factors(node) if node.op == "mul" else []
        if len(factors) < 3:
            return super().write(node)
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
