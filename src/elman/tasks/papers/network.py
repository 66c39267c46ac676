"""A network that predicts the next element of a stream, and how it learns: chunk after chunk, its state carried."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from elman.cells import Cell
from elman.layers import Recurrent, tbptt
from elman.learn.report import Moment, Plan, Report, Silent
from elman.learn.threads import use_threads
from elman.step.reference import State


@dataclass(frozen=True)
class Learning:
    """How a network learns from a stream.

    Args:
        passes: over the whole stream.
        rows: pieces of the stream that are read side by side.
        steps: time steps after which the gradient is cut and the weights change; 1 is the truncation of Elman.
        rate: step size of Adam.
    """

    passes: int
    rows: int = 1
    steps: int = 10
    rate: float = 3e-3


class Predictor(nn.Module):
    """A recurrent cell and an output layer of logistic or softmax units.

        h_t = step(x_t, h_{t-1})        o_t = h_t V + c

    Args:
        cell: the recurrent part.
        output: what computes o from h; of the cell's output size → the width of what is predicted.
        loss: "squared" (logistic units, the squared error of the paper) or "entropy" (softmax, for one symbol of many).
    """

    def __init__(self, cell: Cell, output: nn.Module, loss: str = "squared") -> None:
        super().__init__()
        self.recurrent, self.output, self.squared = Recurrent(cell), output, loss == "squared"

    def loss(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """The mean loss per time step; hidden (n, T, h), targets (n, T, o), 0 or 1."""
        o = self.output(hidden)
        if self.squared:
            return (torch.sigmoid(o) - targets).square().sum(-1).mean()
        return -(torch.log_softmax(o, -1) * targets).sum(-1).mean()

    def predicted(self, hidden: Tensor) -> Tensor:
        """Values between 0 and 1 (…, o)."""
        o = self.output(hidden)
        return torch.sigmoid(o) if self.squared else torch.softmax(o, -1)

    @torch.no_grad()
    def read(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Read a stream x (T, d) from its beginning, and learn nothing.

        Returns:
            what is predicted after each step (T, o), and the hidden states (T, h).
        """
        with use_threads(1):
            hidden, _ = self.recurrent(torch.tensor(x, dtype=torch.float32)[None])
            return self.predicted(hidden)[0].double().numpy(), hidden[0].double().numpy()


def learn(network: Predictor, streams: Sequence[np.ndarray], learning: Learning, report: Report | None = None) -> float:
    """Teach a network to predict the next element of each stream, one stream after the other.

    The stream is a ring: its first element follows the last, and the state goes on from pass to pass. It is cut into
    `learning.rows` pieces of the same length, a rest of fewer than `rows` elements being left out.

    Args:
        network: it is changed.
        streams: each (T, d); what is predicted has as many values.
        learning: passes over each stream, and the rest.
        report: told how it goes.

    Returns:
        the mean loss of the last pass.
    """
    report = report or Silent()
    optimizer = torch.optim.Adam(network.parameters(), lr=learning.rate)
    pieces = [_pieces(stream, learning.rows) for stream in streams]
    chunks = [-(-x.shape[1] // learning.steps) for x, _ in pieces]
    report.start(Plan(steps=learning.passes * sum(chunks), epochs=learning.passes * len(streams)))
    state: State | None = None
    step, loss, begin = 0, 0.0, time.perf_counter()
    try:
        with use_threads(1):
            for number in range(len(pieces) * learning.passes):
                x, targets = pieces[number // learning.passes]
                total = 0.0
                for hidden, where, after in tbptt(network.recurrent, x, learning.steps, state=state):
                    error = network.loss(hidden, targets[:, where])
                    optimizer.zero_grad()
                    error.backward()
                    optimizer.step()
                    state, step = after, step + 1
                    total += error.item() * (where.stop - where.start)
                    speed = step * learning.rows * learning.steps / (time.perf_counter() - begin)
                    report.step(Moment(number + 1, step, total / where.stop, speed))
                loss = total / x.shape[1]
    finally:
        report.stop()
    return loss


def _pieces(stream: np.ndarray, rows: int) -> tuple[Tensor, Tensor]:
    """What is read and what is to be predicted, each (rows, T // rows, d)."""
    both = [torch.tensor(part, dtype=torch.float32) for part in (stream, np.roll(stream, -1, axis=0))]
    length = len(stream) // rows
    x, targets = (part[: rows * length].reshape(rows, length, -1) for part in both)
    return x, targets
