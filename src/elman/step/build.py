"""Writes programs node by node: finds widths, and writes nothing twice, or longer than it need be."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from elman.step.laws import fold, shorter
from elman.step.operations import ELEMENTWISE
from elman.step.program import Argument, Input, Node, Program

COMMUTATIVE = frozenset({"add", "mul", "minimum", "maximum", "eq", "ne"})


class Builder:
    """A program being written.

    Args:
        inputs: what it is given.
        nodes: nodes taken over as they are.

    Attributes:
        values: every value so far by name.
        nodes: the nodes so far, in order.
    """

    def __init__(self, inputs: Iterable[Input], nodes: Iterable[Node] = ()) -> None:
        self.values: dict[str, Input | Node] = {value.name: value for value in inputs}
        self.vectors = {name for name, value in self.values.items() if getattr(value, "kind", "") == "weight"}
        self.nodes: list[Node] = []
        self._seen: dict[tuple[object, ...], str] = {}
        self._count = 0
        for node in nodes:
            self._append(node)

    def width(self, *args: Argument) -> int:
        """The width of an elementwise result; that of a number is 1."""
        return max(self.values[arg].width if isinstance(arg, str) else 1 for arg in args)

    def is_rows(self, arg: Argument) -> bool:
        """Whether it is neither a number nor a vector of a weight."""
        return isinstance(arg, str) and arg not in self.vectors

    def node(self, arg: Argument, op: str) -> Node | None:
        """The node of that name if it is this operation."""
        value = self.values.get(arg) if isinstance(arg, str) else None
        return value if isinstance(value, Node) and value.op == op else None

    def add(self, op: str, *args: Argument, width: int = 0, attributes: tuple[int | float, ...] = ()) -> Argument:
        """The result of an operation: the name of a new node, or of an old value that is the same.

        Rows give rows; only numbers alone give a number.

        Args:
            op: the operation.
            args: its arguments; an elementwise result over vectors alone becomes rows.
            width: of the result; of an elementwise operation it is found from the arguments.
            attributes: as in `Node`.
        """
        if op in ELEMENTWISE:
            if not any(isinstance(arg, str) for arg in args):
                return fold(op, args)
            width = width or self.width(*args)
            args = self._narrow(args, width)
            numbers = [float(full.attributes[0]) if (full := self.node(arg, "full")) else arg for arg in args]
            if not any(isinstance(arg, str) for arg in numbers):
                return self.rows(fold(op, tuple(numbers)), width)
            if not any(self.is_rows(arg) for arg in args):
                first = next(i for i, arg in enumerate(args) if isinstance(arg, str))
                args = (*args[:first], self.rows(args[first], width), *args[first + 1 :])
        same = shorter(self, op, args, width, attributes)
        if same is not None:
            return same
        self._count += 1
        while (name := f"a{self._count}") in self.values:
            self._count += 1
        return self._append(Node(name, op, args, width, attributes))

    def _append(self, node: Node) -> str:
        args = tuple(sorted(node.args, key=str)) if node.op in COMMUTATIVE else node.args
        name = self._seen.setdefault((node.op, args, node.width, node.attributes), node.name)
        if name == node.name:
            self.values[name] = node
            self.nodes.append(node)
            if node.op == "slice" and node.args[0] in self.vectors:
                self.vectors.add(name)
        return name

    def rows(self, arg: Argument, width: int) -> str:
        """The argument as rows (n, width): a number and a vector are spread over the rows."""
        if not isinstance(arg, str):
            return str(self.add("full", width=width, attributes=(float(arg),)))
        if arg in self.vectors or self.values[arg].width != width:
            return str(self.add("expand", arg, width=width))
        return arg

    def take(self, arg: Argument, start: int, stop: int) -> Argument:
        """Features start … stop of an argument; a number stays what it is."""
        if not isinstance(arg, str):
            return arg
        return self.add("slice", arg, width=stop - start, attributes=(start, stop))

    def program(self, old: Program, names: Mapping[str, Argument]) -> Program:
        """What was written, with the results of an old program under their new names."""
        return renamed(replace(old, nodes=tuple(self.nodes)), names)

    def _narrow(self, args: tuple[Argument, ...], width: int) -> tuple[Argument, ...]:
        """Without the spreading over rows that broadcasting does anyway."""
        if not any(self.node(arg, "expand") or self.node(arg, "full") for arg in args):
            return args
        found = list(args)
        for i, arg in enumerate(args):
            others = [other for j, other in enumerate(found) if j != i]
            if not any(self.is_rows(other) and self.width(other) == width for other in others):
                continue
            if expand := self.node(arg, "expand"):
                found[i] = expand.args[0]
            elif full := self.node(arg, "full"):
                found[i] = float(full.attributes[0])
        return tuple(found)


def renamed(program: Program, names: Mapping[str, Argument]) -> Program:
    """The program with its results under new names (its nodes have them already)."""
    return replace(
        program,
        outputs=tuple((name, str(names[value])) for name, value in program.outputs),
        states=tuple((name, str(names[value])) for name, value in program.states),
        gradients=tuple(
            replace(g, left=None if g.left is None else str(names[g.left]), right=str(names[g.right]))
            for g in program.gradients
        ),
    )
