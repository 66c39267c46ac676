"""Trees of a hierarchical clustering: names on the right, the distance at which groups join from right to left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from elman.errors import ArgumentError
from elman.plots.figure import COLOURS, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LINE = "#30363c"


@dataclass(frozen=True)
class Tree:
    """A clustering of named points.

    Args:
        names: of the points (n).
        joins: one line per join (n - 1, 4): the numbers of two groups, their distance, the size of the new group; as
            `elman.tasks.papers.clustering.average_linkage` and scipy return them.
        groups: the group of each point (n), which gives a name its colour; none by default.
    """

    names: Sequence[str]
    joins: np.ndarray
    groups: Sequence[str] = ()


def order_of_leaves(joins: np.ndarray) -> list[int]:
    """The points from top to bottom, so that no lines cross: the lower group of each join above the other.

    Example:
        >>> order_of_leaves(np.array([[0, 2, 1.0, 2], [1, 3, 2.0, 3]]))
        [1, 0, 2]
    """
    n = len(joins) + 1
    leaves = {i: [i] for i in range(n)}
    for new, (a, b, *_) in enumerate(joins.tolist(), n):
        leaves[new] = leaves.pop(int(a)) + leaves.pop(int(b))
    return leaves[2 * n - 2]


def draw_dendrograms(trees: Mapping[str, Tree], title: str = "", unit: str = "distance") -> "Figure":
    """Draw trees side by side.

    Args:
        trees: heading → tree.
        title: above the figure.
        unit: what the distance is.

    Returns:
        A matplotlib figure.

    Raises:
        ArgumentError: no tree, or names, groups and joins that do not fit each other.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> joins = np.array([[0.0, 1.0, 1.0, 2.0], [2.0, 3.0, 4.5, 3.0]])
        >>> figure = draw_dendrograms({"": Tree(["boy", "girl", "eat"], joins)})
        >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
        ['eat', 'boy', 'girl']
    """
    if not trees:
        raise ArgumentError("there is no tree to draw", expected="at least one")
    for heading, tree in trees.items():
        if len(tree.names) != len(tree.joins) + 1 or len(tree.groups) not in (0, len(tree.names)):
            raise ArgumentError(
                f"tree {heading!r} has {len(tree.names)} names, {len(tree.groups)} groups and {len(tree.joins)} joins",
                expected="one join fewer than names, and a group for each name or none",
            )
    tallest = max(len(tree.names) for tree in trees.values())
    figure = new_figure(0.5 + 5.5 * len(trees), 1.2 + 0.24 * tallest)
    kinds = dict.fromkeys(group for tree in trees.values() for group in tree.groups)
    colours = dict(zip(kinds, COLOURS, strict=False))
    for axes, (heading, tree) in zip(figure.subplots(1, len(trees), squeeze=False)[0], trees.items(), strict=True):
        _draw_tree(axes, tree, colours)
        axes.set_title(heading, loc="left", fontsize=12)
        axes.set_xlabel(unit)
    figure.suptitle(title, fontsize=14, x=0.01, ha="left", fontweight="bold")
    return figure


def _draw_tree(axes: "Axes", tree: Tree, colours: Mapping[str, str]) -> None:
    order = order_of_leaves(tree.joins)
    place = {leaf: (0.0, float(row)) for row, leaf in enumerate(order)}  # distance, height
    for new, (a, b, apart, _) in enumerate(tree.joins.tolist(), len(order)):
        (right, top), (other, bottom) = place.pop(int(a)), place.pop(int(b))
        axes.plot([right, apart, apart, other], [top, top, bottom, bottom], color=_LINE, linewidth=1.3)
        place[new] = apart, (top + bottom) / 2
    axes.set_yticks(range(len(order)), [tree.names[leaf] for leaf in order], fontsize=10)
    axes.yaxis.tick_right()
    axes.tick_params(axis="y", length=0)
    if tree.groups:
        for leaf, label in zip(order, axes.get_yticklabels(), strict=True):
            label.set_color(colours.get(tree.groups[leaf], _LINE))
    axes.set_ylim(len(order) - 0.5, -0.5)
    highest = float(tree.joins[:, 2].max()) if len(tree.joins) else 1.0
    axes.set_xlim((1.03 * highest) or 1.0, 0)
    axes.spines[["top", "left", "right"]].set_visible(False)
