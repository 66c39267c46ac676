"""Aligned tables and lines for the terminal; whole lines, never cut, where the output is a file or a pipe."""

import json
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from elman.data.text_table import aligned
from elman.data.text_table import printable as printable
from elman.data.text_table import written as written


def table(rows: Iterable[Sequence[object]], header: Sequence[str] = (), left: Iterable[int] = (0,)) -> None:
    """Print rows in aligned columns, folded to the width of the terminal.

    Args:
        rows: cells, shown as text.
        header: names of the columns; none are printed if empty.
        left: numbers of the columns aligned to the left, the others are aligned to the right.
    """
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 100_000
    if drawn := aligned(rows, header, left, width):
        print(drawn)


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
