"""Parquet tables, read by polars."""

import io

from elman.data.csv_file import Rows
from elman.data.json_lines import cell
from elman.errors import DataError


def read_parquet(raw: bytes, path: str) -> Rows:
    """Read a table from the bytes of a Parquet file; a row's line is its number, from 1.

    Columns of other things than texts, numbers, truth values, dates, and lists of those are left out with a note.

    Raises:
        DataError: it is damaged, or has no rows.
    """
    import polars as pl

    if len(raw) < 12 or not (raw.startswith(b"PAR1") and raw.endswith(b"PAR1")):
        what = "is cut short or damaged" if raw.startswith(b"PAR1") else "is no Parquet file"
        raise DataError(f"the file {what}", "PAR1 as its first and last four bytes", "Write it again.", path=path)
    try:
        frame = pl.read_parquet(io.BytesIO(raw))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DataError(f"the Parquet file cannot be read ({reason})", fix="Write it again.", path=path) from None
    if frame.height == 0:
        raise DataError(f"columns ({', '.join(frame.columns)}), but no rows", "rows", path=path)
    columns: dict[str, list[object]] = {}
    notes: list[str] = []
    for series in frame:
        kind = series.dtype
        inner = kind.inner if isinstance(kind, pl.List) else kind
        if isinstance(inner, pl.Struct | pl.List | pl.Array | pl.Object) or inner == pl.Binary:
            notes.append(f"{path}: the column {series.name!r} holds {kind} and is left out")
            continue
        if isinstance(inner, pl.Categorical | pl.Enum):
            series = series.cast(pl.List(pl.String) if isinstance(kind, pl.List) else pl.String)
        values = series.to_list()
        columns[series.name] = values if series.dtype == pl.String else [cell(value) for value in values]
    return Rows(columns, list(range(1, frame.height + 1)), notes)
