"""What is in data files, and what is wrong with it: all of it at once, before any training."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from elman.data.columns import Columns, find_columns
from elman.data.findings import Findings, Report
from elman.data.labelled import MISSING, in_order, lacks_label, split_labels
from elman.data.options import DataOptions
from elman.data.table import FORMATS, Places, Table, read_table
from elman.errors import DataError, ElmanError

SPLITS = ("train", "training", "validation", "valid", "val", "dev", "test")


@dataclass(frozen=True)
class Lengths:
    """Words per text, counted between white space.

    Args:
        least, median, most: the smallest, the middle and the largest number.
        ninety: nine texts of ten have no more.
        longest: where the longest text stands.
    """

    least: int
    median: int
    ninety: int
    most: int
    longest: str


@dataclass(frozen=True)
class FileReport(Report):
    """One file of texts as it was found.

    Args:
        rows: their number.
        format, encoding, sha256: of the file.
        columns: the names of all columns.
        read: those read as text and label, and why; None if no text was found.
        words: lengths of the texts.
        labels: label → rows that have it, in the order of the classes; empty if there is no label.
        missing: column → rows without a value there; only columns that lack any.
        empty: rows whose text is empty or blank.
        repeated: rows whose text stands in an earlier row, too.
        contradictory: different texts that occur with different labels.
    """

    rows: int = 0
    format: str = ""
    encoding: str = ""
    sha256: str = ""
    columns: tuple[str, ...] = ()
    read: Columns | None = None
    words: Lengths | None = None
    labels: dict[str, int] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)
    empty: int = 0
    repeated: int = 0
    contradictory: int = 0


@dataclass(frozen=True)
class Overlap:
    """Two files, and the number of rows of the second whose text stands in the first, too."""

    first: str
    second: str
    rows: int


@dataclass(frozen=True)
class Inspection(Findings[FileReport]):
    """The reports of some files, and what they have in common that they should not.

    Args:
        overlaps: the pairs of files that share texts.
    """

    overlaps: list[Overlap]


def inspect_files(paths: Sequence[str | os.PathLike[str]], options: DataOptions | None = None) -> Inspection:
    """Look through files of texts and labels; problems are reported, not raised.

    Args:
        paths: files, or folders: one with folders per class, or one that holds train, validation and test.
        options: columns, format, encoding; None: found by themselves.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "reviews.csv")
        >>> _ = path.write_text("text,label\\nfine,1\\nfine,0\\nquite dull,\\n")
        >>> report = inspect_files([path]).files[0]
        >>> report.rows, report.repeated, report.contradictory, report.missing
        (3, 1, 1, {'label': 1})
    """
    options = options or DataOptions()
    files: list[FileReport] = []
    counts: list[Counter[str]] = []
    for path in [part for name in paths for part in parts_of(os.fspath(name))]:
        try:
            table = read_table(path, format=options.format, encoding=options.encoding, header=options.header)
            report, texts = _report(table, options)
        except ElmanError as error:
            report, texts = FileReport(path, error=str(error), exit_code=error.exit_code), Counter[str]()
        files.append(report)
        counts.append(texts)
    return _compare(files, counts)


def parts_of(path: str) -> list[str]:
    """The files that a path stands for: itself, or train, validation and test where a folder holds them.

    Example:
        >>> import pathlib, tempfile
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> for name in ("test.csv", "train.csv.gz", "notes.txt"):
        ...     (folder / name).touch()
        >>> [pathlib.Path(part).name for part in parts_of(str(folder))]
        ['train.csv.gz', 'test.csv']
    """
    if not os.path.isdir(path):
        return [path]
    names = [name for name in sorted(os.listdir(path)) if not name.startswith(".")]
    parts = [name for name in names if name.split(".")[0].lower() in SPLITS]
    parts.sort(key=lambda name: SPLITS.index(name.split(".")[0].lower()))
    if not parts and not any(os.path.isdir(os.path.join(path, name)) for name in names):
        parts = [name for name in names if FORMATS.get(os.path.splitext(name.lower().removesuffix(".gz"))[1])]
    return [os.path.join(path, name) for name in parts] or [path]


def _report(table: Table, options: DataOptions) -> tuple[FileReport, Counter[str]]:
    """The report of one table, and how often each text that is not blank occurs in it."""
    problems: list[str] = []
    warnings: list[str] = []
    missing = {name: sum(map(_is_missing, values)) for name, values in table.columns.items()}
    read = _columns(table, options, problems, warnings)
    facts: dict[str, Any] = {}
    texts: Counter[str] = Counter()
    if read is not None:
        values = table.columns[read.text]
        missing[read.text] = sum(not isinstance(value, str) for value in values)  # an empty text is a text
        if missing[read.text]:
            problems.append(f"{_rows(missing[read.text])} without a text ({_first(values, table.places)})")
        texts = Counter(value for value in values if isinstance(value, str) and value.strip())
        facts["empty"] = sum(isinstance(value, str) and not value.strip() for value in values)
        facts["words"] = _lengths(values, table.places)
        facts["repeated"] = sum(texts.values()) - len(texts)
        if facts["empty"]:
            warnings.append(f"{_rows(facts['empty'])} with an empty text")
        if facts["repeated"]:
            warnings.append(f"{_rows(facts['repeated'])} repeating the text of an earlier row")
    if read is not None and read.label is not None:
        facts["labels"] = _labels(table, read.label, options.label_separator, problems)
        if not is_for_measuring(table.path):
            problems += _too_few(facts["labels"])
        facts["contradictory"] = _contradictory(table, read)
        if facts["contradictory"]:
            warnings.append(f"texts occurring with different labels: {facts['contradictory']:,}")
    report = FileReport(
        path=table.path,
        rows=len(table),
        format=table.format,
        encoding=table.encoding,
        sha256=table.sha256,
        columns=tuple(table.columns),
        read=read,
        missing={name: number for name, number in missing.items() if number},
        problems=problems,
        warnings=warnings,
        notes=table.notes,
        **facts,
    )
    return report, texts


def is_for_measuring(path: str) -> bool:
    """Whether a file's name says that it is for validation or test, where any labels will do."""
    return os.path.basename(path).split(".")[0].lower() in SPLITS[2:]


