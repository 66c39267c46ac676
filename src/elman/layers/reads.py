"""What each state and the output of a step read, and through which weights: a program seen from afar."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from elman.cells.cell import Cell, weight_like
from elman.run.explain import program_of
from elman.step.program import Node, Program
from elman.step.trace import Capture, captured

BoxKind = Literal["input", "row", "state", "hidden", "output"]
Block = Literal["input → hidden", "hidden → hidden", "hidden → output", "input → output"]
BLOCKS: tuple[Block, ...] = ("input → hidden", "hidden → hidden", "hidden → output", "input → output")
_HIDDEN = ("h", "k", "m", "p", "q")  # what hidden units are called that no state keeps


@dataclass(frozen=True, slots=True)
class Box:
    """Something a step is given or makes.

    Args:
        name: x, y, or the name of a state.
        kind: "input" one value per step; "row" one value per sequence; "state" what the next step is handed on;
            "hidden" units that all of a result goes through and no state keeps; "output" the result of the step, which
            the next step may be handed on too.
    """

    name: str
    kind: BoxKind


@dataclass(frozen=True, slots=True)
class Read:
    """A box is computed from another.

    Args:
        target: what is computed.
        source: what it is computed from.
        old: whether that is the value of the step before.
        weights: the cell's parameters on the way, by their names in the cell.
        block: the block of the architecture that they belong to.
    """

    target: Box
    source: Box
    old: bool
    weights: tuple[str, ...]
    block: Block


def reads_of(cell: Cell) -> tuple[tuple[Box, ...], tuple[Read, ...]]:
    """The boxes of a cell's step, in an order in which they can be computed, and what each of them reads.

    Operations are not boxes: on the way from one box to another there may be any number of them. A weight belongs to
    a read if it acts upon what is read before the next box is reached.

    Raises:
        UnsupportedOperation, CaptureError: the step cannot be written as a program.

    Example:
        >>> for read in reads_of(cells.Elman(3, 5))[1]:
        ...     print(read.source.name, "→", read.target.name, read.weights, read.block)
        x → h ('U', 'b') input → hidden
        h → h ('W',) hidden → hidden
        h → y () hidden → output
    """
    reader = _Reader(cell, program_of(cell))
    return reader.boxes(), tuple(reader.found)


class _Reader:
    """One program; `stops` are the values that are boxes, where a way back ends."""

    def __init__(self, cell: Cell, program: Program) -> None:
        self.program = program
        self.parameters = _parameters(cell, captured(cell, weight_like(cell).dtype), program)
        self.found: list[Read] = []
        nodes = {node.name for node in program.nodes}
        output = dict(program.outputs)["y"]
        states = dict(program.states)
        fed = next((name for name, new in states.items() if new == output and name in ("y", cell.feedback)), None)
        self.states = {name: Box(name, "output" if name == fed else "state") for name in states}
        self.inputs = {
            value.name: Box(value.name, "input" if value.kind == "step" else "row")
            for value in program.inputs
            if value.kind in ("step", "row")
        }
        self.output = self.states[fed] if fed is not None else Box("o" if "y" in states else "y", "output")
        self.stops: dict[str, Box] = {}
        for name, new in states.items():
            if new in nodes:  # of two states with one value, the second reads the first
                self.stops.setdefault(new, self.states[name])
        for name, new in states.items():
            self.read(self.states[name], new, pure=False)
        if fed is None:
            self.read(self.output, output, pure=True)

    def read(self, target: Box, value: str, pure: bool) -> None:
        """Note what a box reads; `pure` where it leads to the output and to no state."""
        if self.stops.get(value, target) is target:
            between = self.bottleneck(value)
            if between is not None:
                taken = {box.name for box in (*self.states.values(), *self.inputs.values(), *self.stops.values())}
                free = (name for name in (*_HIDDEN, *(f"k{i}" for i in range(len(taken) + 1))) if name not in taken)
                self.stops[between] = Box(next(free), "hidden")
                self.read(self.stops[between], between, pure)
            sources = self.sources(value)
        else:
            sources = {value: frozenset[str]()}
        for source, weights in sources.items():
            box = self.stops.get(source) or self.inputs.get(source)
            block = _block(target, box, pure)
            names = tuple(name for name in self.parameters[""] if name in weights)
            self.found.append(Read(target, box or self.states[source], box is None, names, block))

    def sources(self, value: str, also: str = "") -> dict[str, frozenset[str]]:
        """The boxes that a value is computed from, by the value that each of them is, and the weights on the way."""
        ways: dict[str, dict[str, frozenset[str]]] = {}
        bare: dict[str, set[str]] = {}  # of these, the boxes that reach the value on some way without a weight
        alone: dict[str, frozenset[str]] = {}  # the weights in what is computed from weights alone
        for given in self.program.inputs:
            ways[given.name] = {} if given.kind == "weight" else {given.name: frozenset()}
            bare[given.name] = set(ways[given.name])
            alone[given.name] = frozenset(self.parameters.get(given.name, ()))
        for node in self.program.nodes:
            name, args = node.name, [arg for arg in node.args if isinstance(arg, str)]
            if name != value and (name in self.stops or name == also):
                ways[name], bare[name], alone[name] = {name: frozenset()}, {name}, frozenset()
                continue
            weights = frozenset[str]().union(*(alone[arg] for arg in args))
            came = set[str]().union(*(bare[arg] for arg in args))
            ways[name] = {source: frozenset[str]() for arg in args for source in ways[arg]}
            for source in ways[name]:
                # Of r * h times a matrix, where r is a gate with weights of its own, the matrix is that of h.
                takes = node.op != "matmul" or not came or source in came
                before = [ways[arg].get(source, frozenset[str]()) for arg in args]
                ways[name][source] = (weights if takes else frozenset[str]()).union(*before)
            bare[name] = set() if weights else came
            alone[name] = frozenset() if ways[name] else weights
        return ways[value]

    def bottleneck(self, value: str) -> str | None:
        """The last factor of a product with a weight that all of a value goes through: hidden units of their own."""
        for node in reversed(self.program.nodes):
            factor = self.program.values[str(node.args[0])] if node.op == "matmul" else None
            if not isinstance(factor, Node) or factor.name in self.stops or factor.name == value:
                continue
            if set(self.sources(value, also=factor.name)) == {factor.name} and any(self.sources(factor.name).values()):
                return factor.name
        return None

    def boxes(self) -> tuple[Box, ...]:
        """All boxes, each after those of this step that it reads."""
        ordered = list(self.inputs.values())

        def visit(box: Box) -> None:
            for read in self.found:
                if read.target == box and not read.old and read.source != box:
                    visit(read.source)
            if box not in ordered:
                ordered.append(box)

        for box in (*self.states.values(), self.output):
            visit(box)
        return tuple(ordered)


def _block(target: Box, source: Box | None, pure: bool) -> Block:
    """The block of the weights between two boxes; the source is None where it is what a state was before."""
    to_output = pure or target.kind == "output"
    if source is None:
        return "hidden → output" if pure else "hidden → hidden"
    if source.kind in ("input", "row"):
        return "input → output" if to_output else "input → hidden"
    return "hidden → output" if to_output else "hidden → hidden"


def _parameters(cell: Any, capture: Capture, program: Program) -> Mapping[str, tuple[str, ...]]:
    """The parameters that each weight of the program is computed from; under "" all of them, in the cell's order."""
    inner = "cell." if isinstance(getattr(cell, "cell", None), Cell) else ""  # a cell around a cell
    order = [name for name, _ in (*cell.named_parameters(), *cell.named_buffers())]
    found = {name: frozenset([dotted]) for name, dotted in capture.sources.items()}
    for once in capture.once:
        used = frozenset[str]().union(*(found.get(name, frozenset()) for name in once.uses()))
        found |= dict.fromkeys(once.results, used)
    names = {
        value.name: tuple(name.removeprefix(inner) for name in order if name in found.get(value.name, ()))
        for value in program.of_kind("weight")
    }
    return {**names, "": tuple(name.removeprefix(inner) for name in order)}
