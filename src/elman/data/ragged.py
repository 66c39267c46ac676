"""Rows of unequal lengths in two flat arrays, and batches cut out of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from elman.errors import ArgumentError

if TYPE_CHECKING:
    from torch import Tensor

Rows = Sequence[int] | np.ndarray


@dataclass(frozen=True, eq=False)
class Ragged:
    """Rows of whole numbers, one after another without padding.

    Args:
        values: the numbers of all rows (sum of lengths), int32.
        offsets: where each row begins, and where the last one ends (n + 1), int64.

    Raises:
        ArgumentError: the offsets do not cut up the values.

    Example:
        >>> r = Ragged.of([[5, 6, 7], [], [8]])
        >>> len(r), r.lengths.tolist(), r.row(0).tolist()
        (3, [3, 0, 1], [5, 6, 7])
        >>> ids, lengths = r.batch([2, 0])
        >>> ids.tolist(), lengths.tolist()
        ([[8, 0, 0], [5, 6, 7]], [1, 3])
    """

    values: np.ndarray
    offsets: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", np.ascontiguousarray(self.values, dtype=np.int32))
        object.__setattr__(self, "offsets", np.ascontiguousarray(self.offsets, dtype=np.int64))
        o = self.offsets
        if o.ndim != 1 or not len(o) or o[0] != 0 or o[-1] != len(self.values) or (np.diff(o) < 0).any():
            raise ArgumentError(
                f"the offsets {o.tolist() if o.size < 9 else o.shape} do not cut {len(self.values)} values into rows",
                expected="numbers that rise from 0 to the number of values",
            )

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]] | Sequence[np.ndarray]) -> Ragged:
        """Join rows given one by one."""
        offsets = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum([len(row) for row in rows], out=offsets[1:])
        parts = [np.asarray(row, dtype=np.int32) for row in rows]
        return cls(np.concatenate(parts) if parts else np.zeros(0, np.int32), offsets)

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.offsets) - 1

    @property
    def lengths(self) -> np.ndarray:
        """The length of every row (n), int64."""
        return np.diff(self.offsets)

    def row(self, i: int) -> np.ndarray:
        """The numbers of row i."""
        i = range(len(self))[i]
        return self.values[self.offsets[i] : self.offsets[i + 1]]

    def take(self, rows: Rows) -> Ragged:
        """Some of the rows, in the order given."""
        rows = np.asarray(rows, dtype=np.int64)
        lengths = self.lengths[rows]
        offsets = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum(lengths, out=offsets[1:])
        # Where each value stands here: its place in the new array, moved by how far its row has moved.
        moved = np.repeat(self.offsets[rows] - offsets[:-1], lengths)
        return Ragged(self.values[np.arange(offsets[-1]) + moved], offsets)

    def batch(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Some of the rows as one tensor, padded at the end to the longest of them.

        Args:
            rows: which rows, in order.

        Returns:
            The numbers (n, longest), int64, 0 after a row's end; and the lengths (n), int64.
        """
        import torch

        part = self.take(rows)
        lengths = part.lengths
        longest = int(lengths.max(initial=0))
        ids = np.zeros((len(part), longest), dtype=np.int64)
        ids[np.arange(longest) < lengths[:, None]] = part.values
        return torch.from_numpy(ids), torch.from_numpy(lengths)
