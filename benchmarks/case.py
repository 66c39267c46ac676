"""One thing to be timed: a cell, sizes, and what is done with it; the same numbers for every peer."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Mode = Literal["forward", "train", "step", "epoch"]
Floats = NDArray[np.float32]
GATES = {"elman": 1, "lstm": 4, "gru": 3}
ROWS, SYMBOLS, VOCABULARY, BATCHES = 100, 228, 15_000, 20  # of the tutorial's network; BATCHES of them make one call


@dataclass(frozen=True)
class Case:
    """What a peer is asked to run.

    Args:
        cell: "elman", "lstm", "gru", or the name of a cell of `tests.conformance.written_cells`.
        mode: "forward" without gradients; "train" forward and backward, gradients of x and of all weights; "step" one
            step of a stream that carries its state; "epoch" training steps of the tutorial's three-layer network.
        n: rows.
        time: steps T.
        d: width of x.
        h: width of the state.
        unequal: lengths uniform in [T/4, T] instead of all T.
        machine: elman's machine, "auto" for its own choice.
    """

    cell: str
    mode: Mode
    n: int
    time: int
    d: int
    h: int
    unequal: bool = False
    machine: str = "auto"

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Real steps of each row (n)."""
        low = self.time // 4 if self.unequal else self.time
        return np.random.default_rng(1).integers(low, self.time + 1, self.n)

    def data(self) -> dict[str, Floats]:
        """x (n, T, d), the gradient of y (n, T, h), and weights U (d, k h), W (h, k h), b (k h), and c (h) for a GRU.

        Gate orders are elman's: i, f, g, o and r, z, n.
        """
        rng = np.random.default_rng(0)

        def draw(*shape: int, scale: float = 1.0) -> Floats:
            return (scale * rng.standard_normal(shape)).astype(np.float32)

        k = GATES.get(self.cell, 1)
        data = {"x": draw(self.n, self.time, self.d), "dy": draw(self.n, self.time, self.h)}
        data["U"] = draw(self.d, k * self.h, scale=self.d**-0.5)
        data["W"] = draw(self.h, k * self.h, scale=0.8 * self.h**-0.5)  # below 1: nothing grows without bound
        data["b"] = draw(k * self.h, scale=0.1)
        data["c"] = draw(self.h, scale=0.1)
        return data

    def multiply_adds(self) -> float:
        """Multiply-adds of the matrix products over the real steps: one product forward, two more backward."""
        one = int(self.lengths.sum()) * (self.d + self.h) * GATES[self.cell] * self.h
        return float(one * (3 if self.mode == "train" else 1))
