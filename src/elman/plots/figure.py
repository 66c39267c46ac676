"""The one place where matplotlib enters, and how a figure is written."""

from pathlib import Path
from typing import TYPE_CHECKING

from elman.data.files import write_whole
from elman.errors import ArgumentError, MissingExtraError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Dark enough to read as text on white, and told apart by people who see red and green alike.
COLOURS = ("#0b62a4", "#d1495b", "#2a8c6a", "#8a5aab", "#b8741a", "#46525c")
FORMATS = (".png", ".svg", ".pdf")


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure of the given size in inches, bound to no window and to no global state.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("matplotlib", "plot", "A figure") from error
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)  # what measures texts, without a screen
    return figure


def save_figure(figure: "Figure", path: str | Path) -> None:
    """Write a figure, whole or not at all; the name's ending chooses the format.

    Raises:
        ArgumentError: another ending than .png, .svg or .pdf.
        StorageError: it cannot be written.
    """
    ending = Path(path).suffix.lower()
    if ending not in FORMATS:
        raise ArgumentError(f"the figure's name {str(path)!r} ends in {ending!r}", expected=f"{', '.join(FORMATS)}")
    write_whole(path, lambda file: figure.savefig(file, format=ending[1:], dpi=160))
