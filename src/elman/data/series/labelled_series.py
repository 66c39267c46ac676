"""Labelled numeric series from any of the formats: .ts, .arff, tables with a series per row or a step per row."""

import hashlib
import os
from typing import Any

import numpy as np

from elman.data.encoding import decode
from elman.data.files import read_stored, shown, unpack
from elman.data.series.arff_file import read_arff, without_end
from elman.data.series.collection import Collection, joined
from elman.data.series.collection_options import CollectionOptions
from elman.data.series.problems import numbers
from elman.data.series.times import looks_like_times, parse_times
from elman.data.series.ts_file import read_ts
from elman.data.table import Places, Table, read_table
from elman.errors import DataError

LABELS = ("label", "class", "target", "y", "category")
SERIES = ("series", "id", "case", "case_id", "series_id", "sample", "sequence")
TIMES = ("time", "step", "t", "timestamp", "timepoint")


def read_collection(
    path: str | os.PathLike[str], options: CollectionOptions | None = None, *, need_label: bool = True
) -> Collection:
    """Read labelled series from a file.

    A table has one series per row (its columns are the steps, empty cells at the end are none), or, where a column
    names the series, one step per row (its columns are the channels).

    Args:
        path: the file, plain or gzipped.
        options: which columns hold what.
        need_label: whether every series must have a class.

    Raises:
        DataError: what is wrong, with file, line, column and value.
        StorageError: it cannot be read.

    Example:
        >>> path = getfixture("tmp_path") / "moves.csv"
        >>> _ = path.write_text("series,time,x,y,label\\na,1,0.5,2,up\\na,0,0.25,1,up\\nb,0,3,,down\\n")
        >>> found = read_collection(path)
        >>> found.row(0).tolist(), found.row(1).tolist(), found.targets, found.channels
        ([[0.25, 1.0], [0.5, 2.0]], [[3.0, nan]], ['up', 'down'], ('x', 'y'))
    """
    options = options or CollectionOptions()
    kind = options.format or _format(os.fspath(path))
    if kind in ("ts", "arff"):
        return _case_file(path, kind, options, need_label)
    table = read_table(path, format=kind, encoding=options.encoding, header=options.header)
    label = _column(table, options.label, LABELS, "label") or _unnamed_label(table)
    if label is None and need_label:
        raise DataError(
            "no column of classes was found", f"a column named {', '.join(LABELS)}",
            f"Name it with --label; there are {', '.join(list(table.columns)[:10])}.", path=table.path,
        )  # fmt: skip
    series = _column(table, options.series, SERIES, "series")
    read = _by_row if series is None else _by_step
    return read(table, label, series, options)


def _format(name: str) -> str | None:
    """ "ts" or "arff" where the name says so; other formats are known by `read_table`."""
    base = name.lower().removesuffix(".gz")
    return next((kind for kind in ("ts", "arff") if base.endswith(f".{kind}")), None)


def _case_file(path: str | os.PathLike[str], kind: str, options: CollectionOptions, need_label: bool) -> Collection:
    stored = read_stored(path)
    name = shown(path)
    decoded = decode(unpack(stored, path), path, options.encoding)
    if not decoded.text.strip():
        raise DataError("the file is empty", "series", path=name)
    rows, targets, lines = (read_ts if kind == "ts" else read_arff)(decoded.text, name)
    if targets is None and need_label:
        raise DataError("the file holds no classes", "a class for every series", path=name)
    channels = tuple(f"channel_{c + 1}" for c in range(rows[0].shape[1]))
    values, offsets = joined(rows, len(channels))
    digest = hashlib.sha256(stored).hexdigest()
    return Collection(values, offsets, targets, channels, name, Places(name, lines), digest, decoded.notes)


def _by_row(table: Table, label: str | None, _: str | None, options: CollectionOptions) -> Collection:
    """One series per row, of one channel."""
    names = [name for name in table.columns if name != label]
    whole = _grid(table, names) if names else np.zeros((len(table), 0))
    rows = [without_end(row[:, None]) for row in whole]
    values, offsets = joined(rows, 1)
    targets = None if label is None else _targets(table, label, range(len(table)))
    return Collection(values, offsets, targets, ("value",), table.path, table.places, table.sha256, table.notes)


