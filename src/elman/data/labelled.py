"""Texts with their labels, checked: what a classifier learns from, is measured on, or is asked about."""

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from elman.data.columns import Columns, find_columns
from elman.data.json_lines import cell
from elman.data.options import DataOptions
from elman.data.table import Places, Table, read_table
from elman.errors import ArgumentError, ArgumentTypeError, DataError

MISSING = {"", "nan", "<na>", "null"}
_WHOLE = re.compile(r"-?[0-9]{1,18}")  # longer ones are names, and more than 4,300 digits are no int of Python's


@dataclass(frozen=True)
class Labelled:
    """Rows of text, each with its labels.

    Args:
        path: the file as messages name it.
        texts: one per row.
        labels: the labels of each row, one in every tuple unless `multi`; None where none were asked for.
        classes: every label that occurs, in order (numbers by size, others by letter).
        multi: whether a row may have several labels, or none.
        columns: which columns were read, and why.
        place: row → where it stands, as in "reviews.csv:17".
        sha256: of the data.
        notes: what was noticed, one sentence each.
    """

    path: str
    texts: list[str]
    labels: list[tuple[str, ...]] | None
    classes: tuple[str, ...]
    multi: bool
    columns: Columns
    place: Callable[[int], str]
    sha256: str
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.texts)


def read_labelled(
    path: str | os.PathLike[str],
    options: DataOptions | None = None,
    *,
    need_label: bool = True,
    columns: Columns | None = None,
) -> Labelled:
    """Read texts and labels from a file.

    Args:
        path: a file or folder that `read_table` knows; "-" for standard input.
        options: columns, format, encoding and so on; None: all found by themselves.
        need_label: whether every row must have a label; without it labels are not read.
        columns: those that the training read, taken where the options name none; a file with one column only, or
            without names, need not have the same.

    Raises:
        DataError: a missing column, text or label, with its line; anything that `read_table` refuses.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "reviews.tsv")
        >>> _ = path.write_text("a fine film\\t1\\nvery dull\\t0\\n")
        >>> data = read_labelled(path)
        >>> data.texts, data.labels, data.classes
        (['a fine film', 'very dull'], [('1',), ('0',)], ('0', '1'))
    """
    options = options or DataOptions()
    table = read_table(path, format=options.format, encoding=options.encoding, header=options.header)
    text = options.text or _as_trained(table, columns.text if columns else None)
    label = options.label or _as_trained(table, columns.label if columns else None)
    found = find_columns(table, text, label if need_label else None, need_label)
    texts = _texts(table, found.text)
    notes = list(table.notes)
    if empty := sum(not value.strip() for value in texts):
        notes.append(f"{table.path}: {empty} empty text{'s' if empty > 1 else ''}")
    labels, multi = None, False
    if found.label is not None:
        labels, multi = labels_of(table.columns[found.label], table.places, found.label, options.label_separator)
    return Labelled(
        path=table.path,
        texts=texts,
        labels=labels,
        classes=in_order(label for row in labels or () for label in row),
        multi=multi,
        columns=found,
        place=table.places,
        sha256=table.sha256,
        notes=notes,
    )


def from_lists(texts: Iterable[str], labels: Iterable[Any] | None = None) -> Labelled:
    """Texts and labels that are already in memory, checked in the same way.

    Args:
        texts: n strings.
        labels: n labels (texts or numbers, NumPy's too), or n lists of labels; None: no labels.

    Raises:
        ArgumentError, ArgumentTypeError: something that is not a text or a label, or different numbers of them.

    Example:
        >>> from_lists(["fine", "dull"], [1, 0]).labels
        [('1',), ('0',)]
    """
    if isinstance(texts, str):
        raise ArgumentTypeError("texts is one string", "a list of strings", "Write [text].")
    rows = list(texts)
    for i, value in enumerate(rows):
        if not isinstance(value, str):
            raise ArgumentTypeError(f"texts[{i}] is {value!r} of type {type(value).__name__}", "a string")
    tuples, multi = None, False
    if labels is not None:
        values = [_plain(value) for value in labels]
        if len(values) != len(rows):
            raise ArgumentError(f"{len(rows)} texts and {len(values)} labels", "one label for each text")
        places = Places("labels", list(range(len(rows))))
        try:
            tuples, multi = labels_of(values, places)
        except DataError as error:
            raise ArgumentError(f"labels[{error.line}]: {error.found.split(': ', 1)[-1]}", error.expected) from None
    digest = hashlib.sha256()
    for i, value in enumerate(rows):
        digest.update(repr((value, tuples[i] if tuples is not None else None)).encode())
    return Labelled(
        path="the given texts",
        texts=rows,
        labels=tuples,
        classes=in_order(label for row in tuples or () for label in row),
        multi=multi,
        columns=Columns("text", None if labels is None else "label"),
        place=lambda row: f"row {row}",
        sha256=digest.hexdigest(),
    )


