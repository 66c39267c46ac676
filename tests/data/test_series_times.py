"""Times are read as they are written or asked about; the grid they lie on is found and named."""

from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from elman.data.series.frequency import DAY, Frequency, find_frequency
from elman.data.series.times import EPOCH, Times, looks_like_times, parse_times
from elman.data.table import Places
from elman.errors import ConfigError, DataError


def read(*texts: str, day_first: bool | None = None) -> Times:
    return parse_times(texts, Places("a.csv", list(range(2, 2 + len(texts)))), "when", day_first)


def moment(tick: int) -> datetime:
    return EPOCH + timedelta(microseconds=int(tick))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021-03-04", datetime(2021, 3, 4)),
        ("2021/3/4", datetime(2021, 3, 4)),
        ("2021-03", datetime(2021, 3, 1)),
        ("2021-Q3", datetime(2021, 7, 1)),
        ("2021Q1", datetime(2021, 1, 1)),
        ("2020-W53", datetime(2020, 12, 28)),  # by the calendar of ISO 8601
        ("2021-03-04 05:06", datetime(2021, 3, 4, 5, 6)),
        ("2021-03-04T05:06:07.5", datetime(2021, 3, 4, 5, 6, 7, 500_000)),
        ("2021-03-04T05:06:07Z", datetime(2021, 3, 4, 5, 6, 7)),
        ("2021-03-04 01:00+05:30", datetime(2021, 3, 3, 19, 30)),
        ("13.03.2021", datetime(2021, 3, 13)),
        ("03/13/2021 12:05 AM", datetime(2021, 3, 13, 0, 5)),
        ("3 Mar 2021", datetime(2021, 3, 3)),
        ("March 3, 2021", datetime(2021, 3, 3)),
        ("Sept 2021", datetime(2021, 9, 1)),
        ("20210304", datetime(2021, 3, 4)),
        ("0001-01-01", datetime(1, 1, 1)),
        ("9999-12-31", datetime(9999, 12, 31)),
    ],
)
def test_ways_of_writing(text: str, expected: datetime) -> None:
    times = read(text)
    assert times.calendar
    assert moment(times.ticks[0]) == expected


def test_offsets_agree_with_the_standard_library() -> None:
    texts = ["2021-03-28T01:30:00+01:00", "2021-03-28T03:30:00+02:00", "2021-03-28T00:30:00-0330"]
    times = read(*texts)
    expected = [
        datetime.fromisoformat(t).astimezone(timezone.utc).replace(tzinfo=None)  # noqa: UP017
        for t in ("2021-03-28T01:30:00+01:00", "2021-03-28T03:30:00+02:00", "2021-03-28T00:30:00-03:30")
    ]
    assert [moment(t) for t in times.ticks] == expected
    assert times.zone == "UTC"


def test_whole_numbers_are_whole_numbers() -> None:
    times = read("7", "-3", "12.0")
    assert not times.calendar
    assert times.ticks.tolist() == [7, -3, 12]
    assert not read("20211304").calendar  # no date: there is no 13th month


def test_one_day_above_twelve_tells_for_the_whole_column() -> None:
    assert [moment(t).day for t in read("01/02/2021", "13/02/2021").ticks] == [1, 13]
    assert [moment(t).day for t in read("01/02/2021", "01/13/2021").ticks] == [2, 13]
    assert moment(read("01/02/2021", day_first=True).ticks[0]).month == 2
    assert moment(read("01/02/2021", day_first=False).ticks[0]).month == 1
    assert moment(read("01/01/2021", "02/02/2021").ticks[1]).month == 2  # both readings are the same


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (("01/02/2021", "03/04/2021"), "is 1 February or 2 January"),
        (("13/02/2021", "02/13/2021"), "one order of day and month"),
        (("2021-02-30",), "does not exist"),
        (("2021-13-01",), "does not exist"),
        (("2021-01-01 25:00",), "clock time"),
        (("2021-01-01 10:00:60",), "clock time"),
        (("2021-W54",), "week that does not exist"),
        (("Foo 2021",), "names no month"),
        (("01/02/21",), "four digits"),
        (("2021-01-01", "", "2021-01-03"), "a.csv:3, column 'when': the time is missing"),
        (("2021-01-01", "yesterday"), "a.csv:3, column 'when': 'yesterday' is not a time"),
        (("2021-01-01", "13/02/2021"), "another way"),
        (("2021-01-01 00:00Z", "2021-01-01 01:00"), "offset"),
    ],
)
def test_refusals_name_the_place(texts: tuple[str, ...], says: str) -> None:
    with pytest.raises(DataError, match=says.replace("(", r"\(")):
        read(*texts)


