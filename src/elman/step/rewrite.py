"""Writing a program again, where a sum or a product of many parts is written as one."""

from collections import Counter

from elman.step.build import Builder
from elman.step.dependencies import levels
from elman.step.program import Argument, Node, Program


class Rewriter:
    """The program written so far, and which nodes of the old one are written as part of a larger one.

    Args:
        program: the old program.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.b = Builder(program.inputs)
        self.names: dict[str, Argument] = {value.name: value.name for value in program.inputs}
        self.levels = levels(program)
        self.uses = Counter(program.results())
        self.uses.update(arg for node in program.nodes for arg in node.args if isinstance(arg, str))
        self.inside = self.parts()

    def parts(self) -> set[str]:
        """The nodes that are part of a larger one."""
        raise NotImplementedError

    def write(self, node: Node) -> Argument:
        """Write a node, whose arguments are written unless they are inside it."""
        args = [self.names[arg] if isinstance(arg, str) else arg for arg in node.args]
        return self.b.add(node.op, *args, width=node.width, attributes=node.attributes)

    def written(self) -> Program:
        """The new program."""
        for node in self.program.nodes:
            if node.name not in self.inside:
                self.names[node.name] = self.write(node)
        return self.b.program(self.program, self.names)
