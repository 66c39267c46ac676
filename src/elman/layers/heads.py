"""Attention with several heads, each looking at the memory in its own way."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from elman.arguments import size
from elman.cells.gates import draw
from elman.errors import ArgumentError
from elman.layers.attention import Attention, Memory, masked_softmax
from elman.layers.lengths import Lengths


class MultiHeadAttention(Attention):
    """Several scaled dot attentions side by side, each over a share of the features.

        head_i = Σ_t w_it v_it,   e_it = (q_i · k_it) / √(a / heads)        context = [head_1 … head_k] O + o
        q = query Q + b_q,        k_t = m_t K + b_k,        v_t = m_t V + b_v        cut into heads of equal width

    Args:
        query_size: width of the query, or None for a learned one (which is q itself).
        memory_size: width m of the memory's vectors.
        hidden_size: width a of q, k_t, v_t and of the context; the memory's width where it is not given.
        heads: number of heads; it divides a.

    Attributes:
        Q, K, V, O: matrices (query_size, a), (m, a), (m, a), (a, a), uniform (Glorot) at first; Q is None where the
            query is learned.
        b_q, b_k, b_v, o: biases (a), zero at first; b_q is the learned query where there is no Q.

    Raises:
        ArgumentError, ArgumentTypeError: sizes that do not fit.

    Example:
        >>> attention = MultiHeadAttention(5, 6, heads=2)
        >>> context, weights = attention(torch.randn(2, 4, 5), torch.randn(2, 7, 6), lengths=[7, 2])
        >>> context.shape, weights.shape
        (torch.Size([2, 4, 6]), torch.Size([2, 4, 7]))

    Source: A. Vaswani et al., "Attention is all you need", NeurIPS 2017.
    """

    def __init__(
        self, query_size: int | None, memory_size: int, hidden_size: int | None = None, heads: int = 4
    ) -> None:
        super().__init__(query_size, memory_size)
        self.heads = size("heads", heads)
        self.output_size = a = size("hidden_size", memory_size if hidden_size is None else hidden_size)
        if a % self.heads:
            raise ArgumentError(f"heads is {heads} and the width {a}", expected="a width that the heads divide")
        self.Q = None if self.query_size is None else nn.Parameter(torch.empty(self.query_size, a))
        self.K, self.V = (nn.Parameter(torch.empty(self.memory_size, a)) for _ in range(2))
        self.O = nn.Parameter(torch.empty(a, a))
        self.b_q, self.b_k, self.b_v, self.o = (nn.Parameter(torch.empty(a)) for _ in range(4))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        for matrix in (self.Q, self.K, self.V, self.O):
            if matrix is not None:
                draw(matrix)
        for bias in (self.b_q, self.b_k, self.b_v, self.o):
            nn.init.zeros_(bias)

    def keys(self, memory: Tensor) -> Tensor:
        """k (n, heads, T, a / heads)."""
        return self._heads(memory @ self.K + self.b_k)

    def values(self, memory: Tensor) -> Tensor:
        """v (n, heads, T, a / heads)."""
        return self._heads(memory @ self.V + self.b_v)

    def scores(self, query: Tensor | None, keys: Tensor) -> Tensor:
        """e (n, heads, S, T)."""
        return self._queries(query, keys) @ keys.transpose(2, 3) / math.sqrt(keys.shape[-1])

    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        query: Tensor | None,
        memory: Tensor | Memory,
        lengths: Lengths | None = None,
        need_weights: bool = True,
    ) -> tuple[Tensor, Tensor | None]:
        """As `Attention.forward`; the weights are the mean over the heads, or None where they are not needed.

        They are computed beside the context, so a call without them is cheaper.
        """
        prepared, several = self._given(query, memory, lengths)
        q, n = self._queries(several, prepared.keys), len(prepared.real)
        some = prepared.real.any(dim=1).view(n, 1, 1)
        mask = (prepared.real.unsqueeze(1) | ~some).unsqueeze(1)  # (n, 1, 1, T); a row of no steps sees all, for now
        heads = scaled_dot_product_attention(q, prepared.keys, prepared.values, attn_mask=mask)
        context = heads.transpose(1, 2).flatten(2) @ self.O + self.o  # (n, S, a)
        context = torch.where(some, context, 0)
        weights = None
        if need_weights:
            e = self.scores(several, prepared.keys)
            weights = masked_softmax(e.flatten(1, 2), prepared.real).view(e.shape).mean(dim=1)
        if query is None or query.dim() == 2:
            context, weights = context.squeeze(1), None if weights is None else weights.squeeze(1)
        return context, weights

    def _queries(self, query: Tensor | None, keys: Tensor) -> Tensor:
        """q (n, heads, S, a / heads)."""
        if query is None:
            return self._heads(self.b_q.expand(keys.shape[0], 1, -1))
        assert self.Q is not None  # _given has seen to it
        return self._heads(query @ self.Q + self.b_q)

    def _heads(self, wide: Tensor) -> Tensor:
        """(n, S, a) → (n, heads, S, a / heads)."""
        return wide.unflatten(2, (self.heads, -1)).transpose(1, 2)

    def extra_repr(self) -> str:
        """Sizes and heads for `print(attention)`."""
        return f"{super().extra_repr()}, {self.heads} heads"
