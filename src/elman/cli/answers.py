"""What the `elman predict` of several tasks share: rows of answers as CSV, JSON lines or Parquet, written whole."""

import csv
import io
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from elman.cli.sending import send
from elman.data.files import need_folder
from elman.errors import ConfigError

Row = dict[str, Any]
Form = Callable[[Iterable[Row], Sequence[str], str], bytes]  # rows may be made one by one: there can be millions


def write(content: bytes, rows: int, out: Path | None) -> None:
    """Write a file as a whole, or to the standard output."""
    send(content, out)
    if out is not None:
        print(f"{out}: {rows:,} rows", file=sys.stderr)


def form_of(out: Path | None) -> Form:
    """What turns rows into a file; a name that could not be written is refused here, before any work."""
    if out is None:
        return _as_csv
    forms = {".csv": _as_csv, ".jsonl": _as_json_lines, ".parquet": _as_parquet}
    if out.suffix.lower() not in forms:
        raise ConfigError(f"--out {out} has no known format", "a name ending in .csv, .jsonl or .parquet")
    need_folder(out)
    return forms[out.suffix.lower()]


def _as_csv(rows: Iterable[Row], names: Sequence[str], separator: str) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_joined(row[name], separator) for name in names] for row in rows)
    return text.getvalue().encode()


def _as_json_lines(rows: Iterable[Row], names: Sequence[str], separator: str) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows).encode()


def _as_parquet(rows: Iterable[Row], names: Sequence[str], separator: str) -> bytes:
    import polars

    columns: dict[str, list[Any]] = {name: [] for name in names}
    for row in rows:
        for name in names:
            columns[name].append(list(v) if isinstance(v := row[name], tuple) else v)
    content = io.BytesIO()
    polars.DataFrame(columns).write_parquet(content)
    return content.getvalue()


def _joined(value: Any, separator: str) -> Any:
    """Several labels of one text as one cell, as in the file of the training."""
    return separator.join(value) if isinstance(value, tuple) else value
