"""Comma- and tab-separated tables, by the rules of RFC 4180: quoted fields may hold delimiters and line ends."""

import csv
import io
import re
import sys
from typing import NamedTuple

from elman.data.names import USUAL_NAMES, words_of
from elman.errors import DataError

_DELIMITER_NAMES = {",": "comma", "\t": "tab", ";": "semicolon"}


class Rows(NamedTuple):
    """What a reader finds in a file: columns by name, the line on which each row begins, and notes."""

    columns: dict[str, list[object]]
    lines: list[int]
    notes: list[str]


def read_csv(text: str, path: str, delimiter: str = ",", header: bool | None = None) -> Rows:
    """Read a table from the text of a CSV or TSV file.

    Args:
        text: the whole file.
        path: its name, for messages.
        delimiter: what stands between two fields; where a comma gives one column only, a semicolon or tab is tried.
        header: whether the first row holds the names of the columns; None: found by `has_header`.

    Raises:
        DataError: a quote that is not closed, rows with more or fewer fields than others, a column name that occurs
            twice, or no rows.

    Example:
        >>> read_csv('text,label\\n"fine, really",1\\n', "reviews.csv").columns
        {'text': ['fine, really'], 'label': ['1']}
    """
    notes: list[str] = []
    if delimiter == ",":
        delimiter = _other_delimiter(text, path, notes)
    rows, lines = _by_tabs(text, path, notes) if delimiter == "\t" else _records(text, path, delimiter)
    if not rows:
        raise DataError("the file holds no rows", "rows of text", path=path)
    _refuse_ragged(rows, lines, path, delimiter)
    if header is None:
        header = has_header(rows)
        if not header:
            notes.append(f"{path} has no row of column names: they are called column_1, column_2, …")
        elif not _has_usual_name(rows[0]):
            shown = ", ".join(rows[0])
            notes.append(f"the first row of {path} is read as column names: {shown} (if it is data, add --no-header)")
    names = _names(rows[0], path, lines[0]) if header else [f"column_{i + 1}" for i in range(len(rows[0]))]
    if header:
        rows, lines = rows[1:], lines[1:]
        if not rows:
            raise DataError(f"only column names ({', '.join(names)}), no rows", "rows below them", path=path)
    return Rows({name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}, lines, notes)


def has_header(rows: list[list[str]]) -> bool:
    """Whether the first row names the columns.

    It does if one of its fields is a usual name ("text", "label", …); it does not if a field is empty, a number, a
    sentence, of more than two words, or a value that its column holds again.

    Example:
        >>> has_header([["Film", "Verdict"], ["Alien", "good"]]), has_header([["Alien", "good"], ["Heat", "good"]])
        (True, False)
    """
    first, others = rows[0], rows[1:1001]
    if _has_usual_name(first):
        return True
    for i, field in enumerate(first):
        name = field.strip()
        if not name and i > 0:
            return False
        words = words_of(name)
        long = len(words) > (2 if USUAL_NAMES.isdisjoint(words) else 4) or len(name) > 40
        if long or name.endswith((".", "!", "?")) or re.fullmatch(r"[-+.\d]+(e[-+]?\d+)?", name):
            return False
        if name and any(row[i] == field for row in others):
            return False
    return len(set(first)) == len(first)


def _has_usual_name(row: list[str]) -> bool:
    return any(field.strip().lower() in USUAL_NAMES for field in row)


def _names(row: list[str], path: str, line: int) -> list[str]:
    names = [name.strip() or f"column_{i + 1}" for i, name in enumerate(row)]
    twice = [name for i, name in enumerate(names) if name in names[:i]]
    if twice:
        raise DataError(f"the column name {twice[0]!r} occurs twice", "different names", path=path, line=line)
    return names


def _records(text: str, path: str, delimiter: str, limit: int | None = None) -> tuple[list[list[str]], list[int]]:
    """All rows, with the line on which each begins; blank lines are no rows."""
    rows: list[list[str]] = []
    lines: list[int] = []
    before = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # a text may be as long as it likes
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for row in reader:
            if row:
                rows.append(row)
                lines.append(begins)
            begins = reader.line_num + 1
            if limit is not None and len(rows) >= limit:
                break
    except csv.Error as error:
        raise _quoting_error(text, path, delimiter, begins, error) from None
    finally:
        csv.field_size_limit(before)
    return rows, lines


