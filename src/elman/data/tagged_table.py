"""Sentences in a table: one word per row with a number of its sentence, or one sentence per row."""

from collections.abc import Sequence
from typing import Any

from elman.data.files import did_you_mean
from elman.data.names import words_of
from elman.data.sentences import Sentences
from elman.data.table import Table
from elman.errors import DataError

# The names that people give to these columns, most telling first.
WORDS = ("word", "words", "token", "tokens", "form", "sentence", "text", "seq.in", "utterance", "query")
TAGS = ("tag", "tags", "ner_tags", "ner", "slots", "slot", "upos", "pos", "pos_tags", "seq.out", "labels", "label")
SENTENCES = ("sentence_id", "sent_id", "sentence #", "sentence", "sent", "sentence_number", "id")
LABELS = ("intent", "label", "class", "domain")


def sentences_of(
    table: Table,
    word: str | None = None,
    tag: str | None = None,
    sentence: str | None = None,
    label: str | None = None,
    *,
    need_tags: bool = True,
) -> Sentences:
    """The sentences in a table.

    Where the words of a row are a list (JSON lines, Parquet), or no column numbers the sentences, each row is one
    sentence, its words and tags lists or texts divided at white space. Otherwise each row is one word, and rows that
    follow each other with the same number, or with none, are one sentence.

    Args:
        table: the table.
        word, tag, sentence, label: names of columns; None: found by their names.
        need_tags: whether a column of tags must be there.

    Raises:
        DataError: a column that is not there, words without as many tags, or an empty word.

    Example:
        >>> from elman.data.table import Places
        >>> columns = {"sentence": ["1", "", "2"], "word": ["Ann", "sings", "Yes"], "tag": ["B", "O", "O"]}
        >>> table = Table("a.csv", columns, Places("a.csv", [2, 3, 4]), "csv", "utf-8", "")
        >>> sentences_of(table).words
        [['Ann', 'sings'], ['Yes']]
    """
    for role, name in (("word", word), ("tag", tag), ("sentence", sentence), ("label", label)):
        if name is not None and name not in table.columns:
            expected = f"one of {', '.join(table.columns)}"
            hint = did_you_mean(name, table.columns) or f"Write --{role} NAME."
            raise DataError(f"there is no column {name!r}", expected, hint, path=table.path)
    names = list(table.columns)
    numbers = sentence or _numbering(table, word, tag)
    word = word or _find(names, WORDS, {numbers, tag, label})
    if word is None and len(left := [name for name in names if name not in (numbers, tag, label)]) == 1:
        word = left[0]
    tag = tag or _find(names, TAGS, {numbers, word, label})
    if word is None:
        raise _not_found("word", "words", names, table.path)
    if tag is None and need_tags:
        raise _not_found("tag", "tags", names, table.path)
    if numbers is None:
        found = _one_per_row(table, word, tag, label or _find(names, LABELS, {word, tag}))
        return _without_gaps(found, table.path) if label is None else found
    return _one_word_per_row(table, word, tag, numbers, label)


def _numbering(table: Table, word: str | None, tag: str | None) -> str | None:
    """The column that numbers the sentences; there is none where words are lists, or no column holds single words."""
    names = list(table.columns)
    if any(isinstance(value, list) for column in table.columns.values() for value in column[:20]):
        return None
    found = _find(names, SENTENCES, {word, tag})
    if found is None:
        return None
    # Where words stand beside it, they must be single ones; else it may itself hold the sentences.
    held = table.columns[word or _find(names, WORDS, {found, tag}) or found]
    return None if any(len(str(value or "").split()) > 1 for value in held[:200]) else found


def _find(names: Sequence[str], wanted: Sequence[str], taken: set[str | None]) -> str | None:
    """The free column with the most telling name: the very name first, then one that holds it."""
    free = [name for name in names if name not in taken]
    for test in (lambda name, word: name.strip().lower() == word, lambda name, word: word in words_of(name)):
        for word in wanted:
            for name in free:
                if test(name, word):
                    return name
    return None


