"""Sentences with a tag for each word, and perhaps a label for each sentence."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from elman.data.table import Table
from elman.errors import ArgumentError, ArgumentTypeError, DataError


class Sentences(NamedTuple):
    """What a reader finds in a file.

    Args:
        words: those of each sentence.
        tags: one for each word, "" where it is missing; None where the file has no column of tags.
        labels: one for each sentence, "" where it is missing; None where there are none.
        begins: the line on which each sentence begins.
        lines: the line of each word.
        columns: "word", "tag", "label" → what was read, as messages name it.
        notes: what was noticed, one sentence each.
    """

    words: list[list[str]]
    tags: list[list[str]] | None
    labels: list[str] | None
    begins: list[int]
    lines: list[list[int]]
    columns: dict[str, str]
    notes: list[str]


@dataclass(frozen=True)
class Tagged:
    """Sentences, each word with its tag.

    Args:
        path: the file as messages name it.
        words: the words of each sentence.
        tags: one for each word; None where none were asked for, or there are none.
        labels: one for each sentence; None where there are none.
        begins, lines: the line of each sentence and of each word.
        columns: "word", "tag", "label" → the column that was read.
        format: "conllu", "conll", "csv", "tsv", "jsonl", "parquet", "folder", "lines" or "given".
        sha256: of the data.
        notes: what was noticed, one sentence each.
        source: what is needed to write the file again with other tags: its lines, or its table.
    """

    path: str
    words: list[list[str]]
    tags: list[list[str]] | None
    labels: list[str] | None
    begins: list[int]
    lines: list[list[int]]
    columns: dict[str, str]
    format: str
    sha256: str
    notes: list[str] = field(default_factory=list)
    source: list[str] | Table | None = None

    def __len__(self) -> int:
        """The number of sentences."""
        return len(self.words)

    @property
    def tokens(self) -> int:
        """The number of words of all sentences."""
        return sum(map(len, self.words))

    def place(self, sentence: int) -> str:
        """Where a sentence begins, as in "tags.conllu:17"."""
        return f"{self.path}:{self.begins[sentence]}"

    def error(self, sentence: int, word: int, found: str, expected: str = "", fix: str = "") -> DataError:
        """A `DataError` that names the line of a word."""
        return DataError(found, expected, fix, path=self.path, line=self.lines[sentence][word])


def from_sentences(words: Iterable[Iterable[str]], tags: Any = None, labels: Iterable[Any] | None = None) -> Tagged:
    """Sentences that are already in memory, checked.

    Args:
        words: n lists of words.
        tags: n lists of as many tags, texts or numbers; None: no tags.
        labels: n labels; None: no labels.

    Raises:
        ArgumentError, ArgumentTypeError: something that is not a word, or different numbers of words and tags.

    Example:
        >>> data = from_sentences([["a", "film"], ["dull"]], [["DET", "NOUN"], ["ADJ"]])
        >>> len(data), data.tokens, data.tags
        (2, 3, [['DET', 'NOUN'], ['ADJ']])
    """
    rows = _rows("words", words)
    for i, row in enumerate(rows):
        for j, word in enumerate(row):
            if not isinstance(word, str):
                raise ArgumentTypeError(f"words[{i}][{j}] is {word!r} of type {type(word).__name__}", "a string")
            if not word:
                raise ArgumentError(f"words[{i}][{j}] is empty", "a word of one character at least")
    own = None if tags is None else [[str(tag) for tag in row] for row in _rows("tags", tags)]
    if own is not None:
        if len(own) != len(rows):
            raise ArgumentError(f"{len(rows)} sentences and tags for {len(own)}", "one list of tags for each sentence")
        for i, (row, given) in enumerate(zip(rows, own, strict=True)):
            if len(row) != len(given):
                raise ArgumentError(f"words[{i}] has {len(row)} words and tags[{i}] {len(given)}", "one tag per word")
            if "" in given:
                raise ArgumentError(f"tags[{i}][{given.index('')}] is empty", "a tag for every word")
    names = None if labels is None else [str(label) for label in labels]
    if names is not None and len(names) != len(rows):
        raise ArgumentError(f"{len(rows)} sentences and {len(names)} labels", "one label for each sentence")
    return Tagged(
        path="the given sentences",
        words=rows,
        tags=own,
        labels=names,
        begins=list(range(len(rows))),
        lines=[[i] * len(row) for i, row in enumerate(rows)],
        columns={},
        format="given",
        sha256=hashlib.sha256(repr((rows, own, names)).encode("utf-8", "surrogatepass")).hexdigest(),
    )


def _rows(name: str, values: Any) -> list[list[Any]]:
    """n lists out of whatever holds n rows; one string in the place of a list is a mistake that is easily made."""
    if isinstance(values, str):
        raise ArgumentTypeError(f"{name} is one string", "a list of lists of strings", "Write [sentence.split()].")
    rows: list[list[Any]] = []
    for i, row in enumerate(values):
        if isinstance(row, str) or not isinstance(row, Iterable):
            raise ArgumentTypeError(
                f"{name}[{i}] is {row!r:.60} of type {type(row).__name__}",
                expected="a list of strings",
                fix="Write sentence.split(), or another way to cut it into words.",
            )
        rows.append(list(row))
    return rows


def select(data: Tagged, rows: Sequence[int]) -> Tagged:
    """Some sentences of the data, in the given order."""
    chosen = [int(row) for row in rows]
    return replace(
        data,
        words=[data.words[i] for i in chosen],
        tags=None if data.tags is None else [data.tags[i] for i in chosen],
        labels=None if data.labels is None else [data.labels[i] for i in chosen],
        begins=[data.begins[i] for i in chosen],
        lines=[data.lines[i] for i in chosen],
        source=None,
    )
