"""Several columns of numbers recorded step by step: sensors, meters, counters; perhaps of several machines."""

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from elman.data.files import did_you_mean
from elman.data.series.frequency import find_frequency
from elman.data.series.problems import Problem, counted, numbers, sort_rows
from elman.data.series.reading import numeric_table
from elman.data.series.recording_options import RecordingOptions
from elman.data.series.roles import find_time, is_numeric, split_names
from elman.data.series.table import starts_of
from elman.data.series.times import Times, parse_times
from elman.data.table import Table
from elman.errors import ArgumentError, DataError

NORMAL = frozenset({"", "0", "0.0", "false", "no", "n", "normal", "ok"})
ANOMALY = frozenset({"1", "1.0", "-1", "true", "yes", "y", "anomaly", "anomalous", "abnormal"})


@dataclass(frozen=True, eq=False)
class Recording:
    """Steps of n series one after another, each a vector of numbers.

    Args:
        values: (steps, columns), float64, NaN where one is missing.
        starts: where each series begins, and the last one ends (n + 1), int64.
        columns: what is recorded.
        names: of the series.
        times: of each step as the file has it; None where it tells none.
        labels: whether each step is an anomaly (steps), bool; None where that is not told.
        season: steps of one season; 1 where none is known.
        frequency: of the times in words, or "".
        time, series: the columns that hold the times and the names of the series.
        header: all columns of the file, in its order.
        path, sha256: of the file.
        place: names a step in messages.
        notes: what was noticed while reading.
        problems: what was noticed about the values.
    """

    values: np.ndarray
    starts: np.ndarray
    columns: tuple[str, ...]
    names: tuple[str, ...]
    times: list[str] | None = None
    labels: np.ndarray | None = None
    season: int = 1
    frequency: str = ""
    time: str | None = None
    series: str | None = None
    header: tuple[str, ...] = ()
    path: str = "the given values"
    sha256: str = ""
    place: Callable[[int], str] = "step {}".format
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def __len__(self) -> int:
        """The number of steps of all series."""
        return len(self.values)

    @property
    def lengths(self) -> np.ndarray:
        """Steps of each series (n)."""
        return np.diff(self.starts)

    def pieces(self) -> list[slice]:
        """Where each series stands among the steps."""
        return [slice(int(a), int(b)) for a, b in zip(self.starts[:-1], self.starts[1:], strict=True)]

    @staticmethod
    def of(values: Any, columns: Sequence[str] | None = None, *, labels: Any = None, season: int = 1) -> "Recording":
        """One series given as an array (steps, columns) or (steps), NaN where a value is missing.

        Raises:
            ArgumentError: another shape, no numbers, an infinite value, another number of names or labels.

        Example:
            >>> found = Recording.of([[20.5, 1.0], [20.7, float("nan")]], ["heat", "load"])
            >>> len(found), found.columns
            (2, ('heat', 'load'))
        """
        try:
            array = np.asarray(values, dtype=np.float64)
        except (TypeError, ValueError):
            found = f"values are {str(values)[:60]!r}"
            raise ArgumentError(found, "numbers (steps, columns), NaN where one is missing") from None
        array = array[:, None] if array.ndim == 1 else array
        if array.ndim != 2 or not array.shape[1] or np.isinf(array).any():
            raise ArgumentError(
                f"values of shape {np.shape(values)}", "finite numbers (steps, columns), NaN where one is missing"
            )
        names = tuple(columns or (f"column_{k + 1}" for k in range(array.shape[1])))
        marks = None if labels is None else np.asarray(labels, dtype=bool)
        if len(names) != array.shape[1] or (marks is not None and marks.shape != array.shape[:1]):
            raise ArgumentError(
                f"{array.shape[1]} columns, {len(array)} steps", "a name for each column, a label for each step"
            )
        digest = hashlib.sha256(repr((names, season)).encode() + array.tobytes()).hexdigest()
        starts = starts_of(np.array([len(array)]))
        return Recording(array, starts, names, ("",), labels=marks, season=season, header=names, sha256=digest)


def read_recording(
    path: str | os.PathLike[str], options: RecordingOptions | None = None, columns: Sequence[str] | None = None
) -> Recording:
    """Read a table with a row per step.

    Args:
        path: CSV, TSV, JSON lines or Parquet, the text formats also gzipped.
        options: columns and so on; None: all found by themselves.
        columns: those to watch where the options name none.

    Raises:
        DataError: what is wrong, with line and column.

    Example:
        >>> path = getfixture("tmp_path") / "boiler.csv"
        >>> _ = path.write_text("time,heat,load\\n2021-01-01 00:00,20.5,1\\n2021-01-01 01:00,20.7,\\n")
        >>> found = read_recording(path)
        >>> found.columns, found.values.tolist(), found.season
        (('heat', 'load'), [[20.5, 1.0], [20.7, nan]], 24)
    """
    options = options or RecordingOptions()
    table = numeric_table(path, format=options.format, encoding=options.encoding, header=options.header)
    asked = split_names(options.columns) or tuple(columns or ())
    _check_there(table, [*asked, *(name for name in (options.time, options.series, options.label) if name)])
    time = options.time or find_time(table, {"columns": asked, "other": _named(options)})[0]
    watched, left = _columns(table, asked, {time, options.series, options.label})
    values = np.stack([numbers(table.columns[name], table.places, name) for name in watched], 1)
    labels = None if options.label is None else _labels(table, options.label)
    names, owner = _series(table, options.series)
    notes = [*table.notes, *([f"not watched, as they hold no numbers: {', '.join(left)}"] if left else [])]
    problems: list[Problem] = []
    order, frequency, season = _order(table, time, owner, options, problems)
    values, owner = values[order], owner[order]
    lines = [table.lines[i] for i in order.tolist()]
    problems += _about(values, watched)
    return Recording(
        values,
        starts_of(np.bincount(owner, minlength=len(names))),
        watched,
        names,
        None if time is None else [str(table.columns[time][i]).strip() for i in order.tolist()],
        None if labels is None else labels[order],
        options.season or season,
        frequency,
        time,
        options.series,
        tuple(table.columns),
        table.path,
        table.sha256,
        lambda step: f"{table.path}:{lines[step]}",
        notes,
        problems,
    )


