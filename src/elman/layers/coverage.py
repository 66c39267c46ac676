"""Attention that knows where it has looked before."""

import torch
from torch import Tensor, nn

from elman.errors import ArgumentError
from elman.layers.attention import AdditiveAttention, Memory, masked_softmax


class CoverageAttention(AdditiveAttention):
    """Additive attention whose scores also depend on how much each step of the memory was attended to so far.

        e_t = tanh(q W + m_t U + c_t u + b) v        c_t: sum of the weights of step t in all earlier queries

    Args:
        query_size, memory_size, hidden_size: as for `AdditiveAttention`.

    Attributes:
        u: coverage → hidden (1, a), zero at first: it begins as additive attention.

    Example:
        >>> attention = CoverageAttention(5, 3)
        >>> memory, coverage = attention.prepare(torch.randn(2, 7, 3), lengths=[7, 2]), torch.zeros(2, 1, 7)
        >>> context, weights = attention.covered(torch.randn(2, 1, 5), memory, coverage)
        >>> coverage = coverage + weights

    Source: A. See, P. J. Liu and C. D. Manning, "Get to the point: summarization with pointer-generator networks", ACL
    2017; Z. Tu et al., "Modeling coverage for neural machine translation", ACL 2016.
    """

    def __init__(self, query_size: int, memory_size: int, hidden_size: int | None = None) -> None:
        super().__init__(query_size, memory_size, hidden_size)
        self.u = nn.Parameter(torch.zeros(1, self.U.shape[1]))

    def covered(self, query: Tensor, memory: Memory, coverage: Tensor) -> tuple[Tensor, Tensor]:
        """Context (n, S, m) and weights (n, S, T) of the queries (n, S, q).

        Args:
            query: (n, S, q).
            memory: what `prepare` made.
            coverage: sums of earlier weights (n, S, T).

        Raises:
            ArgumentError: shapes that do not fit.
        """
        n, time = memory.real.shape
        if query.dim() != 3 or coverage.shape != (n, query.shape[1], time):
            raise ArgumentError(
                f"query has shape {tuple(query.shape)} and coverage {tuple(coverage.shape)}",
                expected=f"({n}, S, {self.query_size}) and ({n}, S, {time})",
            )
        assert self.W is not None  # there is a query
        hidden = (query @ self.W).unsqueeze(2) + memory.keys.unsqueeze(1) + coverage.unsqueeze(3) * self.u
        weights = masked_softmax((torch.tanh(hidden) @ self.v).squeeze(-1), memory.real)
        return weights @ memory.values, weights
