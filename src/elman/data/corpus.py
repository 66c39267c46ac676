"""A text as one long row of ids on the disk, and the streams that a language model is trained on."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.data.files import storage_error
from elman.data.plain_text import PlainText
from elman.data.vocabulary import Vocabulary
from elman.errors import ArgumentError

if TYPE_CHECKING:
    from torch import Tensor

LONGEST = 1 << 20  # symbols of a chunk; a row's number is its first symbol times this, plus its length


@dataclass(frozen=True, eq=False)
class Corpus:
    """The ids of a text, mapped from a file: only what is being read lies in memory.

    Args:
        ids: the symbol that stands before the text, then those of the text (1 + tokens), uint16 or int32.
        characters: of the text.
        unknown: how many of its symbols are `<unk>`.
        name: of the file, for messages.

    Example:
        >>> from elman.data.corpus_options import CorpusOptions, CorpusSymbolOptions
        >>> text = PlainText("", CorpusOptions(), given="to be or not to be")
        >>> vocabulary = Vocabulary.learn(text.pieces(), CorpusSymbolOptions(tokens="space"))
        >>> corpus = Corpus.write(text, vocabulary)
        >>> len(corpus), vocabulary.decode(corpus.ids[1:])
        (6, 'to be or not to be')
    """

    ids: np.ndarray
    characters: int
    unknown: int
    name: str

    @classmethod
    def write(cls, text: PlainText, vocabulary: Vocabulary, folder: Path | None = None) -> "Corpus":
        """Turn a text into ids, piece after piece, in a file without a name that is gone when it is no longer used.

        Args:
            text: the text.
            vocabulary: its symbols.
            folder: on which disk the file lies; None: where the system keeps temporary files.

        Raises:
            DataError, StorageError: the text cannot be read, or its ids cannot be written.
        """
        kind = np.uint16 if vocabulary.size <= 1 << 16 else np.int32
        tokens = characters = unknown = 0
        try:
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(np.array([vocabulary.start_id], dtype=kind).tobytes())
                for piece in text.pieces():
                    ids = vocabulary.encode(piece)
                    file.write(ids.astype(kind).tobytes())
                    tokens, characters = tokens + len(ids), characters + len(piece)
                    unknown += int((ids == vocabulary.unknown_id).sum())
                file.flush()
                ids = np.memmap(file, dtype=kind, mode="r", shape=(tokens + 1,))  # keeps a handle of its own
        except OSError as error:
            raise storage_error(error, folder or tempfile.gettempdir()) from error
        return cls(ids, characters, unknown, text.path)

    def __len__(self) -> int:
        """Symbols of the text."""
        return len(self.ids) - 1

    def chunks(self, steps: int) -> Iterator["tuple[Tensor, Tensor]"]:
        """The whole text in order: what is read (1, T) and what follows it (1, T), int64, T at most `steps`."""
        for begin in range(0, len(self), steps):
            yield self.rows([begin], min(steps, len(self) - begin))

    def rows(self, begins: list[int] | np.ndarray, length: int) -> "tuple[Tensor, Tensor]":
        """Some stretches of one length: what is read (n, T) and what follows it (n, T), int64."""
        import torch

        both = np.stack([self.ids[begin : begin + length + 1] for begin in begins]).astype(np.int64)
        whole = torch.from_numpy(both)
        return whole[:, :-1], whole[:, 1:]

    def counts(self, size: int) -> np.ndarray:
        """How often each of `size` symbols occurs, int64."""
        total = np.zeros(size, dtype=np.int64)
        for begin in range(1, len(self.ids), LONGEST):
            total += np.bincount(self.ids[begin : begin + LONGEST], minlength=size)
        return total


@dataclass(frozen=True, eq=False)
class _Chunks(Sequence[np.ndarray]):
    """The rows of every chunk, made when they are asked for: of a long text there are many."""

    first: np.ndarray
    begins: np.ndarray
    ends: np.ndarray

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return _Chunks(self.first, self.begins[i], self.ends[i])
        return (self.first + self.begins[i]) * LONGEST + (self.ends[i] - self.begins[i])


@dataclass(frozen=True)
class Streams:
    """A corpus cut into columns that are read side by side, chunk after chunk, each going on where it stopped.

    Column i of n holds the symbols from i ⌊N / n⌋ on, ⌊N / n⌋ of them. Chunk lengths vary, so that the gradient is
    not cut at the same places in every epoch: b with probability 0.95, otherwise b / 2, and a normal spread of 5 around
    that. They are then stretched a little to fill the column exactly, in the same number of chunks every epoch.

    Args:
        corpus: N symbols.
        columns: n; fewer where the text is shorter.
        steps: b, symbols of a chunk.
        vary: whether they vary; otherwise all have b symbols but for rounding.
        seed: of the training.

    Raises:
        ArgumentError: there is nothing to read, or a wrong number.

    Example:
        >>> corpus = Corpus(np.arange(11), 10, 0, "")
        >>> streams = Streams(corpus, columns=2, steps=3, vary=False, seed=0)
        >>> [streams.read(batch)[0].tolist() for batch in streams.batches(0)]
        [[[0, 1], [5, 6]], [[2, 3, 4], [7, 8, 9]]]

    Source: chunks of varying length: S. Merity, N. Shirish Keskar and R. Socher, "Regularizing and optimizing LSTM
    language models", ICLR 2018, arXiv:1708.02182.
    """

    corpus: Corpus
    columns: int
    steps: int
    vary: bool
    seed: int

    def __post_init__(self) -> None:
        if self.columns < 1 or not 1 <= self.steps <= LONGEST // 4:  # some are longer
            raise ArgumentError(
                f"{self.columns} columns, chunks of {self.steps}",
                f"at least 1 of each, chunks of {LONGEST // 4:,} at most",
            )
        if not len(self.corpus):
            raise ArgumentError("the corpus is empty", expected="at least one symbol")
        object.__setattr__(self, "columns", min(self.columns, len(self.corpus)))

    def batches(self, epoch: int) -> Sequence[np.ndarray]:
        """The chunks of an epoch: for each its rows, one of every column, as numbers that `read` takes.

        The same arguments always give the same chunks, whatever was drawn before.
        """
        height = len(self.corpus) // self.columns
        mean = self.steps * 0.975 if self.vary else self.steps
        count = min(height, max(1, round(height / mean)))
        ends = np.round(np.cumsum(self._lengths(count, epoch)) * height).astype(np.int64)
        # Every chunk has at least one symbol, also where rounding left it none.
        ends = np.minimum(np.maximum(ends, np.arange(1, count + 1)), height - np.arange(count)[::-1])
        begins = np.concatenate([[0], ends[:-1]])
        first = np.arange(self.columns, dtype=np.int64) * height
        return _Chunks(first, begins, ends)

    def read(self, batch: np.ndarray) -> "tuple[Tensor, Tensor]":
        """What the rows of a chunk read (n, T) and what follows it (n, T), int64."""
        return self.corpus.rows(batch // LONGEST, self.length(batch))

    def length(self, batch: np.ndarray) -> int:
        """T, symbols of each row of a chunk."""
        return int(batch[0] % LONGEST)

    def place(self, row: int) -> str:
        """Where a row begins, for messages."""
        return f"{os.path.basename(self.corpus.name)}, symbol {row // LONGEST + 1:,}"

    def _lengths(self, count: int, epoch: int) -> np.ndarray:
        """The lengths of the chunks as shares of the whole (count)."""
        if not self.vary:
            return np.full(count, 1 / count)
        random = np.random.Generator(np.random.PCG64([self.seed, epoch]))
        middle = np.where(random.random(count) < 0.95, self.steps, self.steps / 2)
        drawn = np.maximum(np.minimum(5, self.steps), random.normal(middle, np.minimum(5, self.steps / 4)))
        return drawn / drawn.sum()
