"""Where everything in the picture of an unfolded layer stands, in inches around one step."""

from collections.abc import Callable, Sequence

import numpy as np

from elman.layers.unfold import Edge, Node, Unfolded
from elman.layers.unfold_text import shortened
from elman.plots.arrows import WIDTH, Curve, Shape, between, loops, place_name, quietest, ways_back

ROW, ASIDE, GAP = 1.02, 0.86, 0.72  # from row to row; from box to box within a step; between two steps at least
Size = tuple[float, float]
Placed = tuple[Edge, Curve, np.ndarray | None]


class Places:
    """One step of a layer around x = 0: shapes, the arrows into it and their names; the same for every step.

    Args:
        unfolded: the graph.
        measure: the width and height of a text of 12 points, in inches.

    Attributes:
        measure: as above.
        lanes: the values of one step, from the inputs upwards.
        shapes: lane → its shape.
        pitch: from one step to the next.
        arrows: the arrows into a step, with the places of their names.
        in_folded: the arrows of the folded graph.
        left, right, top: of the shapes.
        reach: how far a step goes to the left and to the right of 0, with arrows and names.
        reach_folded: the same of the folded graph.
    """

    def __init__(self, unfolded: Unfolded, measure: Callable[[str], Size]) -> None:
        self.lanes, self.measure = unfolded.lanes(), measure
        self.layers = 1 + max(node.layer for node in self.lanes)
        edges = unfolded.folded()
        texts = {edge: weights_in_math(edge, self.layers) for edge in edges if edge.weights}
        self.sizes = {edge: measure(text) for edge, text in texts.items()}
        self.shapes = _shapes(self.lanes, edges)
        sides = [shape.x for shape in self.shapes.values()]
        self.left, self.right = min(sides) - WIDTH / 2, max(sides) + WIDTH / 2
        self.top = max(shape.y for shape in self.shapes.values())
        widest = max([self.sizes[edge][0] for edge in edges if edge.lag and edge.weights], default=0.0)
        self.pitch = self.right - self.left + max(GAP, widest + 0.4)
        self.arrows = self._named([(edge, self._arrow(edge)) for edge in edges], (-self.pitch, 0.0, self.pitch))
        self.in_folded = self._named(self._folded(edges), (0.0,))
        within = [placed for placed in self.arrows if not placed[0].lag]
        self.reach = self._reach(within)
        self.reach_folded = self._reach(self.in_folded)

    def name(self, node: Node, step: str) -> str:
        """What stands in a shape."""
        top = node.kind == "output" and node.layer + 1 == self.layers
        above = f"^{{({node.layer})}}" if self.layers > 1 and node.lane != "x" and not top else ""
        below = f"_{{{step}}}" if node.kind != "row" else ""
        return f"${_letter(node.name, node.backward)}{above}{below}$"

    def _reach(self, placed: Sequence[Placed]) -> Size:
        """How far shapes, arrows and names go to the left and to the right of 0."""
        ends = [self.left, self.right]
        for edge, curve, name in placed:
            ends += curve.along()[:, 0].tolist()
            if name is not None:
                ends += [name[0] - self.sizes[edge][0] / 2, name[0] + self.sizes[edge][0] / 2]
        return -min(ends), max(ends)

    def _arrow(self, edge: Edge) -> Curve:
        """An arrow into the step at 0."""
        source = self.shapes[edge.source.lane].moved(-edge.lag * self.pitch)
        target = self.shapes[edge.target.lane]
        others = [shape.moved(x) for x in (-self.pitch, 0.0, self.pitch) for shape in self.shapes.values()]
        return between(source, target, [shape for shape in others if shape not in (source, target)])

    def _folded(self, edges: Sequence[Edge]) -> list[tuple[Edge, Curve]]:
        """The arrows within a step, and the loops in place of those between steps."""
        found = [(edge, self._arrow(edge)) for edge in edges if edge.lag == 0]
        for edge in sorted(edges, key=lambda edge: edge.source.lane == edge.target.lane):
            if edge.lag:
                source, target = self.shapes[edge.source.lane], self.shapes[edge.target.lane]
                ways = loops(source) if source == target else ways_back(source, target)
                if source == target and source.x < -0.01:
                    ways[:2] = ways[1::-1]  # away from the middle
                others = [shape for shape in self.shapes.values() if shape not in (source, target)]
                found.append((edge, quietest(ways, others, [curve for _, curve in found])))
        return found

    def _named(self, arrows: list[tuple[Edge, Curve]], steps: Sequence[float]) -> list[Placed]:
        """The arrows with the places of their names, free of everything in these steps."""
        shapes = [shape.moved(x) for x in steps for shape in self.shapes.values()]
        taken: list[np.ndarray] = []
        if len(steps) == 1:
            squares = [curve.at(0.5)[0] for edge, curve in arrows if edge.lag]
            taken += [np.concatenate([point - 0.08, point + 0.08]) for point in squares]
        found: list[Placed] = []
        for edge, curve in sorted(arrows, key=lambda placed: placed[0].lag == 0):
            if not edge.weights:
                found.append((edge, curve, None))
                continue
            others = [other.moved(x) for x in steps for one, other in arrows if x or one is not edge]
            size = self.sizes[edge]
            half = np.array(size) / 2
            if len(steps) == 1 and edge.lag:  # outside of a loop
                ends = self.shapes[edge.source.lane].centre + self.shapes[edge.target.lane].centre
                out = curve.at(0.5)[0] - ends / 2
                out = out / float(np.linalg.norm(out))
                centre = curve.at(0.5)[0] + out * (0.1 + abs(out) @ half)
            else:
                centre = place_name(curve, size, others, shapes, taken)
            taken += [np.concatenate([centre - half, centre + half]) + np.array([x, 0, x, 0]) for x in steps]
            found.append((edge, curve, centre))
        return found


