"""Windows cut out of many series: a context to look back on, a horizon to forecast, gathered when they are needed."""

from dataclasses import dataclass

import numpy as np

from elman.errors import ArgumentError


@dataclass(frozen=True, eq=False)
class Windows:
    """All windows of some series, known by their numbers: nothing is stored for each.

    A window stands at an origin: `context` steps end there, `horizon` steps begin there. Where a series is shorter, its
    context is padded in front, its horizon behind.

    Args:
        starts: where each series begins in the flat arrays, and the last one ends (n + 1).
        low, high: the first and the last origin of each series, in steps from its beginning (n); none if low > high.
        context, horizon: steps of a window.
        stride: steps between two origins; the last origin of a series is always one.

    Example:
        >>> windows = Windows.of(np.array([0, 5, 8]), context=2, horizon=2)
        >>> len(windows), windows.origins(np.arange(4))
        (4, (array([0, 0, 0, 1]), array([1, 2, 3, 1])))
        >>> index, real = windows.past(np.array([0, 3]))
        >>> np.where(real, index, -1).tolist()
        [[-1, 0], [-1, 5]]
    """

    starts: np.ndarray
    low: np.ndarray
    high: np.ndarray
    context: int
    horizon: int
    stride: int = 1

    @staticmethod
    def of(
        starts: np.ndarray, *, context: int, horizon: int, least: int = 1, begin: np.ndarray | None = None,
        end: np.ndarray | None = None, stride: int = 1,
    ) -> "Windows":  # fmt: skip
        """The windows of series.

        Args:
            starts: as above.
            context, horizon, stride: as above.
            least: steps of a series in the context at least, fewer of a series that has not enough.
            begin: the first step of each series that may be forecast (n); None: any.
            end: steps of each series that may be looked at, horizon included (n); None: all.

        Raises:
            ArgumentError: a size below 1.
        """
        for name, size in (("context", context), ("horizon", horizon), ("stride", stride)):
            if size < 1:
                raise ArgumentError(f"{name} is {size}", "at least 1")
        lengths = np.diff(starts) if end is None else np.minimum(np.diff(starts), end)
        high = lengths - horizon
        low = np.maximum(np.minimum(least, high), 1)
        if begin is not None:
            low = np.maximum(low, begin)
        return Windows(starts, low, high, context, horizon, stride)

    @property
    def counts(self) -> np.ndarray:
        """How many windows each series has (n)."""
        return np.maximum(0, (self.high - self.low) // self.stride + 1) * (self.high >= self.low)

    def __len__(self) -> int:
        """How many windows there are."""
        return int(self.counts.sum())

    def origins(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The series of some windows, and their origins in steps from its beginning."""
        ends = np.cumsum(self.counts)
        series = np.searchsorted(ends, rows, side="right")
        within = rows - (ends - self.counts)[series]
        # Counted from the last origin back, so that the newest steps are always forecast.
        return series, self.high[series] - (self.counts[series] - 1 - within) * self.stride

    def past(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Places of the context in the flat arrays (m, context), and whether they belong to the series."""
        return self.around(rows, -self.context, 0)

    def future(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Places of the horizon in the flat arrays (m, horizon), and whether they belong to the series."""
        return self.around(rows, 0, self.horizon)

    def around(self, rows: np.ndarray, begin: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        """Places of the steps from `begin` to `end`, counted from the origin, and whether they belong to the series."""
        series, origin = self.origins(rows)
        return places(self.starts, series, origin, begin, end)


def places(
    starts: np.ndarray, series: np.ndarray, origin: np.ndarray, begin: int, end: int
) -> tuple[np.ndarray, np.ndarray]:
    """Places in the flat arrays of the steps from `begin` to `end` around origins (m, end - begin); inside, or not.

    Places outside of a series are replaced by some place inside the arrays, so that one may gather first and mask then.
    """
    steps = origin[:, None] + np.arange(begin, end)
    first, last = starts[series][:, None], starts[series + 1][:, None]
    index = first + steps
    real = (steps >= 0) & (index < last)
    return np.where(real, index, np.minimum(first, max(0, int(starts[-1]) - 1))), real


def drawn(windows: Windows, size: int, most: int, seed: int, epoch: int) -> list[np.ndarray]:
    """The windows of the batches of an epoch: all of them shuffled, or as many as there may be, drawn at random.

    Where not all can be taken, each drawn window is of a series drawn first: long series do not crowd out short ones.

    Args:
        windows: to draw from.
        size: windows of a batch.
        most: windows of an epoch; 0: all.
        seed, epoch: the same ones always give the same batches.

    Example:
        >>> windows = Windows.of(np.array([0, 9]), context=2, horizon=1)
        >>> sorted(int(row) for batch in drawn(windows, 3, 0, seed=0, epoch=0) for row in batch)
        [0, 1, 2, 3, 4, 5, 6, 7]
    """
    random = np.random.Generator(np.random.PCG64([seed, epoch]))
    counts = windows.counts
    if most and len(windows) > most:
        series = random.choice(np.flatnonzero(counts), size=most)
        ends = np.cumsum(counts)
        rows = (ends - counts)[series] + (random.random(most) * counts[series]).astype(np.int64)
    else:
        rows = random.permutation(len(windows))
    return [rows[i : i + size] for i in range(0, len(rows), size)]
