"""Steps of numbers that come in line by line: CSV with a header or without one, or JSON lines."""

import csv
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from elman.data.files import byte_lines, did_you_mean
from elman.data.json_lines import cell, json_object
from elman.data.series.problems import MISSING, numbers
from elman.data.table import Places
from elman.errors import DataError

LONGEST = 1 << 20  # bytes of a line
_MARK = b"\xef\xbb\xbf"


class Reading(NamedTuple):
    """One step.

    Args:
        line: on which it stands, from 1.
        time: as it stands there, or "".
        series: the name of the series it belongs to, or "".
        values: of the columns asked for, NaN where one is missing.
    """

    line: int
    time: str
    series: str
    values: list[float]


class StepLines:
    """Takes a stream of lines apart; what they are is decided by the first.

    An object in braces: JSON lines. A line with a name that is known, or without a single number: a header, by which
    the fields are found whatever their order. Else fields without names: all those of the training's file, or the
    time and the columns, or the columns alone.

    Args:
        columns: those asked for.
        time, series: columns with the time and the name of the series; None: there is none.
        header: all columns of the training's file.
        path: the file, for messages.
        say: told once about columns that are passed over.

    Example:
        >>> lines = StepLines(["heat", "load"], "time", None, ["time", "heat", "load"], "a.csv", print)
        >>> lines.take(1, b"load,heat,time")
        >>> lines.take(2, b"1,20.5,09:30")
        Reading(line=2, time='09:30', series='', values=[20.5, 1.0])
    """

    def __init__(
        self, columns: Sequence[str], time: str | None, series: str | None, header: Sequence[str], path: str,
        say: Callable[[str], None],
    ) -> None:  # fmt: skip
        self.columns, self.time, self.series, self.header = tuple(columns), time, series, tuple(header)
        self.path, self.say = path, say
        self.form = ""  # "json" or "csv", once a line was there
        self._delimiter, self._width, self._first = ",", 0, 0
        self._at: list[int] = []
        self._time_at = self._series_at = -1
        self._unknown = False

    def take(self, number: int, raw: bytes) -> Reading | None:
        """The step on a line; None where the line is empty, or a header.

        Raises:
            DataError: what is wrong with it.
        """
        if len(raw) > LONGEST:
            raise DataError(
                f"the line is longer than {LONGEST:,} bytes", "a line per step", path=self.path, line=number
            )
        if number == 1:
            raw = raw.removeprefix(_MARK)
        try:
            text = raw.decode().rstrip("\r\n")
        except UnicodeDecodeError as error:
            found = f"byte {error.start + 1} of the line is 0x{raw[error.start]:02x}, which is not UTF-8"
            raise DataError(found, "text in UTF-8", path=self.path, line=number) from None
        if not text or text.isspace():
            return None
        if self.form == "json" or (not self.form and text.lstrip().startswith("{")):
            self.form = "json"
            return self._object(number, text)
        fields = self._fields(number, text)
        if not self.form:
            self._begin(number, fields)
            self.form = "csv"
            if self._named(fields):
                return None
        return self._row(number, fields)

    def _fields(self, number: int, text: str) -> list[str]:
        if not self.form and "," not in text:
            self._delimiter = next((mark for mark in (";", "\t") if mark in text), ",")
        if '"' not in text:
            return text.split(self._delimiter)
        try:
            return next(csv.reader([text], delimiter=self._delimiter, strict=True))
        except csv.Error as error:
            raise DataError(f"the row cannot be read ({error})", "closed quotes", path=self.path, line=number) from None

    def _named(self, fields: list[str]) -> bool:
        """Whether the first line names the columns."""
        names = [field.strip() for field in fields]
        known = {*self.columns, self.time, self.series}
        return any(name in known for name in names) or not any(_is_number(name) for name in names)

    def _begin(self, number: int, fields: list[str]) -> None:
        """Decide where the columns stand."""
        names = [field.strip() for field in fields]
        self._width, self._first = len(fields), number
        if not self._named(fields):
            bare = [name for name in (self.time,) if name] + list(self.columns)
            orders = [list(self.header), bare, *([] if self.series else [list(self.columns)])]
            found = next((order for order in orders if len(order) == len(fields)), None)
            if found is None:
                raise DataError(
                    f"the line has {len(fields)} field{'s' if len(fields) != 1 else ''} and no names",
                    f"{len(self.header)} as in the training's file ({', '.join(self.header)})", path=self.path,
                    line=number,
                )  # fmt: skip
            names = found
        twice = [name for i, name in enumerate(names) if name and name in names[:i]]
        if twice:
            raise DataError(f"the column {twice[0]!r} occurs twice", "each once", path=self.path, line=number)
        for name in [*self.columns, *([self.series] if self.series else [])]:
            if name not in names:
                raise DataError(
                    f"there is no column {name!r}, which the training had", f"{', '.join(self.columns)}",
                    did_you_mean(name, names), path=self.path, line=number,
                )  # fmt: skip
        self._at = [names.index(name) for name in self.columns]
        self._time_at = names.index(self.time) if self.time in names else -1
        self._series_at = names.index(self.series) if self.series else -1
        self._pass_over(name for name in names if name not in self.header)

    def _row(self, number: int, fields: list[str]) -> Reading:
        if len(fields) != self._width:
            raise DataError(
                f"the row has {len(fields)} field{'s' if len(fields) != 1 else ''}",
                f"{self._width} as on line {self._first}", path=self.path, line=number,
            )  # fmt: skip
        values = [self._number(number, self.columns[k], fields[at]) for k, at in enumerate(self._at)]
        time = fields[self._time_at].strip() if self._time_at >= 0 else ""
        return Reading(number, time, self._name(number, fields[self._series_at] if self.series else ""), values)

    def _object(self, number: int, text: str) -> Reading:
        row = json_object(text, self.path, number)
        if not any(name in row for name in self.columns):
            found = f"the object has the keys {', '.join(row)}" if row else "the object is empty"
            raise DataError(found, ", ".join(self.columns), path=self.path, line=number)
        self._pass_over(name for name in row if name not in self.header)
        values = [self._number(number, name, row.get(name)) for name in self.columns]
        time = row.get(self.time) if self.time else None
        series = cell(row.get(self.series)) if self.series else ""
        return Reading(number, "" if time is None else str(cell(time)), self._name(number, series), values)

    def _number(self, number: int, column: str, value: Any) -> float:
        if value is None:
            return math.nan
        if not isinstance(value, bool | list | dict):
            try:
                found = float(value)
                if found - found == 0 and not (isinstance(value, str) and "_" in value):
                    return found
            except (ValueError, OverflowError):
                pass
        # What is missing, and every error, as in a file.
        word = cell(value) if isinstance(value, bool | list | dict) else value
        return float(numbers([str(word)], Places(self.path, [number]), column)[0])

    def _name(self, number: int, value: Any) -> str:
        word = "" if value is None else str(value).strip()
        if self.series and not word:
            raise DataError(
                "the name of the series is missing", "a name in every row", path=self.path, line=number,
                column=self.series,
            )  # fmt: skip
        return word

    def _pass_over(self, names: Iterator[str]) -> None:
        if not self._unknown and (found := list(names)):
            self._unknown = True
            self.say(f"{self.path}: passed over, as the training had no such columns: {', '.join(found)[:500]}")


def read_lines(path: str, lines: StepLines, skip: Callable[[DataError], None] | None = None) -> Iterator[Reading]:
    """The steps of a file, or of the standard input, each as soon as its line is there.

    Args:
        path: the file; - for the standard input.
        lines: takes them apart.
        skip: told about each wrong line, which is passed over; None: the first one ends the reading.

    Raises:
        DataError: what is wrong, with line and column.
        StorageError: it cannot be read.
    """
    for number, raw in enumerate(byte_lines(path, LONGEST), start=1):
        try:
            step = lines.take(number, raw)
        except DataError as error:
            if skip is None or not lines.form:  # without a first line nothing can be read
                raise
            skip(error)
            continue
        if step is not None:
            yield step


def _is_number(text: str) -> bool:
    if text.lower() in MISSING:
        return True
    try:
        float(text)
    except ValueError:
        return False
    return True