def test_days_keep_the_dates_of_their_own_clock() -> None:
    # midnight in Berlin, before and after the clocks are put forward; in UTC they are no days any more
    times = read("2022-03-26 00:00+01:00", "2022-03-27 00:00+01:00", "2022-03-28 00:00+02:00", "2022-03-29 00:00+02:00")
    assert (times.ticks // DAY - times.ticks[0] // DAY).tolist() == [0, 1, 2, 3]
    assert (times.ticks % DAY == 0).all()
    assert times.zone == ""
    assert "without the offsets" in times.notes[0]
    assert read("2022-03-26 00:00Z", "2022-03-27 00:00Z").zone == "UTC"
    hours = read("2022-03-27 01:00+01:00", "2022-03-27 03:00+02:00")
    assert int(np.diff(hours.ticks)[0]) == DAY // 24


def test_asked_order_that_cannot_be() -> None:
    with pytest.raises(DataError, match="13/02/2021"):
        read("13/02/2021", day_first=False)


def test_looks_like_times() -> None:
    assert looks_like_times(["", "1949-01", None, "1949-02"])
    assert not looks_like_times(["1", "2"])
    assert not looks_like_times(["1949-01", "H1"])
    assert not looks_like_times([])


def grid(*texts: str, series: list[int] | None = None) -> Frequency:
    times = read(*texts)
    found = find_frequency(times, np.array(series or [0] * len(texts)))
    assert found is not None
    positions, right = found.positions(times.ticks)
    assert right.all()
    assert (found.ticks(positions) == times.ticks).all()  # there and back
    return found


@pytest.mark.parametrize(
    ("texts", "name", "season"),
    [
        (("2021-01-01 00:00", "2021-01-01 01:00", "2021-01-01 03:00"), "hourly", 24),
        (("2021-01-01 00:07", "2021-01-01 00:22", "2021-01-01 00:37"), "every 15 minutes", 96),
        (("2021-01-01", "2021-01-02", "2021-01-03"), "daily", 7),
        (("2021-01-01", "2021-01-04", "2021-01-05", "2021-01-06"), "business daily", 5),
        (("2021-01-01", "2021-01-08", "2021-01-15"), "weekly (Friday)", 52),
        (("2020-01-31", "2020-02-29", "2020-03-31"), "monthly (end)", 12),
        (("2020-02-29", "2020-05-31", "2020-08-31"), "quarterly (end)", 4),
        (("2021-01-15", "2021-02-15", "2021-04-15"), "monthly (day 15)", 12),
        (("2019-01-01", "2020-01-01", "2021-01-01"), "yearly (start)", 1),
        (("2021-01-01", "2021-01-29", "2021-02-26"), "every 4 weeks", 13),
        (("2021-01-01", "2021-03-01", "2021-05-01"), "every 2 months (start)", 6),
        (("3", "8", "13", "23"), "whole numbers, every 5", 1),
        (("2021-01-01 00:00:00.25", "2021-01-01 00:00:00.5"), "every 250000 microseconds", 345_600),
    ],
)
def test_frequency_is_found_and_named(texts: tuple[str, ...], name: str, season: int) -> None:
    found = grid(*texts)
    assert found.name == name
    assert found.season == season


def test_a_time_off_the_grid_is_told() -> None:
    times = read("2021-01-01", "2021-01-02", "2021-01-03", "2021-01-04 07:00", "2021-01-05")
    found = find_frequency(times, np.zeros(5))
    assert found is not None
    assert found.positions(times.ticks)[1].tolist() == [True, True, True, False, True]
    months = Frequency("month", 1)
    assert months.positions(read("2021-01-02", "2021-02-01").ticks)[1].tolist() == [False, True]
    weekdays = Frequency("weekday", 1)
    assert weekdays.positions(read("2021-01-01", "2021-01-02").ticks)[1].tolist() == [True, False]  # a Saturday


def test_steps_between_two_series_do_not_count() -> None:
    assert grid("2021-01-01", "2021-01-02", "2021-01-01", "2021-01-02", series=[0, 0, 1, 1]).name == "daily"
    assert find_frequency(read("2021-01-01", "2021-01-02"), np.array([0, 1])) is None


def test_positions_before_1970_and_across_years() -> None:
    months = Frequency("month", 1)
    assert [months.text(k) for k in (-1, 0, 11, 12)] == ["1969-12-01", "1970-01-01", "1970-12-01", "1971-01-01"]
    end = Frequency("month", 1, day=0)
    assert [end.text(k) for k in (-1, 1, 25)] == ["1969-12-31", "1970-02-28", "1972-02-29"]
    days = Frequency("weekday", 1)
    monday = int(days.positions(read("1969-12-29").ticks)[0][0])
    assert [days.text(monday + k) for k in range(6)] == [
        "1969-12-29", "1969-12-30", "1969-12-31", "1970-01-01", "1970-01-02", "1970-01-05",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "name"),
    [("daily", "daily"), ("15 minutes", "every 15 minutes"), ("30T", "every 30 minutes"), ("MS", "monthly (start)"),
     ("H", "hourly"), ("B", "business daily"), ("weekly", "weekly (Friday)"), ("every 2 days", "every 2 days")],
)  # fmt: skip
def test_frequencies_by_name(text: str, name: str) -> None:
    assert Frequency.named(text, read("2021-01-01")).name == name


