"""A recurrent layer unfolded over time: what it keeps and returns at each step, and what that is computed from."""

from dataclasses import dataclass, replace
from typing import Literal

from elman.arguments import size
from elman.cells.cell import Cell
from elman.errors import ArgumentTypeError
from elman.layers.reads import Block, Box, Read, reads_of
from elman.layers.recurrent import Recurrent
from elman.layers.stack import prefix

Kind = Literal["input", "row", "initial", "state", "hidden", "output"]


@dataclass(frozen=True, slots=True)
class Node:
    """One value at one time step.

    Args:
        lane: which value, by its full name in the layer: x, h, l0.h, l1.backward.c, l1.y.
        name: what the cell calls it: x, h, c, y.
        kind: "input" x_t; "row" one value per sequence; "initial" a state before the first step; "state"; "hidden"
            units that no state keeps; "output" y_t, which may be a state too (Jordan).
        layer: counted from 0.
        backward: whether it belongs to the backward direction.
        step: t, from 1; 0 before the first step, and T + 1 where the backward direction begins.
    """

    lane: str
    name: str
    kind: Kind
    layer: int
    backward: bool
    step: int


@dataclass(frozen=True, slots=True)
class Edge:
    """One node is computed from another.

    Args:
        source: the node that is read.
        target: the node that is computed from it.
        weights: the parameters on the way, by their names in the cell, the same at every step; () where there are none.
        block: the block of the architecture that they belong to.
        layer: whose cell's parameters they are.
        backward: and of which direction.
    """

    source: Node
    target: Node
    weights: tuple[str, ...]
    block: Block
    layer: int
    backward: bool

    @property
    def lag(self) -> int:
        """Steps from the source to the target: 0 within a step, 1 from the step before, -1 from the step after."""
        return self.target.step - self.source.step


@dataclass(frozen=True)
class Unfolded:
    """The computational graph of a layer over T steps; `print` draws it.

    Args:
        title: the cells of its layers.
        steps: T.
        nodes: the values of step 1, 2, …, each after those of its step that it is computed from; then initial states.
        edges: what is computed from what, in the order of the targets.
    """

    title: str
    steps: int
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def lanes(self) -> tuple[Node, ...]:
        """One node of each lane, that of step 1, from the inputs upwards."""
        return tuple(node for node in self.nodes if node.step == 1 and node.kind != "initial")

    def folded(self) -> tuple[Edge, ...]:
        """The edges into one step; those with a lag are the loops of the folded graph."""
        return tuple(edge for edge in self.edges if edge.target.step == 1)

    def __str__(self) -> str:
        """The graph in letters, at most 100 columns wide."""
        from elman.layers.unfold_text import in_letters  # which needs this file

        return in_letters(self)


def unfold(layer: Recurrent, steps: int) -> Unfolded:
    """The computational graph of a layer over some steps, from the programs of its cells.

        h_{t-1} --W--> h_t <--U, b-- x_t        the same U, W, b at every t

    There is one node for each input, state and output of each step; operations and gates are on the edges. The output
    of a layer that is nothing but a state of a single cell has no node of its own below another layer.

    Args:
        layer: of any cells, depth and directions.
        steps: T, at least 1.

    Returns:
        nodes and edges; `print` draws them, and so does `elman.plots.unfolded.draw_unfolded`.

    Raises:
        ArgumentError, ArgumentTypeError: steps is not a whole number of at least 1, or layer is not a layer.
        UnsupportedOperation, CaptureError: a step cannot be written as a program.

    Example:
        >>> print(unfold(elman.Recurrent(cells.Elman(3, 5)), 3))
        Elman, 3 steps
        <BLANKLINE>
                   y₁         y₂         y₃
                   ↑          ↑          ↑
        h₀ ──W───→ h₁ ──W───→ h₂ ──W───→ h₃
                   ↑ U, b     ↑ U, b     ↑ U, b
                   x₁         x₂         x₃
    """
    if not isinstance(layer, Recurrent):
        raise ArgumentTypeError(
            f"layer is a {type(layer).__name__}",
            expected="an elman.Recurrent",
            fix="Write elman.Recurrent(cell)." if hasattr(layer, "step") else "",
        )
    time = size("steps", steps)
    built = _Folded(layer)
    every = range(1, time + 1)
    nodes = [replace(node, step=t) for t in every for node in built.lanes]
    edges = [_at(edge, t, time) for t in every for edge in built.edges]
    initial = dict.fromkeys(edge.source for edge in edges if edge.source.kind == "initial")
    return Unfolded(_title(layer), time, (*nodes, *initial), tuple(edges))


