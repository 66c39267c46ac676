"""Dialogues as pairs: the turns before an answer, marked by who speaks, and the answer."""

from collections.abc import Sequence
from dataclasses import replace

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
    texts, most = [turn for own in dialogues.turns for turn in own], symbols.options.max_length
    answers = symbols.encode(texts)
    read = _read(symbols, texts, answers)
    sources: list[np.ndarray] = []
    targets: list[np.ndarray] = []
    begin = 0
    for own in dialogues.turns:
        for i in range(begin + 1, begin + len(own)):
            sources.append(_marked(read[max(begin, i - turns) : i], most))
            targets.append(answers.row(i))
        begin += len(own)
    return EncodedPairs(Ragged.of(sources), Ragged.of(targets))


def contexts(symbols: Symbols, dialogues: Sequence[Sequence[str]], turns: int) -> Ragged:
    """The last turns of each dialogue, of which the very last is to be answered."""
    chosen = [list(own)[-turns:] for own in dialogues]
    texts = [turn for own in chosen for turn in own]
    read = iter(_read(symbols, texts, symbols.encode(texts)))
    return Ragged.of([_marked([next(read) for _ in own], symbols.options.max_length) for own in chosen])


def _read(symbols: Symbols, texts: Sequence[str], beginnings: Ragged) -> list[np.ndarray]:
    """The symbols of turns that are to be answered: of a long one the last, where `encode` gives the beginning."""
    rows, most = [beginnings.row(i) for i in range(len(texts))], symbols.options.max_length
    long = [i for i, row in enumerate(rows) if most and len(row) >= most]
    if long:
        ends = Symbols(symbols.to_json(), replace(symbols.options, keep="last"))
        enough = 2 * most * max(map(len, symbols.names))  # characters: a text of 10 MB took 20 seconds
        found = ends.encode([texts[i][-enough:] for i in long])
        for place, i in enumerate(long):
            rows[i] = found.row(place)
    return rows


def _marked(turns: Sequence[np.ndarray], most: int) -> np.ndarray:
    """Turns as one sequence, each after the symbol of who speaks; of a longer one the last symbols.

    The last turn is the other's, the one before it that of whom will answer, and so on. Of a last turn that is too long
    by itself its mark stays, and its last symbols.
    """
    count = len(turns)
    marks = [np.array([FIRST + (count - i) % 2], dtype=np.int32) for i in range(count)]
    parts = [part for pair in zip(marks, turns, strict=True) for part in pair]
    joined = np.concatenate(parts) if parts else np.zeros(0, np.int32)
    if not most or len(joined) <= most:
        return joined
    if len(turns[-1]) < most:
        return joined[-most:]
    return np.concatenate([marks[-1], joined[len(joined) - most + 1 :]])
