"""Numbers that are watched: what was expected of each column, what came, and where there was alarm."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from elman.errors import ArgumentError
from elman.plots.figure import COLOURS, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Watched:
    """One column.

    Args:
        title: its name.
        observed: values (T), NaN where one is missing.
        forecast: what was expected of each (T), NaN where nothing was.
        reach: how far from it a value may lie without alarm (T).
        alarms: whether this column gave alarm (T), bool.
        labels: whether a step is an anomaly (T), bool; None where that is not told.
    """

    title: str
    observed: np.ndarray
    forecast: np.ndarray
    reach: np.ndarray
    alarms: np.ndarray
    labels: np.ndarray | None = None


def draw_anomalies(columns: Sequence[Watched], times: Sequence[str] | None = None, most: int = 8) -> "Figure":
    """Draw each column with the band in which there is no alarm, the alarms, and the steps that are labelled.

    Args:
        columns: of one series; those with most alarms are drawn where there are more.
        times: of the steps, as texts (T).
        most: how many are drawn.

    Raises:
        ArgumentError: there is none.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> values = np.array([1.0, 2.0, 9.0])
        >>> column = Watched("heat", values, np.ones(3), np.full(3, 2.0), values > 8)
        >>> len(draw_anomalies([column]).axes)
        1
    """
    if not columns:
        raise ArgumentError("there is no column to draw", "at least one")
    order = sorted(range(len(columns)), key=lambda k: -int(columns[k].alarms.sum()))[:most]
    figure = new_figure(9.2, 0.7 + 1.9 * len(order))
    for number, k in enumerate(sorted(order), 1):
        axes = figure.add_subplot(len(order), 1, number)
        _draw(axes, columns[k])
        if times is not None and len(times):
            places = np.unique(np.linspace(0, len(times) - 1, 5).astype(int))
            axes.set_xticks(places.tolist(), [str(times[i]) for i in places])
        axes.tick_params(labelsize=7)
    figure.axes[0].legend(fontsize=7, frameon=False, loc="lower right", bbox_to_anchor=(1, 1), ncols=4)
    return figure


def _draw(axes: "Axes", column: Watched) -> None:
    steps = np.arange(len(column.observed))
    if column.labels is not None:
        edges = np.flatnonzero(np.diff(np.concatenate([[0], column.labels.astype(np.int8), [0]]))).tolist()
        for begin, end in zip(edges[::2], edges[1::2], strict=True):
            label = "anomaly" if begin == edges[0] else None
            axes.axvspan(begin - 0.5, end - 0.5, color=COLOURS[4], alpha=0.25, linewidth=0, label=label)
    axes.fill_between(
        steps, column.forecast - column.reach, column.forecast + column.reach, color=COLOURS[0], alpha=0.22,
        linewidth=0, label="no alarm",
    )  # fmt: skip
    axes.plot(steps, column.observed, color=COLOURS[5], linewidth=0.9, label="observed")
    axes.plot(
        steps[column.alarms], column.observed[column.alarms], color=COLOURS[1], marker="o", markersize=4, linewidth=0,
        label="alarm",
    )  # fmt: skip
    real = column.observed[np.isfinite(column.observed)]
    if len(real):  # at the beginning the band is as wide as all that may come
        margin = 0.25 * (float(np.ptp(real)) or 1.0)
        axes.set_ylim(real.min() - margin, real.max() + margin)
    axes.set_xlim(0, max(len(steps) - 1, 1))
    axes.set_title(column.title[:60], fontsize=9, loc="left")
