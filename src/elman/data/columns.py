"""Which column of a table is the text and which the label, and why."""

from dataclasses import dataclass, field
from typing import Any

from elman.data.files import did_you_mean
from elman.data.names import LABEL_NAMES, TEXT_NAMES, words_of
from elman.data.table import Table
from elman.errors import DataError

_SAMPLE = 1000


@dataclass(frozen=True)
class Columns:
    """The columns that a task reads.

    Args:
        text: name of the column of texts.
        label: name of the column of labels; None where none is needed.
        why: "text" and "label" → the reason for the choice, to be printed.
    """

    text: str
    label: str | None = None
    why: dict[str, str] = field(default_factory=dict)


def find_columns(table: Table, text: str | None = None, label: str | None = None, need_label: bool = True) -> Columns:
    """Find the columns of texts and labels: as given, else by their names, else by what they hold.

    By content, the text is the column with the longest values, and the label is the only other column with few
    different values.

    Args:
        table: the table.
        text: the name of the text's column, if it is known.
        label: the name of the label's column, if it is known.
        need_label: whether a label is looked for; without it only a given label is taken.

    Raises:
        DataError: a given column is not there, or none or several could be meant; the columns present are listed.

    Example:
        >>> from elman.data.table import Places
        >>> places = Places("a.csv", [2, 3])
        >>> table = Table("a.csv", {"review": ["fine", "dull"], "stars": ["5", "1"]}, places, "csv", "utf-8", "")
        >>> find_columns(table)
        Columns(text='review', label='stars', why={'text': 'by its name', 'label': 'by its name'})
    """
    why: dict[str, str] = {}
    for role, given in (("text", text), ("label", label)):
        if given is not None:
            _check(table, role, given)
            why[role] = "as given"
    if text is not None and text == label:
        raise DataError(f"the column {text!r} is given as text and as label", "two different columns", path=table.path)
    if text is None:
        text, why["text"] = _find_text(table, label)
    if label is None and need_label:
        label, why["label"] = _find_label(table, text)
    return Columns(text, label, why)


def _check(table: Table, role: str, given: str) -> None:
    if given in table.columns:
        return
    hint = did_you_mean(given, table.columns)
    if not table.named and table.format in ("csv", "tsv"):
        hint = hint or "The first row is read as data: if it names the columns, add --header."
    raise DataError(
        f"there is no column {given!r}",
        expected=f"one of {', '.join(table.columns)}",
        fix=hint or f"Write --{role} NAME.",
        path=table.path,
    )


def _by_name(names: list[str], wanted: tuple[str, ...], unwanted: tuple[str, ...]) -> str | None:
    """The column with the most telling name: the very word first, then a name that holds it and none of the others."""
    lowered = {name.strip().lower(): name for name in reversed(names)}
    for word in wanted:
        if word in lowered:
            return lowered[word]
    for word in wanted:
        for name in names:
            words = words_of(name)
            if word in words and not any(other in words for other in unwanted):
                return name
    return None


def _find_text(table: Table, label: str | None) -> tuple[str, str]:
    names = [name for name in table.columns if name != label]
    if not names:
        raise DataError(f"no column is left for the text beside {label!r}", "a column of texts", path=table.path)
    if len(names) == 1:
        return names[0], "the only column" if label is None else "the only other column"
    if found := _by_name(names, TEXT_NAMES, LABEL_NAMES):
        return found, "by its name"
    lengths = {name: _mean_length(table.columns[name]) for name in names}
    longest = max(names, key=lambda name: lengths[name])
    return longest, f"holds the longest texts, {lengths[longest]:.0f} characters on average"


def _find_label(table: Table, text: str) -> tuple[str, str]:
    names = [name for name in table.columns if name != text]
    if not names:
        raise DataError(
            f"there is no column beside the text {text!r}",
            expected="a column of labels",
            fix="Add a column with the class of each row.",
            path=table.path,
        )
    if found := _by_name(names, LABEL_NAMES, TEXT_NAMES):
        return found, "by its name"
    different = {name: _different(table.columns[name]) for name in names}
    if len(names) == 1:
        return names[0], f"the only other column, {different[names[0]]} different values"
    few = [name for name in names if 2 <= different[name] <= max(2, len(table) // 5)]
    if len(few) == 1:
        return few[0], f"holds few different values, {different[few[0]]}"
    raise DataError(
        f"{'several columns' if few else 'no column'} could be the label",
        expected=f"the name of one of {', '.join(few or names)}",
        fix=f"Write --label {(few or names)[0]}, for instance.",
        path=table.path,
    )


def _mean_length(values: list[Any]) -> float:
    """Characters per value in a sample over the whole column (files are often sorted by class)."""
    sample = values[:: max(1, len(values) // _SAMPLE)]
    return sum(len(value) for value in sample if isinstance(value, str)) / max(1, len(sample))


def _different(values: list[Any]) -> int:
    return len({tuple(value) if isinstance(value, list) else value for value in values})
