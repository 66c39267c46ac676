"""JSON lines: one object per line, its keys are the columns."""

import json
import math
from typing import Any

from elman.data.csv_file import Rows
from elman.errors import DataError


class _TwiceError(ValueError):
    pass


def read_json_lines(text: str, path: str) -> Rows:
    """Read a table from the text of a JSON lines file; keys that a row lacks are missing values (None).

    Raises:
        DataError: a line that is not a JSON object, with line and position; a key twice in one object; no rows.

    Example:
        >>> read_json_lines('{"text": "fine", "label": 1}\\n{"text": "dull", "label": null}', "a.jsonl").columns
        {'text': ['fine', 'dull'], 'label': ['1', None]}
    """
    columns: dict[str, list[object]] = {}
    lines: list[int] = []
    mended = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        row = json_object(line, path, number)
        for key in row:
            if key not in columns:
                columns[key] = [None] * len(lines)
        lines.append(number)
        broken = "\\ud" in line or "\\uD" in line  # half of a surrogate pair may be written so, and only so
        for key, column in columns.items():
            value = cell(row.get(key))
            if broken and value != (whole := _whole(value)):
                mended, value = mended + 1, whole
            column.append(value)
    if not lines:
        raise DataError("the file holds no rows", "one JSON object per line", path=path)
    notes = [f"{path}: {mended} values hold half of a surrogate pair; it is read as U+FFFD"] if mended else []
    return Rows(columns, lines, notes)


def cell(value: Any) -> Any:
    """A value of JSON or Parquet as a table holds it: text, None where it is missing, or a list of texts.

    Example:
        >>> [cell(v) for v in ("a", 1, 1.0, 0.5, True, None, float("nan"), [1, "b"])]
        ['a', '1', '1', '0.5', 'true', None, None, ['1', 'b']]
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, list | tuple):
        return [cell(item) for item in value]
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def json_object(line: str, path: str, number: int) -> dict[str, Any]:
    """The object on one line.

    Raises:
        DataError: it is none, or a key stands in it twice.
    """
    try:
        row = json.loads(line, object_pairs_hook=_pairs)
    except json.JSONDecodeError as error:
        whole = number == 1 and line.lstrip().startswith("[")
        raise DataError(
            f"this is not JSON: {error.msg} at position {error.colno}",
            expected="one JSON object per line" + (", not one array over several lines" if whole else ""),
            path=path,
            line=number,
        ) from None
    except _TwiceError as error:
        raise DataError(
            f"the key {error} occurs twice in one object", "each key once", path=path, line=number
        ) from None
    except (RecursionError, ValueError) as error:  # ValueError: an integer of thousands of digits
        raise DataError(f"this JSON cannot be read ({error})", path=path, line=number) from None
    if not isinstance(row, dict):
        kind = {list: "an array", str: "a string", type(None): "null"}.get(type(row), "a number or truth value")
        raise DataError(
            f"the line holds {kind}",
            expected='one JSON object per line, such as {"text": "a fine film", "label": "1"}',
            path=path,
            line=number,
        )
    return row


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _TwiceError(repr(next(key for i, key in enumerate(keys) if key in keys[:i])))
    return row


def _whole(value: Any) -> Any:
    """The same value with each half of a surrogate pair, which no encoding can write, as U+FFFD."""
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, str):
        return "".join("�" if "\ud800" <= letter <= "\udfff" else letter for letter in value)
    return value
