"""An unfolded layer in letters: time to the right, layers upwards."""

from collections.abc import Sequence

from elman.layers.unfold import Edge, Node, Unfolded

WIDTH = 100
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_LONGEST = 14  # of a list of weights, or a note


def in_letters(unfolded: Unfolded) -> str:
    """Draw a graph: a line for each value, with the arrows between its own steps in it, and the others noted below.

        ↑ from below in the same step      ↗ ↘ from the step before      ↖ ↙ from the step after

    Args:
        unfolded: the graph.

    Returns:
        lines of at most 100 characters; steps that do not fit are left out of the middle.
    """
    lanes = unfolded.lanes()[::-1]
    many = any("." in lane.lane for lane in lanes)
    margin = max(len(lane.lane) for lane in lanes) + 2 if many else 0
    reads = {lane.lane: [edge for edge in unfolded.folded() if edge.target.lane == lane.lane] for lane in lanes}
    loops = {lane: next((edge for edge in found if edge.source.lane == lane), None) for lane, found in reads.items()}
    order = [lane.lane for lane in lanes]
    notes = {
        lane: [_Note(edge, order, found) for edge in found if edge != loops[lane]] for lane, found in reads.items()
    }
    longest = [note.at(unfolded.steps) for found in notes.values() for note in found]
    longest += [f"h{unfolded.steps} ──{_names(edge.weights)}──→" for edge in loops.values() if edge]
    cell = max(6, *map(len, longest)) + 2
    present = {(node.lane, node.step) for node in unfolded.nodes}
    steps = [step for _, step in present]
    columns = _columns(min(steps), max(steps), max(1, (WIDTH - margin) // cell))
    lines = [f"{unfolded.title}, {unfolded.steps} step{'s' * (unfolded.steps > 1)}", ""]
    for lane in lanes:
        own = [t if t is None or (lane.lane, t) in present else -1 for t in columns]
        lines.append((lane.lane if many else "").ljust(margin) + _lane(lane, own, loops[lane.lane], cell))
        for note in notes[lane.lane]:
            shown = [t is not None and 1 <= t <= unfolded.steps for t in columns]
            cells = [note.at(t or 0) * show for t, show in zip(columns, shown, strict=True)]
            lines.append(" " * margin + "".join(text.ljust(cell) for text in cells))
    return "\n".join(line.rstrip() for line in lines)


def _columns(first: int, last: int, most: int) -> list[int | None]:
    """The steps that are shown, with None where some are left out."""
    every = list(range(first, last + 1))
    if len(every) <= most:
        return [*every]
    after = min(2, max(0, most - 2))
    return [*every[: most - 1 - after], None, *every[len(every) - after :]]


def _lane(lane: Node, columns: Sequence[int | None], loop: Edge | None, width: int) -> str:
    """A value at the steps that are shown (-1 where it is not there), and the arrows between its own steps."""
    text = ""
    for t, following in zip(columns, [*columns[1:], -1], strict=True):
        label = "" if t == -1 else "…" if t is None else _label(lane, t)
        if loop is None or -1 in (t, following):
            text += label.ljust(width)
            continue
        line = _names(loop.weights).center(width - len(label) - 3, "─")
        text += f"{label} {line}→ " if loop.lag > 0 else f"{label} ←{line} "
    return text


class _Note:
    """An edge, written below its target: where it comes from, and through which weights."""

    def __init__(self, edge: Edge, order: Sequence[str], others: Sequence[Edge]) -> None:
        self.edge = edge
        place, target = order.index(edge.source.lane), order.index(edge.target.lane)
        marks = {0: "↑↑", 1: "↗↘", -1: "↖↙"}[edge.lag]
        self.mark = marks[place < target]
        # What stands right below needs no name, where it is the only one from below.
        self.named = edge.lag != 0 or place != target + 1 or sum(other.lag == 0 for other in others) > 1

    def at(self, t: int) -> str:
        """The note below step t."""
        edge = self.edge
        name = edge.source.name if edge.source.backward == edge.target.backward else edge.source.lane
        if edge.source.layer != edge.target.layer:
            name = edge.source.lane
        source = _label(edge.source, t - edge.lag, name.removeprefix(f"l{edge.target.layer}."))
        return " ".join(part for part in (self.mark, source * self.named, _names(edge.weights)) if part)


def shortened(weights: Sequence[str]) -> list[str]:
    """The weights of an edge, as many as there is room for, and … for the others."""
    for count in range(len(weights), 0, -1):
        names = [*weights[:count], *["…"] * (count < len(weights))]
        if len(", ".join(names)) <= _LONGEST:
            return names
    return [f"{weights[0][: _LONGEST - 3]}…"] if weights else []


def _names(weights: Sequence[str]) -> str:
    return ", ".join(shortened(weights))


def _label(node: Node, t: int, name: str = "") -> str:
    """A value at a step: h₁; one per sequence has no step."""
    return (name or node.name) + str(t).translate(_LOWERED) * (node.kind != "row")
