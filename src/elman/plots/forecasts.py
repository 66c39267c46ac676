"""Series, what is forecast of them, and how sure that is: one panel for each."""

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
class Panel:
    """One series.

    Args:
        title: its name.
        history: the values up to now (T), NaN where one is missing.
        points: the forecast (H).
        times: of the H steps, as texts.
        levels: of the quantiles, in rising order.
        quantiles: (H, levels).
    """

    title: str
    history: np.ndarray
    points: np.ndarray
    times: Sequence[str]
    levels: Sequence[float]
    quantiles: np.ndarray


def draw_forecasts(panels: Sequence[Panel], most: int = 12) -> "Figure":
    """Draw the newest history, the forecast, and a band between each pair of quantiles q and 1 - q.

    Args:
        panels: the series.
        most: how many are drawn, evenly chosen among more.

    Raises:
        ArgumentError: there is none.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> panel = Panel("bread", np.array([3.0, 4.0]), np.array([5.0]), ["2021-01-03"], [], np.zeros((1, 0)))
        >>> len(draw_forecasts([panel]).axes)
        1
    """
    if not panels:
        raise ArgumentError("there is no series to draw", "at least one")
    chosen = [panels[i] for i in np.unique(np.linspace(0, len(panels) - 1, min(most, len(panels))).astype(int))]
    columns = min(3, len(chosen))
    rows = -(-len(chosen) // columns)
    figure = new_figure(4.6 * columns, 2.6 * rows)
    for number, panel in enumerate(chosen, 1):
        _draw(figure.add_subplot(rows, columns, number), panel)
    return figure


def bands(levels: Sequence[float]) -> list[tuple[int, int]]:
    """The pairs of levels q and 1 - q, the widest first, by their places.

    Example:
        >>> bands([0.05, 0.1, 0.5, 0.9])
        [(1, 3)]
    """
    found: list[tuple[int, int]] = []
    for i, low in enumerate(levels):
        found += [(i, j) for j, high in enumerate(levels) if low < high and abs(low + high - 1) < 1e-9]
    return found


def _draw(axes: "Axes", panel: Panel) -> None:
    horizon = len(panel.points)
    history = panel.history[-max(4 * horizon, 24) :]
    ahead = np.arange(1, horizon + 1)
    axes.plot(np.arange(1 - len(history), 1), history, color=COLOURS[5], linewidth=1)
    for low, high in bands(panel.levels):
        share = panel.levels[high] - panel.levels[low]
        axes.fill_between(
            ahead, panel.quantiles[:, low], panel.quantiles[:, high], color=COLOURS[0], alpha=0.22, linewidth=0,
            label=f"{share:.0%}",
        )  # fmt: skip
    axes.plot(ahead, panel.points, color=COLOURS[0], linewidth=1.4, marker="." if horizon == 1 else "")
    axes.axvline(0.5, color=COLOURS[5], linewidth=0.6, linestyle=":")
    axes.set_title(panel.title[:60], fontsize=9)
    axes.set_xticks([1, horizon] if horizon > 1 else [1], [panel.times[0], panel.times[-1]][: min(2, horizon)])
    axes.tick_params(labelsize=7)
    if bands(panel.levels):
        axes.legend(fontsize=7, frameon=False, loc="upper left")
