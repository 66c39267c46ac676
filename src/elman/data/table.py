"""One table from any of the formats: CSV, TSV, JSON lines, Parquet, lines of text, a folder per class."""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from elman.data.csv_file import Rows, has_header, read_csv
from elman.data.encoding import decode
from elman.data.files import STDIN, read_stored, shown, unpack
from elman.data.folders import read_folder
from elman.data.json_lines import read_json_lines
from elman.data.parquet import read_parquet
from elman.errors import ConfigError, DataError

FORMATS = {
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl",
    ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip


@dataclass(frozen=True)
class Places:
    """Where each row comes from: `places(row)` is "reviews.csv:17", or the file in a folder per class.

    Args:
        path: the file, or the folder.
        lines: the line on which each row begins, from 1; the row's number in a Parquet file.
        files: the file of each row of a folder per class.
    """

    path: str
    lines: list[int]
    files: list[str] | None = None

    def __call__(self, row: int) -> str:
        """The place of a row."""
        return self.files[row] if self.files is not None else f"{self.path}:{self.lines[row]}"

    def error(self, row: int, found: str, expected: str = "", fix: str = "", column: str | None = None) -> DataError:
        """A `DataError` that names the place of a row."""
        if self.files is not None:
            return DataError(found, expected, fix, path=self.files[row])
        return DataError(found, expected, fix, path=self.path, line=self.lines[row], column=column)


@dataclass(frozen=True)
class Table:
    """Columns of a file by name: each value a text, a list of texts, or None where it is missing.

    Args:
        path: the file as messages name it.
        columns: name → one value per row.
        places: where each row comes from.
        format: "csv", "tsv", "jsonl", "parquet", "lines" or "folder".
        encoding: of the text, "" for Parquet.
        sha256: of the file as it is stored; of all files in a folder.
        named: whether the file itself names its columns.
        notes: what was noticed while reading, one sentence each.
    """

    path: str
    columns: dict[str, list[Any]]
    places: Places
    format: str
    encoding: str
    sha256: str
    named: bool = True
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.places.lines)

    @property
    def lines(self) -> list[int]:
        """The line on which each row begins."""
        return self.places.lines

    def place(self, row: int) -> str:
        """Where a row comes from, as in "reviews.csv:17"."""
        return self.places(row)


def read_table(
    path: str | os.PathLike[str],
    *,
    format: str | None = None,
    encoding: str | None = None,
    header: bool | None = None,
    plain: bool = False,
) -> Table:
    """Read a file, or a folder with one folder per class, into one table.

    Args:
        path: the file, plain or gzipped; a folder; "-" for standard input, which holds one text per line.
        format: "csv", "tsv", "jsonl", "parquet", "lines" or "folder"; None: from the name, else from the content.
        encoding: of the text; None: UTF-8, UTF-16 where recognised.
        header: whether the first row of a CSV or TSV file names the columns; None: found by itself.
        plain: whether a file whose name does not tell its format is lines of text, unless every line has a tab.

    Raises:
        DataError: what is wrong, with file and line.
        ConfigError: an unknown format or encoding.
        StorageError: it cannot be read.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "reviews.csv")
        >>> _ = path.write_text("text,label\\na fine film,1\\nvery dull,0\\n")
        >>> table = read_table(path)
        >>> len(table), table.columns["label"], table.lines
        (2, ['1', '0'], [2, 3])
    """
    name = os.fspath(path)
    if format not in (None, "lines", "folder", *FORMATS.values()):
        raise ConfigError(f"format is {format!r}", "csv, tsv, jsonl, parquet, lines or folder")
    if format == "folder" or (format is None and name != STDIN and os.path.isdir(name)):
        return _folder_table(name, encoding)
    stored = read_stored(name)
    raw = unpack(stored, name)
    label = shown(name)
    if not raw.strip():
        raise DataError("the file is empty" if name != STDIN else "nothing to read", "rows of text", path=label)
    kind = format or format_of_name(name) or ("parquet" if raw.startswith(b"PAR1") else None)
    if kind == "parquet":
        rows, decoded_as = read_parquet(raw, label), ""
    else:
        decoded = decode(raw, name, encoding)
        if not decoded.text.strip():
            raise DataError("the file is empty", "rows of text", path=label)
        kind = kind or _format_of_text(decoded.text, plain=plain)
        rows, decoded_as = _rows(decoded.text, label, kind, header), decoded.encoding
        rows = rows._replace(notes=[*decoded.notes, *rows.notes])
    return Table(
        path=label,
        columns=rows.columns,
        places=Places(label, rows.lines),
        format=kind,
        encoding=decoded_as,
        sha256=hashlib.sha256(stored).hexdigest(),
        named=kind != "lines" and "column_1" not in rows.columns,
        notes=rows.notes,
    )


