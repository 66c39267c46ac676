"""Options as data: dataclasses whose fields carry their own help, shared by Python, YAML and the command line.

Nothing here imports torch: `elman train --help` is printed from these classes.
"""

from dataclasses import dataclass, field
from typing import Any


def option(default: Any, help: str, *, choices: tuple[str, ...] = ()) -> Any:
    """A dataclass field with a default, a line of help and, where they are few, its possible values."""
    return field(default=default, metadata={"help": help, "choices": choices})


@dataclass(frozen=True)
class DataOptions:
    """Which files and columns hold what."""

    text: str | None = option(None, "column that holds the text; found by itself if not given")
    label: str | None = option(None, "column that holds the label; found by itself if not given")
    label_separator: str | None = option(None, "character between several labels of one row (multi-label)")
    format: str | None = option(
        None,
        "format of the file; known from its name if not given",
        choices=("csv", "tsv", "jsonl", "parquet", "folder"),
    )
    encoding: str | None = option(None, "encoding of the file, such as latin-1; UTF-8 and UTF-16 are recognised")
    header: bool | None = option(None, "whether the first row names the columns; found by itself if not given")
    validation: str | None = option(None, "file of validation rows; without it a share of the training rows is used")
    validation_share: float = option(0.1, "share of the training rows kept for validation, taken from each class")
    test: str | None = option(None, "file of test rows, evaluated once after training")


@dataclass(frozen=True)
class SymbolOptions:
    """How a text becomes a sequence of symbols."""

    tokens: str = option("word", "what one symbol is", choices=("word", "character", "bpe"))
    vocabulary: int = option(30_000, "largest number of symbols, the most frequent ones are kept")
    lowercase: bool = option(True, "read capitals as small letters")
    max_length: int = option(400, "symbols of a text that are read at most; 0: all")
    keep: str = option("last", "which end of a longer text is read", choices=("last", "first"))
    pad_to: int = option(
        0, "append <pad> as if it were text up to this many symbols, as many tutorials do (it harms); 0: never"
    )
