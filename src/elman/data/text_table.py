"""Plain values as a table of text in aligned columns."""

import io
import unicodedata
from collections.abc import Iterable, Sequence

_TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def aligned(
    rows: Iterable[Sequence[object]], header: Sequence[str] = (), left: Iterable[int] = (0,), width: int = 100_000
) -> str:
    """Rows as lines of aligned columns.

    Args:
        rows: cells, shown as text, control characters escaped: a label cannot drive the terminal.
        header: names of the columns; none if empty.
        left: numbers of the columns aligned to the left, the others are aligned to the right.
        width: cells are folded to make the lines no longer than this.

    Example:
        >>> print(aligned([("good", 12), ("bad", 3)], header=("class", "rows")))
        class  rows
        good     12
        bad       3
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    cells = [[printable(str(cell)) for cell in row] for row in rows]
    if not cells:
        return ""
    lefts = set(left)
    grid = Table(box=None, show_header=bool(header), header_style="", pad_edge=False, padding=(0, 2, 0, 0))
    for number in range(max(map(len, [*cells, header]))):
        name = header[number] if number < len(header) else ""
        grid.add_column(Text(name), justify="left" if number in lefts else "right", overflow="fold")
    for row in cells:
        grid.add_row(*map(Text, row))
    drawn = io.StringIO()
    Console(file=drawn, width=width, color_system=None, highlight=False, emoji=False).print(grid)
    return "\n".join(line.rstrip() for line in drawn.getvalue().splitlines())


def printable(text: str, keep: str = "") -> str:
    r"""The text with control characters escaped, all but those to keep.

    Example:
        >>> printable("a" + chr(27) + "[31m") == "a" + r"\x1b" + "[31m"
        True
    """
    return "".join(c if c.isprintable() or c in keep else repr(c)[1:-1] for c in text)


def written(text: str, keep: str = "\n\t") -> str:
    r"""A text of a model as it is, unless it would drive the terminal: control characters, but for those to keep,
    halves of surrogate pairs and what turns the direction of writing are escaped; special spaces and joiners stay.

    Example:
        >>> written("o\u00f9\u202f?" + chr(27) + "[31m") == "o\u00f9\u202f?" + r"\x1b" + "[31m"
        True
    """
    return "".join(c if c in keep or not _drives(c) else repr(c)[1:-1] for c in text)


def _drives(c: str) -> bool:
    return c in _TURNS or unicodedata.category(c) in ("Cc", "Cs")


def percent(share: float) -> str:
    """A share as text.

    Example:
        >>> percent(0.8712)
        '87.12 %'
    """
    return f"{100 * share:.2f} %"