def _shapes(lanes: Sequence[Node], edges: Sequence[Edge]) -> dict[str, Shape]:
    """Rows from below, and boxes side by side where an arrow has to pass one on its way to another."""
    handed_on = {edge.source.lane for edge in edges if edge.lag}
    rows: dict[str, int] = {}
    for node in lanes:
        beside = node.kind in ("input", "row") and node.layer == 0
        rows[node.lane] = 0 if beside else max(rows.values()) + 1
    x: dict[str, float] = {}
    for layer in range(1 + max(node.layer for node in lanes)):
        inner = [n for n in lanes if n.layer == layer and (n.kind in ("state", "hidden") or n.lane in handed_on)]
        groups = [[n.lane for n in inner if n.backward == backward] for backward in (False, True)]
        slots = [list(range(len(group))) if _passes(group, rows, edges) else [0] * len(group) for group in groups]
        counts = [max([-1, *slot]) + 1 for slot in slots]
        middle = (sum(counts) - 1) / 2
        x |= {lane: (slot - middle) * ASIDE for lane, slot in zip(groups[0], slots[0], strict=True)}
        x |= {lane: (middle - slot) * ASIDE for lane, slot in zip(groups[1], slots[1], strict=True)}
        for node in lanes:
            if node.layer == layer and node.lane not in x and node.kind == "output":
                below = [x[e.source.lane] for e in edges if e.target.lane == node.lane and e.source in inner]
                x[node.lane] = sum(below) / len(below) if below else 0.0
    free = [node.lane for node in lanes if node.lane not in x and node.lane != "x"]
    x |= {lane: -ASIDE * (place + 1) for place, lane in enumerate(free)}
    round_lanes = {node.lane for node in lanes if node.kind in ("input", "row", "output")}
    return {lane: Shape(x.get(lane, 0.0), row * ROW, lane in round_lanes) for lane, row in rows.items()}


def _passes(group: Sequence[str], rows: dict[str, int], edges: Sequence[Edge]) -> bool:
    """Whether an arrow within the step, from or to one of the boxes, has to pass another."""
    for edge in edges:
        source, target = edge.source.lane, edge.target.lane
        if not edge.lag and (source in group or target in group):
            between_them = range(rows[source] + 1, rows[target])
            if any(rows[lane] in between_them for lane in group):
                return True
    return False


def weights_in_math(edge: Edge, layers: int) -> str:
    """The names of an edge's weights, of their layer and direction."""
    above = f"^{{({edge.layer})}}" if layers > 1 else ""
    names = shortened(edge.weights)
    parts = ["\\ldots" if name == "…" else _letter(name, edge.backward) + above for name in names]
    return "$" + ",\\;".join(parts) + "$" if parts else ""


def _letter(name: str, backward: bool) -> str:
    """A name in mathematical type; of the backward direction with an arrow."""
    escaped = name.replace("_", "\\_").replace(".", "{.}").replace("…", "\\ldots ")
    letter = escaped if len(name) == 1 else f"\\mathrm{{{escaped}}}"
    return f"\\overleftarrow{{{letter}}}" if backward else letter
