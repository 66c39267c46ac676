"""The regular grid that the times of series lie on: found from them, named, and turned into features."""

import re
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from elman.data.series.times import DAY, EPOCH, SECOND, Times
from elman.errors import ConfigError

HOUR, MINUTE, WEEK = 3600 * SECOND, 60 * SECOND, 7 * DAY
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LAST_DAY = 0
# What `Frequency.named` knows: name → unit and step; the codes are those that pandas uses.
NAMES = {
    "secondly": ("tick", SECOND), "minutely": ("tick", MINUTE), "hourly": ("tick", HOUR), "daily": ("tick", DAY),
    "weekly": ("tick", WEEK), "monthly": ("month", 1), "quarterly": ("month", 3), "yearly": ("month", 12),
    "business daily": ("weekday", 1),
}  # fmt: skip
CODES = {
    "s": "secondly", "min": "minutely", "t": "minutely", "h": "hourly", "d": "daily", "b": "business daily",
    "w": "weekly", "m": "monthly", "ms": "monthly", "me": "monthly", "q": "quarterly", "qs": "quarterly",
    "qe": "quarterly", "y": "yearly", "a": "yearly", "ys": "yearly", "ye": "yearly",
    "second": "secondly", "minute": "minutely", "hour": "hourly", "day": "daily", "week": "weekly",
    "month": "monthly", "quarter": "quarterly", "year": "yearly",
}  # fmt: skip


