"""A few values side by side for each of some categories: what a network expects beside what is to be expected."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from elman.errors import ArgumentError
from elman.plots.figure import COLOURS, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FIRST = "#9aa3ab"  # what the others are compared with


def draw_bars(
    panels: Mapping[str, np.ndarray],
    categories: Sequence[str],
    series: Sequence[str],
    *,
    title: str = "",
    unit: str = "probability",
) -> "Figure":
    """Draw horizontal bars, a panel for each situation, a group of bars for each category.

    Args:
        panels: heading → values (categories, series).
        categories: their names, from top to bottom.
        series: what the bars of a group are; the first is drawn in grey.
        title: above the figure.
        unit: what the values are.

    Returns:
        A matplotlib figure.

    Raises:
        ArgumentError: no panel, or values of another shape.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> values = np.array([[0.5, 0.4], [0.5, 0.6]])
        >>> figure = draw_bars({"boys": values}, ["who", "verb"], ["exact", "network"])
        >>> [round(float(bar.get_width()), 2) for bar in figure.axes[0].patches]
        [0.5, 0.5, 0.4, 0.6]
    """
    shape = len(categories), len(series)
    if not panels:
        raise ArgumentError("there are no bars to draw", expected="at least one panel")
    for heading, values in panels.items():
        if values.shape != shape:
            raise ArgumentError(f"the values of {heading!r} have shape {values.shape}", expected=f"{shape}")
    figure = new_figure(1.5 + 3.1 * len(panels), 1.4 + 0.42 * len(categories))
    thickness = 0.8 / len(series)
    for axes, (heading, values) in zip(
        figure.subplots(1, len(panels), squeeze=False, sharex=True, sharey=True)[0], panels.items(), strict=True
    ):
        for number, name in enumerate(series):
            places = np.arange(len(categories)) + (number - (len(series) - 1) / 2) * thickness
            colour = COLOURS[(number - 1) % len(COLOURS)] if number else _FIRST
            axes.barh(places, values[:, number], height=thickness, color=colour, label=name)
        axes.set_title(heading, loc="left", fontsize=11)
        axes.set_xlabel(unit)
        axes.set_yticks(range(len(categories)), categories)
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].invert_yaxis()
    handles, names = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper right", ncols=len(series), frameon=False)
    figure.suptitle(title, fontsize=14, x=0.01, ha="left", fontweight="bold")
    return figure
