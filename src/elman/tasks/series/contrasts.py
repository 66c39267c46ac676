"""What needs no training to compare with: the majority, and the class of the nearest training series."""

from dataclasses import dataclass

import numpy as np

from elman.data.series.collection import Collection

STEPS = 64  # to which every series is stretched before distances are taken
BLOCK = 1 << 22  # numbers of a block of distances


@dataclass(frozen=True, eq=False)
class Nearest:
    """The answer of the nearest training series, by Euclidean distance after stretching all to one length.

    Args:
        points: the training series as vectors (n, d), float32.
        answers: class or number of each (n).

    Example:
        >>> data = Collection.of([[[0.0, 0.0]], [[0.0, 4.0]]])
        >>> nearest = Nearest(as_vectors(data), np.array([3, 5]))
        >>> nearest.predict(as_vectors(Collection.of([[[0.0, 1.0, 3.0]]]))).tolist()
        [5]
    """

    points: np.ndarray
    answers: np.ndarray

    def predict(self, vectors: np.ndarray) -> np.ndarray:
        """The answer for each vector (m, d)."""
        squares = (self.points**2).sum(axis=1)
        rows = max(1, BLOCK // max(1, len(self.points)))
        parts = [
            (squares - 2 * vectors[begin : begin + rows] @ self.points.T).argmin(axis=1)
            for begin in range(0, len(vectors), rows)
        ]
        return self.answers[np.concatenate(parts)] if parts else self.answers[:0]


def as_vectors(data: Collection) -> np.ndarray:
    """Each series as one vector (n, 64 · channels): every channel stretched to 64 steps, float32."""
    width = data.values.shape[1]
    vectors = np.zeros((len(data), STEPS, width), dtype=np.float32)
    for i in range(len(data)):
        row = data.row(i)
        if len(row):
            places = np.linspace(0, len(row) - 1, STEPS)
            vectors[i] = np.stack([np.interp(places, np.arange(len(row)), row[:, c]) for c in range(width)], axis=1)
    return vectors.reshape(len(data), -1)