def _quoting_error(text: str, path: str, delimiter: str, begins: int, error: csv.Error) -> DataError:
    """Walk through the row that begins on a line, to name the line of the quote that is not closed rightly."""
    stream = io.StringIO(text, newline="")
    for _ in range(begins - 1):
        stream.readline()
    at, line = stream.tell(), begins
    quoted = re.compile(r'"[^"]*(?:""[^"]*)*"')
    plain = re.compile(rf"[^{re.escape(delimiter)}\r\n]*")
    fix = 'Close it, or double it ("") where it belongs to the text.'
    while at < len(text):
        if text[at] == '"':
            field = quoted.match(text, at)
            if field is None:
                return DataError("a quote is opened and never closed", fix=fix, path=path, line=line)
            end = field.end()
            ends = line + len(re.findall(r"\r\n|\r|\n", field.group()))
            if end < len(text) and text[end] not in delimiter + "\r\n":
                where = "the same line" if ends == line else f"line {ends}"
                rest = text[end : end + 20].splitlines()[0]
                return DataError(
                    f"a quote opened here is closed on {where} but followed by {rest!r}",
                    expected=f"a {_DELIMITER_NAMES.get(delimiter, delimiter)} or the end of the line after it",
                    fix=f"Is the quote missing its end? {fix}",
                    path=path,
                    line=line,
                )
            line = ends
        else:
            field = plain.match(text, at)
            end = field.end() if field else at
        at = end + 1
        if end >= len(text) or text[end] != delimiter:
            break
    return DataError(f"the row cannot be read ({error})", fix=fix, path=path, line=line)


def _refuse_ragged(rows: list[list[str]], lines: list[int], path: str, delimiter: str) -> None:
    width = len(rows[0])
    odd = [i for i, row in enumerate(rows) if len(row) != width]
    if not odd:
        return
    first = odd[0]
    others = ", ".join(str(lines[i]) for i in odd[1:4])
    more = f" and {len(odd) - 4} more" if len(odd) > 4 else ""
    also = f" (also on line{'s' if len(odd) > 2 else ''} {others}{more})" if others else ""
    spans = lines[first + 1] - lines[first] if first + 1 < len(lines) else 1
    name = _DELIMITER_NAMES.get(delimiter, delimiter)
    short = len(rows[first]) < width
    fix = f"Is a {name} missing?" if short else f"Put quotes around a text that holds a {name}."
    if spans > 1:
        fix = f"The row goes on to line {lines[first] + spans - 1}: is a quote not closed? {fix}"
    count = len(rows[first])
    raise DataError(
        f"the row has {count} field{'s' if count != 1 else ''}{also}",
        expected=f"{width} as on line {lines[0]}",
        fix=fix,
        path=path,
        line=lines[first],
    )


def _by_tabs(text: str, path: str, notes: list[str]) -> tuple[list[list[str]], list[int]]:
    """The rows of a tab-separated file, with quoted fields, or with quotation marks as they stand.

    The latter where quotes are not closed rightly, or hold tabs or line ends, as two words that are quotation marks
    would hold the rows between them; but only if every line then has as many fields.
    """
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        rows, lines = _records(text, path, "\t")
        held = (n for row, n in zip(rows, lines, strict=True) if any("\t" in field or "\n" in field for field in row))
        wrong = next(held, None)
        plain = None if wrong is None else _unquoted(text)
    except DataError as error:
        wrong, plain = error.line, _unquoted(text)
        if plain is None:
            raise
    if plain is None:
        return rows, lines
    notes.append(f"{path} does not quote its fields (line {wrong}): quotation marks are read as they stand")
    return plain


def _unquoted(text: str) -> tuple[list[list[str]], list[int]] | None:
    """A tab-separated file read without quoting, if every row then has the same number of fields, and more than one."""
    rows: list[list[str]] = []
    lines: list[int] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.rstrip("\r"):
            rows.append(line.rstrip("\r").split("\t"))
            lines.append(number)
    widths = {len(row) for row in rows}
    return (rows, lines) if len(widths) == 1 and widths != {1} else None


def _other_delimiter(text: str, path: str, notes: list[str]) -> str:
    """Semicolon or tab, where commas give one column only and that one splits every row alike; otherwise a comma."""
    if "," in text.split("\n", 1)[0]:
        return ","
    for delimiter in (";", "\t"):
        try:
            rows, _ = _records(text, path, delimiter, limit=50)
        except DataError:
            continue
        if len(widths := {len(row) for row in rows}) == 1 and widths != {1}:
            notes.append(f"the fields of {path} are separated by a {_DELIMITER_NAMES[delimiter]}")
            return delimiter
    return ","
