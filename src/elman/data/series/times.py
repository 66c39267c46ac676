"""Points in time as people write them: whole numbers, or dates whose day and month are never guessed."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np

from elman.data.table import Places
from elman.errors import DataError

SECOND = 1_000_000  # ticks are microseconds
DAY = 86_400 * SECOND
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
EPOCH = datetime(1970, 1, 1)
READABLE = "dates such as 2021-03-04, 2021-03, 2021-Q1 or 2021-03-04 05:30, or whole numbers"

_CLOCK = r"(?:[T ]\s*(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?"
_CLOCK += r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?"
_NAME = r"(?P<name>[A-Za-z]{3,9})\.?"
_FORMS = {
    "year first": rf"(?P<year>\d{{4}})(?P<mark>[-/.])(?P<month>\d{{1,2}})(?:(?P=mark)(?P<day>\d{{1,2}}))?{_CLOCK}",
    "year last": rf"(?P<one>\d{{1,2}})(?P<mark>[-/.])(?P<two>\d{{1,2}})(?P=mark)(?P<year>\d{{4}}){_CLOCK}",
    "quarter": r"(?P<year>\d{4})[- ]?Q(?P<quarter>[1-4])",
    "week": r"(?P<year>\d{4})-?W(?P<week>\d{2})",
    "named, day first": rf"(?P<day>\d{{1,2}})[- ]{_NAME}[- ,]+(?P<year>\d{{4}}){_CLOCK}",
    "named, month first": rf"{_NAME}[- ]+(?:(?P<day>\d{{1,2}}),? +)?(?P<year>\d{{4}}){_CLOCK}",
}
_PATTERNS = {form: re.compile(pattern, re.IGNORECASE) for form, pattern in _FORMS.items()}
_WHOLE = re.compile(r"[-+]?\d{1,18}(\.0+)?")
_COMPACT = re.compile(r"(1[89]|2[01])\d{6}")


@dataclass(frozen=True, eq=False)
class Times:
    """Points in time, one per row.

    Args:
        ticks: microseconds since the beginning of 1970, or the whole numbers themselves (n), int64.
        calendar: whether they are dates.
        zone: "UTC" where the file told offsets, all brought to UTC; otherwise "", the local clock.
        notes: what was decided, one sentence each.
    """

    ticks: np.ndarray
    calendar: bool
    zone: str = ""
    notes: tuple[str, ...] = ()


class _Read(NamedTuple):
    """One text as far as it can be read without knowing whether day or month comes first."""

    form: str
    year: int
    one: int
    two: int
    clock: timedelta
    offset: timedelta | None


def parse_times(values: Sequence[Any], places: Places, column: str, day_first: bool | None = None) -> Times:
    """Read a column of times; a date that can be read in two ways is asked about, never guessed.

    Args:
        values: one per row, texts or numbers.
        places: row → where it stands, for messages.
        column: its name, for messages.
        day_first: of dates such as 03/04/2021, whether the day comes first; None: from a day above 12 in the column.

    Raises:
        DataError: a time that is missing, cannot be read, does not exist or is ambiguous; two ways of writing in one
            column; offsets from UTC in some rows only.

    Example:
        >>> times = parse_times(["30/04/2021", "07/05/2021"], Places("a.csv", [2, 3]), "week")
        >>> str(times.ticks[1:].astype("datetime64[us]")[0])
        '2021-05-07T00:00:00.000000'
        >>> parse_times(["03/04/2021", "04/04/2021"], Places("a.csv", [2, 3]), "day")
        Traceback (most recent call last):
        elman.errors.DataError: a.csv:2, column 'day': '03/04/2021' is 3 April or 4 March. Expected dates that can be
        read in one way only. Write --day-first or --no-day-first.
    """
    texts = ["" if value is None else str(value).strip() for value in values]
    different = dict.fromkeys(texts)
    rows = _Rows(texts, places, column)
    if "" in different:
        raise rows.error("", "the time is missing", "a time in every row")
    if all(map(_WHOLE.fullmatch, different)):
        if all(map(_COMPACT.fullmatch, different)) and all(map(_exists, different)):
            ticks = {text: _ticks(datetime.strptime(text, "%Y%m%d")) for text in different}
            return Times(_spread(texts, ticks), True, notes=(f"{column!r} is read as dates YYYYMMDD",))
        return Times(_spread(texts, {text: int(text.split(".")[0]) for text in different}), False)
    read = {text: _read(text, rows) for text in different}
    _refuse_mixtures(read, rows)
    notes: list[str] = []
    if next(iter(read.values())).form == "year last":
        day_first = _order(read, rows, day_first, notes)
        if not day_first:
            read = {text: one._replace(one=one.two, two=one.one) for text, one in read.items()}
    zone = "" if next(iter(read.values())).offset is None else "UTC"
    if zone and _local(read):
        read, zone = {text: one._replace(offset=None) for text, one in read.items()}, ""
        notes.append(f"{column!r} has one time of the day: the dates of its own clock are read, without the offsets")
    elif zone:
        notes.append(f"{column!r} is brought to UTC")
    ticks = {text: _tick(text, one, rows) for text, one in read.items()}
    return Times(_spread(texts, ticks), True, zone, tuple(notes))


def _local(read: dict[str, _Read]) -> bool:
    """Whether all times are the same time of the day on a clock that is not UTC: then they are days, not hours."""
    return len(read) > 1 and len({one.clock for one in read.values()}) == 1 and any(one.offset for one in read.values())


def looks_like_times(values: Sequence[Any]) -> bool:
    """Whether the first values of a column are dates (whole numbers are not enough).

    Example:
        >>> looks_like_times(["1949-01", "1949-02"]), looks_like_times(["112", "118"])
        (True, False)
    """
    head = [str(value).strip() for value in values[:20] if value is not None and str(value).strip()]
    return bool(head) and all(any(p.fullmatch(text) for p in _PATTERNS.values()) for text in head)


class _Rows:
    """Where a text stands, for messages."""

    def __init__(self, texts: list[str], places: Places, column: str) -> None:
        self.texts, self.places, self.column = texts, places, column

    def error(self, text: str, found: str, expected: str = "", fix: str = "") -> DataError:
        return self.places.error(self.texts.index(text), found, expected, fix, self.column)

    def place(self, text: str) -> str:
        return self.places(self.texts.index(text))


def _spread(texts: list[str], ticks: dict[str, int]) -> np.ndarray:
    return np.fromiter(map(ticks.__getitem__, texts), dtype=np.int64, count=len(texts))


def _read(text: str, rows: _Rows) -> _Read:
    for form, pattern in _PATTERNS.items():
        if found := pattern.fullmatch(text):
            return _parts(form, text, found.groupdict(), rows)
    short = re.fullmatch(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2}(\D.*)?", text)
    fix = "Write the year with four digits." if short else ""
    raise rows.error(text, f"{text[:60]!r} is not a time", READABLE, fix)


def _parts(form: str, text: str, part: dict[str, str | None], rows: _Rows) -> _Read:
    def number(name: str, default: int = 0) -> int:
        return int(part.get(name) or default)

    hour, half = number("hour"), (part.get("half") or "").lower()[:1]
    if (half and not 1 <= hour <= 12) or hour > 23 or number("minute") > 59 or number("second") > 59:
        raise rows.error(text, f"{text!r} has a clock time that does not exist", "00:00:00 to 23:59:59")
    hour = hour % 12 + 12 * (half == "p") if half else hour
    micro = int((part.get("part") or "0").ljust(6, "0")[:6])
    clock = timedelta(hours=hour, minutes=number("minute"), seconds=number("second"), microseconds=micro)
    day, month = number("day", 1), number("month", 1)
    if form == "year last":
        day, month = number("one"), number("two")
    elif form == "quarter":
        month = 3 * number("quarter") - 2
    elif form == "week":  # the Monday of the ISO week
        try:
            monday = date.fromisocalendar(number("year"), number("week"), 1)
        except ValueError:
            raise rows.error(text, f"{text!r} is a week that does not exist", "a week from W01 to W52 or W53") from None
        return _Read(form, monday.year, monday.day, monday.month, clock, None)
    elif form.startswith("named"):
        name = (part["name"] or "").lower()
        numbers = [k for k, known in enumerate(MONTHS, 1) if known.lower().startswith(name) or name == "sept"]
        if not numbers:
            raise rows.error(text, f"{text!r} names no month", "an English name such as Jan or January")
        month = 9 if name == "sept" else numbers[0]
    return _Read(form, number("year"), day, month, clock, _offset(part.get("zone")))


def _offset(zone: str | None) -> timedelta | None:
    if zone is None:
        return None
    if zone[0] not in "+-":
        return timedelta(0)
    size = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return size if zone[0] == "+" else -size


def _refuse_mixtures(read: dict[str, _Read], rows: _Rows) -> None:
    first, form = next((text, one) for text, one in read.items())
    for text, one in read.items():
        if one.form != form.form:
            found = f"{text!r} is written in another way than {first!r} at {rows.place(first)}"
            raise rows.error(text, found, "one way of writing times in the whole column")
        if (one.offset is None) != (form.offset is None):
            which = ("has an offset from UTC", "has none") if form.offset is None else ("has no offset", "has one")
            found = f"{text!r} {which[0]}, {first!r} at {rows.place(first)} {which[1]}"
            raise rows.error(text, found, "offsets from UTC in every row, or in none")


def _order(read: dict[str, _Read], rows: _Rows, day_first: bool | None, notes: list[str]) -> bool:
    """Whether the day comes before the month: as given, or as a day above 12 shows; both readings may be the same."""
    day = next((text for text, one in read.items() if one.one > 12), None)
    month = next((text for text, one in read.items() if one.two > 12), None)
    if day is not None and month is not None:
        found = f"in {month!r} the day comes second, in {day!r} at {rows.place(day)} it comes first"
        raise rows.error(month, found, "one order of day and month in the whole column")
    if day_first is not None:
        wrong = month if day_first else day
        if wrong is not None:
            order = "first" if day_first else "second"
            raise rows.error(wrong, f"{wrong!r} cannot be read with the day {order}, as it was asked for")
        return day_first
    shows = day or month
    if shows is None:
        text = next((text for text, one in read.items() if one.one != one.two), None)
        if text is None:
            return True
        one = read[text]
        found = f"{text!r} is {_in_words(one.one, one.two)} or {_in_words(one.two, one.one)}"
        raise rows.error(text, found, "dates that can be read in one way only", "Write --day-first or --no-day-first.")
    notes.append(f"{rows.column!r} has the {'day' if day else 'month'} first, as {shows!r} shows")
    return day is not None


def _in_words(day: int, month: int) -> str:
    """Day and month as in "3 April"; a month above 12 is nobody's."""
    return f"{day} {MONTHS[min(max(month, 1), 12) - 1]}"


def _tick(text: str, one: _Read, rows: _Rows) -> int:
    try:
        moment = datetime(one.year, one.two, one.one) + one.clock - (one.offset or timedelta(0))
    except (ValueError, OverflowError):
        raise rows.error(text, f"{text!r} is a date that does not exist", READABLE) from None
    return _ticks(moment)


def _ticks(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def _exists(text: str) -> bool:
    return _holds(lambda: datetime.strptime(text, "%Y%m%d"))


def _holds(make: Callable[[], object]) -> bool:
    try:
        make()
    except ValueError:
        return False
    return True
