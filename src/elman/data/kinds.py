"""What a file is meant to teach: labels, tags, translations, or the language itself."""

import os
import re
import zlib
from pathlib import Path

from elman.data.files import GZIP
from elman.errors import DataError

TAGGED = (".conllu", ".conll", ".bio", ".iob", ".iob2", ".annotated")
SERIES = (".ts", ".arff")
PLAIN = (".txt", ".text")
TABLES = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".json", ".parquet", ".pq")
LINES = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson")  # tables of which the first lines can be read alone
PACKED = (".gz",)
SOURCES, TARGETS = ("source", "src", "from", "input"), ("target", "tgt", "to", "translation")
WORDS = ("word", "words", "token", "tokens", "form")
TAGS = ("tag", "tags", "ner", "ner_tags", "slot", "slots", "upos", "pos", "pos_tags")
SEEN, MOST_LINES = 1 << 16, 400  # bytes and lines looked at


def kind_of(path: str | os.PathLike[str]) -> str:
    """The task whose data a file looks like; only its name, its first lines, or the names in a folder are read.

        .conllu, .conll, …; columns of words and tags with empty lines between sentences, or so named in a table;
            a folder with seq.in, or with such folders: "tag"
        two texts per line with a tab between them, or columns named source and target: "translate"
        other lines of text: "generate"
        .ts, .arff: "series"
        a table of dates and numbers, or of a name and the steps of a series in each row: "forecast"
        everything else: "classify"

    Args:
        path: a file or folder; one that cannot be read is left to the task to complain about.

    Example:
        >>> kind_of("en-train.conllu.gz"), kind_of("reviews.parquet")
        ('tag', 'classify')
        >>> path = getfixture("tmp_path") / "plays.txt"
        >>> _ = path.write_text("First Citizen:\\nBefore we proceed any further, hear me speak.\\n")
        >>> kind_of(path)
        'generate'
    """
    file = Path(path)
    suffix = _suffix(file)
    if suffix in TAGGED:
        return "tag"
    if suffix in SERIES:
        return "series"
    if file.is_dir():
        slots = [name + end for name in ("seq.in", "*/seq.in") for end in ("", *PACKED)]
        return "tag" if any(any(file.glob(name)) for name in slots) else "classify"
    if suffix in LINES:
        lines = _first_lines(file)
        kind = _kind_of_names(next(iter(lines), ""))
        return "forecast" if kind == "classify" and _series(file, suffix, lines) == "sure" else kind
    if suffix in TABLES or (suffix and suffix not in PLAIN):
        return "classify"
    return _kind_of_lines(_first_lines(file))


def like_series(path: str | os.PathLike[str]) -> str:
    """What `series_in` says of a table; "numbers" of one whose first rows cannot be read alone."""
    suffix = _suffix(Path(path))
    if suffix in LINES:
        return _series(Path(path), suffix, _first_lines(Path(path)))
    return "numbers" if suffix in TABLES else ""


def _suffix(file: Path) -> str:
    """The ending that tells the format."""
    return next((s.lower() for s in reversed(file.suffixes) if s.lower() not in PACKED), "")


def _series(file: Path, suffix: str, lines: list[str]) -> str:
    """What `series_in` says of the first rows of a table; "" of what is no table."""
    from elman.data.csv_file import read_csv
    from elman.data.json_lines import read_json_lines
    from elman.data.series.kind import series_in

    text = "\n".join(lines)
    try:
        if suffix in (".jsonl", ".ndjson"):
            return series_in(read_json_lines(text, str(file)).columns)
        return series_in(read_csv(text, str(file), "," if suffix == ".csv" else "\t").columns)
    except DataError:
        return ""


def _kind_of_lines(lines: list[str]) -> str:
    """By the columns of the lines of a text file: 1, or 2 and more with or without empty lines between groups."""
    from elman.data.conll import looks_like_columns

    full = [line for line in lines if line.strip() and not line.startswith("# ")]
    if not full:
        return "generate"
    tabs = sorted(line.count("\t") for line in full)[len(full) // 2]
    if not tabs and looks_like_columns("\n".join(lines)):
        return "tag"
    grouped = any(not line.strip() for line in lines)
    if tabs and grouped and max(len(line.split("\t")[0].split()) for line in full) <= 1:
        return "tag"
    return "translate" if tabs == 1 else "generate" if not tabs else "classify"


def _kind_of_names(head: str) -> str:
    """By the names in the first line of a table: a source and a target, or words and tags."""
    pattern = r'"(\w+)"\s*:' if head.startswith("{") else r"\w+"
    names = {name.lower() for name in re.findall(pattern, head)}
    if any(n in names for n in SOURCES) and any(n in names for n in TARGETS):
        return "translate"
    return "tag" if any(n in names for n in WORDS) and any(n in names for n in TAGS) else "classify"


def _first_lines(file: Path) -> list[str]:
    """The first lines of a regular file, without the one that is cut; none of what cannot be read."""
    if not file.is_file():  # what comes through a pipe can be read only once
        return []
    try:
        with open(file, "rb") as opened:
            head = opened.read(SEEN)
        if head.startswith(GZIP):
            head = zlib.decompressobj(wbits=31).decompress(head, SEEN)
    except (OSError, zlib.error):
        return []
    text = head.decode("utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "replace")
    lines = text.split("\n") if len(head) < SEEN else text.split("\n")[:-1]
    return (lines[:-1] if lines[-1:] == [""] else lines)[:MOST_LINES]