def _not_found(role: str, what: str, names: Sequence[str], path: str) -> DataError:
    return DataError(
        f"no column can be told to hold the {what}",
        expected=f"the name of one of {', '.join(names)}",
        fix=f"Write --{role} NAME.",
        path=path,
    )


def _one_per_row(table: Table, word: str, tag: str | None, label: str | None) -> Sentences:
    words = [_cut(value, table, row, word) for row, value in enumerate(table.columns[word])]
    tags = None
    if tag is not None:
        tags = [[] if v is None else _cut(v, table, row, tag) for row, v in enumerate(table.columns[tag])]
        for row, (own, given) in enumerate(zip(words, tags, strict=True)):
            if given and len(own) != len(given):
                raise table.places.error(
                    row, f"{len(own)} words in {word!r} and {len(given)} tags in {tag!r}", "one tag for each word"
                )
        tags = [given or [""] * len(own) for own, given in zip(words, tags, strict=True)]
    labels = None
    if label is not None:
        labels = ["" if isinstance(value, list) else (value or "").strip() for value in table.columns[label]]
    lines = table.lines
    return Sentences(
        words=words,
        tags=tags,
        labels=labels,
        begins=list(lines),
        lines=[[line] * len(own) for line, own in zip(lines, words, strict=True)],
        columns={role: name for role, name in (("word", word), ("tag", tag), ("label", label)) if name is not None},
        notes=[],
    )


def _cut(value: Any, table: Table, row: int, column: str) -> list[str]:
    """The words, or tags, in one cell."""
    if value is None:
        raise table.places.error(row, "the sentence is missing", "its words", column=column)
    if not isinstance(value, list):
        return value.split()
    for k, word in enumerate(value):
        if isinstance(word, list):
            raise table.places.error(row, f"item {k + 1} of the list is a list", "a word or a tag", column=column)
        if word is None or not word.strip():
            raise table.places.error(row, f"item {k + 1} of the list is empty", "a word or a tag", column=column)
    return value


def _text(table: Table, row: int, column: str) -> str:
    """What is in one cell, "" where it is missing."""
    value = table.columns[column][row]
    if isinstance(value, list):
        raise table.places.error(row, "the value is a list", "one text, as each row is one word", column=column)
    return (value or "").strip()


def _without_gaps(found: Sentences, path: str) -> Sentences:
    """The same without labels that only their column's name tells, where some are missing: that may be by intention."""
    gaps = (found.labels or []).count("")
    if not gaps:
        return found
    found.notes.append(f"{path}: rows without {found.columns['label']!r}: {gaps:,}; it is not read as a label")
    return found._replace(labels=None, columns={k: v for k, v in found.columns.items() if k != "label"})


def _one_word_per_row(table: Table, word: str, tag: str | None, numbers: str, label: str | None) -> Sentences:
    found = Sentences([], None if tag is None else [], None if label is None else [], [], [], {}, [])
    last: str | None = None
    seen: set[str] = set()
    again: list[str] = []
    for row, value in enumerate(table.columns[word]):
        if value is None or isinstance(value, list) or not value.strip():
            raise table.places.error(row, "the word is missing", "one word per row", column=word)
        number = _text(table, row, numbers)
        if not found.words or (number and number != last):
            if number in seen:
                again.append(f"{number!r} on line {table.lines[row]}")
            last = number or last
            seen.add(number)
            found.words.append([])
            found.lines.append([])
            found.begins.append(table.lines[row])
            if found.tags is not None:
                found.tags.append([])
            if found.labels is not None and label is not None:
                found.labels.append(_text(table, row, label))
        found.words[-1].append(value)
        found.lines[-1].append(table.lines[row])
        if found.tags is not None and tag is not None:
            found.tags[-1].append(_text(table, row, tag))
    columns = {"word": word, "tag": tag, "sentence": numbers, "label": label}
    if again:
        found.notes.append(
            f"{table.path}: the sentence {again[0]} comes again after another one and is read as a sentence of its own"
            + (f" (as {len(again) - 1} others)" if len(again) > 1 else "")
        )
    return found._replace(columns={role: name for role, name in columns.items() if name is not None})
