"""What an attention looked at, as a picture: a row for each symbol written, a column for each symbol read."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.errors import ArgumentError
from elman.plots.figure import COLOURS, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CELL, _MOST, _LETTER = 0.28, 40.0, 0.085  # inches: of a cell at most, of a side at most, of a letter


def draw_attention(weights: np.ndarray, source: Sequence[str], target: Sequence[str]) -> "Figure":
    """A map of the weights, dark where they are large; the symbols read above, those written at the left.

    Args:
        weights: (written, read), from 0 to 1.
        source: names of the symbols read.
        target: names of the symbols written.

    Raises:
        ArgumentError: names and weights that do not fit, or none.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> figure = draw_attention(np.eye(2), ["a", "house"], ["ein", "Haus"])
        >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
        ['ein', 'Haus']
    """
    if weights.shape != (len(target), len(source)) or not weights.size:
        raise ArgumentError(
            f"the weights have shape {weights.shape}, and there are {len(target)} symbols written, {len(source)} read",
            expected="a weight for each pair of them",
        )
    names = [[_shown(name) for name in side] for side in (source, target)]
    across, down = (min(_MOST, max(2.0, _CELL * len(side))) for side in names)
    margins = [_LETTER * max(map(len, side)) + 0.3 for side in (names[1], names[0])]
    figure = new_figure(across + margins[0], down + margins[1])
    axes = figure.add_subplot()
    axes.imshow(weights, cmap=_colours(), vmin=0.0, vmax=1.0, aspect="auto", interpolation="nearest")
    axes.set_xticks(range(len(source)), names[0], rotation=90, parse_math=False)
    axes.set_yticks(range(len(target)), names[1], parse_math=False)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.set_xticks(np.arange(0.5, len(source) - 1), minor=True)
    axes.set_yticks(np.arange(0.5, len(target) - 1), minor=True)
    axes.grid(which="minor", color="#e4e4e4", linewidth=0.5)
    axes.tick_params(which="minor", length=0)
    for edge in axes.spines.values():
        edge.set_visible(False)
    return figure


def _colours() -> Any:
    """From white to the first of the palette's colours."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("weights", ["#ffffff", COLOURS[0]])


def _shown(name: str) -> str:
    """A name as a label: nothing that cannot be drawn, nothing very long."""
    shown = "".join(c if c.isprintable() else "·" for c in name)
    return shown if len(shown) <= 24 else f"{shown[:23]}…"
