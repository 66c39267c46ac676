"""One sequence of symbols from another: an encoder reads it, a decoder writes, and looks back with attention."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional

from elman.arguments import flag, one_of, size
from elman.cells.cell import Cell
from elman.errors import ArgumentError
from elman.layers.attention import AdditiveAttention, Attention, DotAttention
from elman.layers.coverage import CoverageAttention
from elman.layers.from_vector import FromVector
from elman.layers.lengths import Lengths, as_lengths, real_steps
from elman.layers.readout import Readout
from elman.layers.recurrent import Recurrent
from elman.layers.writer import DecoderState, Writer
from elman.step.reference import State

ATTENTIONS = ("after", "inside", "none")
SCORES = ("general", "additive")


class EncoderDecoder(Writer):
    """Two recurrent networks: one reads a sequence of symbols, the other writes one.

        m = encoder(E x)                    both directions side by side (n, T, 2 h)
        v = [m⃗_T m⃖_1]                       what either direction has read at its end
        s_0 = tanh(v P + q)                 the decoder begins with it
        h_t, s_t = decoder(E y_{t-1}, s_{t-1})
        c_t = attention(h_t, m)             "after": of no step of the loop, so that all are computed at once
        a_t = tanh([h_t c_t] A + a)         p(y_t) = softmax(a_t Eᵀ + b)

    "inside": c_t = attention(h_{t-1}, m) is read by the decoder's step beside E y_{t-1}. With input feeding the step
    reads a_{t-1}. With coverage the attention knows where it has looked before. Each of the three makes every step wait
    for the one before it, so that training is a loop in Python. "none": c_t = v, read at every step.

    Args:
        symbols: V, those of both sequences together.
        embedding: e, width of E and of a_t.
        cell: makes a cell of a given input size; each of its two or more siblings has initial values of its own.
        layers: of the encoder, and of the decoder.
        attention: "after", "inside" or "none".
        score: of the attention: "general" or "additive"; with coverage it is additive.
        input_feeding, coverage: as above.
        tied: which share the matrix E: "all" (what is read on both sides, and the readout), "target" (what the decoder
            reads, and the readout), or "none".
        dropout: of the embedded symbols, of m, of a_t, and between layers.
        symbol_dropout: probability with which a symbol is read as unknown in training, on both sides.
        unknown: the id of the symbol that stands for that.

    Attributes:
        encoder, decoder, attention, mix: the parts; `mix` holds A and a.
        read, written, out: the embedding matrices (V, e), normal with the variance 1 / e at first; the same where tied.
        b: bias of the symbols (V), zero at first.

    Raises:
        ArgumentError, ArgumentTypeError: options that do not fit.

    Example:
        >>> network = EncoderDecoder(100, 8, lambda width: cells.GRU(width, 6))
        >>> source, before = torch.randint(100, (2, 7)), torch.randint(100, (2, 5))
        >>> network(source, [7, 3], before, [5, 2], torch.randint(100, (7,))).shape      # mean over 5 + 2 real steps
        torch.Size([])
        >>> state = network.start(source, [7, 3])
        >>> log_p, state = network.step(before[:, 0], state)                              # symbol after symbol
        >>> log_p.shape
        torch.Size([2, 100])

    Source: I. Sutskever, O. Vinyals and Q. V. Le, "Sequence to sequence learning with neural networks", NeurIPS 2014;
    M.-T. Luong, H. Pham and C. D. Manning, "Effective approaches to attention-based neural machine translation", EMNLP
    2015 (after, input feeding); D. Bahdanau, K. Cho and Y. Bengio, "Neural machine translation by jointly learning to
    align and translate", ICLR 2015 (inside); O. Press and L. Wolf, "Using the output embedding to improve language
    models", EACL 2017 (tied).
    """

    def __init__(
        self,
        symbols: int,
        embedding: int,
        cell: Callable[[int], Cell],
        layers: int = 1,
        attention: str = "after",
        score: str = "general",
        input_feeding: bool = False,
        coverage: bool = False,
        tied: str = "all",
        dropout: float = 0.0,
        symbol_dropout: float = 0.0,
        unknown: int = 1,
    ) -> None:
        super().__init__(symbols, embedding, tied, dropout, symbol_dropout, unknown)
        self.where, e = one_of("attention", attention, ATTENTIONS), self.embedding
        self.feeds, self.covers = flag("input_feeding", input_feeding), flag("coverage", coverage)
        between = self.dropout if size("layers", layers) > 1 else 0.0
        self.encoder = Recurrent(cell(e), layers, bidirectional=True, dropout=between)
        m = self.encoder.output_size
        width = e + (e if self.feeds else 0) + (m if self.where != "after" else 0)
        how = "both" if self.where == "none" else "initial"
        self.decoder = FromVector(cell(width), m, how, layers, dropout=between)
        h = self.decoder.output_size
        self.attention = _attention(self.where, one_of("score", score, SCORES), h, m, coverage=self.covers)
        self.first = Readout(m, h) if self.where == "inside" else None  # the query before there is any h
        self.mix = Readout(h + m if self.attention is not None else h, e)
        self._add_symbols()

    @property
    def waits(self) -> bool:
        """Whether a step reads what the attention of the step before gave, so that training is a loop in Python."""
        return self.where == "inside" or self.feeds or self.covers

    def start(self, source: Tensor, lengths: Lengths) -> DecoderState:
        """What the decoder begins with: the sources (n, T), read once."""
        n, time = source.shape
        lengths = as_lengths(lengths, n, time)
        memory, _ = self.encoder(self._embedded(self.read, source), lengths)  # (n, T, m), 0 in the padding
        memory = functional.dropout(memory, self.dropout, self.training)
        vector = _ends(memory, lengths)
        carried = {**self.decoder.initial_state(vector), "vector": vector}
        if self.feeds:
            carried["fed"] = vector.new_zeros(n, self.mix.output_size)
        if self.first is not None:
            carried["query"] = torch.tanh(self.first(vector))
        if self.covers:
            carried["coverage"] = vector.new_zeros(n, time)
        prepared = None if self.attention is None else self.attention.prepare(memory, lengths)
        return DecoderState(carried, prepared, torch.arange(n, device=source.device))

    def _taught(
        self, source: Tensor, lengths: Lengths, before: Tensor, before_lengths: Lengths
    ) -> tuple[Tensor, Tensor | None, Tensor]:
        """a (n, S, e), the weights (n, S, T), and where the targets are real (n, S)."""
        n, steps = before.shape
        before_lengths = as_lengths(before_lengths, n, steps)
        real, state = real_steps(before_lengths, steps, before.device), self.start(source, lengths)
        x = self._embedded(self.written, before)
        if self.waits:
            made, looked = [], []
            for t in range(steps):
                a, state = self._advance(x[:, t], state)
                made.append(a)
                looked.append(state.weights)
            weights = torch.stack(looked, dim=1) if looked and looked[0] is not None else None
            return torch.stack(made, dim=1) if made else x, weights, real
        start = {name: value for name, value in state.carried.items() if name in self.decoder.recurrent.states}
        vector = state.carried["vector"]
        h, _ = self.decoder(vector, x, lengths=before_lengths, state=start)
        context, weights = None, None
        if self.attention is not None and state.memory is not None:
            context, weights = self.attention(h, state.memory)
        return self._mixed(h, context), weights, real

    def _advance(self, x: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """a_t (m, e) from what is read at this step (m, e)."""
        carried = dict(state.carried)
        parts, context, weights = [x], None, None
        if self.feeds:
            parts.append(carried["fed"])
        if self.where == "inside":
            context, weights = self._attended(carried["query"], state)
            parts.append(context)
        own: State = {name: carried[name] for name in self.decoder.recurrent.states}
        h, own = self.decoder(carried["vector"], torch.cat(parts, dim=1).unsqueeze(1), state=own)
        h = h.squeeze(1)
        if self.where == "after":
            context, weights = self._attended(h, state)
        a = self._mixed(h, context)
        carried |= own
        for name, value in (("fed", a), ("query", h)):
            if name in carried:
                carried[name] = value
        if weights is not None and self.covers:
            carried["coverage"] = carried["coverage"] + weights
        return a, replace(state, carried=carried, weights=weights)

    def _attended(self, query: Tensor, state: DecoderState) -> tuple[Tensor, Tensor]:
        """Context (m, 2 h) and weights (m, T): the rows of a source are several queries to the same memory."""
        assert self.attention is not None
        assert state.memory is not None
        s = len(state.memory.real)
        each = len(query) // max(s, 1)
        queries = query.view(s, each, query.shape[1])
        if isinstance(self.attention, CoverageAttention):
            coverage = state.carried["coverage"].view(s, each, state.memory.real.shape[1])
            context, weights = self.attention.covered(queries, state.memory, coverage)
        else:
            context, weights = self.attention(queries, state.memory)
        return context.flatten(0, 1), weights.flatten(0, 1)

    def _mixed(self, h: Tensor, context: Tensor | None) -> Tensor:
        """a = tanh([h c] A + a), dropped out."""
        both = h if context is None else torch.cat([h, context], dim=-1)
        return functional.dropout(torch.tanh(self.mix(both)), self.dropout, self.training)


def _attention(where: str, score: str, h: int, m: int, *, coverage: bool) -> Attention | None:
    """The attention of queries of width h over a memory of width m."""
    if where == "none":
        if coverage:
            raise ArgumentError("coverage is given without attention", expected="attention='after' or 'inside'")
        return None
    if coverage:
        return CoverageAttention(h, m, h)
    return AdditiveAttention(h, m, h) if score == "additive" else DotAttention(h, m, score)


def _ends(memory: Tensor, lengths: Tensor) -> Tensor:
    """What each direction gave at its last step (n, m): forward at the row's end, backward at its beginning."""
    n, time, m = memory.shape
    if not time:
        return memory.new_zeros(n, m)
    last = (lengths - 1).clamp(min=0).to(memory.device)
    return torch.cat([memory[torch.arange(n, device=memory.device), last, : m // 2], memory[:, 0, m // 2 :]], dim=1)
