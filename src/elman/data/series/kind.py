"""Whether a table holds series to be continued, told from its first rows."""

from collections.abc import Mapping, Sequence
from typing import Any

from elman.data.names import LABEL_NAMES, TEXT_NAMES, words_of
from elman.data.series.problems import MISSING
from elman.data.series.roles import SERIES_NAMES, TARGET_NAMES, TIME_NAMES, is_numeric
from elman.data.series.times import looks_like_times

LEAST_ROWS, LEAST_STEPS = 3, 12
_OTHER_TASKS = frozenset({*TEXT_NAMES, *LABEL_NAMES}) - frozenset(TARGET_NAMES)


def series_in(columns: Mapping[str, Sequence[Any]]) -> str:
    """Whether these are series to be continued: "sure", "maybe", "numbers", or "" for no.

        dates and numbers, perhaps with a column named as series are; or a name and a dozen numbers or more: "sure"
        a column of dates or named as times are and numbers beside it, or numbers only: "maybe"
        numbers among other columns: "numbers"
        no numbers, or a column named as texts or labels are: ""

    Args:
        columns: name → the values of the first rows.

    Example:
        >>> dates = ["2021-01-01", "2021-01-02", "2021-01-03"]
        >>> series_in({"date": dates, "sales": ["3", "5", "4"]}), series_in({"date": dates, "sky": ["blue"] * 3})
        ('sure', '')
    """
    rows = len(next(iter(columns.values()), ()))
    if rows < LEAST_ROWS or any(set(words_of(name)) & _OTHER_TASKS for name in columns):
        return ""
    if _is_wide(columns):
        return "sure"
    dates = [name for name, values in columns.items() if looks_like_times(values)]
    numbers = [name for name in columns if name not in dates and _is_empty_or_numeric(columns[name])]
    others = [name for name in columns if name not in dates and name not in numbers]
    if not any(is_numeric(columns[name]) for name in numbers):
        return ""
    if len(dates) == 1 and all(_names_series(name, columns[name]) for name in others):
        return "sure"
    timed = dates or [name for name in numbers if name.strip().lower() in TIME_NAMES and len(numbers) > 1]
    return "maybe" if timed or not others else "numbers"


def _is_wide(columns: Mapping[str, Sequence[Any]]) -> bool:
    """One row per series: different names, and beside them at least a dozen columns of numbers, numbered themselves."""
    first, *others = columns.values()
    if sum(any(c.isdigit() for c in name) for name in columns) < 0.9 * len(columns):
        return False
    if len(others) < LEAST_STEPS or is_numeric(first) or looks_like_times(first) or len(set(first)) < len(first):
        return False
    return is_numeric(others[0]) and all(map(_is_empty_or_numeric, others))


def _names_series(name: str, values: Sequence[Any]) -> bool:
    return name.strip().lower() in SERIES_NAMES and 2 * len(set(values)) <= len(values)


def _is_empty_or_numeric(values: Sequence[Any]) -> bool:
    return is_numeric(values) or all(value is None or str(value).strip().lower() in MISSING for value in values)
