"""Who reads which value of a program in stages: what the lowering to the tile machine has to know."""

from collections import Counter

from elman.step.program import Argument, Node, Program, Stage


class Uses:
    """The readers of every value. Slices are views: a read of a slice is a read of the value it is cut from.

    Args:
        program: a checked program.
        stages: its nodes in stages.
        stored: values to be written to memory at every step, besides the program's outputs.
    """

    def __init__(self, program: Program, stages: tuple[Stage, ...], stored: tuple[str, ...]) -> None:
        self.program, self.stages = program, stages
        self.home = {state: i for i, stage in enumerate(stages) for state in stage.states}
        self.made_in = {node.name: i for i, stage in enumerate(stages) for node in stage.nodes}
        self.leaving = {self.base(name)[0] for name in (*self._to_memory(), *stored)}
        self.read_in = [{name for node in stage.nodes for name in self.reads(node)} for stage in stages]
        self.count = Counter(name for stage in stages for node in stage.nodes for name in self.reads(node))
        self.count.update(self.base(name)[0] for name in (*program.results(), *stored))
        self.fused = self._find_fused()
        self.wide = self._find_wide()

    def base(self, name: str) -> tuple[str, int]:
        """The value a slice is cut from, and the first of its features."""
        offset = 0
        while isinstance(value := self.program.values[name], Node) and value.op == "slice":
            name, offset = str(value.args[0]), offset + int(value.attributes[0])
        return name, offset

    def width(self, argument: Argument) -> int:
        """Features of an argument; a number has one."""
        return self.program.values[argument].width if isinstance(argument, str) else 1

    def node(self, name: str) -> Node:
        """The node that computes a value."""
        value = self.program.values[name]
        assert isinstance(value, Node)
        return value

    def reads(self, node: Node) -> list[str]:
        """The values a node reads itself; a slice reads nothing."""
        return [] if node.op == "slice" else [self.base(a)[0] for a in node.args if isinstance(a, str)]

    def reads_with_fused(self, node: Node) -> list[str]:
        """The values read when a node is computed together with the one fused into it."""
        inner = self.fused.get(node.name)
        names = self.reads(node)
        if inner is not None:
            names = [name for name in names if name != inner] + self.reads(self.node(inner))
        return list(dict.fromkeys(names))

    def product(self, node: Node) -> Node | None:
        """The matrix product that a node is, or takes in."""
        inner = self.fused.get(node.name)
        found = node if inner is None else self.node(inner)
        return found if found.op == "matmul" else None

    def last_stage(self, name: str) -> int:
        """The last stage that reads a value, to compute or as a new state; one past the end where it goes to memory."""
        if name in self.leaving:
            return len(self.stages)
        readers = [i for i, names in enumerate(self.read_in) if name in names]
        readers += [self.home[state] for state, value in self.program.states if self.base(value)[0] == name]
        return max(readers, default=-1)

    def becomes_state(self, name: str) -> bool:
        """Whether a value is the new value of a state."""
        return any(self.base(value)[0] == name for _, value in self.program.states)

    def outside(self, state: str) -> bool:
        """Whether the old value of a state is needed outside of its own loop."""
        others = (names for i, names in enumerate(self.read_in) if i != self.home[state])
        return state in self.leaving or any(state in names for names in others)

    def _to_memory(self) -> list[str]:
        names = [value for _, value in self.program.outputs]
        for gradient in self.program.gradients:
            names += [name for name in (gradient.left, gradient.right) if name is not None]
        return names

    def _find_fused(self) -> dict[str, str]:
        """Products and multiplications that only one addition in the same stage reads: addition → what it takes in."""
        fused: dict[str, str] = {}
        for node in (node for stage in self.stages for node in stage.nodes if node.op == "add"):
            inner = [str(a) for a in node.args if self._fits(a, node)]
            for op in ("matmul", "mul"):
                found = [a for a in inner if self.node(a).op == op and (op == "mul" or self._adds_rows(node, a))]
                if found:
                    fused[node.name] = found[-1]
                    break
        return fused

    def _fits(self, argument: Argument, node: Node) -> bool:
        if not isinstance(argument, str) or not isinstance(value := self.program.values[argument], Node):
            return False
        once = self.count[argument] == 1 and self.made_in[argument] == self.made_in[node.name]
        return once and value.width == node.width and value.op in ("matmul", "mul")

    def _adds_rows(self, node: Node, product: str) -> bool:
        """Whether the other summand has the whole width, as a product needs it."""
        return all(isinstance(a, str) and self.width(a) == node.width for a in node.args if a != product)

    def _find_wide(self) -> set[str]:
        """Values that need a row for every step of a chunk: read by another stage, or going to memory."""
        wide = self.leaving | {node.name for stage in self.stages if not stage.states for node in stage.nodes}
        for i, names in enumerate(self.read_in):
            wide |= {name for name in names if self.made_in.get(name, i) != i}
        for state, value in self.program.states:
            name = self.base(value)[0]
            if self.made_in.get(name, self.home[state]) != self.home[state]:
                wide.add(name)
        return wide