def read_texts(
    path: str | os.PathLike[str],
    words: Iterable[str],
    *,
    format: str | None = None,
    encoding: str | None = None,
    plain: bool = False,
) -> Table:
    """Read a table of texts: of two columns only a first row with one of some words names them.

    Two short texts would look like names; where they do, a note says that they are read as data.

    Args:
        path, format, encoding, plain: as for `read_table`.
        words: usual names of the columns.

    Raises:
        DataError, ConfigError, StorageError: as `read_table`.

    Example:
        >>> path = getfixture("tmp_path") / "chats.tsv"
        >>> _ = path.write_text("hi\\thello\\nbye\\tbye, now\\n")
        >>> read_texts(path, ["question", "answer"]).columns
        {'column_1': ['hi', 'bye'], 'column_2': ['hello', 'bye, now']}
    """
    table = read_table(path, format=format, encoding=encoding, header=False, plain=plain)
    if table.format not in ("csv", "tsv"):
        return table
    rows = [list(row) for row in islice(zip(*table.columns.values(), strict=True), 1001)]
    if len(rows[0]) != 2 or {word.lower() for word in words} & {text.strip().lower() for text in rows[0]}:
        return read_table(path, format=format, encoding=encoding, plain=plain)
    if not has_header(rows):
        return table
    first = f"{rows[0][0]}, {rows[0][1]}"
    note = f"the first row of {table.path} is read as data: {first} (if it names what stands below, add --header)"
    return replace(table, notes=[*table.notes, note])


def _rows(text: str, path: str, kind: str, header: bool | None) -> Rows:
    if kind == "jsonl":
        return read_json_lines(text, path)
    if kind == "lines":
        return _read_lines(text)
    return read_csv(text, path, "\t" if kind == "tsv" else ",", header)


def _read_lines(text: str) -> Rows:
    """One text per line; an empty line is an empty text, the end of the last line begins no other."""
    lines: list[object] = [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]
    return Rows({"text": lines}, list(range(1, len(lines) + 1)), [])


def _folder_table(path: str, encoding: str | None) -> Table:
    folder = read_folder(path, encoding)
    return Table(
        path=path,
        columns={"text": folder.texts, "label": folder.labels},
        places=Places(path, [1] * len(folder.texts), folder.files),
        format="folder",
        encoding=", ".join(folder.encodings),
        sha256=folder.sha256,
        notes=folder.notes,
    )


def format_of_name(name: str) -> str | None:
    """The format that a file's name tells, None if it tells none.

    Example:
        >>> format_of_name("reviews.csv.gz"), format_of_name("reviews.txt")
        ('csv', None)
    """
    if name == STDIN:
        return "lines"
    base = name.lower().removesuffix(".gz").removesuffix(".gzip")
    return FORMATS.get(os.path.splitext(base)[1])


def _format_of_text(text: str, *, plain: bool) -> str:
    """The format of a file whose name does not tell: JSON, tabs or named columns in every line; else lines of text.

    Braces and commas stand in texts, too: of a `plain` file only tabs tell.
    """
    if not plain and text.lstrip().startswith("{"):
        return "jsonl"
    head = [line.removesuffix("\r") for line in text.split("\n")[:50] if line.strip()]
    if len({line.count("\t") for line in head}) == 1 and "\t" in head[0]:
        return "tsv"
    first = head[0].split(",")
    if plain or len(first) == 1 or not has_header([first]):
        return "lines"
    if all(len(name) < 40 and len(name.split()) < 3 for name in first):
        return "csv"
    return "lines"
