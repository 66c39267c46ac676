"""Which columns of a table are times, names of series, targets and covariates, and how the table is laid out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from elman.data.files import did_you_mean
from elman.data.names import words_of
from elman.data.series.options import SeriesDataOptions
from elman.data.series.problems import MISSING
from elman.data.series.times import looks_like_times
from elman.data.table import Table
from elman.errors import DataError

TIME_NAMES = (
    "ds", "date", "time", "datetime", "timestamp", "month", "week", "day", "quarter", "year", "period", "hour", "t",
)  # fmt: skip
SERIES_NAMES = (
    "unique_id", "series_id", "series", "item_id", "id", "shop", "store", "item", "sku", "product", "region",
    "country", "city", "station", "sensor", "meter", "ticker", "symbol", "customer", "name",
)  # fmt: skip
TARGET_NAMES = ("y", "target", "value", "sales", "demand", "count", "quantity", "load", "amount", "price", "volume")
_SAMPLE = 200


@dataclass(frozen=True)
class Roles:
    """What the columns of a table are.

    Args:
        layout: "long", "columns" or "rows".
        time: the column of the times, or None.
        series: the columns that name the series of a row.
        targets: one column; or of the other layouts, those that hold the series or their steps.
        past, future, static: covariates.
        why: role → the reason for the choice.
    """

    layout: str
    time: str | None
    series: tuple[str, ...]
    targets: tuple[str, ...]
    past: tuple[str, ...] = ()
    future: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    why: dict[str, str] = field(default_factory=dict)


def split_names(text: str | None) -> tuple[str, ...]:
    """Names with commas between.

    Example:
        >>> split_names("price, holiday"), split_names(None)
        (('price', 'holiday'), ())
    """
    return () if text is None else tuple(name.strip() for name in text.split(",") if name.strip())


def find_roles(table: Table, options: SeriesDataOptions) -> Roles:
    """Find what the columns are: as given, else by their names and by what they hold.

    Raises:
        DataError: a column that is named is not there, or none or several could be meant.

    Example:
        >>> from elman.data.table import Places
        >>> columns = {"date": ["2021-01", "2021-02"], "bread": ["3", "4"], "milk": ["7", "8"]}
        >>> roles = find_roles(Table("a.csv", columns, Places("a.csv", [2, 3]), "csv", "", ""), SeriesDataOptions())
        >>> roles.layout, roles.time, roles.targets
        ('columns', 'date', ('bread', 'milk'))
    """
    given = {role: split_names(getattr(options, role)) for role in ("series", "target", "past", "future", "static")}
    _check_there(table, {**given, "time": split_names(options.time)})
    covariates = {role: given[role] for role in ("past", "future", "static")}
    why: dict[str, str] = {}
    if options.layout == "rows" or (options.layout is None and not options.time and _one_row_each(table, given)):
        return _rows(table, given)
    time, why["time"] = (options.time, "as given") if options.time else find_time(table, given)
    taken = {time, *(name for names in given.values() for name in names)}
    free = [name for name in table.columns if name not in taken]
    series = given["series"]
    why["series"] = "as given"
    if not series and options.layout != "columns" and len(given["target"]) < 2:
        series, why["series"] = _find_series(table, time, free)
        free = [name for name in free if name not in series]
    targets, why["target"] = given["target"], "as given"
    if not targets:
        targets, why["target"] = _find_targets(table, free, bool(series) or options.layout == "long")
    layout = options.layout or ("columns" if len(targets) > 1 else "long")
    if len(targets) > 1 and (series or layout == "long"):
        found = f"{len(targets)} columns are to be forecast ({', '.join(targets[:5])}) in a table of one row per series"
        raise DataError(f"{found} and time", "one", "Train a model for each.", path=table.path)
    if layout == "columns" and any(covariates.values()):
        raise DataError(
            f"covariates are named for several targets ({', '.join(targets[:5])}{', …' if len(targets) > 5 else ''})",
            "one target, or one row per series and time",
            "Name the column to forecast: --target.",
            path=table.path,
        )
    return Roles(layout, time, series, targets, **covariates, why={k: v for k, v in why.items() if v})


def _check_there(table: Table, given: dict[str, tuple[str, ...]]) -> None:
    seen: dict[str, str] = {}
    for role, names in given.items():
        for name in names:
            if name not in table.columns:
                hint = did_you_mean(name, table.columns)
                if not hint and not table.named and table.format in ("csv", "tsv"):
                    hint = "The first row is read as data: if it names the columns, add --header."
                hint = hint or f"Name another with --{role}."
                shown = list(table.columns)[:20]
                more = f" and {len(table.columns) - 20} more" if len(table.columns) > 20 else ""
                raise DataError(
                    f"there is no column {name!r}", f"one of {', '.join(shown)}{more}", hint, path=table.path
                )
            if name in seen:
                found = f"the column {name!r} is named as {seen[name]} and as {role}"
                raise DataError(found, "each column in one role", path=table.path)
            seen[name] = role


def is_numeric(values: Sequence[Any]) -> bool:
    """Whether a sample of a column holds numbers, and at least one."""
    step = max(1, len(values) // _SAMPLE)
    sample = [text for value in values[::step] if (text := _there(value))]
    if not sample:  # mostly empty, such as a column of rare events
        sample = list(islice(filter(None, map(_there, values)), _SAMPLE))
    if not sample:
        return False
    right = sum(_is_float(text) for text in sample)
    return right > 0.8 * len(sample)  # the few others are errors to be named, not a reason to pass the column over


def _there(value: Any) -> str:
    """A value as text, or "" where it is missing."""
    text = "" if value is None else str(value).strip()
    return "" if text.lower() in MISSING else text


def _is_float(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True


def _empty(values: Sequence[Any]) -> bool:
    return not any(map(_there, values))


def _one_row_each(table: Table, given: dict[str, tuple[str, ...]]) -> bool:
    """Whether each row is a series: a column of different names, and at least a dozen columns of numbers beside it."""
    if any(given[role] for role in ("target", "past", "future", "static")) or len(table.columns) < 13:
        return False
    first, *others = table.columns
    names = table.columns[first]
    if looks_like_times(names) or is_numeric(names) or len(set(names)) < len(names):
        return False
    numbered = sum(any(c.isdigit() for c in name) for name in others)
    return numbered > 0.9 * len(others) and is_numeric(table.columns[others[0]])


def _rows(table: Table, given: dict[str, tuple[str, ...]]) -> Roles:
    first = given["series"] or (next(iter(table.columns)),)
    steps = tuple(name for name in table.columns if name not in first)
    if not steps:
        raise DataError("there is no column of values beside the names", "a column per step", path=table.path)
    return Roles("rows", None, first, steps, why={"series": "one row per series"})


def find_time(table: Table, given: dict[str, tuple[str, ...]]) -> tuple[str | None, str]:
    """The column of the times, which has no other role, and why; None where there is none."""
    taken = {name for names in given.values() for name in names}
    free = [name for name in table.columns if name not in taken]
    for wanted in TIME_NAMES:
        for name in free:
            if name.strip().lower() == wanted and (
                looks_like_times(table.columns[name]) or is_numeric(table.columns[name])
            ):
                return name, "by its name"
    for name in free:
        if looks_like_times(table.columns[name]):
            return name, "holds dates"
    by_word = [n for n in free if set(words_of(n)) & set(TIME_NAMES[:6]) and not is_numeric(table.columns[n])]
    return (by_word[0], "by its name") if len(by_word) == 1 else (None, "none: the order of the rows")


def _find_series(table: Table, time: str | None, free: list[str]) -> tuple[tuple[str, ...], str]:
    """The column that names the series: by a name that means nothing else, or where times repeat."""
    repeat = time is None or len(set(table.columns[time])) < len(table)
    for wanted in SERIES_NAMES if repeat else SERIES_NAMES[:4]:
        for name in free:
            if name.strip().lower() == wanted:
                return (name,), "by its name"
    if time is None or not repeat:
        return (), ""
    texts = [name for name in free if not is_numeric(table.columns[name]) and not _empty(table.columns[name])]
    if len(texts) == 1:
        return (texts[0],), "times repeat, and it is the only column of names"
    return (), ""


def _find_targets(table: Table, free: list[str], long: bool) -> tuple[tuple[str, ...], str]:
    numeric = [name for name in free if is_numeric(table.columns[name])]
    if len(numeric) == 1:
        return (numeric[0],), "the only column of numbers left"
    if not numeric:
        raise DataError("there is no column of numbers to forecast", "a column of numbers", path=table.path)
    if not long:
        return tuple(numeric), "every column of numbers is a series"
    for wanted in TARGET_NAMES:
        for name in numeric:
            if name.strip().lower() == wanted:
                return (name,), "by its name"
    raise DataError(
        f"several columns could be the one to forecast: {', '.join(numeric[:8])}",
        "the name of one",
        f"Write --target {numeric[-1]}, for instance.",
        path=table.path,
    )