def _at(edge: Edge, t: int, time: int) -> Edge:
    """An edge of the folded graph, into step t."""
    source = replace(edge.source, step=edge.source.step - 1 + t)
    if not 1 <= source.step <= time:
        source = replace(source, kind="initial")
    return replace(edge, source=source, target=replace(edge.target, step=t))


def _title(layer: Recurrent) -> str:
    names = [type(cell).__name__ for name, cell in layer.cells.items() if not name.endswith("_backward")]
    kinds = dict.fromkeys(names)
    title = " + ".join(names) if len(kinds) > 1 else names[0] + (f", {len(names)} layers" if len(names) > 1 else "")
    return title + (", both directions" if layer.bidirectional else "")


class _Folded:
    """The values of one step of a layer, from the inputs upwards, and the edges into step 1."""

    def __init__(self, layer: Recurrent) -> None:
        self.count, self.wiring = layer.layers, layer.wiring
        self.lanes: list[Node] = [Node("x", "x", "input", 0, False, 1)]
        self.edges: list[Edge] = []
        self.outputs: list[Node] = []  # of the layers so far
        for index in range(self.count):
            ends = ("", "_backward") if layer.bidirectional else ("",)
            self.add(index, [cell for end in ends if isinstance(cell := layer.cells[f"l{index}{end}"], Cell)])

    def add(self, layer: int, directions: list[Cell]) -> None:
        """Put a layer upon those that are there."""
        dense, residual = self.wiring.connections == "dense", self.wiring.connections == "residual" and layer > 0
        below = self.lanes[:1] + self.outputs if dense else (self.outputs or self.lanes)[-1:]
        top = layer + 1 == self.count
        steps = [reads_of(cell) for cell in directions]
        results = [next(box for box in boxes if box.kind == "output") for boxes, _ in steps]
        own = [read for read in steps[0][1] if read.target == results[0]]
        # The output is one value of the only cell: its own state y (Jordan), or below other layers some state.
        fed = results[0].name in directions[0].states
        state = results[0] if fed else own[0].source if own and not own[0].old else None
        shows = len(directions) == 1 and not residual and state is not None and state.kind not in ("input", "row")
        through = shows and (not (dense and top) if fed else not top and len(own) == 1 and not own[0].weights)
        hub = self.node(Box("o" if fed else "y", "output"), layer, False)
        places: list[dict[Box, Node]] = []
        for backward, ((boxes, _), result) in enumerate(zip(steps, results, strict=True)):
            inner = [box for box in boxes if box.name != "x" and (fed or box != result)]
            places.append({box: self.node(box, layer, bool(backward)) for box in inner})
            self.lanes += places[-1].values()
            if not fed:
                places[-1][result] = hub
        for backward, (_, reads) in enumerate(steps):
            for read in reads:
                if not (through and places[0][read.target] == hub):
                    self.edges += self.arrows(read, places[backward], below, layer, bool(backward))
        if through and state is not None:
            self.outputs.append(places[0][state])
            return
        more: dict[Block, list[Node]] = {
            "hidden → output": [places[0][results[0]]] * fed + self.outputs * (dense and top),
            "input → output": below * residual,
        }
        self.edges += [Edge(node, hub, (), block, layer, False) for block, nodes in more.items() for node in nodes]
        self.lanes.append(hub)
        self.outputs.append(hub)

    def arrows(self, read: Read, places: dict[Box, Node], below: list[Node], layer: int, backward: bool) -> list[Edge]:
        """The edges of what a cell reads: several where that is x, and x is more than one value."""
        sources = below if read.source.name == "x" else [places[read.source]]
        if read.old:  # of the step before; in the backward direction that is the one after
            sources = [replace(source, step=2 if backward else 0) for source in sources]
        return [Edge(source, places[read.target], read.weights, read.block, layer, backward) for source in sources]

    def node(self, box: Box, layer: int, backward: bool) -> Node:
        """The node of a box."""
        return Node(prefix(layer, backward, self.count) + box.name, box.name, box.kind, layer, backward, 1)