def _by_step(table: Table, label: str | None, series: str | None, options: CollectionOptions) -> Collection:
    """One step per row; the rows of a series need not stand together."""
    assert series is not None
    time = _column(table, options.time, TIMES, "time")
    names = [name for name in table.columns if name not in (label, series, time)]
    if not names:
        raise DataError("no column is left for the values", "columns of numbers", path=table.path)
    values = _grid(table, names)
    groups: dict[str, list[int]] = {}
    for row, value in enumerate(table.columns[series]):
        key = "" if value is None else str(value).strip()
        if not key:
            raise table.places.error(row, "this step belongs to no series", "a name", column=series)
        groups.setdefault(key, []).append(row)
    order = None if time is None else _times(table, time, options)
    firsts, rows = [], []
    for own in groups.values():
        firsts.append(own[0])
        if label is not None:
            _refuse_two_labels(table, label, own)
        if order is not None:
            own = _ordered(table, time, order, own)
        rows.append(values[own])
    targets = None if label is None else _targets(table, label, firsts)
    flat, offsets = joined(rows, len(names))
    places = Places(table.path, [table.lines[row] for row in firsts])
    return Collection(flat, offsets, targets, tuple(names), table.path, places, table.sha256, table.notes)


def _ordered(table: Table, time: str | None, order: np.ndarray, own: list[int]) -> list[int]:
    """The rows of a series in the order of their times."""
    times = order[own]
    if np.isnan(times).any():
        row = own[int(np.flatnonzero(np.isnan(times))[0])]
        raise table.places.error(row, "the time is missing", "a number", column=time)
    place = np.argsort(times, kind="stable")
    twice = np.flatnonzero(np.diff(times[place]) == 0)
    if len(twice):
        row = own[int(place[twice[0] + 1])]
        text = str(table.columns[time or ""][row]).strip()
        raise table.places.error(row, f"the time {text} occurs twice in its series", "once", column=time)
    return [own[i] for i in place]


def _refuse_two_labels(table: Table, label: str, own: list[int]) -> None:
    labels = table.columns[label]
    for row in own:
        if labels[row] != labels[own[0]]:
            raise table.places.error(
                row, f"the class is {labels[row]!r}, and {labels[own[0]]!r} before in the same series", "one class",
                column=label,
            )  # fmt: skip


def _targets(table: Table, label: str, rows: Any) -> list[str]:
    found = [table.columns[label][row] for row in rows]
    for row, one in zip(rows, found, strict=True):
        if one is None or str(one).strip() == "":
            raise table.places.error(row, "the class is missing", "a class for every series", column=label)
    return [str(one) for one in found]


def _grid(table: Table, names: list[str]) -> np.ndarray:
    """Columns of numbers (rows, columns), NaN where one is missing."""
    return np.stack([numbers(table.columns[name], table.places, name) for name in names], axis=1)


def _times(table: Table, name: str, options: CollectionOptions) -> np.ndarray:
    """What orders the steps of each series: numbers, or dates as ticks."""
    values = table.columns[name]
    if looks_like_times(values):
        return parse_times(values, table.places, name, options.day_first).ticks
    return numbers(values, table.places, name)


def _column(table: Table, named: str | None, usual: tuple[str, ...], role: str) -> str | None:
    """The column named by an option, or the one with a usual name."""
    if named is not None:
        if named not in table.columns:
            raise DataError(
                f"there is no column {named!r}", f"one of {', '.join(list(table.columns)[:20])}",
                f"Name the column with --{role}.", path=table.path,
            )  # fmt: skip
        return named
    known = {name.strip().lower(): name for name in table.columns}
    return next((known[word] for word in usual if word in known), None)


def _unnamed_label(table: Table) -> str | None:
    """Where no column has a name: the first one if its values repeat, as the archive's own tables have it."""
    if table.named or not table.columns:
        return None
    first = next(iter(table.columns))
    return first if len(set(table.columns[first])) <= max(2, len(table) // 2) else None
