"""A recurrent layer as a picture: folded, with loops, and unfolded over time."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from elman.errors import ArgumentError
from elman.layers.reads import BLOCKS, Block
from elman.layers.unfold import Edge, Node, Unfolded
from elman.plots.arrows import HEIGHT, RADIUS, WIDTH, Curve, Shape
from elman.plots.figure import new_figure, save_figure
from elman.plots.unfolded_places import Places, weights_in_math

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Blue, orange and green that stay apart (ΔE ≥ 35 in simulated deuteranopia and protanopia), and can be read on white.
_PENS: dict[Block, str] = dict(zip(BLOCKS, ("#0b62a4", "#c8500a", "#00805e", "#46525c"), strict=True))
_FILLS = {"input": "#e3eef8", "row": "#e3eef8", "state": "#fdeadf", "hidden": "#fdeadf", "output": "#dff1eb"}
_INK, _FAINT = "#20262c", "#6b747c"
_MARGIN, _BELOW, _ABOVE, _ARROW, _SIGN = 0.3, 1.02, 0.86, 1.1, 1.86  # inches


def draw_unfolded(unfolded: Unfolded, path: str | Path | None = None, *, columns: int = 4) -> "Figure":
    """Draw a layer folded on the left, and unfolded over time on the right.

    Boxes are states, circles inputs and outputs, dashed boxes initial states. An arrow has the colour of its block and
    the names of the parameters on its way; one without a name has none. A small square on a loop is a delay of one
    step. Time runs to the right, layers go upwards; the backward direction runs to the left.

    Args:
        unfolded: what `unfold` returned.
        path: where to write it, .svg, .png or .pdf; None to write nothing.
        columns: the most steps that are drawn, at least 2; of more, "…" stands for those before the last one.

    Returns:
        the figure; `elman.plots.figure.save_figure` writes it, too.

    Raises:
        MissingExtraError: matplotlib is not installed.
        ArgumentError: another ending, or too few columns.
        StorageError: it cannot be written.

    Example:
        >>> from elman.layers.unfold import unfold
        >>> figure = draw_unfolded(unfold(elman.Recurrent(cells.LSTM(3, 5)), 3))
        >>> figure.axes[0].texts[0].get_text()
        'LSTM'
    """
    if columns < 2:
        raise ArgumentError(f"columns is {columns}", expected="at least 2")
    figure = new_figure(1, 1)
    figure.set_layout_engine("none")
    places = Places(unfolded, _measure(figure))
    steps = _shown(unfolded.steps, columns)
    initial = [node for node in unfolded.nodes if node.kind == "initial"]
    before, after = any(node.step == 0 for node in initial), any(node.step > 0 for node in initial)
    folded = _MARGIN + places.reach_folded[0]
    first = folded + places.reach_folded[1] + _ARROW + (places.pitch - places.left if before else places.reach[0])
    last = first + (len(steps) - 1) * places.pitch
    blocks: list[Block] = [block for block in BLOCKS if any(edge.block == block for edge in unfolded.edges)]
    width = max(_SIGN * (len(blocks) + 1), last + (places.pitch + places.right if after else places.reach[1]) + _MARGIN)
    height = _BELOW + places.top + _ABOVE
    figure.set_size_inches(width, height)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0, width), ylim=(-_BELOW, places.top + _ABOVE))
    axes.axis("off")
    _captions(axes, unfolded, places, folded, (first, last))
    _Pen(axes, places).folded(folded)
    _Pen(axes, places).unfolded(unfolded, steps, first, initial)
    _legend(axes, blocks, delays=bool(initial))
    if path is not None:
        save_figure(figure, path)
    return figure


def _shown(steps: int, columns: int) -> list[int | None]:
    """The steps that have a column, with None for those that are left out."""
    if steps <= columns:
        return list(range(1, steps + 1))
    return [*range(1, columns), None, steps]


def _measure(figure: "Figure") -> Callable[[str], tuple[float, float]]:
    """What tells the width and height in inches of a text."""

    def size(text: str) -> tuple[float, float]:
        drawn = figure.text(0, 0, text, fontsize=12, math_fontfamily="cm")
        box = drawn.get_window_extent()
        drawn.remove()
        return box.width / figure.dpi, box.height / figure.dpi

    return size


class _Pen:
    """Draws the shapes and arrows of one plan."""

    def __init__(self, axes: "Axes", places: Places) -> None:
        self.axes, self.places = axes, places

    def folded(self, x: float) -> None:
        """The folded graph around x."""
        for node in self.places.lanes:
            self.shape(node, self.places.shapes[node.lane].moved(x), self.places.name(node, "t"))
        for edge, curve, name in self.places.in_folded:
            self.arrow(edge, curve.moved(x), None if name is None else name + np.array([x, 0]))
            if edge.lag:
                middle = curve.moved(x).at(0.5)[0]
                self.axes.plot(*middle, "s", markersize=7.5, color=_PENS[edge.block], mec="white", mew=0.8, zorder=5)

    def unfolded(self, unfolded: Unfolded, steps: list[int | None], first: float, initial: list[Node]) -> None:
        """The steps from x = first on."""
        pitch, place = self.places.pitch, self.places.shapes
        for column, step in enumerate(steps):
            for node in self.places.lanes:
                shape = place[node.lane].moved(first + column * pitch)
                if step is None:
                    self.axes.text(shape.x, shape.y, "···", ha="center", va="center", fontsize=16, color=_FAINT)
                else:
                    self.shape(node, shape, self.places.name(node, str(step)))
        for node in initial:
            x = first - pitch if node.step == 0 else first + len(steps) * pitch
            self.shape(node, place[node.lane].moved(x), self.places.name(node, str(node.step)))
        for edge, curve, name in self.places.arrows:
            for column, step in enumerate(steps):
                if step is None and not edge.lag:
                    continue
                x = first + column * pitch
                self.arrow(edge, curve.moved(x), None if name is None else name + np.array([x, 0]))

    def shape(self, node: Node, shape: Shape, name: str) -> None:
        """A box or a circle with a name in it."""
        from matplotlib.patches import Circle, FancyBboxPatch

        first = node.kind == "initial"
        look = {
            "facecolor": "white" if first else _FILLS[node.kind],
            "edgecolor": _FAINT if first else _INK,
            "linestyle": (0, (3, 2)) if first else "-",
            "linewidth": 1.1,
            "zorder": 3,
        }
        if shape.round:
            self.axes.add_patch(Circle((shape.x, shape.y), RADIUS, **look))
        else:
            corner = (shape.x - WIDTH / 2, shape.y - HEIGHT / 2)
            style = "round,pad=0,rounding_size=0.09"
            self.axes.add_patch(FancyBboxPatch(corner, WIDTH, HEIGHT, boxstyle=style, **look))
        room = 1.75 * RADIUS if shape.round else 0.9 * WIDTH
        size = min(13.0, 12 * room / self.places.measure(name)[0])  # measured at 12 points
        self.write(shape.centre, name, size, _FAINT if first else _INK)

    def arrow(self, edge: Edge, curve: Curve, name: np.ndarray | None) -> None:
        """An arrow in the colour of its block, and the names of its weights."""
        from matplotlib.patches import FancyArrowPatch
        from matplotlib.path import Path as Outline

        outline = Outline(curve.points, [Outline.MOVETO, Outline.CURVE4, Outline.CURVE4, Outline.CURVE4])
        pen = _PENS[edge.block]
        self.axes.add_patch(
            FancyArrowPatch(
                path=outline, arrowstyle="-|>,head_length=5,head_width=2.6", color=pen, linewidth=1.6, zorder=2,
                joinstyle="miter", capstyle="butt",
            )
        )  # fmt: skip
        if name is not None:
            self.write(name, weights_in_math(edge, self.places.layers), 12, pen)

    def write(self, centre: np.ndarray, text: str, size: float, colour: str) -> None:
        """Letters of mathematics around a point."""
        x, y = centre
        look = {"ha": "center", "va": "center", "math_fontfamily": "cm", "zorder": 5}
        self.axes.text(x, y, text, fontsize=size, color=colour, **look)


def _captions(axes: "Axes", unfolded: Unfolded, places: Places, folded: float, ends: tuple[float, float]) -> None:
    """The title, what stands on the left and on the right, the arrow between them, and the direction of time."""
    grey = {"color": _FAINT, "fontsize": 11, "ha": "center", "va": "center"}
    axes.text(_MARGIN, places.top + 0.62, unfolded.title, fontsize=14, fontweight="bold", color=_INK, va="center")
    axes.text(folded, -0.5, "folded", **grey)
    x, y = folded + places.reach_folded[1] + 0.2, places.top / 2
    fat = {"arrowstyle": "simple,head_length=0.6,head_width=1.1,tail_width=0.45", "color": "#c3c9ce", "linewidth": 0}
    axes.annotate("", xy=(x + 0.62, y), xytext=(x, y), arrowprops=fat | {"mutation_scale": 26})
    if ends[1] > ends[0]:
        thin = {"arrowstyle": "->", "color": _FAINT, "linewidth": 1, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", xy=(ends[1] + 0.3, -0.5), xytext=(ends[0] - 0.3, -0.5), arrowprops=thin, zorder=1)
    what = f"unfolded over {unfolded.steps} step{'s' * (unfolded.steps > 1)}"
    box = {"facecolor": "white", "linewidth": 0, "boxstyle": "square,pad=0.35"}
    axes.text((ends[0] + ends[1]) / 2, -0.5, what, bbox=box, zorder=2, **grey)


def _legend(axes: "Axes", blocks: Sequence[Block], delays: bool) -> None:
    """The blocks that there are, and the sign of a delay."""
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=_PENS[block], linewidth=2.4, label=block) for block in blocks]
    if delays:
        handles.append(Line2D([], [], color=_FAINT, marker="s", linestyle="", markersize=7, label="delay of one step"))
    look = {"frameon": False, "fontsize": 11, "columnspacing": 1.4, "handlelength": 1.6}
    axes.legend(handles=handles, loc="lower center", ncols=len(handles), **look)