def _columns(table: Table, options: DataOptions, problems: list[str], warnings: list[str]) -> Columns | None:
    """The columns of text and label, or of the text alone, or none; what is not found is a problem."""
    if len(table.columns) == 1 and options.label is None:
        warnings.append("no labels beside the texts: enough for predicting, not for training")
    else:
        try:
            return find_columns(table, options.text, options.label)
        except DataError as error:
            problems.append(str(error))
    try:
        return find_columns(table, options.text, need_label=False)
    except DataError as error:
        if str(error) not in problems:
            problems.append(str(error))
        return None


def _labels(table: Table, column: str, separator: str | None, problems: list[str]) -> dict[str, int]:
    values = table.columns[column]
    multi = separator is not None or any(isinstance(value, list) for value in values)
    rows = [split_labels(value, separator) for value in values]
    lacking = [lacks_label(value, row, multi) for value, row in zip(values, rows, strict=True)]
    if any(lacking):
        first = table.places(lacking.index(True))
        problems.append(f"{_rows(sum(lacking))} without a label (the first: {first})")
    counts = Counter(label for row, lacks in zip(rows, lacking, strict=True) if not lacks for label in row)
    return {label: counts[label] for label in in_order(counts)}


def _too_few(labels: dict[str, int]) -> list[str]:
    """What a file cannot be trained on for: one class only, or classes with a single row."""
    if len(labels) == 1:
        return [f"only one class, {next(iter(labels))!r}: there is nothing to tell apart"]
    single = [label for label, count in labels.items() if count == 1]
    if not single:
        return []
    some = ", ".join(map(repr, single[:5])) + (" …" if len(single) > 5 else "")
    return [f"only one row of the class {some}: a class needs two at least, to learn from and to validate on"]


def _contradictory(table: Table, read: Columns) -> int:
    seen: dict[str, Any] = {}
    different: set[str] = set()
    for text, label in zip(table.columns[read.text], table.columns[read.label or read.text], strict=True):
        if isinstance(text, str) and text.strip() and not _is_missing(label) and seen.setdefault(text, label) != label:
            different.add(text)
    return len(different)


def _lengths(values: list[Any], places: Places) -> Lengths:
    words = [len(value.split()) if isinstance(value, str) else 0 for value in values]
    order = sorted(words)
    longest = places(words.index(order[-1]))
    return Lengths(order[0], order[len(order) // 2], order[(9 * (len(order) - 1) + 9) // 10], order[-1], longest)


def _is_missing(value: Any) -> bool:
    if not isinstance(value, str):
        return value is None
    return (len(value) < 20 or value.isspace()) and value.strip().lower() in MISSING


def _first(values: list[Any], places: Places) -> str:
    return f"the first: {places(next(i for i, value in enumerate(values) if not isinstance(value, str)))}"


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number:,} rows"


def _compare(files: list[FileReport], counts: list[Counter[str]]) -> Inspection:
    """What the files share: texts, and labels that only a later one has."""
    overlaps: list[Overlap] = []
    warnings: list[str] = []
    for j, second in enumerate(files):
        for i, first in enumerate(files[:j]):
            shared = sum(count for text, count in counts[j].items() if text in counts[i])
            if shared:
                overlaps.append(Overlap(first.path, second.path, shared))
                warnings.append(f"{_rows(shared)} of {second.path} with a text that stands in {first.path}, too")
    learned = files[0].labels if files else {}
    for other in files[1:]:
        if learned and (unseen := [label for label in other.labels if label not in learned]):
            some = ", ".join(map(repr, unseen[:5])) + (" …" if len(unseen) > 5 else "")
            warnings.append(f"labels in {other.path} that {files[0].path} does not have: {some}")
    return Inspection(files, warnings, overlaps)
