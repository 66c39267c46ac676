"""Dialogues: turns of two speakers who take turns, read from lines or tables."""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from elman.data.dialogue_options import DialogueDataOptions
from elman.data.files import STDIN, did_you_mean
from elman.data.table import Table, format_of_name, read_table, read_texts
from elman.errors import ArgumentError, ArgumentTypeError, DataError

NAMES = ("dialogue", "dialog", "dialogs", "turns", "utterances", "messages", "conversation")
TEXTS = ("content", "text", "value")  # the keys that hold the text of a message, an object such as chat services write
TWO = ("question", "answer", "prompt", "response", "reply", "input", "output", "source", "target", "context")


@dataclass(frozen=True)
class Dialogues:
    """Dialogues, each a list of turns.

    Args:
        path: the file as messages name it.
        turns: the turns of each dialogue; empty ones are left out.
        place: dialogue → where it begins, as in "chats.txt:17".
        sha256: of the data.
        notes: what was noticed, one sentence each.
    """

    path: str
    turns: list[list[str]]
    place: Callable[[int], str]
    sha256: str
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        """The number of dialogues."""
        return len(self.turns)

    def take(self, rows: Sequence[int]) -> "Dialogues":
        """Some of the dialogues, in the order given."""
        chosen, place = [int(row) for row in rows], self.place
        return replace(self, turns=[self.turns[row] for row in chosen], place=lambda row: place(chosen[row]))


def read_dialogues(path: str | os.PathLike[str], options: DialogueDataOptions | None = None) -> Dialogues:
    """Read dialogues.

        a line for each dialogue, its turns divided by __eou__        "lines"
        a line for each turn, an empty line between dialogues         "turns"
        a row for each dialogue, a list of turns in one column        JSON lines, Parquet
        a row for each turn and its answer, in two columns            CSV, TSV

    Args:
        path: the file, plain or gzipped; "-" for standard input.
        options: format, column, separator, encoding; None: all found by themselves.

    Raises:
        DataError: what is wrong, with its line; there is no dialogue of two turns.
        StorageError: it cannot be read.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "chats.txt")
        >>> _ = path.write_text("Hi! __eou__ Hello. __eou__\\nTea? __eou__ Please. __eou__ Milk? __eou__\\n")
        >>> read_dialogues(path).turns
        [['Hi!', 'Hello.'], ['Tea?', 'Please.', 'Milk?']]
    """
    options = options or DialogueDataOptions()
    table = _table(os.fspath(path), options)
    if table.format == "lines":
        turns, lines, notes = _of_lines(table, options)
    else:
        turns, lines = _of_rows(table, options.dialogue), table.lines
        notes = _short(turns, table)
    kept = [i for i, own in enumerate(turns) if own]
    name = table.path
    found = Dialogues(
        path=name,
        turns=[turns[i] for i in kept],
        place=lambda row: f"{name}:{lines[kept[row]]}",
        sha256=table.sha256,
        notes=[note for note in table.notes if "column" not in note] + notes,
    )
    if all(len(own) < 2 for own in found.turns):
        raise DataError(
            "no dialogue has two turns",
            expected=f"turns with {options.separator} between them, one per line with empty lines between dialogues, "
            "or a text and its answer in two columns",
            path=name,
        )
    return found


def dialogues_of(turns: Sequence[Sequence[str]]) -> Dialogues:
    """Dialogues that are already in memory.

    Raises:
        ArgumentError, ArgumentTypeError: something that is not a list of texts.
    """
    if isinstance(turns, str) or any(isinstance(own, str) for own in turns):
        raise ArgumentTypeError("a dialogue is one string", expected="a list of turns for each dialogue")
    for i, own in enumerate(turns):
        if not all(isinstance(turn, str) for turn in own):
            raise ArgumentTypeError(f"dialogue {i} holds something that is no text", expected="strings")
    if not any(len(own) > 1 for own in turns):
        raise ArgumentError("no dialogue has two turns", expected="at least one turn and its answer")
    digest = hashlib.sha256(repr([list(own) for own in turns]).encode("utf-8", "replace")).hexdigest()
    return Dialogues("the given dialogues", [list(own) for own in turns], "dialogue {}".format, digest)


