"""What writes one sequence of symbols for another: the loss of given ones, and one symbol after another."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from elman.arguments import number, one_of, size
from elman.errors import ArgumentError
from elman.layers.attention import Memory
from elman.layers.lengths import Lengths
from elman.layers.softmax import cross_entropy, log_probability

TIED = ("all", "target", "none")


@dataclass(frozen=True, eq=False)
class DecoderState:
    """What a decoder is handed on from one symbol to the next, for m rows that read s sources.

    Args:
        carried: the states of its cells, and what else is handed on, by name (m, …).
        memory: what the encoder made of the sources, s rows; None without attention.
        owner: the source of each row (m): m / s neighbouring rows have the same one.
        weights: those of the attention in the last step (m, T); None before it.
    """

    carried: dict[str, Tensor]
    memory: Memory | None
    owner: Tensor
    weights: Tensor | None = None

    def take(self, rows: Tensor) -> "DecoderState":
        """Some rows, in the order given, repeated or not; what they read is not copied for each."""
        carried = {name: value[rows] for name, value in self.carried.items()}
        weights = None if self.weights is None else self.weights[rows]
        owner = self.owner[rows]
        if self.memory is None:
            return DecoderState(carried, None, owner, weights)
        sources, inverse, counts = owner.unique_consecutive(return_inverse=True, return_counts=True)
        if len(counts) and (counts != counts[0]).any():  # not equally many of each: one source for each row
            sources, inverse = owner, torch.arange(len(owner), device=owner.device)
        same = len(sources) == len(self.memory.real) and bool(
            (sources == torch.arange(len(sources), device=sources.device)).all()
        )
        return DecoderState(carried, self.memory if same else self.memory.take(sources), inverse, weights)


class Writer(nn.Module):
    """The base of networks that write a sequence of symbols for another one.

        p(y_t) = softmax(a_t Eᵀ + b)        a_t: from the source and y_1 … y_{t-1}

    A subclass says with `start` what is made of the source, and with `_taught` and `_advance` how a_t comes about, for
    all steps at once and for one.

    Args:
        symbols: V, those of both sequences together.
        embedding: e, width of E and of a_t.
        tied: which share the matrix E: "all" (what is read on both sides, and the readout), "target" (what the writer
            reads, and the readout), or "none".
        dropout: of the embedded symbols.
        symbol_dropout: probability with which a symbol is read as unknown in training, on both sides.
        unknown: the id of the symbol that stands for that.

    Attributes:
        read, written, out: the embedding matrices (V, e), normal with the variance 1 / e at first; the same where tied.
        b: bias of the symbols (V), zero at first.
    """

    def __init__(
        self, symbols: int, embedding: int, tied: str, dropout: float, symbol_dropout: float, unknown: int
    ) -> None:
        super().__init__()
        self.symbols, self.embedding = size("symbols", symbols), size("embedding", embedding)
        self.tied, self.unknown = one_of("tied", tied, TIED), unknown
        self.dropout = number("dropout", dropout, least=0, below=1)
        self.symbol_dropout = number("symbol_dropout", symbol_dropout, least=0, below=1)

    def _add_symbols(self) -> None:
        """Make the matrices of the symbols, after the other parts."""
        sizes = self.symbols, self.embedding
        self.written = nn.Embedding(*sizes)
        self.read = self.written if self.tied == "all" else nn.Embedding(*sizes)
        self.out = self.written if self.tied != "none" else nn.Embedding(*sizes)
        for table in dict.fromkeys((self.written, self.read, self.out)):
            nn.init.normal_(table.weight, std=1 / math.sqrt(self.embedding))
        self.b = nn.Parameter(torch.zeros(self.symbols))

    @property
    def waits(self) -> bool:
        """Whether training is a loop in Python, since each step reads what the one before it gave."""
        return False

    def start(self, source: Tensor, lengths: Lengths) -> DecoderState:
        """What is handed to the first step: the sources (n, T), of these real lengths (n), read once."""
        raise NotImplementedError(f"{type(self).__name__} has to define start(self, source, lengths)")

    def _taught(
        self, source: Tensor, lengths: Lengths, before: Tensor, before_lengths: Lengths
    ) -> tuple[Tensor, Tensor | None, Tensor]:
        """a (n, S, e), the weights of an attention (n, S, T), and where the targets are real (n, S)."""
        raise NotImplementedError(f"{type(self).__name__} has to define _taught(…)")

    def _advance(self, x: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """a_t (m, e) from the vectors of the symbols before (m, e), and the next state."""
        raise NotImplementedError(f"{type(self).__name__} has to define _advance(self, x, state)")

    def forward(
        self,
        source: Tensor,
        lengths: Lengths,
        before: Tensor,
        before_lengths: Lengths,
        targets: Tensor,
        smoothing: float = 0.0,
    ) -> Tensor:
        """The mean cross-entropy of the targets, each given those before it (teacher forcing).

        Args:
            source: ids (n, T).
            lengths: real symbols of each source (n).
            before: ids (n, S) of the targets, one step late: what begins a text, then all symbols but the last.
            before_lengths: real symbols of each of them (n).
            targets: what is to come at each of the N real steps of `before`, row after row (N).
            smoothing: share of a target that is spread over all symbols.

        Returns:
            A scalar; 0 for no targets.
        """
        a, _, real = self._taught(source, lengths, before, before_lengths)
        return cross_entropy(a[real], self.out.weight, self.b, targets, smoothing)

    @torch.no_grad()
    def log_probabilities(
        self, source: Tensor, lengths: Lengths, before: Tensor, before_lengths: Lengths, targets: Tensor
    ) -> Tensor:
        """log p of each target (N); arguments as for a call."""
        a, _, real = self._taught(source, lengths, before, before_lengths)
        return log_probability(a[real], self.out.weight, self.b, targets)

    def align(self, source: Tensor, lengths: Lengths, before: Tensor, before_lengths: Lengths) -> Tensor:
        """The weights of the attention (n, S, T) at each step of given targets; arguments as for a call.

        Raises:
            ArgumentError: there is no attention.
        """
        _, weights, real = self._taught(source, lengths, before, before_lengths)
        if weights is None:
            raise ArgumentError("this network has no attention", expected="one with attention='after' or 'inside'")
        return torch.where(real.unsqueeze(2), weights, 0)

    def step(self, symbols: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """Log-probabilities (m, V) of the next symbol after these (m), and the next state."""
        a, state = self._advance(self._embedded(self.written, symbols), state)
        return self._logits(a).log_softmax(dim=1), state

    def _logits(self, a: Tensor) -> Tensor:
        """a Eᵀ + b (…, V)."""
        return functional.linear(a, self.out.weight, self.b)

    def _embedded(self, table: nn.Embedding, ids: Tensor) -> Tensor:
        """Vectors (…, e) of symbols; in training some are read as unknown."""
        if self.training and self.symbol_dropout:
            dropped = torch.rand(ids.shape, device=ids.device) < self.symbol_dropout
            ids = ids.masked_fill(dropped, self.unknown)
        return functional.dropout(table(ids), self.dropout, self.training)
