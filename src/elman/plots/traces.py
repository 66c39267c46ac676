"""Values along a sequence, the symbol written beside each: the errors of a network that predicts the next symbol."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from elman.errors import ArgumentError
from elman.plots.figure import COLOURS, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_POSSIBLE = "#9aa3ab"


@dataclass(frozen=True)
class Trace:
    """One value for each symbol of a sequence.

    Args:
        symbols: T names, such as letters.
        values: (T).
        marked: where a symbol is set apart, booleans (T); None: nowhere.
        possible: the best possible values (T), drawn faintly; None for none.
        title: above the panel.
        mark: what the marked symbols are, for the legend.
    """

    symbols: Sequence[str]
    values: np.ndarray
    marked: np.ndarray | None = None
    possible: np.ndarray | None = None
    title: str = ""
    mark: str = ""


def draw_traces(traces: Sequence[Trace], title: str = "", unit: str = "RMS error", spacing: float = 0.2) -> "Figure":
    """Draw one panel per trace, one below another, all over the same range of values.

    Args:
        traces: at least one.
        title: above the figure.
        unit: what the values are.
        spacing: inches from symbol to symbol.

    Returns:
        A matplotlib figure.

    Raises:
        ArgumentError: no trace, or one whose symbols, values and marks are not of one length.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> figure = draw_traces([Trace("dii", np.array([0.5, 0.1, 0.0]), np.array([True, False, False]))])
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['d', 'i', 'i']
    """
    if not traces:
        raise ArgumentError("there is no trace to draw", expected="at least one")
    for trace in traces:
        lengths = {len(part) for part in (trace.values, trace.marked, trace.possible) if part is not None}
        if lengths != {len(trace.symbols)} or not len(trace.symbols):
            raise ArgumentError(
                f"trace {trace.title!r} has {len(trace.symbols)} symbols and parts of {sorted(lengths)} values",
                expected="one value per symbol, at least one",
            )
    longest = max(len(trace.symbols) for trace in traces)
    figure = new_figure(min(16, 2.5 + spacing * longest), 0.8 + 2.3 * len(traces))
    highest = max(float(np.max(part)) for t in traces for part in (t.values, t.possible) if part is not None)
    for axes, trace in zip(figure.subplots(len(traces), 1, squeeze=False)[:, 0], traces, strict=True):
        _draw_trace(axes, trace, highest or 1.0)
        axes.set_ylabel(unit)
    figure.suptitle(title, fontsize=14, x=0.01, ha="left", fontweight="bold")
    return figure


def _draw_trace(axes: "Axes", trace: Trace, highest: float) -> None:
    from matplotlib.patheffects import withStroke

    steps, values = np.arange(len(trace.values)), trace.values
    if trace.possible is not None:
        axes.plot(steps, trace.possible, color=_POSSIBLE, linewidth=1.2, linestyle="--", label="best possible")
    axes.plot(steps, values, color=COLOURS[0], linewidth=1.3, zorder=3)
    marked = np.zeros(len(values), dtype=bool) if trace.marked is None else trace.marked.astype(bool)
    axes.plot(steps[~marked], values[~marked], "o", color=COLOURS[0], markersize=4, zorder=4)
    if marked.any():
        axes.plot(
            steps[marked], values[marked], "s", color=COLOURS[1], markersize=5.5, zorder=4, label=trace.mark or None
        )
    halo = [withStroke(linewidth=2.5, foreground="white")]  # readable on a line
    for step, symbol in enumerate(trace.symbols):
        axes.annotate(
            symbol,
            (step, values[step]),
            xytext=(0, 7),
            textcoords="offset points",
            ha="center",
            fontsize=10,
            color=COLOURS[1] if marked[step] else COLOURS[0],
            fontweight="bold" if marked[step] else "normal",
            path_effects=halo,
            zorder=5,
        )
    axes.set_title(trace.title, loc="left", fontsize=12)
    axes.set_ylim(-0.04 * highest, 1.2 * highest)
    axes.set_xlim(-0.8, len(values) - 0.2)
    axes.set_xticks([])
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False, fontsize=9)