def _table(name: str, options: DialogueDataOptions) -> Table:
    """The rows of a file; one whose name is not that of a table is read line by line."""
    format = "lines" if options.format == "turns" else options.format or format_of_name(name) or "lines"

    if options.header is not None or options.dialogue is not None or name == STDIN:
        return read_table(name, format=format, encoding=options.encoding, header=options.header)
    return read_texts(name, TWO, format=format, encoding=options.encoding)


def _of_lines(table: Table, options: DialogueDataOptions) -> tuple[list[list[str]], list[int], list[str]]:
    """Dialogues of lines with separators, with tabs, or with empty lines between them."""
    texts, mark = [str(text) for text in table.columns["text"]], options.separator
    if options.format != "turns" and mark and any(mark in text for text in texts):
        turns = [_stripped(text.split(mark)) for text in texts]
        return turns, table.lines, _short(turns, table)
    tabs = sum("\t" in text for text in texts)
    if options.format != "turns" and 2 * tabs > sum(bool(text.strip()) for text in texts):
        turns = [_stripped(text.split("\t")) for text in texts]
        return turns, table.lines, _short(turns, table)
    turns, lines, open_ = [], [], False
    for text, line in zip(texts, table.lines, strict=True):
        if not text.strip():
            open_ = False
            continue
        if not open_:
            turns.append([])
            lines.append(line)
            open_ = True
        turns[-1].append(text.strip())
    return turns, lines, []


def _of_rows(table: Table, column: str | None) -> list[list[str]]:
    """The list in one column of each row, or the texts of two columns."""
    if column is not None and column not in table.columns:
        fix = did_you_mean(column, table.columns)
        raise DataError(f"there is no column {column!r}", f"one of {', '.join(table.columns)}", fix, path=table.path)
    lists = [name for name, values in table.columns.items() if any(isinstance(value, list) for value in values)]
    named = [name for name in NAMES if name in lists]
    chosen = column or next(iter(named or lists), None)
    if chosen is not None:
        rows = [_turns(value, table, row, chosen) for row, value in enumerate(table.columns[chosen])]
        first = next((turn for own in rows for turn in own), None)
        if _object(first) is not None:
            rows = [[_text(turn, table, row, chosen) for turn in own] for row, own in enumerate(rows)]
        return [_stripped(own) for own in rows]
    if len(table.columns) != 2:
        raise DataError(
            f"no column holds lists of turns, and there are {len(table.columns)}",
            expected="a list of turns in each row, or a text and its answer in two columns",
            path=table.path,
        )
    return [_stripped(str(value or "") for value in row) for row in zip(*table.columns.values(), strict=True)]


def _turns(value: object, table: Table, row: int, column: str) -> list[object]:
    """The turns in one cell."""
    if isinstance(value, list):
        return value
    found = "the turns are missing" if value is None else f"this is no list of turns but {value!r:.40}"
    fix = "Mend it, or take the row out."
    raise table.places.error(row, found, "a list of texts in every row", fix, column=column)


def _object(turn: object) -> dict[str, object] | None:
    """The object that a table holds as its JSON; None of a text."""
    try:
        found = json.loads(turn) if isinstance(turn, str) and turn.startswith("{") else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _text(turn: object, table: Table, row: int, column: str) -> str:
    """The text of one message of a dialogue of messages."""
    message = _object(turn)
    text = next((message[key] for key in TEXTS if key in message), None) if message else None
    if not isinstance(text, str):
        expected = f"an object with a text as its {TEXTS[0]}, {TEXTS[1]} or {TEXTS[2]}, as the first message is one"
        raise table.places.error(row, f"this message has no text: {turn!r:.60}", expected, column=column)
    return text


def _stripped(turns: object) -> list[str]:
    """Turns without the space around them, and without empty ones."""
    return [own for turn in turns if (own := str(turn or "").strip())]  # pyright: ignore[reportGeneralTypeIssues]


def _short(turns: list[list[str]], table: Table) -> list[str]:
    """Which lines hold no answer: mostly a separator is missing there."""
    bad = [table.lines[i] for i, own in enumerate(turns) if len(own) == 1]
    if not bad:
        return []
    more = ", …" if len(bad) > 5 else ""
    where = ", ".join(map(str, bad[:5]))
    return [
        f"{table.path}: {len(bad):,} lines hold one turn only, and nothing is learned from them (line {where}{more})"
    ]
