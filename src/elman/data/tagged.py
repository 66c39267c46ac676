"""Tagged sentences read from a file of any of the formats, checked."""

import hashlib
import os
from collections.abc import Mapping

from elman.data.conll import CONLLU, looks_like_columns, number_of, read_columns, read_conllu, width_of
from elman.data.encoding import decode
from elman.data.files import STDIN, read_stored, shown, unpack
from elman.data.sentences import Sentences, Tagged
from elman.data.slot_folder import read_slot_folder
from elman.data.table import FORMATS, Table, read_table
from elman.data.tagged_options import TAGGED_FORMATS, TagDataOptions
from elman.data.tagged_table import sentences_of
from elman.errors import ConfigError, DataError

ENDS = {".conllu": "conllu", ".conll": "conll", ".bio": "conll", ".iob": "conll", ".iob2": "conll"}


def read_tagged(
    path: str | os.PathLike[str],
    options: TagDataOptions | None = None,
    *,
    need_tags: bool = True,
    columns: Mapping[str, str] | None = None,
) -> Tagged:
    """Read sentences and their tags.

    Args:
        path: CoNLL-U, CoNLL columns, CSV, TSV, JSON lines, Parquet, each also gzipped; a folder with seq.in, seq.out
            and label; or, where tags are not needed, lines of words. "-" is standard input.
        options: columns, format, encoding; None: all found by themselves.
        need_tags: whether every word must have a tag.
        columns: those that the training read, "word", "tag", "label" → name, taken where the options name none and
            the file has them.

    Raises:
        DataError: what is wrong, with its line.
        StorageError: it cannot be read.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "tags.conll")
        >>> _ = path.write_text("Ann B-PER\\nsings O\\n\\nYes O\\n")
        >>> data = read_tagged(path)
        >>> data.words, data.tags, data.place(1)[-5:]
        ([['Ann', 'sings'], ['Yes']], [['B-PER', 'O'], ['O']], 'nll:4')
    """
    data = _read(os.fspath(path), options or TagDataOptions(), need_tags, columns or {})
    if need_tags:
        check_tags(data)
    return data


def check_tags(data: Tagged) -> None:
    """Refuse sentences with a word without a tag, or without a label where others have one.

    Raises:
        DataError: the first such word, and how many others there are.
    """
    if data.tags is None:
        raise DataError("there is no column of tags", "words and their tags", "Write --tag NAME.", path=data.path)
    bad = [(i, j) for i, row in enumerate(data.tags) if "" in row for j, tag in enumerate(row) if not tag]
    if bad:
        (i, j), column = bad[0], data.columns.get("tag")
        word = f"the word {data.words[i][j]!r:.40} has no tag"
        also = f" (nor have {len(bad) - 1:,} others)" if len(bad) > 1 else ""
        fix = "Name another column with --tag." if len(bad) == data.tokens else "Fill it in, or take the sentence out."
        raise DataError(word + also, "a tag for every word", fix, path=data.path, line=data.lines[i][j], column=column)
    if data.labels is not None and "" in data.labels:
        bad_line = data.begins[data.labels.index("")]
        raise DataError(
            "the sentence has no label",
            expected="one for every sentence" + _of(data.columns.get("label")),
            path=data.path,
            line=bad_line,
        )


def _read(name: str, options: TagDataOptions, need_tags: bool, columns: Mapping[str, str]) -> Tagged:
    if options.format not in (None, *TAGGED_FORMATS):
        raise ConfigError(f"format is {options.format!r}", f"one of {', '.join(TAGGED_FORMATS)}")
    if options.format == "folder" or (options.format is None and name != STDIN and os.path.isdir(name)):
        found, digest = read_slot_folder(name, options.encoding, need_tags=need_tags)
        return _tagged(found, name, "folder", digest, None)
    kind = options.format or ENDS.get(_end(name)) or FORMATS.get(_end(name))
    if kind in ("csv", "jsonl", "parquet"):
        return _from_table(_table(name, kind, options), options, need_tags, columns)
    stored = read_stored(name)
    raw, label = unpack(stored, name), shown(name)
    decoded = decode(raw, name, options.encoding)
    text = decoded.text
    if not text.strip():
        raise DataError("the file is empty", "words and their tags" if need_tags else "words", path=label)
    if options.format is None and kind in (None, "tsv", "conll"):
        kind = ("" if name == STDIN else looks_like_columns(text)) or kind
    if kind == "tsv":
        return _from_table(_table(name, kind, options), options, need_tags, columns)
    if kind in ("conllu", "conll"):
        found = _from_columns(text, label, kind, options, need_tags, columns)
    elif need_tags:
        raise DataError(
            "this is not a file of words and tags that elman knows",
            expected="columns with an empty line after each sentence, CoNLL-U, or a table of words and tags",
            fix="Name its --format (conllu, conll, csv, tsv, jsonl, parquet, folder).",
            path=label,
        )
    else:
        kind, found = "lines", _from_lines(text)
    found.notes[:0] = decoded.notes
    return _tagged(found, label, kind, hashlib.sha256(stored).hexdigest(), text.split("\n"))


