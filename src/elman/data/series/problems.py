"""What is wrong with a table of series: text for numbers, duplicates, gaps, irregular steps, missing values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.data.series.frequency import Frequency
from elman.data.series.times import Times
from elman.data.table import Places
from elman.errors import DataError

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "<na>", "?", "-", "."})


@dataclass(frozen=True)
class Problem:
    """Something noticed that does not stop the reading.

    Args:
        kind: "order", "duplicates", "gaps", "missing", "constant", "empty", "short"; of what is as it should be, and
            only told, "times" and "ahead".
        sentence: what it is, where it first occurs, and what was done about it.
        count: how many rows, steps or series it concerns.
    """

    kind: str
    sentence: str
    count: int


def numbers(values: Sequence[Any], places: Places, column: str, rows: Sequence[int] | None = None) -> np.ndarray:
    """A column as numbers (n), float64, NaN where a value is missing.

    Args:
        values: texts or numbers; empty cells, NA, NaN, null, ? and the like are missing values.
        places: row → where it stands.
        column: its name, for messages.
        rows: the row of each value; None: 0, 1, 2, …

    Raises:
        DataError: a text that is no number, or an infinite one, with its line and how many others there are.

    Example:
        >>> numbers(["3", " 4.5 ", "", "NA"], Places("a.csv", [2, 3, 4, 5]), "y").tolist()
        [3.0, 4.5, nan, nan]
    """
    import polars

    column_of = polars.Series(values, dtype=polars.Float64, strict=False)
    found = column_of.fill_null(float("nan")).to_numpy().astype(np.float64, copy=True)
    wrong: list[int] = []
    for i in np.flatnonzero(~np.isfinite(found)).tolist():
        value = _number(values[i])
        found[i] = np.nan if value is None or value == float("inf") else value
        if value == float("inf"):
            wrong.append(i)
    if wrong:
        raise _no_number(values, wrong, places, column, rows)
    return found


def _number(value: Any) -> float | None:
    """A value that was not read in one go: None where it is missing, infinity where it is no number."""
    if value is None:
        return None
    if not isinstance(value, str):
        try:
            value = float(value)
        except (TypeError, ValueError):
            return float("inf")
        return None if value != value else float("inf") if abs(value) == float("inf") else value
    text = value.strip()
    if text.lower() in MISSING:
        return None
    try:
        number = float(text)
    except ValueError:
        return float("inf")
    return float("inf") if "_" in text or not np.isfinite(number) else number


def _no_number(
    values: Sequence[Any], wrong: list[int], places: Places, column: str, rows: Sequence[int] | None
) -> DataError:
    first = wrong[0]
    text = str(values[first]).strip()
    fix = "Leave the cell empty where a value is missing."
    plain = text.replace(" ", "").replace("\u00a0", "").replace("'", "")
    if "," in plain and _is_number(plain.replace(".", "").replace(",", ".")):
        fix = "It looks like a decimal comma: write numbers with a point, and no marks between thousands."
    if "," in plain and _is_number(plain.replace(",", "")) and len(plain) - plain.rfind(",") >= 4:
        fix = "It looks like marks between thousands: write numbers without them."
    try:
        infinite = abs(float(text)) == float("inf")
    except ValueError:
        infinite = False
    found = f"{text[:60]!r} is {'infinite' if infinite else 'no number'}"
    more = f" ({len(wrong):,} such values in all)" if len(wrong) > 1 else ""
    row = first if rows is None else rows[first]
    return places.error(row, found + more, "a finite number, or an empty cell", fix, column)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def sort_rows(series: np.ndarray, times: Times, places: Places, problems: list[Problem]) -> np.ndarray:
    """The order of the rows by series and time (n); rows that are not in it are noted."""
    ticks = times.ticks
    same = series[1:] == series[:-1]
    falling = same & (ticks[1:] < ticks[:-1])
    rising = same & (ticks[1:] > ticks[:-1])
    if falling.any():
        place = places(int(np.flatnonzero(falling)[0]) + 1)
        how = "run backwards in time" if not rising.any() else "are not in the order of time"
        sentence = f"the rows {how}, first at {place}: they are sorted"
        problems.append(Problem("order", sentence, int(falling.sum())))
    return np.lexsort((ticks, series))


def merge_duplicates(
    series: np.ndarray, ticks: np.ndarray, order: np.ndarray, rule: str, describe: "Describe", problems: list[Problem]
) -> np.ndarray:
    """Where a new (series, time) begins among the sorted rows (n), bool.

    Args:
        series, ticks: sorted.
        order: the row in the file of each.
        rule: "refuse", or what is made of several rows: "first", "last", "mean", "sum".
        describe: names rows in messages.
        problems: takes the note.

    Raises:
        DataError: the rule is "refuse", and there are rows of the same series and time.
    """
    new = np.ones(len(ticks), dtype=bool)
    new[1:] = (series[1:] != series[:-1]) | (ticks[1:] != ticks[:-1])
    if new.all():
        return new
    count = int((~new).sum())
    at = int(np.flatnonzero(~new)[0])
    where = f"{describe.times(at)} stands on lines {describe.line(order[at - 1])} and {describe.line(order[at])}"
    if rule == "refuse":
        more = f", and {count - 1:,} other rows repeat a time" if count > 1 else ""
        raise describe.places.error(
            int(order[at]),
            f"a time occurs twice: {where}{more}",
            "each time once in every series",
            "Name the column that tells the series apart (--series), or choose what becomes of such rows: "
            "--duplicates mean, sum, first or last.",
        )
    sentence = f"{count:,} rows repeat a time of their series ({where}): the {rule} is taken"
    problems.append(Problem("duplicates", sentence, count))
    return new


class Describe:
    """Names rows and times in messages.

    Args:
        places: row → where it stands.
        names: the name of each series.
        series: the number of the series of each sorted row.
        texts: the time of each row of the file, as it stands there.
        order: the row in the file of each sorted row.
    """

    def __init__(
        self, places: Places, names: Sequence[str], series: np.ndarray, texts: Sequence[Any], order: np.ndarray
    ) -> None:
        self.places, self.names, self.series, self.texts, self.order = places, names, series, texts, order

    def times(self, at: int) -> str:
        """The time of a sorted row, with its series where there are several."""
        name = f" of {self.names[int(self.series[at])]!r}" if len(self.names) > 1 else ""
        return f"{str(self.texts[int(self.order[at])]).strip()!r}{name}"

    def line(self, row: int) -> int:
        """The line of a row of the file."""
        return self.places.lines[int(row)]


def refuse_irregular(on_grid: np.ndarray, frequency: Frequency, describe: Describe) -> None:
    """Refuse times that do not lie on the grid.

    Raises:
        DataError: the first of them, and how many others there are.
    """
    if on_grid.all():
        return
    off = np.flatnonzero(~on_grid)
    at = int(off[0])
    begin = int(np.flatnonzero(on_grid)[0]) if on_grid.any() else 0
    raise describe.places.error(
        int(describe.order[at]),
        f"the steps are irregular: {describe.times(at)} does not lie on the grid of the other times, "
        f"{frequency.name} from {describe.times(begin)} on ({len(off):,} of {len(on_grid):,} times do not)",
        "equal steps; times may be left out",
        "If another step is meant, write --frequency; else round the times, or sum the rows up per day or hour.",
    )


def describe_values(
    values: np.ndarray, starts: np.ndarray, gaps: int, gap_at: str, frequency: Frequency, names: Sequence[str]
) -> list[Problem]:
    """What there is to say about the series on their grid: gaps, missing values, constant and very short series.

    Args:
        values: the targets, one series after another, NaN where missing (total).
        starts: where each series begins, and the last one ends (n + 1).
        gaps: steps that no row of the file holds.
        gap_at: where the first of them is.
        frequency, names: of the series.
    """
    found: list[Problem] = []
    if gaps:
        sentence = f"{counted(gaps, 'step')} left out of the file, the first {gap_at}: missing, not zero"
        found.append(Problem("gaps", sentence, gaps))
    lengths = np.diff(starts)
    real = np.isfinite(values)
    ahead = _after_the_newest(real, starts)
    missing = int((~real).sum()) - gaps - ahead
    if missing > 0:
        share = missing / max(1, len(values))
        found.append(Problem("missing", f"{counted(missing, 'value', f' ({share:.1%})')} missing: masked", missing))
    if ahead:
        sentence = f"{counted(ahead, 'step')} after the newest values, without one: what comes is forecast from there"
        found.append(Problem("ahead", sentence, ahead))
    filled = lengths > 0
    low, high = np.full(len(lengths), np.inf), np.full(len(lengths), -np.inf)
    low[filled] = np.minimum.reduceat(np.where(real, values, np.inf), starts[:-1][filled])
    high[filled] = np.maximum.reduceat(np.where(real, values, -np.inf), starts[:-1][filled])
    constant = np.flatnonzero((low == high) & (lengths > 1))
    if len(constant):
        which = f"the first is {names[int(constant[0])]!r}" if len(names) > 1 else "there is nothing to learn from it"
        found.append(Problem("constant", f"{len(constant):,} constant series; {which}", len(constant)))
    empty = np.flatnonzero(low == np.inf)
    if len(empty):
        sentence = f"{len(empty):,} series have no value at all, such as {names[int(empty[0])]!r}"
        found.append(Problem("empty", sentence, len(empty)))
    single = np.flatnonzero(lengths == 1)
    if len(single):
        sentence = f"{len(single):,} series have one step only, such as {names[int(single[0])]!r}"
        found.append(Problem("short", sentence, len(single)))
    return found


def _after_the_newest(real: np.ndarray, starts: np.ndarray) -> int:
    """Steps after the last value of each series that has one: rows that tell what is known ahead."""
    filled = np.diff(starts) > 0
    if not filled.any():
        return 0
    last = np.maximum.reduceat(np.where(real, np.arange(1, len(real) + 1), 0), starts[:-1][filled])
    return int((starts[1:][filled] - last)[last > 0].sum())


def counted(count: int, noun: str, more: str = "") -> str:
    """A number of things as the beginning of a sentence.

    Example:
        >>> counted(1, "step"), counted(1200, "value", " (3%)")
        ('1 step is', '1,200 values (3%) are')
    """
    return f"{count:,} {noun}{more} is" if count == 1 else f"{count:,} {noun}s{more} are"
