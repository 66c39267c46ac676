"""Which steps of a sequence matter now: a mean of vectors, weighted by how well each fits a query."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from elman.arguments import flag, one_of, size
from elman.cells.gates import draw
from elman.errors import ArgumentError, ArgumentTypeError
from elman.layers.lengths import Lengths, as_lengths, real_steps

SCORES = ("dot", "general")
PIECE = 1 << 22  # numbers of a hidden layer that are held at once where no gradient is wanted


@dataclass(frozen=True, eq=False)
class Memory:
    """What an attention computes of the vectors it looks at, once for all queries.

    Args:
        keys: what queries are compared with (n, T, …), finite in the padding.
        values: what the context is a mean of (n, T, …), finite in the padding.
        real: True at the real steps (n, T).
    """

    keys: Tensor
    values: Tensor
    real: Tensor

    def take(self, rows: Tensor) -> "Memory":
        """Some of the rows, in the order given, repeated or not: for the hypotheses of a beam search."""
        return Memory(self.keys[rows], self.values[rows], self.real[rows])


class Attention(nn.Module):
    """The base of every attention: scores between a query and all real steps, made to weights, make a context.

        w_t = exp(e_t) / Σ_s exp(e_s)        context = Σ_t w_t v_t        sums over the real steps of the row

    A subclass says how `keys` (and `values`, the vectors themselves unless it says otherwise) come from the memory,
    and how `scores` e_t come from queries and keys. Padding is never read and has the weight 0; a row of no steps has
    zeros as its context.

    Args:
        query_size: width q of the query; None for an attention that learns its own query, one for all rows.
        memory_size: width m of the memory's vectors.

    Raises:
        ArgumentError, ArgumentTypeError: a size that is not a whole number of at least 1.
    """

    def __init__(self, query_size: int | None, memory_size: int) -> None:
        super().__init__()
        self.query_size = None if query_size is None else size("query_size", query_size)
        self.memory_size = size("memory_size", memory_size)
        self.output_size = self.memory_size

    def keys(self, memory: Tensor) -> Tensor:
        """What queries are compared with (n, T, …) from the memory (n, T, m)."""
        raise NotImplementedError(f"{type(self).__name__} has to define keys(self, memory)")

    def values(self, memory: Tensor) -> Tensor:
        """What the context is a mean of: the memory (n, T, m) itself."""
        return memory

    def scores(self, query: Tensor | None, keys: Tensor) -> Tensor:
        """e (n, S, T) from the queries (n, S, q), or None for the learned one, and the keys (n, T, …)."""
        raise NotImplementedError(f"{type(self).__name__} has to define scores(self, query, keys)")

    def prepare(self, memory: Tensor, lengths: Lengths | None = None) -> Memory:
        """Compute once what does not depend on the query, for many calls with the same memory.

        Args:
            memory: vectors (n, T, m).
            lengths: real steps of each row (n); None where every row fills all T steps.

        Raises:
            ArgumentError, ArgumentTypeError: shapes or lengths that do not fit.
        """
        if not isinstance(memory, Tensor):
            raise ArgumentTypeError(f"memory is a {type(memory).__name__}", expected="a tensor (n, T, m)")
        if memory.dim() != 3 or memory.shape[2] != self.memory_size:
            raise ArgumentError(
                f"memory has shape {tuple(memory.shape)}", expected=f"(n, T, {self.memory_size}): rows, steps, features"
            )
        n, time, _ = memory.shape
        real = real_steps(as_lengths(lengths, n, time), time, memory.device)
        memory = torch.where(real.unsqueeze(-1), memory, 0)  # 0 × NaN would be NaN, as a weight and as a gradient
        return Memory(self.keys(memory), self.values(memory), real)

    def forward(
        self, query: Tensor | None, memory: Tensor | Memory, lengths: Lengths | None = None
    ) -> tuple[Tensor, Tensor]:
        """The context for each query, and the weights it was made with.

        Args:
            query: (n, q), or several for each row (n, S, q); None for the learned one.
            memory: vectors (n, T, m), or what `prepare` made of them.
            lengths: real steps of each row (n) of a memory that is not prepared.

        Returns:
            context (n, output_size) and weights (n, T), which sum to 1 over a row's real steps and are exactly 0 in
            the padding; for several queries (n, S, output_size) and (n, S, T).

        Raises:
            ArgumentError, ArgumentTypeError: shapes or lengths that do not fit, or a query too many or too few.
        """
        prepared, several = self._given(query, memory, lengths)
        weights = masked_softmax(self.scores(several, prepared.keys), prepared.real)
        context = weights @ prepared.values
        single = query is None or query.dim() == 2
        return (context.squeeze(1), weights.squeeze(1)) if single else (context, weights)

    def _given(
        self, query: Tensor | None, memory: Tensor | Memory, lengths: Lengths | None
    ) -> tuple[Memory, Tensor | None]:
        """The memory, prepared, and the queries (n, S, q) or None, both checked."""
        if isinstance(memory, Memory):
            if lengths is not None:
                raise ArgumentError("lengths are given beside a prepared memory", expected="lengths in prepare() only")
        else:
            memory = self.prepare(memory, lengths)
        if (query is None) != (self.query_size is None):
            raise ArgumentError(
                "there is no query" if query is None else "a query is given to an attention that learns its own",
                expected="None, as query_size is None" if self.query_size is None else f"(n, {self.query_size})",
                fix="" if query is not None else "For a learned query make the attention with query_size=None.",
            )
        if query is None:
            return memory, None
        if not isinstance(query, Tensor):
            raise ArgumentTypeError(f"query is a {type(query).__name__}", expected=f"a tensor (n, {self.query_size})")
        n = len(memory.real)
        if query.dim() not in (2, 3) or (query.shape[0], query.shape[-1]) != (n, self.query_size):
            raise ArgumentError(
                f"query has shape {tuple(query.shape)}",
                expected=f"({n}, {self.query_size}), or ({n}, S, {self.query_size}) for several queries",
            )
        return memory, query.unsqueeze(1) if query.dim() == 2 else query

    def extra_repr(self) -> str:
        """Sizes for `print(attention)`."""
        query = "learned query" if self.query_size is None else self.query_size
        return f"{query}, {self.memory_size} → {self.output_size}"


def masked_softmax(scores: Tensor, real: Tensor) -> Tensor:
    """Weights (n, S, T) from scores: softmax over the real steps (n, T), exactly 0 elsewhere."""
    mask = real.unsqueeze(1)
    # Not -∞: in a row without real steps the softmax would be NaN, and so would its gradient be.
    lowest = torch.finfo(scores.dtype).min
    return torch.where(mask, torch.where(mask, scores, lowest).softmax(dim=-1), 0)


class AdditiveAttention(Attention):
    """Scores by a small network of one hidden layer: query and memory may be of different widths.

        e_t = tanh(q W + m_t U + b) v        with a learned query: e_t = tanh(m_t U + b) v, and v is the query

    Args:
        query_size: width q of the query, or None for a learned one: attention pooling.
        memory_size: width m of the memory's vectors.
        hidden_size: width a of the hidden layer; the memory's width where it is not given.

    Attributes:
        W: query → hidden (q, a), or None.
        U: memory → hidden (m, a).
        b: bias (a), zero at first.
        v: hidden → score (a, 1); the matrices start uniform (Glorot).

    Raises:
        ArgumentError, ArgumentTypeError: a size that is not a whole number of at least 1.

    Example:
        >>> attention = AdditiveAttention(5, 3)
        >>> context, weights = attention(torch.randn(2, 5), torch.randn(2, 7, 3), lengths=[7, 2])
        >>> context.shape, weights.shape, bool((weights[1, 2:] == 0).all())
        (torch.Size([2, 3]), torch.Size([2, 7]), True)

    Source: D. Bahdanau, K. Cho and Y. Bengio, "Neural machine translation by jointly learning to align and translate",
    ICLR 2015. Learned query: Z. Yang et al., "Hierarchical attention networks for document classification", NAACL 2016.
    """

    def __init__(self, query_size: int | None, memory_size: int, hidden_size: int | None = None) -> None:
        super().__init__(query_size, memory_size)
        hidden = size("hidden_size", memory_size if hidden_size is None else hidden_size)
        self.W = None if self.query_size is None else nn.Parameter(torch.empty(self.query_size, hidden))
        self.U = nn.Parameter(torch.empty(self.memory_size, hidden))
        self.b = nn.Parameter(torch.empty(hidden))
        self.v = nn.Parameter(torch.empty(hidden, 1))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        for weight in (self.W, self.U, self.v):
            if weight is not None:
                draw(weight)
        nn.init.zeros_(self.b)

    def keys(self, memory: Tensor) -> Tensor:
        """m_t U + b (n, T, a)."""
        return memory @ self.U + self.b

    def scores(self, query: Tensor | None, keys: Tensor) -> Tensor:
        """e (n, S, T); the hidden layer (n, S, T, a) is stored for the backward pass, and without one never whole."""
        hidden = keys.unsqueeze(1)  # (n, 1, T, a)
        if query is None:
            return self._scored(hidden)
        assert self.W is not None  # _given has seen to it
        moved = (query @ self.W).unsqueeze(2)  # (n, S, 1, a)
        if torch.is_grad_enabled():
            return self._scored(moved + hidden)
        parts = moved.split(max(1, PIECE // max(1, keys.numel())), dim=1)
        return torch.cat([self._scored(part + hidden) for part in parts], dim=1)

    def _scored(self, hidden: Tensor) -> Tensor:
        return (torch.tanh(hidden) @ self.v).squeeze(-1)


class DotAttention(Attention):
    """Scores by a product of query and memory.

        dot: e_t = q · m_t        general: e_t = q · (m_t W)        scaled: e_t / √q, with q the query's width

    Args:
        query_size: width q of the query, or None for a learned one, with which "general" is the same as "dot".
        memory_size: width m of the memory's vectors; for "dot" that of the query.
        score: "dot" or "general".
        scaled: whether the scores are divided by √q, so that they do not grow with the width.

    Attributes:
        W: memory → query (m, q), uniform (Glorot) at first; None for "dot".
        query: the learned query (m), zero at first, so that the context begins as the mean; or None.

    Raises:
        ArgumentError, ArgumentTypeError: another score, or sizes that do not fit.

    Example:
        >>> attention = DotAttention(None, 3)
        >>> context, weights = attention(None, torch.tensor([[[1.0, 2, 3], [3, 2, 1], [9, 9, 9]]]), lengths=[2])
        >>> context.tolist(), weights.tolist()
        ([[2.0, 2.0, 2.0]], [[0.5, 0.5, 0.0]])

    Source: M.-T. Luong, H. Pham and C. D. Manning, "Effective approaches to attention-based neural machine
    translation", EMNLP 2015. Scaled: A. Vaswani et al., "Attention is all you need", NeurIPS 2017.
    """

    def __init__(self, query_size: int | None, memory_size: int, score: str = "dot", scaled: bool = False) -> None:
        super().__init__(query_size, memory_size)
        self.score, self.scaled = one_of("score", score, SCORES), flag("scaled", scaled)
        if score == "dot" and query_size is not None and query_size != memory_size:
            raise ArgumentError(
                f"query_size is {query_size} and memory_size {memory_size}",
                expected="equal sizes for the score 'dot'",
                fix="Write score='general', which has a matrix between them.",
            )
        self.W = self.query = None
        if query_size is None:
            self.query = nn.Parameter(torch.empty(memory_size))
        elif score == "general":
            self.W = nn.Parameter(torch.empty(memory_size, query_size))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        if self.W is not None:
            draw(self.W)
        if self.query is not None:
            nn.init.zeros_(self.query)

    def keys(self, memory: Tensor) -> Tensor:
        """m_t or m_t W (n, T, q), divided by √q where the scores are scaled."""
        keys = memory if self.W is None else memory @ self.W
        return keys / math.sqrt(keys.shape[-1]) if self.scaled else keys

    def scores(self, query: Tensor | None, keys: Tensor) -> Tensor:
        """e (n, S, T)."""
        if query is None:
            assert self.query is not None  # _given has seen to it
            return (keys @ self.query).unsqueeze(1)
        return query @ keys.transpose(1, 2)