def _named(options: RecordingOptions) -> tuple[str, ...]:
    return tuple(name for name in (options.series, options.label) if name)


def _check_there(table: Table, names: Sequence[str]) -> None:
    for name in names:
        if name not in table.columns:
            shown = list(table.columns)[:20]
            raise DataError(
                f"there is no column {name!r}", f"one of {', '.join(shown)}", did_you_mean(name, table.columns),
                path=table.path,
            )  # fmt: skip
    twice = [name for i, name in enumerate(names) if name in names[:i]]
    if twice:
        raise DataError(f"the column {twice[0]!r} is named twice", "each column in one role", path=table.path)


def _columns(table: Table, asked: tuple[str, ...], taken: set[str | None]) -> tuple[tuple[str, ...], list[str]]:
    """The columns to watch, and those left out since they hold no numbers."""
    if asked:
        return asked, []
    free = [name for name in table.columns if name not in taken]
    found = tuple(name for name in free if is_numeric(table.columns[name]))
    if not found:
        raise DataError("there is no column of numbers to watch", "a column of numbers", path=table.path)
    return found, [name for name in free if name not in found]


def _labels(table: Table, name: str) -> np.ndarray:
    found = np.zeros(len(table), dtype=bool)
    for row, value in enumerate(table.columns[name]):
        word = "" if value is None else str(value).strip().lower()
        if word not in NORMAL and word not in ANOMALY:
            raise table.places.error(row, f"the label is {str(value)[:40]!r}", "0 or 1, normal or anomaly", column=name)
        found[row] = word in ANOMALY
    return found


def _series(table: Table, name: str | None) -> tuple[tuple[str, ...], np.ndarray]:
    """The names of the series, and to which of them each row belongs."""
    if name is None:
        return ("",), np.zeros(len(table), dtype=np.int64)
    codes: dict[str, int] = {}
    owner = np.zeros(len(table), dtype=np.int64)
    for row, value in enumerate(table.columns[name]):
        word = "" if value is None else str(value).strip()
        if not word:
            raise table.places.error(row, "the name of the series is missing", "a name in every row", column=name)
        owner[row] = codes.setdefault(word, len(codes))
    return tuple(codes), owner


def _order(
    table: Table, time: str | None, owner: np.ndarray, options: RecordingOptions, problems: list[Problem]
) -> tuple[np.ndarray, str, int]:
    """The rows in the order of series and time, the frequency in words, and its season."""
    if time is None:
        return np.argsort(owner, kind="stable"), "", 1
    times = parse_times(table.columns[time], table.places, time, options.day_first)
    problems += [Problem("times", note, 0) for note in times.notes]
    order = sort_rows(owner, times, table.places, problems)
    ticks, owner = times.ticks[order], owner[order]
    same = owner[1:] == owner[:-1]
    repeated = np.flatnonzero(same & (ticks[1:] == ticks[:-1]))
    if len(repeated):
        fix = "" if options.series else "; if they are of several series, name their column (--series)"
        where = table.places(int(order[repeated[0] + 1]))
        sentence = f"{counted(len(repeated), 'row')} of a time that was there before, first at {where}{fix}"
        problems.append(Problem("duplicates", sentence, len(repeated)))
    new = np.append(True, ~same | (ticks[1:] != ticks[:-1]))
    frequency = find_frequency(Times(ticks[new], times.calendar, times.zone), owner[new])
    if frequency is None:
        return order, "", 1
    positions, on_grid = frequency.positions(ticks)
    if not on_grid.all():
        off = int(np.flatnonzero(~on_grid)[0])
        sentence = f"the steps are irregular, first at {table.places(int(order[off]))}: they are read one after another"
        problems.append(Problem("irregular", sentence, int((~on_grid).sum())))
        return order, "irregular", 1
    wide = np.flatnonzero(same & (np.diff(positions) > 1))
    if len(wide):
        gaps = int((np.diff(positions)[wide] - 1).sum())
        where = table.places(int(order[wide[0] + 1]))
        sentence = f"{counted(gaps, 'step')} left out of the file, first before {where}: nothing is put in their place"
        problems.append(Problem("gaps", sentence, gaps))
    return order, frequency.name, frequency.season


def _about(values: np.ndarray, columns: tuple[str, ...]) -> list[Problem]:
    found: list[Problem] = []
    real = np.isfinite(values)
    missing = int((~real).sum())
    if missing:
        share = f" ({missing / values.size:.1%})"
        found.append(Problem("missing", f"{counted(missing, 'value', share)} missing: masked", missing))
    for k, name in enumerate(columns):
        own = values[real[:, k], k]
        if not len(own):
            found.append(Problem("empty", f"column {name!r} has no value at all", 1))
        elif own.min() == own.max():
            found.append(Problem("constant", f"column {name!r} is constant: any other value will stand out", 1))
    return found
