"""Tagged sentences as a file: the one that was read with other tags in it, or a new one."""

import csv
import io
import json
import re
from collections.abc import Sequence
from typing import Any

from elman.data.conll import CONLLU, by_tabs, fields_of
from elman.data.sentences import Tagged
from elman.data.table import Table
from elman.errors import ConfigError

# What the end of a file's name says about its format.
FORMS = {
    ".conllu": "conllu", ".conll": "conll", ".bio": "conll", ".iob2": "conll", ".txt": "conll", ".csv": "csv",
    ".tsv": "tsv", ".jsonl": "jsonl", ".parquet": "parquet",
}  # fmt: skip
LABEL = "label"


def written(
    data: Tagged, tags: Sequence[Sequence[str]], labels: Sequence[str] | None, form: str | None = None
) -> bytes:
    """Sentences with the given tags, and labels, as the content of a file.

    A file that is written in the format in which it was read keeps all else that stands in it: comments, columns,
    lines that are no words. Otherwise it holds words, tags and labels only.

    Args:
        data: the sentences, as they were read.
        tags: one for each word.
        labels: one for each sentence, or None.
        form: "conllu", "conll", "csv", "tsv", "jsonl" or "parquet"; None: as it was read, where lines of words
            become columns of words and tags, and a folder JSON lines.

    Raises:
        ConfigError: another form.

    Example:
        >>> from elman.data.sentences import from_sentences
        >>> print(written(from_sentences([["Ann", "sings"]]), [["B-PER", "O"]], ["tell"], "conll").decode().strip())
        # label = tell
        Ann	B-PER
        sings	O
    """
    chosen = form or {"lines": "conll", "given": "conll", "folder": "jsonl"}.get(data.format, data.format)
    if chosen not in FORMS.values():
        raise ConfigError(f"the form is {chosen!r}", f"one of {', '.join(dict.fromkeys(FORMS.values()))}")
    if isinstance(data.source, Table):
        if chosen == data.format:
            return _table(_with_tags(data, data.source, tags, labels), chosen)
    elif data.source is not None and chosen == data.format:
        return _in_lines(data, data.source, tags, labels)
    if chosen in ("conllu", "conll"):
        return _as_lines(data.words, tags, labels, chosen)
    columns: dict[str, list[Any]]
    if chosen in ("csv", "tsv"):
        columns = {
            "sentence_id": [str(i + 1) for i, row in enumerate(data.words) for _ in row],
            "word": [word for row in data.words for word in row],
            "tag": [tag for row in tags for tag in row],
        }
        if labels is not None:
            columns[LABEL] = [label for label, row in zip(labels, data.words, strict=True) for _ in row]
    else:
        columns = {"words": list(data.words), "tags": [list(row) for row in tags]}
        if labels is not None:
            columns[LABEL] = list(labels)
    return _table(columns, chosen)


def _in_lines(data: Tagged, source: list[str], tags: Sequence[Sequence[str]], labels: Sequence[str] | None) -> bytes:
    """The lines that were read, the column of tags replaced, or added where there was none."""
    lines = list(source)
    name = data.columns.get("tag")
    place = None if name is None else CONLLU.index(name) if data.format == "conllu" else int(name) - 1
    tabs = by_tabs(source)
    for numbers, own in zip(data.lines, tags, strict=True):
        for number, tag in zip(numbers, own, strict=True):
            lines[number - 1] = _with_column(lines[number - 1], tabs, place, tag)
    if labels is not None:
        said = data.columns.get("label", f"# {LABEL} =").removeprefix("# ").removesuffix(" =")
        # From the last sentence to the first, so that the numbers of the lines before stay right.
        for i in range(len(data) - 1, -1, -1):
            begin, first = data.begins[i] - 1, (data.lines[i] or [data.begins[i]])[0] - 1
            old = [k for k in range(begin, first) if re.match(rf"#\s*{re.escape(said)}\s*=", lines[k])]
            for k in reversed(old):
                del lines[k]
            first -= len(old)
            # A multiword token, which is no word, may stand first, and comments stand before it.
            first = next((k for k in range(begin, first) if not lines[k].startswith("#")), first)
            lines.insert(first, f"# {said} = {labels[i]}")
    return "\n".join(lines).encode()


def _with_column(line: str, tabs: bool, place: int | None, tag: str) -> str:
    end = "\r" if line.endswith("\r") else ""
    fields = fields_of(line.removesuffix("\r"), tabs)
    after = len(fields) if place is None else place
    return ("\t" if tabs else " ").join([*fields[:after], tag, *fields[after + 1 :]]) + end


def _as_lines(
    words: Sequence[Sequence[str]], tags: Sequence[Sequence[str]], labels: Sequence[str] | None, form: str
) -> bytes:
    """One word per line and an empty line after each sentence; a sentence without words is an empty line alone."""
    lines: list[str] = []
    for i, (row, own) in enumerate(zip(words, tags, strict=True)):
        if labels is not None and row:
            lines.append(f"# {LABEL} = {labels[i]}")
        for j, (word, tag) in enumerate(zip(row, own, strict=True)):
            whole = [str(j + 1), word, "_", tag, *["_"] * (len(CONLLU) - 4)]
            lines.append("\t".join(whole if form == "conllu" else (word, tag)))
        lines.append("")
    return "".join(f"{line}\n" for line in lines).encode()


def _with_tags(
    data: Tagged, table: Table, tags: Sequence[Sequence[str]], labels: Sequence[str] | None
) -> dict[str, list[Any]]:
    """The columns of a table with the tags, and labels, in their places."""
    columns = dict(table.columns)
    tag, label = data.columns.get("tag", "tag"), data.columns.get("label", LABEL)
    if len(table) == len(data) and "sentence" not in data.columns:
        lists = any(isinstance(value, list) for value in table.columns[data.columns["word"]])
        columns[tag] = [list(row) if lists else " ".join(row) for row in tags]
        if labels is not None:
            columns[label] = list(labels)
    else:
        columns[tag] = [name for row in tags for name in row]
        if labels is not None:
            columns[label] = [name for name, row in zip(labels, data.words, strict=True) for _ in row]
    return columns


def _table(columns: dict[str, list[Any]], form: str) -> bytes:
    names = list(columns)
    rows = list(zip(*columns.values(), strict=True))
    if form == "parquet":
        import polars

        content = io.BytesIO()
        polars.DataFrame(columns).write_parquet(content)
        return content.getvalue()
    if form == "jsonl":
        lines = (json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) for row in rows)
        return "".join(f"{line}\n" for line in lines).encode()
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter="\t" if form == "tsv" else ",", lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return text.getvalue().encode()
