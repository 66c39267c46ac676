"""The .arff format of Weka as the UCR/UEA archives use it: numeric attributes or a relational one, and a class."""

import csv
import re

import numpy as np

from elman.data.series.ts_file import numbers_of
from elman.errors import DataError

_ATTRIBUTE = re.compile(r"@attribute\s+('[^']*'|\"[^\"]*\"|\S+)\s+(.*)", re.IGNORECASE)


def read_arff(text: str, path: str) -> tuple[list[np.ndarray], list[str] | None, list[int]]:
    r"""The cases of an .arff file: every line a series of its numeric attributes, its class the nominal one at the end.

    A relational attribute holds a multivariate series: one quoted text, the channels between "\n" in it.

    Args:
        text: the whole file.
        path: its name, for messages.

    Returns:
        As `read_ts`. Missing values at the end of a line make the series shorter.

    Raises:
        DataError: what is wrong, with its line and value.

    Example:
        >>> head = "@relation x\n@attribute a numeric\n@attribute b numeric\n@attribute class {up,down}\n@data\n"
        >>> rows, targets, lines = read_arff(head + "1,2,up\n3,?,down\n", "x.arff")
        >>> [row.tolist() for row in rows], targets, lines
        ([[[1.0], [2.0]], [[3.0]]], ['up', 'down'], [6, 7])

    Source: the description of ARFF by the authors of Weka.
    """
    lines = text.split("\n")
    kinds, begin = _head(lines, path)
    has_class = not kinds[-1][1].lower().startswith(("numeric", "real", "integer")) or kinds[-1][0].lower() in (
        "target",
        "class",
        "classattribute",
    )
    rows: list[np.ndarray] = []
    targets: list[str] = []
    numbers: list[int] = []
    for number, line in enumerate(lines[begin:], start=begin + 1):
        line = line.strip()
        if not line or line.startswith("%"):
            continue
        fields = _fields(line)
        if len(fields) != len(kinds):
            raise DataError(f"the row has {len(fields)} values", f"{len(kinds)} attributes", path=path, line=number)
        if has_class:
            targets.append(fields.pop().strip())
        rows.append(_case(fields, path, number))
        numbers.append(number)
    if not rows:
        raise DataError("the file holds no cases", "lines of values below @data", path=path)
    return rows, targets if has_class else None, numbers


def _fields(line: str) -> list[str]:
    """The values of a line; a relational one may be as long as it likes."""
    before = csv.field_size_limit(max(csv.field_size_limit(), len(line) + 1))
    try:
        return next(csv.reader([line], quotechar="'" if "'" in line else '"', skipinitialspace=True))
    finally:
        csv.field_size_limit(before)


def _case(fields: list[str], path: str, line: int) -> np.ndarray:
    """One series (T, channels), without the steps at its end in which all is missing."""
    if len(fields) == 1 and "\\n" in fields[0]:
        channels = [numbers_of(part.split(","), path, line) for part in fields[0].split("\\n")]
        if len({len(channel) for channel in channels}) > 1:
            raise DataError(
                "the channels of this case differ in length", "the same number in each", path=path, line=line
            )
        return without_end(np.stack(channels, axis=1))
    return without_end(numbers_of(fields, path, line)[:, None])


def without_end(row: np.ndarray) -> np.ndarray:
    """A series without the steps at its end in which every channel is missing.

    Example:
        >>> without_end(np.array([[1.0], [np.nan], [2.0], [np.nan]])).tolist()
        [[1.0], [nan], [2.0]]
    """
    present = np.flatnonzero(~np.isnan(row).all(axis=1))
    return row[: present[-1] + 1 if len(present) else 0]


def _head(lines: list[str], path: str) -> tuple[list[tuple[str, str]], int]:
    """Name and type of each attribute, and the number of lines up to @data."""
    kinds: list[tuple[str, str]] = []
    inside = False  # of a relational attribute, whose own attributes are the steps
    for number, line in enumerate(lines, start=1):
        line = line.strip()
        if line.lower().startswith("@data"):
            if not kinds:
                raise DataError("there is no @attribute before @data", "one per value", path=path, line=number)
            return kinds, number
        if inside:
            inside = not line.lower().startswith("@end")
        elif found := _ATTRIBUTE.match(line):
            kinds.append((found.group(1).strip("'\""), found.group(2).strip()))
            inside = found.group(2).strip().lower() == "relational"
        elif line and not line.startswith("%") and not line.lower().startswith("@relation"):
            raise DataError(
                f"{line[:40]!r} stands before @data", "a line of the head, or @data", path=path, line=number
            )
    raise DataError("there is no line @data", "a head that ends with @data, then the cases", path=path)