def test_frequencies_that_are_none() -> None:
    with pytest.raises(ConfigError, match="fortnightly"):
        Frequency.named("fortnightly", read("2021-01-01"))
    with pytest.raises(ConfigError, match="whole number"):
        Frequency.named("daily", read("1", "2"))
    assert Frequency.named("3", read("4", "7")).origin == 1


def test_features_follow_the_calendar() -> None:
    hourly = Frequency("tick", 3_600_000_000)
    assert hourly.feature_names == (
        "sine of time of day", "cosine of time of day", "sine of day of week", "cosine of day of week",
        "sine of time of year", "cosine of time of year",
    )  # fmt: skip
    monday = (datetime(2024, 1, 1) - EPOCH).days * 24  # 2024-01-01 was a Monday, in a leap year
    rows = hourly.features(np.array([monday, monday + 6, monday + 24 * 183]))
    # Midnight, 6 o'clock = a quarter of the day; 2 July is half of 366 days, and a Tuesday.
    np.testing.assert_allclose(rows[0], [0, 1, 0, 1, 0, 1], atol=1e-6)
    np.testing.assert_allclose(rows[1][:2], [1, 0], atol=1e-6)
    tuesday = 2 * np.pi / 7
    np.testing.assert_allclose(rows[2], [0, 1, np.sin(tuesday), np.cos(tuesday), 0, -1], atol=1e-6)
    assert Frequency("tick", 1, calendar=False).features(np.arange(3)).shape == (3, 0)
    assert Frequency("tick", 7 * DAY).feature_names == ("sine of time of year", "cosine of time of year")
