"""One sequence of symbols after another, by one network: a language model that goes on from what it has read."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from elman.arguments import size
from elman.cells.cell import Cell
from elman.layers.lengths import Lengths, as_lengths, real_steps
from elman.layers.readout import Readout
from elman.layers.recurrent import Recurrent
from elman.layers.writer import DecoderState, Writer


class Continuer(Writer):
    """A network that reads the source, and then writes on with the state that it has.

        h_t, s_t = step(E z_t, s_{t-1})        z: the symbols of the source, then y_0, y_1, …
        a_t = tanh(h_t A + a)                  p(y_t) = softmax(a_t Eᵀ + b)

    All that is known of the source has to pass through one state: there is no attention.

    Args:
        symbols, embedding, tied, dropout, symbol_dropout, unknown: as for `Writer`.
        cell: makes a cell of a given input size.
        layers: recurrent layers, one upon another.

    Attributes:
        recurrent: the layer.
        mix: holds A and a.

    Example:
        >>> network = Continuer(100, 8, lambda width: cells.GRU(width, 6), layers=2)
        >>> source, before = torch.randint(100, (2, 7)), torch.randint(100, (2, 5))
        >>> network(source, [7, 3], before, [5, 2], torch.randint(100, (7,))).shape
        torch.Size([])

    Source: O. Vinyals and Q. V. Le, "A neural conversational model", arXiv:1506.05869 (2015), reads and writes with
    separate weights; with the same ones it is T. Mikolov et al., "Recurrent neural network based language model",
    Interspeech 2010.
    """

    def __init__(
        self,
        symbols: int,
        embedding: int,
        cell: Callable[[int], Cell],
        layers: int = 1,
        tied: str = "all",
        dropout: float = 0.0,
        symbol_dropout: float = 0.0,
        unknown: int = 1,
    ) -> None:
        super().__init__(symbols, embedding, tied, dropout, symbol_dropout, unknown)
        between = self.dropout if size("layers", layers) > 1 else 0.0
        self.recurrent = Recurrent(cell(self.embedding), layers, dropout=between)
        self.mix = Readout(self.recurrent.output_size, self.embedding)
        self._add_symbols()

    def start(self, source: Tensor, lengths: Lengths) -> DecoderState:
        """The state after the sources (n, T)."""
        _, state = self.recurrent(self._embedded(self.read, source), as_lengths(lengths, *source.shape))
        return DecoderState(state, None, torch.arange(len(source), device=source.device))

    def _taught(
        self, source: Tensor, lengths: Lengths, before: Tensor, before_lengths: Lengths
    ) -> tuple[Tensor, None, Tensor]:
        """a (n, S, e), no weights, and where the targets are real (n, S)."""
        steps = before.shape[1]
        before_lengths = as_lengths(before_lengths, *before.shape)
        state = self.start(source, lengths)
        h, _ = self.recurrent(self._embedded(self.written, before), before_lengths, state.carried)
        return self._mixed(h), None, real_steps(before_lengths, steps, before.device)

    def _advance(self, x: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        h, carried = self.recurrent(x.unsqueeze(1), state=state.carried)
        return self._mixed(h.squeeze(1)), DecoderState(carried, None, state.owner)

    def _mixed(self, h: Tensor) -> Tensor:
        return functional.dropout(torch.tanh(self.mix(h)), self.dropout, self.training)
