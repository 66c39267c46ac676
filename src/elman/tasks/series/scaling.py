"""From series as they stand in a file to what the network reads: scaled, what is missing marked."""

from dataclasses import dataclass, replace

import numpy as np

from elman.data.series.collection import Collection
from elman.errors import DataError


@dataclass(frozen=True, eq=False)
class Scaling:
    """How values are scaled, as learned from the training series.

        x' = (x − mean) / deviation of each channel, over all training series or over the series itself

    A channel that never varies is only centred. Missing values become 0; where the training series lack any, a channel
    of zeros and ones beside each channel tells where.

    Args:
        kind: "train", "series" or "none".
        mean, deviation: of each channel of the training series (channels).
        indicators: whether the network is told what is missing.

    Example:
        >>> data = Collection.of([[[1.0, np.nan, 3.0]]])
        >>> Scaling.learn(data, "train").apply(data).row(0).tolist()
        [[-1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]
    """

    kind: str
    mean: np.ndarray
    deviation: np.ndarray
    indicators: bool

    @classmethod
    def learn(cls, data: Collection, kind: str) -> "Scaling":
        """The scaling of the training series."""
        mean, deviation = _moments(data.values)
        return cls(kind, mean, deviation, data.missing)

    @property
    def channels(self) -> int:
        """Channels that the network reads."""
        return len(self.mean) * (2 if self.indicators else 1)

    def apply(self, data: Collection) -> Collection:
        """The series as the network reads them.

        Raises:
            DataError: they have other channels than those of the training.
        """
        if data.values.shape[1] != len(self.mean):
            raise DataError(
                f"the series have {data.values.shape[1]} channels",
                f"{len(self.mean)}, as in the training",
                path=data.path,
            )
        if self.kind == "series":
            parts = [_scaled(data.row(i), *_moments(data.row(i))) for i in range(len(data))]
            values = np.concatenate([np.zeros((0, len(self.mean))), *parts])
        else:
            values = _scaled(data.values, self.mean, self.deviation) if self.kind == "train" else data.values
        missing = np.isnan(values)
        values = np.where(missing, 0, values).astype(np.float32)
        if self.indicators:
            values = np.concatenate([values, missing.astype(np.float32)], axis=1)
        return replace(data, values=values)


def _moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each channel over the values that are there; 0 and 1 where there is none."""
    there = ~np.isnan(values)
    count = there.sum(axis=0).clip(1)
    mean = np.where(there, values, 0).sum(axis=0) / count
    deviation = np.sqrt((np.where(there, values - mean, 0) ** 2).sum(axis=0) / count)
    # What rounding alone makes of equal values is no deviation.
    return mean, np.where(deviation > 1e-9 * np.maximum(1, np.abs(mean)), deviation, 1.0)


def _scaled(values: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    return (values - mean) / deviation