def labels_of(
    values: Sequence[Any], places: Places, column: str | None = None, separator: str | None = None
) -> tuple[list[tuple[str, ...]], bool]:
    """The labels of each row, and whether rows may have several: lists of them, or one text with a separator.

    Raises:
        DataError: a row without a label, with its line and the number of others.
    """
    if separator == "":
        raise DataError("the separator of labels is empty", "a character such as | or ;")
    multi = separator is not None or any(isinstance(value, list) for value in values)
    labels = [split_labels(value, separator) for value in values]
    bad = [i for i, (value, row) in enumerate(zip(values, labels, strict=True)) if lacks_label(value, row, multi)]
    if bad:
        raise places.error(
            bad[0],
            f"the label is {'missing' if values[bad[0]] is None else repr(values[bad[0]])}{_also(bad, places)}",
            expected="a label in every row",
            fix="Fill it in, or take the row out.",
            column=column,
        )
    return labels, multi


def one_label_each(data: Labelled) -> None:
    """Refuse rows without exactly one label, for a model that gives one to each.

    Raises:
        DataError: the first such row, and how many others there are.
    """
    bad = [i for i, row in enumerate(data.labels or ()) if len(row) != 1]
    if bad:
        count = len((data.labels or ())[bad[0]])
        also = f" (also in {len(bad) - 1} other rows)" if len(bad) > 1 else ""
        raise DataError(
            f"the row has {count or 'no'} label{'s' * (count != 1)}{also}",
            expected="one label in every row, as in the training",
            path=data.place(bad[0]),
            column=data.columns.label,
        )


def in_order(labels: Iterable[str]) -> tuple[str, ...]:
    """The different labels in order: by size if all are whole numbers, else as texts.

    Example:
        >>> in_order(["10", "9", "10"]), in_order(["b", "10", "9"])
        (('9', '10'), ('10', '9', 'b'))
    """
    different = sorted(set(labels))
    if all(_WHOLE.fullmatch(label) for label in different):
        different.sort(key=int)
    return tuple(different)


def select(data: Labelled, rows: Sequence[int]) -> Labelled:
    """Some rows of the data, in the given order, with the same classes."""
    chosen = [int(row) for row in rows]
    place = data.place
    return replace(
        data,
        texts=[data.texts[row] for row in chosen],
        labels=None if data.labels is None else [data.labels[row] for row in chosen],
        place=lambda row: place(chosen[row]),
    )


def _as_trained(table: Table, name: str | None) -> str | None:
    """A column of the training data, unless the table has a single one or nameless ones and this is not among them."""
    if name is not None and name not in table.columns and (not table.named or len(table.columns) == 1):
        return None
    return name


def _texts(table: Table, column: str) -> list[str]:
    values = table.columns[column]
    bad = [i for i, value in enumerate(values) if not isinstance(value, str)]
    if bad:
        kind = "missing" if values[bad[0]] is None else "a list"
        raise table.places.error(
            bad[0],
            f"the text is {kind}{_also(bad, table.places)}",
            expected="a text in every row",
            fix="Fill it in, or take the row out.",
            column=column,
        )
    return values


def _also(bad: list[int], places: Places) -> str:
    """Which other rows are bad in the same way."""
    if len(bad) == 1:
        return ""
    if places.files is not None or len(bad) > 5:
        return f" (also in {len(bad) - 1} other rows)"
    return f" (also on line{'s' if len(bad) > 2 else ''} {', '.join(str(places.lines[i]) for i in bad[1:])})"


def split_labels(value: Any, separator: str | None) -> tuple[str, ...]:
    """The labels in one value, each once, in the order given."""
    if value is None:
        return ()
    parts = value if isinstance(value, list) else value.split(separator) if separator is not None else [value]
    return tuple(dict.fromkeys((part or "").strip() for part in parts if (part or "").strip()))


def lacks_label(value: Any, row: tuple[str, ...], multi: bool) -> bool:
    """Whether a row has no label, or one that stands for a missing value; several-label rows may be empty."""
    if value is None or any(label.lower() in MISSING for label in row):
        return True
    return not multi and not row


def _plain(value: Any) -> Any:
    """A label given in Python, NumPy scalars and arrays included, as a table holds it."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, set | frozenset):
        value = sorted(value, key=str)
    return cell(value)
