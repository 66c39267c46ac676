"""A network that writes: one symbol in, the probabilities of the next out, at the same cost however long the text."""

from collections.abc import Sequence

import torch
from torch import Tensor

from elman.run.stream import Stream
from elman.tasks.generate.measure import CHUNK
from elman.tasks.generate.network import Network


class Reader:
    """Where a network stands in some texts: a state for each row, carried by the streaming machine.

    Args:
        network: in evaluation mode.
        stream: its layers, one time step per call.
        rows: of the stream.
    """

    def __init__(self, network: Network, stream: Stream, rows: int) -> None:
        self.network, self.stream, self.rows = network, stream, rows

    @classmethod
    @torch.no_grad()
    def after(cls, network: Network, ids: Sequence[int]) -> "Reader":
        """The state of one row after these symbols; they are read at once, and never again."""
        state = None
        for begin in range(0, len(ids), CHUNK):
            part = torch.tensor([ids[begin : begin + CHUNK]], device=network.vectors.device)
            _, state = network.recurrent(network.read(part), state=state)
        return cls(network, network.recurrent.stream(1, state=state), 1)

    def take(self, rows: Tensor) -> "Reader":
        """Go on from some of the rows, repeated or not."""
        if len(rows) == self.rows:
            self.stream.reorder(rows)
            return self
        if not len(rows):  # a stream has at least one row; this one is at its end
            return Reader(self.network, self.stream, 0)
        state = {name: value[rows] for name, value in self.stream.state.items()}
        return Reader(self.network, self.network.recurrent.stream(len(rows), state=state), len(rows))


@torch.no_grad()
def step(symbols: Tensor, reader: Reader) -> tuple[Tensor, Reader]:
    """A step as `elman.learn.decoding` wants it: symbols (m) → log p of the next (m, K), and the state after it."""
    network = reader.network
    y = reader.stream(network.vectors[symbols])
    return network.softmax.log_probabilities(network.shown(y)), reader
