"""Numeric series with a class or a number each, of unequal lengths, in flat arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.errors import ArgumentError, ArgumentTypeError

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Collection:
    """Series of one or more channels, one after another without padding.

    Args:
        values: all steps of all series (sum of lengths, channels), float64 or float32; NaN where a value is missing.
        offsets: where each series begins, and where the last one ends (n + 1), int64.
        targets: the class or the number of each series as it stands in the file; None where there is none.
        channels: their names.
        path: the file, for messages.
        place: names a series in messages, such as "train.ts:17".
        sha256: of the file.
        notes: what was noticed while reading.

    Example:
        >>> two = Collection.of([[[1.0, 2.0, 3.0]], [[4.0]]], ["up", "flat"])
        >>> len(two), two.lengths.tolist(), two.row(1).tolist(), two.channels
        (2, [3, 1], [[4.0]], ('channel_1',))
    """

    values: np.ndarray
    offsets: np.ndarray
    targets: list[str] | None
    channels: tuple[str, ...]
    path: str = "series"
    place: Callable[[int], str] = "series {}".format
    sha256: str = ""
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, X: Any, y: Sequence[Any] | np.ndarray | None = None) -> Collection:
        """Series given as arrays, in the shapes that aeon and sktime use.

        Args:
            X: an array (n, channels, T) or (n, T); or a list of arrays (channels, T) or (T), of any lengths.
            y: one target per series.

        Raises:
            ArgumentError, ArgumentTypeError: other shapes, channels that differ, infinite values, no numbers.
        """
        rows = [_two_dimensional(i, one) for i, one in enumerate(_as_list(X))]
        widths = {row.shape[1] for row in rows}
        if len(widths) > 1:
            i = next(i for i, row in enumerate(rows) if row.shape[1] != rows[0].shape[1])
            raise ArgumentError(
                f"series {i} has {rows[i].shape[1]} channels and series 0 has {rows[0].shape[1]}",
                expected="the same channels in every series",
                fix="A list of arrays is read as (channels, T) each.",
            )
        targets = None if y is None else [str(one) for one in np.asarray(y).tolist()]
        if targets is not None and len(targets) != len(rows):
            raise ArgumentError(f"there are {len(rows)} series and {len(targets)} targets", "one target per series")
        width = widths.pop() if widths else 1
        names = tuple(f"channel_{c + 1}" for c in range(width))
        return cls(*joined(rows, width), targets, names)

    def __len__(self) -> int:
        """The number of series."""
        return len(self.offsets) - 1

    @property
    def lengths(self) -> np.ndarray:
        """Steps of every series (n), int64."""
        return np.diff(self.offsets)

    @property
    def missing(self) -> bool:
        """Whether any value is missing."""
        return bool(np.isnan(self.values).any())

    def row(self, i: int) -> np.ndarray:
        """Series i (T, channels)."""
        i = range(len(self))[i]
        return self.values[self.offsets[i] : self.offsets[i + 1]]

    def take(self, rows: Sequence[int] | np.ndarray) -> Collection:
        """Some of the series, in the order given."""
        chosen = [int(i) for i in rows]
        values, offsets = joined([self.row(i) for i in chosen], self.values.shape[1])
        targets = None if self.targets is None else [self.targets[i] for i in chosen]
        return replace(self, values=values, offsets=offsets, targets=targets, place=lambda i: self.place(chosen[i]))

    def batch(self, rows: Sequence[int] | np.ndarray) -> tuple[Tensor, Tensor]:
        """Some of the series as one tensor (n, longest, channels), float32, zero after their ends; and the lengths."""
        import torch

        lengths = self.lengths[np.asarray(rows, dtype=np.int64)]
        width = self.values.shape[1]
        padded = np.zeros((len(lengths), int(lengths.max(initial=0)), width), dtype=np.float32)
        for place, i in enumerate(rows):
            padded[place, : lengths[place]] = self.row(int(i))
        return torch.from_numpy(padded), torch.from_numpy(lengths)


def joined(rows: Sequence[np.ndarray], width: int) -> tuple[np.ndarray, np.ndarray]:
    """Series (T, width) each, one after another, and their offsets."""
    offsets = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum([len(row) for row in rows], out=offsets[1:])
    return np.concatenate([np.zeros((0, width)), *rows]), offsets


def _as_list(X: Any) -> list[Any]:
    if isinstance(X, str | bytes) or not hasattr(X, "__len__"):
        raise ArgumentTypeError(f"X is a {type(X).__name__}", "an array (n, channels, T), or a list of (channels, T)")
    if isinstance(X, np.ndarray) and X.ndim not in (2, 3) and X.dtype != object:
        raise ArgumentError(f"X has the shape {X.shape}", "an array (n, channels, T) or (n, T)")
    return list(X)


def _two_dimensional(i: int, one: Any) -> np.ndarray:
    """A series as (T, channels)."""
    try:
        row = np.asarray(one, dtype=np.float64)
    except (TypeError, ValueError):
        raise ArgumentTypeError(f"series {i} is not made of numbers", "an array of numbers (channels, T)") from None
    if row.ndim not in (1, 2):
        raise ArgumentError(f"series {i} has the shape {row.shape}", expected="(channels, T) or (T)")
    row = row[:, None] if row.ndim == 1 else row.T
    if np.isinf(row).any():
        step, channel = np.argwhere(np.isinf(row))[0]
        raise ArgumentError(
            f"series {i} holds {row[step, channel]} at step {step}, channel {channel}",
            expected="finite numbers, or NaN where one is missing",
        )
    return row