def _from_columns(
    text: str, path: str, kind: str, options: TagDataOptions, need_tags: bool, columns: Mapping[str, str]
) -> Sentences:
    """The sentences of CoNLL-U or CoNLL columns; the training's columns are read where the file has them."""
    word, tag = columns.get("word"), columns.get("tag")
    comment = options.label or _comment(columns.get("label", ""))
    if kind == "conllu":
        found = read_conllu(text, path, _among_names(options.word, word), _among_names(options.tag, tag), comment)
    else:
        width = width_of(text)
        word = options.word or (word if 1 <= number_of(word) <= width else None)
        beyond = options.tag is None and number_of(tag) > width
        tag = options.tag or (tag if number_of(tag) and (need_tags or not beyond) else None)
        found = read_columns(text, path, word, tag, comment)
        if beyond:  # the tags are a column to come: none of those that are there may be taken for it
            found = found._replace(tags=None, columns={k: v for k, v in found.columns.items() if k != "tag"})
    if found.labels is not None and not any(found.labels):
        if options.label is not None and need_tags:
            raise DataError(f"no sentence has a comment `# {comment} = …`", "a label for every sentence", path=path)
        found = found._replace(labels=None)
    return found


def _comment(column: str) -> str | None:
    """The name in `# name =`, by which the training's comments gave labels; None for the name of a column."""
    return column.removeprefix("# ").removesuffix(" =") if column.startswith("# ") else None


def _among_names(given: str | None, trained: str | None) -> str | None:
    """The column that the user gives, taken as it is; else that of the training, if CoNLL-U has one of that name."""
    return given or (trained if (trained or "").lower() in CONLLU else None)


def _from_lines(text: str) -> Sentences:
    """One sentence per line, its words divided at white space; an empty line is a sentence of no words."""
    words = [line.split() for line in text.removesuffix("\n").split("\n")]
    numbers = range(1, len(words) + 1)
    lines = [[number] * len(own) for number, own in zip(numbers, words, strict=True)]
    return Sentences(words, None, None, list(numbers), lines, {}, [])


def _table(name: str, kind: str, options: TagDataOptions) -> Table:
    return read_table(name, format=kind, encoding=options.encoding, header=options.header)


def _from_table(table: Table, options: TagDataOptions, need_tags: bool, columns: Mapping[str, str]) -> Tagged:
    names = {role: columns.get(role) if columns.get(role) in table.columns else None for role in columns}
    found = sentences_of(
        table,
        options.word or names.get("word"),
        options.tag or names.get("tag"),
        options.sentence or names.get("sentence"),
        options.label or names.get("label"),
        need_tags=need_tags,
    )
    found.notes[:0] = table.notes
    return _tagged(found, table.path, table.format, table.sha256, table)


def _tagged(found: Sentences, path: str, kind: str, digest: str, source: list[str] | Table | None) -> Tagged:
    return Tagged(
        path=path,
        words=found.words,
        tags=found.tags,
        labels=found.labels,
        begins=found.begins,
        lines=found.lines,
        columns=found.columns,
        format=kind,
        sha256=digest,
        notes=found.notes,
        source=source,
    )


def _end(name: str) -> str:
    """The end of a file's name that tells its format, in small letters, without .gz."""
    base = os.path.basename(name).lower().removesuffix(".gz").removesuffix(".gzip")
    return os.path.splitext(base)[1]


def _of(column: str | None) -> str:
    return f" in {column!r}" if column else ""
