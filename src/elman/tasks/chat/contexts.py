"""Dialogues as pairs: the turns before an answer, marked by who speaks, and the answer."""

from collections.abc import Sequence

import numpy as np

from elman.data.dialogues import Dialogues
from elman.data.ragged import Ragged
from elman.data.symbols import Symbols
from elman.learn.pairs import SPECIAL, EncodedPairs

SPEAKERS = ("the one who answers", "the other speaker")  # names with spaces: no text holds such a symbol
SYMBOLS = (*SPECIAL, *SPEAKERS)
FIRST = 2 + len(SPECIAL)  # id of the first of the speakers


def encoded(symbols: Symbols, dialogues: Dialogues, turns: int) -> EncodedPairs:
    """Every turn but the first of each dialogue with those before it.

    Args:
        symbols: with the special ones of this file.
        dialogues: all of them.
        turns: how many of the last turns are read.
    """
    flat = symbols.encode([turn for own in dialogues.turns for turn in own])
    sources: list[np.ndarray] = []
    targets: list[np.ndarray] = []
    begin = 0
    for own in dialogues.turns:
        rows = [flat.row(begin + i) for i in range(len(own))]
        begin += len(own)
        for i in range(1, len(rows)):
            sources.append(_marked(rows[max(0, i - turns) : i], symbols.options.max_length))
            targets.append(rows[i])
    return EncodedPairs(Ragged.of(sources), Ragged.of(targets))


def contexts(symbols: Symbols, dialogues: Sequence[Sequence[str]], turns: int) -> Ragged:
    """The last turns of each dialogue, of which the very last is to be answered."""
    rows: list[np.ndarray] = []
    for own in dialogues:
        part = symbols.encode(list(own)[-turns:])
        rows.append(_marked([part.row(i) for i in range(len(part))], symbols.options.max_length))
    return Ragged.of(rows)


def _marked(turns: Sequence[np.ndarray], most: int) -> np.ndarray:
    """Turns as one sequence, each after the symbol of who speaks; of a longer one the last symbols.

    The last turn is the other's, the one before it that of whom will answer, and so on.
    """
    count = len(turns)
    marks = [np.array([FIRST + (count - i) % 2], dtype=np.int32) for i in range(count)]
    parts = [part for pair in zip(marks, turns, strict=True) for part in pair]
    joined = np.concatenate(parts) if parts else np.zeros(0, np.int32)
    return joined[-most:] if most else joined
