"""Many series on one regular grid of times, in flat arrays."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from elman.data.series.frequency import Frequency
from elman.data.series.problems import Problem
from elman.data.series.roles import Roles
from elman.errors import ArgumentError

STEPS = Frequency("tick", 1, calendar=False)  # where no times are told: 0, 1, 2, …


@dataclass(frozen=True, eq=False)
class SeriesTable:
    """Series one after another; step k of series i has the time `frequency.ticks(first[i] + k)`.

    Args:
        names: of the series (n).
        starts: where each series begins in the flat arrays, and the last one ends (n + 1), int64.
        values: the targets (total), float64, NaN where one is missing.
        first: the position of the first step of each series on the grid (n), int64.
        frequency: the grid.
        season: steps of one season.
        timed: whether the file told times; otherwise every series begins at 0.
        roles: which columns were read, and why.
        covariates: past and future ones by name: numbers, NaN where missing, or texts, None where missing (total).
        static: one value for each series, by name (n).
        path, sha256: of the file.
        notes: what was noticed while reading the table.
        problems: what was noticed about the series.
    """

    names: list[str]
    starts: np.ndarray
    values: np.ndarray
    first: np.ndarray
    frequency: Frequency = STEPS
    season: int = 1
    timed: bool = False
    roles: Roles = field(default_factory=lambda: Roles("rows", None, (), ()))
    covariates: dict[str, np.ndarray] = field(default_factory=dict)
    static: dict[str, np.ndarray] = field(default_factory=dict)
    path: str = "the given series"
    sha256: str = ""
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def __len__(self) -> int:
        """The number of series."""
        return len(self.names)

    @property
    def lengths(self) -> np.ndarray:
        """Steps of each series (n), those included whose target is not known yet."""
        return np.diff(self.starts)

    @property
    def seen(self) -> np.ndarray:
        """Steps of each series up to the last one with a target (n)."""
        real = np.append(np.isfinite(self.values), False)
        at = np.where(real[:-1], np.arange(1, len(self.values) + 1), 0)
        last = np.zeros(len(self), dtype=np.int64)
        filled = self.lengths > 0
        last[filled] = np.maximum.reduceat(at, self.starts[:-1][filled]) if len(at) else 0
        return np.maximum(last - self.starts[:-1], 0)

    def of(self, i: int) -> np.ndarray:
        """The targets of one series."""
        return self.values[self.starts[i] : self.starts[i + 1]]

    def time(self, i: int, step: int) -> str:
        """The time of a step of a series as text; steps beyond its end are those that follow."""
        return self.frequency.text(int(self.first[i]) + step)

    @staticmethod
    def from_arrays(series: Sequence[Any], names: Sequence[str] | None = None, *, season: int = 1) -> "SeriesTable":
        """Series given as lists or arrays of numbers, NaN where a value is missing.

        Raises:
            ArgumentError: something else than one-dimensional numbers, an infinite value, or another number of names.

        Example:
            >>> table = SeriesTable.from_arrays([[1, 2, 3], [4.0]], season=2)
            >>> len(table), table.lengths.tolist(), table.of(1).tolist()
            (2, [3, 1], [4.0])
        """
        rows = [_numbers(i, one) for i, one in enumerate(series)]
        for i, row in enumerate(rows):
            if row.ndim != 1 or np.isinf(row).any():
                raise ArgumentError(f"series[{i}] has shape {row.shape}", "a list of finite numbers, NaN where missing")
        named = [str(i) for i in range(len(rows))] if names is None else list(names)
        if len(named) != len(rows):
            raise ArgumentError(f"{len(rows)} series and {len(named)} names", "one name for each series")
        starts = starts_of(np.array([len(row) for row in rows], dtype=np.int64))
        values = np.concatenate(rows) if rows else np.zeros(0)
        digest = hashlib.sha256(repr((named, season)).encode() + starts.tobytes() + values.tobytes()).hexdigest()
        first = np.zeros(len(rows), np.int64)
        return SeriesTable(named, starts, values, first, season=season, sha256=digest)


def _numbers(i: int, one: Any) -> np.ndarray:
    try:
        return np.asarray(one, dtype=np.float64)
    except (TypeError, ValueError):
        raise ArgumentError(
            f"series[{i}] is {str(one)[:60]!r}", "a list of numbers, NaN where one is missing"
        ) from None


def starts_of(lengths: np.ndarray) -> np.ndarray:
    """Where each of some series begins, and the last one ends (n + 1), from their lengths (n)."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
