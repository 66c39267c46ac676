"""A text to learn a language from: one file, or a column of texts, read piece after piece and never as a whole."""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from elman.data.corpus_options import CorpusOptions
from elman.data.encoding import decode_pieces
from elman.data.files import STDIN, byte_pieces, sha256_of, shown
from elman.data.kinds import TABLES
from elman.data.options import DataOptions
from elman.errors import DataError

MOST = 1 << 20  # characters of a piece


@dataclass(frozen=True)
class PlainText:
    """A text in a file, or a part of it.

    Line ends are read as \\n. Of a table the texts of one column follow each other, each with a line end behind it.

    Args:
        path: the file (.gz is unpacked), or a table (CSV, TSV, JSON lines, Parquet); "-" is standard input.
        options: encoding, and for a table format, column and header.
        begin, end: which characters; None: to the end.
        given: a text in memory that stands in for a file.
        notes: nothing yet: what is noticed while the text is read is told then.

    Example:
        >>> path = getfixture("tmp_path") / "plays.txt"
        >>> _ = path.write_bytes("First Citizen:\\r\\nBefore we proceed".encode())
        >>> text = PlainText(str(path), CorpusOptions())
        >>> list(text.pieces()), text.count(), list(text.part(0, 7).pieces())
        (['First Citizen:\\n', 'Before we proceed'], 32, ['First C'])
    """

    path: str
    options: CorpusOptions
    begin: int = 0
    end: int | None = None
    given: str | None = None
    notes: tuple[str, ...] = ()

    def pieces(self, note: Callable[[str], None] | None = None) -> Iterator[str]:
        """The text in pieces of at most 2²⁰ characters, none empty; each but the last ends with a line, if lines end.

        Args:
            note: told what is noticed about the file.

        Raises:
            DataError, ConfigError, StorageError: it cannot be read, as `elman.data.encoding.decode` and
                `elman.data.files.read_bytes` say.
        """
        yield from _lines(self._cut(self._raw(note)))

    def part(self, begin: int, end: int | None) -> "PlainText":
        """The characters from `begin` to `end` of this text."""
        return replace(self, begin=begin, end=end)

    def count(self) -> int:
        """How many characters it has; the file is read."""
        return sum(len(piece) for piece in self._cut(self._raw(None)))

    def line_end(self, near: int) -> int:
        """The number of the first character behind a line end that is no sooner than this one; the end of the text."""
        done = 0
        for piece in self._cut(self._raw(None)):
            if near < done + len(piece) and (at := piece.find("\n", max(near - done, 0))) >= 0:
                return done + at + 1
            done += len(piece)
        return done

    def sha256(self) -> str:
        """Of the file as it is stored."""
        if self.given is not None:
            return hashlib.sha256(self.given.encode("utf-8", "surrogatepass")).hexdigest()
        if not os.path.isfile(self.path):  # with the message for what is missing
            next(byte_pieces(self.path), b"")
        return sha256_of(self.path)

    def _cut(self, pieces: Iterator[str]) -> Iterator[str]:
        """The characters between begin and end."""
        done = 0
        for piece in pieces:
            if self.end is not None and done >= self.end:
                return
            stop = len(piece) if self.end is None else self.end - done
            if own := piece[max(self.begin - done, 0) : stop]:
                yield own
            done += len(piece)

    def _raw(self, note: Callable[[str], None] | None) -> Iterator[str]:
        if self.given is not None:
            yield self.given
        elif self.options.format == "text" or (self.options.format is None and not _is_table(self.path)):
            yield from decode_pieces(byte_pieces(self.path), self.path, self.options.encoding, note)
        else:
            yield from _column(self.path, self.options, note)


def cut_at(total: int, share: float) -> int:
    """How many of so many characters stand before the last share of them; 0 if either part would be empty.

    Example:
        >>> cut_at(1000, 0.1), cut_at(4, 0.1)
        (900, 0)
    """
    at = round(total * (1 - share))
    return at if at < total else 0


def read_text(path: str | os.PathLike[str], options: CorpusOptions | None = None) -> PlainText:
    """A text in a file that is read more than once.

    Raises:
        DataError: it is the standard input or another pipe, which can be read only once.
    """
    if os.fspath(path) == STDIN or Path(path).is_fifo():
        raise DataError(f"{shown(path)} can be read only once", "a file", fix="Write it into a file first.")
    return PlainText(os.fspath(path), options or CorpusOptions())


def _lines(pieces: Iterator[str]) -> Iterator[str]:
    """The same text in pieces that end where lines end; a line longer than a piece is cut, between words if it can."""
    held = ""
    for piece in pieces:
        held += piece
        while len(held) >= MOST:
            cut = held.rfind("\n", 0, MOST) + 1 or held.rfind(" ", 0, MOST) + 1 or MOST
            yield held[:cut]
            held = held[cut:]
        cut = held.rfind("\n") + 1
        if cut:
            yield held[:cut]
            held = held[cut:]
    if held:
        yield held


def _is_table(path: str) -> bool:
    suffixes = [s.lower() for s in Path(path).suffixes if s.lower() != ".gz"]
    return bool(suffixes) and suffixes[-1] in TABLES


def _column(path: str, options: CorpusOptions, note: Callable[[str], None] | None) -> Iterator[str]:
    """The texts of a table, each with a line end."""
    from elman.data.labelled import read_labelled

    reading = DataOptions(text=options.text, format=options.format, encoding=options.encoding, header=options.header)
    rows = read_labelled(path, reading, need_label=False)
    if note:
        note(f"{shown(path)}: {len(rows.texts):,} texts in the column {rows.columns.text!r}")
    for text in rows.texts:
        yield text + "\n"
