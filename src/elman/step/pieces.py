"""Features that are computed together and then taken apart are computed apart: (a @ W)[:, s:e] is a @ W[:, s:e]."""

from collections.abc import Iterator
from itertools import pairwise

from elman.step.build import Builder
from elman.step.operations import ELEMENTWISE
from elman.step.program import Argument, Node, Program

Range = tuple[int, int]


def split_features(program: Program) -> Program:
    """Cut every value into the pieces that are asked for, unless some overlap: then it is computed whole."""
    pieces = _Pieces(program)
    for node in program.nodes:
        for start, stop in pieces.cuts.get(node.name, ()):
            pieces.make(node, start, stop)
    names: dict[str, Argument] = {name: pieces.take(name, 0, program.values[name].width) for name in program.results()}
    return pieces.b.program(program, names)


class _Pieces:
    """What is asked of every node, and the pieces made so far."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.b = Builder(program.inputs)
        self.made: dict[tuple[str, int, int], Argument] = {}
        asked: dict[str, set[Range]] = {}
        for name in program.results():
            asked.setdefault(name, set()).add((0, program.values[name].width))
        self.cuts: dict[str, list[Range]] = {}
        for node in reversed(program.nodes):
            if node.name not in asked or node.name in program.vectors:
                continue
            cuts = sorted(asked[node.name])
            if node.op == "slice":
                self.cuts[node.name] = []  # only a way to ask its argument
            else:
                apart = all(before[1] <= after[0] for before, after in pairwise(cuts))
                self.cuts[node.name] = cuts = cuts if apart else [(0, node.width)]
            for cut in cuts:
                for name, start, stop in self.needs(node, *cut):
                    asked.setdefault(name, set()).add((start, stop))

    def needs(self, node: Node, start: int, stop: int) -> Iterator[tuple[str, int, int]]:
        """The pieces of its arguments that a piece of a node is made of."""
        offset = 0
        for arg in node.args:
            if not isinstance(arg, str):
                continue
            width = self.program.values[arg].width
            if node.op == "concat":
                inside = max(start - offset, 0), min(stop - offset, width)
                offset += width
                if inside[0] < inside[1]:
                    yield arg, *inside
            elif node.op == "slice":
                shift = int(node.attributes[0])
                yield arg, start + shift, stop + shift
            elif node.op in ELEMENTWISE and width == node.width:
                yield arg, start, stop
            elif node.op in ("sum", "max") or width == 1:
                yield arg, 0, width
            elif node.op == "expand":
                yield arg, start, stop
            elif arg == node.args[0]:  # of a product
                yield arg, 0, width

    def take(self, name: str, start: int, stop: int) -> Argument:
        """A piece of a value: made, or a slice of what was made whole."""
        if (name, start, stop) in self.made:
            return self.made[name, start, stop]
        value = self.program.values[name]
        if isinstance(value, Node) and value.op == "slice":
            shift = int(value.attributes[0])
            return self.take(str(value.args[0]), start + shift, stop + shift)
        return self.b.take(self.made.get((name, 0, value.width), name), start, stop)

    def make(self, node: Node, start: int, stop: int) -> None:
        """Write one piece of a node."""
        attributes = node.attributes
        if node.op == "matmul":
            transposed, r0, r1, c0, c1 = attributes
            args = [self.take(str(node.args[0]), 0, self.program.values[str(node.args[0])].width), node.args[1]]
            cut = (1, r0 + start, r0 + stop, c0, c1) if transposed else (0, r0, r1, c0 + start, c0 + stop)
            piece = self.b.add("matmul", *args, width=stop - start, attributes=cut)
        else:
            asked = iter([self.take(*need) for need in self.needs(node, start, stop)])
            # (concat may need fewer pieces than it has arguments)
            args = list(asked) if node.op == "concat" else [next(asked) if isinstance(a, str) else a for a in node.args]
            piece = self.b.add(node.op, *args, width=stop - start, attributes=attributes)
        self.made[node.name, start, stop] = piece
