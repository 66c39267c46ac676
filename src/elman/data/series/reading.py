"""Many series out of one table: one row per time and series, one column per series, or one row per series."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from elman.data.series.frequency import Frequency, find_frequency
from elman.data.series.options import SeriesDataOptions
from elman.data.series.problems import (
    Describe,
    Problem,
    counted,
    describe_values,
    merge_duplicates,
    numbers,
    refuse_irregular,
    sort_rows,
)
from elman.data.series.roles import Roles, find_roles, is_numeric
from elman.data.series.table import STEPS, SeriesTable, starts_of
from elman.data.series.times import Times, parse_times
from elman.data.table import Table, read_table
from elman.errors import DataError

_MOST_GAPS = 20  # times as many steps left out as there are rows: then the times are wrong, or the frequency is


def read_series(
    path: str | os.PathLike[str],
    options: SeriesDataOptions | None = None,
    numeric: Mapping[str, bool] | None = None,
) -> SeriesTable:
    """Read series from a table: one row per time and series, one column per series, or one row per series.

    Times that no row holds become missing values; nothing is filled.

    Args:
        path: CSV, TSV, JSON lines or Parquet, the text formats also gzipped.
        options: columns and so on; None: all found by themselves.
        numeric: of some covariates, whether they are numbers, as in another file; the others tell it themselves.

    Raises:
        DataError: what is wrong, with line and column.

    Example:
        >>> path = getfixture("tmp_path") / "sales.csv"
        >>> _ = path.write_text("date,shop,y\\n2021-01-01,A,3\\n2021-01-02,A,4\\n2021-01-04,A,6\\n2021-01-01,B,7\\n")
        >>> table = read_series(path)
        >>> table.names, table.frequency.name, table.of(0).tolist(), table.problems[0].kind
        (['A', 'B'], 'daily', [3.0, 4.0, nan, 6.0], 'gaps')
    """
    options = options or SeriesDataOptions()
    table = numeric_table(path, format=options.format, encoding=options.encoding, header=options.header)
    roles = find_roles(table, options)
    if roles.layout == "rows":
        return _from_rows(table, roles, options)
    if roles.layout == "columns":
        return _from_columns(table, roles, options)
    return _from_long(table, roles, options, numeric or {})


def numeric_table(
    path: str | os.PathLike[str], *, format: str | None = None, encoding: str | None = None, header: bool | None = None
) -> Table:
    """`read_table`; in a table of numbers, a first row that is none of them, or counts the columns, names them."""
    table = read_table(path, format=format, encoding=encoding, header=header)
    counts = False
    if header is None and not table.named and table.format in ("csv", "tsv"):
        columns = [values for values in table.columns.values() if is_numeric(values[1:])]
        counts = len(columns) == len(table.columns) and _counts_columns(columns)
        if counts or any(not is_numeric(values[:1]) and str(values[0]).strip() for values in columns):
            table = read_table(path, format=format, encoding=encoding, header=True)
    notes = [note for note in table.notes if "column names" not in note]  # the roles are shown, which tells as much
    if counts:
        notes.append("the first row counts the columns from 0: it names them (--no-header reads it as a step)")
    return replace(table, notes=notes)


def _counts_columns(columns: Sequence[Sequence[Any]]) -> bool:
    """Whether the first row is 0, 1, 2, … above numbers that are not whole, as a table without names is often stored.

    In two columns it could be the first step and its value.

    Example:
        >>> _counts_columns([["0", "0.5"], ["1", "0.25"], ["2", "3"]]), _counts_columns([["0", "1"], ["1", "0.5"]])
        (True, False)
    """
    first = [str(values[0]).strip() for values in columns]
    if len(first) < 3 or first != [str(i) for i in range(len(first))]:
        return False
    return any("." in str(value) for values in columns for value in values[1:])


def _from_rows(table: Table, roles: Roles, options: SeriesDataOptions) -> SeriesTable:
    """One row per series: name, then its steps; empty cells at either end are no steps."""
    names = _names(table, roles)
    seen: dict[str, int] = {}
    for row, name in enumerate(names):
        if name in seen:
            raise table.places.error(
                row, f"the name {name!r} stands on line {table.lines[seen[name]]}, too", "a name for each series"
            )
        seen[name] = row
    grid = np.stack([numbers(table.columns[column], table.places, column) for column in roles.targets], 1)
    return _from_grid(table, roles, options, names, grid, None)


def _from_columns(table: Table, roles: Roles, options: SeriesDataOptions) -> SeriesTable:
    """One column per series, one row per time."""
    problems: list[Problem] = []
    order, new, positions, frequency, gaps = _line_up(table, roles, options, np.zeros(len(table), np.int64), problems)
    grid = np.full((int(positions[-1]) + 1, len(roles.targets)), np.nan)
    for k, column in enumerate(roles.targets):
        values = numbers(table.columns[column], table.places, column)[order]
        grid[positions[new], k] = _merged(values, new, options.duplicates)
    made = _from_grid(table, roles, options, list(roles.targets), grid.T, frequency, problems)
    return made if not gaps else _with_problem(made, gaps)


def _from_grid(
    table: Table, roles: Roles, options: SeriesDataOptions, names: list[str], grid: np.ndarray,
    frequency: tuple[Frequency, int] | None, problems: list[Problem] | None = None,
) -> SeriesTable:  # fmt: skip
    """Series from the rows of a grid (n, steps), missing values at either end cut off."""
    if options.most_steps:
        grid = grid[:, : options.most_steps]
    real = np.isfinite(grid)
    some = real.any(1)
    begin = np.where(some, real.argmax(1), 0)
    end = np.where(some, grid.shape[1] - real[:, ::-1].argmax(1), 0)
    starts = starts_of(end - begin)
    steps = np.arange(grid.shape[1])
    values = grid[(steps >= begin[:, None]) & (steps < end[:, None])]
    grid_of = frequency[0] if frequency else STEPS
    first = begin + frequency[1] if frequency else np.zeros(len(names), np.int64)
    return SeriesTable(
        names, starts, values, first.astype(np.int64), grid_of, options.season or grid_of.season, frequency is not None
        and roles.time is not None, roles, path=table.path, sha256=table.sha256, notes=list(table.notes),
        problems=(problems or []) + describe_values(values, starts, 0, "", grid_of, names),
    )  # fmt: skip


def _from_long(table: Table, roles: Roles, options: SeriesDataOptions, numeric: Mapping[str, bool]) -> SeriesTable:
    """One row per time and series."""
    problems: list[Problem] = []
    labels = _names(table, roles) if roles.series else []
    codes = {name: i for i, name in enumerate(dict.fromkeys(labels))}
    series = np.fromiter((codes[name] for name in labels), np.int64, len(labels))
    series = series if labels else np.zeros(len(table), np.int64)
    names = list(codes) or [roles.targets[0]]
    order, new, positions, (frequency, _), _ = _line_up(table, roles, options, series, problems, names)
    owner, at = series[order][new], positions[new]
    begins = np.flatnonzero(np.append(True, owner[1:] != owner[:-1]))
    first = at[begins]
    last = at[np.append(begins[1:], len(at)) - 1]
    lengths = last - first + 1
    _refuse_vast(lengths, len(table), frequency, table)
    if options.most_steps:
        lengths = np.minimum(lengths, options.most_steps)
    starts = starts_of(lengths)
    within = at - first[owner]
    kept = within < lengths[owner]
    place = (starts[:-1][owner] + within)[kept]
    target = roles.targets[0]
    read = partial(_column, table, numeric={**numeric, target: True})

    def spread(column: str) -> np.ndarray:
        values = read(column)[order]
        rule = options.duplicates if values.dtype != object and column == target else "first"
        flat: np.ndarray = np.full(int(starts[-1]), None if values.dtype == object else np.nan, dtype=values.dtype)
        flat[place] = _merged(values, new, rule)[kept]
        return flat

    values = spread(target)
    gaps = int(starts[-1]) - int(kept.sum())
    gap_at = _first_gap(owner, at, frequency, names) if gaps else ""
    if not np.isfinite(values).any():
        raise DataError("there is not a single value", "numbers to learn from", path=table.path, column=target)
    return SeriesTable(
        names, starts, values, first, frequency, options.season or frequency.season, roles.time is not None, roles,
        covariates={name: spread(name) for name in (*roles.past, *roles.future)},
        static={name: _static(table, name, read(name)[order], order, new, begins) for name in roles.static},
        path=table.path, sha256=table.sha256, notes=list(table.notes),
        problems=problems + describe_values(values, starts, gaps, gap_at, frequency, names),
    )  # fmt: skip


def _line_up(
    table: Table, roles: Roles, options: SeriesDataOptions, series: np.ndarray, problems: list[Problem],
    names: Sequence[str] = ("",),
) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[Frequency, int], Problem | None]:  # fmt: skip
    """The rows in the order of series and time, where a new time begins among them, and their positions on the grid.

    The positions of a single series begin at 0: then the position of its first step is told beside the frequency.
    """
    places = table.places
    if roles.time is None:
        order = np.argsort(series, kind="stable")
        begins = np.append(True, np.diff(series[order]) != 0)
        within = np.arange(len(order)) - np.maximum.accumulate(np.where(begins, np.arange(len(order)), 0))
        return order, np.ones(len(order), dtype=bool), within, (STEPS, 0), None
    texts = table.columns[roles.time]
    times = parse_times(texts, places, roles.time, options.day_first)
    problems += [Problem("times", note, 0) for note in times.notes]
    order = sort_rows(series, times, places, problems)
    describe = Describe(places, names, series[order], texts, order)
    ticks = times.ticks[order]
    new = merge_duplicates(series[order], ticks, order, options.duplicates, describe, problems)
    distinct = Times(ticks[new], times.calendar, times.zone)
    if options.frequency is not None:
        frequency = Frequency.named(options.frequency, distinct)
    else:
        frequency = find_frequency(distinct, series[order][new])
    if frequency is None:
        raise DataError(
            "no series has two times, so that nothing tells how far apart they are", "two at least",
            "Write --frequency daily, for instance.", path=table.path, column=roles.time,
        )  # fmt: skip
    positions, on_grid = frequency.positions(ticks)
    refuse_irregular(on_grid, frequency, describe)
    if roles.layout == "long":
        return order, new, positions, (frequency, 0), None
    first = int(positions[0])
    steps = np.diff(positions)
    gaps = int((steps[steps > 0] - 1).sum())
    _refuse_vast(np.array([gaps + len(table)]), len(table), frequency, table)
    at = int(np.flatnonzero(steps > 1)[0]) if gaps else 0
    sentence = f"{counted(gaps, 'time')} left out of the file, the first after {frequency.text(int(positions[at]))}"
    noted = Problem("gaps", f"{sentence}: missing, not zero", gaps) if gaps else None
    return order, new, positions - first, (frequency, first), noted


def _with_problem(table: SeriesTable, problem: Problem) -> SeriesTable:
    table.problems.append(problem)
    return table


def _column(table: Table, name: str, numeric: Mapping[str, bool]) -> np.ndarray:
    """A column as numbers, or as texts with None where one is missing; what it is, is known or told by its values."""
    values = table.columns[name]
    if numeric[name] if name in numeric else is_numeric(values):
        return numbers(values, table.places, name)
    return np.array([text or None for text in _texts(values)], dtype=object)


def _texts(values: Sequence[Any]) -> list[str]:
    return ["" if value is None else str(value).strip() for value in values]


def _merged(values: np.ndarray, new: np.ndarray, rule: str) -> np.ndarray:
    """One value for each time, of sorted rows."""
    if new.all() or rule in ("first", "refuse"):
        return values[new]
    begins = np.flatnonzero(new)
    if rule == "last":
        return values[np.append(begins[1:], len(values)) - 1]
    real = np.isfinite(values)
    counts = np.add.reduceat(real.astype(np.int64), begins)
    sums = np.add.reduceat(np.where(real, values, 0.0), begins)
    sums[counts == 0] = np.nan
    return sums if rule == "sum" else sums / np.maximum(counts, 1)


def _static(
    table: Table, name: str, values: np.ndarray, order: np.ndarray, new: np.ndarray, begins: np.ndarray
) -> np.ndarray:
    """One value for each series, refused where it changes within one."""
    starts = np.flatnonzero(new)[begins]
    owner = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(values))))
    same = (values == values[starts][owner]) | ((values != values) & (values[starts][owner] != values[starts][owner]))
    if not same.all():
        at = int(np.flatnonzero(~same)[0])
        raise table.places.error(
            int(order[at]), f"{values[at]}, where the series has {values[starts][owner][at]} before",
            "one value in each series", "Name it as --past or --future if it changes.", name,
        )  # fmt: skip
    return values[starts]


def _names(table: Table, roles: Roles) -> list[str]:
    columns = [_texts(table.columns[name]) for name in roles.series]
    for column, texts in zip(roles.series, columns, strict=True):
        if "" in texts:
            row = texts.index("")
            raise table.places.error(row, "the name of the series is missing", "a name in every row", "", column)
    return columns[0] if len(columns) == 1 else [" / ".join(row) for row in zip(*columns, strict=True)]


def _first_gap(owner: np.ndarray, at: np.ndarray, frequency: Frequency, names: list[str]) -> str:
    wide = np.flatnonzero((owner[1:] == owner[:-1]) & (np.diff(at) > 1))
    if not len(wide):
        return ""
    name = f" in {names[int(owner[wide[0]])]!r}" if len(names) > 1 else ""
    return f"after {frequency.text(int(at[wide[0]]))}{name}"


def _refuse_vast(lengths: np.ndarray, rows: int, frequency: Frequency, table: Table) -> None:
    if lengths.sum() > _MOST_GAPS * rows + 10_000:
        raise DataError(
            f"the times span {int(lengths.sum()):,} steps ({frequency.name}), and there are {rows:,} rows",
            "a row for most steps",
            "Is a time mistyped, or another --frequency meant?",
            path=table.path,
        )
