"""Aligned tables and lines for the terminal; whole lines, never cut, where the output is a file or a pipe."""

import io
import json
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, TextIO


def table(rows: Iterable[Sequence[object]], header: Sequence[str] = (), left: Iterable[int] = (0,)) -> None:
    """Print rows in aligned columns, folded to the width of the terminal.

    Args:
        rows: cells, shown as text.
        header: names of the columns; none are printed if empty.
        left: numbers of the columns aligned to the left, the others are aligned to the right.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    cells = [[printable(str(cell)) for cell in row] for row in rows]
    if not cells:
        return
    lefts = set(left)
    grid = Table(box=None, show_header=bool(header), header_style="", pad_edge=False, padding=(0, 2, 0, 0))
    for number in range(max(map(len, [*cells, header]))):
        name = header[number] if number < len(header) else ""
        grid.add_column(Text(name), justify="left" if number in lefts else "right", overflow="fold")
    for row in cells:
        grid.add_row(*map(Text, row))
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 100_000
    drawn = io.StringIO()
    Console(file=drawn, width=width, color_system=None, highlight=False, emoji=False).print(grid)
    print("\n".join(line.rstrip() for line in drawn.getvalue().splitlines()))


def line(text: str) -> None:
    """Print a sentence, broken between words where a terminal is narrow."""
    print(fit(printable(text), sys.stdout))


def fit(text: str, stream: TextIO) -> str:
    """The text with its lines broken between words, where they go to a terminal that is narrower."""
    if not stream.isatty():
        return text
    width = shutil.get_terminal_size().columns
    lines = (textwrap.wrap(part, width, break_long_words=False, break_on_hyphens=False) for part in text.split("\n"))
    return "\n".join("\n".join(part) for part in lines)


def as_json(value: Any) -> None:
    """Print one JSON object, readable by people and by every JSON reader (no NaN)."""
    print(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def printable(text: str, keep: str = "") -> str:
    """The text with control characters escaped, so that a label or a file name cannot drive the terminal."""
    return "".join(c if c.isprintable() or c in keep else repr(c)[1:-1] for c in text)