@dataclass(frozen=True)
class Frequency:
    """A regular grid of times: position k stands for one point in time.

        tick:    ticks = origin + k · step                  hours, days, weeks, whole numbers
        month:   months since 1970 = origin + k · step      on one day of the month, at one time of the day
        weekday: k counts Mondays to Fridays

    Args:
        unit: "tick", "month" or "weekday".
        step: how many ticks, months or weekdays one position is.
        origin: the phase of the grid, 0 ≤ origin < step.
        calendar: whether ticks are microseconds since 1970; otherwise times are whole numbers.
        day: of the month, from 1; 0 is the last one.
        clock: the time of the day, for months and weekdays, in ticks.
        zone: "UTC" or "".

    Example:
        >>> monthly = Frequency("month", 1)
        >>> monthly.name, monthly.season, monthly.text(-252), monthly.text(-251)
        ('monthly (start)', 12, '1949-01-01', '1949-02-01')
    """

    unit: str
    step: int
    origin: int = 0
    calendar: bool = True
    day: int = 1
    clock: int = 0
    zone: str = ""

    def positions(self, ticks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The position of each time (n), int64, and whether it lies on the grid (n), bool."""
        if self.unit == "tick":
            k, rest = np.divmod(ticks - self.origin, self.step)
            return k, rest == 0
        if self.unit == "weekday":
            days = (ticks - self.clock) // DAY
            week, weekday = np.divmod(days + 3, 7)  # 1970-01-01 was a Thursday
            k, rest = np.divmod(5 * week + np.minimum(weekday, 4) - self.origin, self.step)
            return k, (weekday < 5) & ((ticks - self.clock) % DAY == 0) & (rest == 0)
        months, day, last, clock = _months(ticks)
        k, rest = np.divmod(months - self.origin, self.step)
        right = day == last if self.day == LAST_DAY else day == self.day
        return k, (rest == 0) & right & (clock == self.clock)

    def ticks(self, positions: np.ndarray) -> np.ndarray:
        """The times at some positions, as ticks."""
        k = np.asarray(positions, dtype=np.int64) * self.step + self.origin
        if self.unit == "tick":
            return k
        if self.unit == "weekday":
            return ((k // 5) * 7 + k % 5 - 3) * DAY + self.clock
        begin = k.astype("datetime64[M]")
        day = _next(begin) - np.timedelta64(1, "D") if self.day == LAST_DAY else begin.astype("datetime64[D]")
        days = day.astype(np.int64) + (0 if self.day == LAST_DAY else self.day - 1)
        return days * DAY + self.clock

    def text(self, position: int) -> str:
        """The time at a position, in the way of ISO 8601, or the whole number."""
        tick = int(self.ticks(np.array([position]))[0])
        if not self.calendar:
            return str(tick)
        moment = EPOCH + timedelta(microseconds=tick)
        whole_days = self.unit != "tick" and not self.clock
        whole_days = whole_days or (self.unit == "tick" and self.step % DAY == 0 and self.origin % DAY == 0)
        if whole_days:
            return moment.date().isoformat()
        exact = "microseconds" if tick % SECOND else "seconds" if self.step % MINUTE or tick % MINUTE else "minutes"
        return moment.isoformat(" ", exact) + ("Z" if self.zone else "")

    def texts(self, positions: np.ndarray) -> np.ndarray:
        """The times at many positions, in their shape: those that stand there often are written once."""
        different, place = np.unique(positions, return_inverse=True)
        written = np.array([self.text(position) for position in different.tolist()], dtype=object)
        return written[place].reshape(np.shape(positions))

    @property
    def name(self) -> str:
        """The frequency in words, such as "hourly", "every 15 minutes", "monthly (start)"."""
        if not self.calendar:
            return "whole numbers" if self.step == 1 else f"whole numbers, every {self.step}"
        if self.unit == "weekday":
            return "business daily" if self.step == 1 else f"every {self.step} business days"
        if self.unit == "month":
            when = {1: "start", LAST_DAY: "end"}.get(self.day, f"day {self.day}")
            word = {1: "monthly", 3: "quarterly", 12: "yearly"}.get(self.step, f"every {self.step} months")
            return f"{word} ({when})"
        if self.step == WEEK:
            return f"weekly ({WEEKDAYS[(self.origin // DAY + 3) % 7]})"
        for size, one, many in (
            (WEEK, "weekly", "weeks"), (DAY, "daily", "days"), (HOUR, "hourly", "hours"),
            (MINUTE, "every minute", "minutes"), (SECOND, "every second", "seconds"),
        ):  # fmt: skip
            if self.step % size == 0:
                return one if self.step == size else f"every {self.step // size} {many}"
        return f"every {self.step} microseconds"

    @property
    def season(self) -> int:
        """The usual length of a season in steps: a day of hours, a week of days, a year of weeks or months; else 1."""
        if not self.calendar:
            return 1
        whole = {"month": 12, "weekday": 5}.get(self.unit)
        if whole is None:
            whole = DAY if self.step < DAY else WEEK if self.step < WEEK else 52 * WEEK
        return max(1, whole // self.step) if whole % self.step == 0 else 1

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the columns of `features`."""
        names = [
            ("time of day", self.unit == "tick" and self.step < DAY),
            ("day of week", self.unit == "weekday" or (self.unit == "tick" and self.step % WEEK != 0)),
            ("time of year", self.unit != "month" or self.step < 12),
        ]
        return tuple(f"{f} of {name}" for name, there in names if there and self.calendar for f in ("sine", "cosine"))

    def features(self, positions: np.ndarray) -> np.ndarray:
        """Where in the day, the week and the year each position lies, as sine and cosine (n, features), float32.

        Example:
            >>> Frequency("month", 3).features(np.array([0, 1])).round(3).tolist()      # January, April
            [[0.0, 1.0], [1.0, 0.0]]
        """
        ticks = self.ticks(positions)
        shares: dict[str, np.ndarray] = {}
        if self.calendar:
            days = ticks.astype("datetime64[us]").astype("datetime64[D]")
            year = days.astype("datetime64[Y]")
            shares["time of day"] = (ticks % DAY) / DAY
            shares["day of week"] = ((ticks // DAY + 3) % 7) / 7
            if self.unit == "month":
                shares["time of year"] = (days.astype("datetime64[M]").astype(np.int64) % 12) / 12
            else:
                length = (_next(year) - year.astype("datetime64[D]")).astype(np.int64)
                shares["time of year"] = (days - year.astype("datetime64[D]")).astype(np.int64) / length
        columns = []
        for name in self.feature_names:
            function = np.sin if name.startswith("sine") else np.cos
            columns.append(function(2 * np.pi * shares[name.split(" of ", 1)[1]]))
        return np.stack(columns, 1).astype(np.float32) if columns else np.zeros((len(ticks), 0), np.float32)

    @staticmethod
    def named(text: str, times: Times) -> "Frequency":
        """The grid that a user names, such as "hourly", "15 minutes" or "MS", in the phase of the first time.

        Raises:
            ConfigError: no such frequency, or a calendar one for whole numbers.
        """
        found = re.fullmatch(r"\s*(?:every\s+)?(\d*)\s*([A-Za-z ]+?)\s*", text)
        count, word = (int(found.group(1) or 1), found.group(2).lower()) if found else (1, text.lower())
        word = word if word in NAMES else CODES.get(word) or CODES.get(word.removesuffix("s"), "")
        whole = re.fullmatch(r"\s*(\d+)\s*", text)
        if not times.calendar:
            if not whole or int(whole.group(1)) < 1:
                raise ConfigError(f"frequency is {text!r}, and the times are whole numbers", "a whole number")
            step = int(whole.group(1))
            return Frequency("tick", step, int(times.ticks[0]) % step, calendar=False)
        if word not in NAMES or count < 1:
            raise ConfigError(f"frequency is {text!r}", f"one of {', '.join(NAMES)}, or such as '15 minutes'")
        unit, step = NAMES[word]
        return _in_phase(unit, step * count, times)


def find_frequency(times: Times, series: np.ndarray) -> Frequency | None:
    """The grid of the most common step, months where all times fall on one day of the month; None if there is no step.

    Args:
        times: in rising order within each series, no two equal.
        series: the number of the series of each time (n).

    Returns:
        A grid in the phase of the first time; `positions` tells which of the times lie on it.

    Example:
        >>> ticks = np.array([0, 31, 59, 90]) * DAY
        >>> find_frequency(Times(ticks, calendar=True), np.zeros(4)).name
        'monthly (start)'
    """
    ticks = times.ticks
    same = series[1:] == series[:-1]
    steps = np.diff(ticks)[same]
    if not len(steps):
        return None
    sizes, counts = np.unique(steps, return_counts=True)
    step = int(sizes[counts.argmax()])
    if not times.calendar:
        return Frequency("tick", step, int(ticks[0]) % step, calendar=False)
    if sizes[0] >= 28 * DAY:
        months, day, last, clock = _months(ticks)
        if (clock == clock[0]).all() and ((day == day[0]).all() or (day == last).all()):
            sizes, counts = np.unique(np.diff(months)[same], return_counts=True)
            return _in_phase("month", int(sizes[counts.argmax()]), times)
    weekday = (ticks // DAY + 3) % 7
    if step == DAY and (weekday < 5).all() and (steps == 3 * DAY).any():
        return _in_phase("weekday", 1, times)
    return _in_phase("tick", step, times)


def _in_phase(unit: str, step: int, times: Times) -> Frequency:
    first = times.ticks[:1]
    clock = int(first[0] % DAY)
    if unit == "tick":
        return Frequency("tick", step, int(first[0]) % step, zone=times.zone)
    if unit == "weekday":
        whole = Frequency("weekday", 1, clock=clock).positions(first)[0]
        return Frequency("weekday", step, int(whole[0]) % step, clock=clock, zone=times.zone)
    months, day, last, _ = _months(times.ticks)
    end = bool((day == last).all()) and not bool((day == day[0]).all() and day[0] <= 28)
    return Frequency(
        "month", step, int(months[0]) % step, day=LAST_DAY if end else int(day[0]), clock=clock, zone=times.zone
    )


def _next(begin: np.ndarray) -> np.ndarray:
    """The first day of the month, or the year, after each."""
    return (begin + np.timedelta64(1, np.datetime_data(begin.dtype)[0])).astype("datetime64[D]")


def _months(ticks: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Months since 1970, day of the month from 1, the last day of that month, and ticks since midnight."""
    days = (ticks // DAY).astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    day = (days - months.astype("datetime64[D]")).astype(np.int64) + 1
    last = (_next(months) - months.astype("datetime64[D]")).astype(np.int64)
    return months.astype(np.int64), day, last, ticks % DAY
