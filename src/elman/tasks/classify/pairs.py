"""Vectors for pairs of neighbouring symbols: "not good" is more than "not" and "good"."""

import numpy as np
import torch
from torch import Tensor, nn

from elman.data.ragged import Ragged


def frequent_pairs(texts: Ragged, symbols: int, least: int) -> Tensor:
    """The pairs of neighbouring symbols that stand in many texts.

    Args:
        texts: symbols of the training rows.
        symbols: size of the vocabulary.
        least: how many texts must hold a pair.

    Returns:
        One key per pair, first · symbols + second, in rising order (pairs), int64.

    Example:
        >>> frequent_pairs(Ragged.of([[2, 3, 2, 3], [2, 3, 4], [4, 3]]), symbols=10, least=2).tolist()
        [23]
    """
    keys: list[np.ndarray] = [np.zeros(0, dtype=np.int64)]
    for i in range(len(texts)):
        row = texts.row(i).astype(np.int64)
        keys.append(np.unique(row[:-1] * symbols + row[1:]))
    pairs, counts = np.unique(np.concatenate(keys), return_counts=True)
    return torch.from_numpy(pairs[counts >= least])


class Pairs(nn.Module):
    """A vector for each known pair of a symbol and the one before it, zero for all others.

        p_t = P[s_{t-1}, s_t]

    The vectors start at zero: a pair says something only once training has found that it does.

    Args:
        keys: the known pairs, as `frequent_pairs` gives them.
        symbols: size of the vocabulary.
        width: width of a vector.
        dropout: probability with which a whole vector is left out in training; pairs are so many that they would
            learn the training texts by heart.

    Example:
        >>> pairs = Pairs(torch.tensor([23, 34]), symbols=10, width=1)
        >>> _ = pairs.vectors.weight.data.copy_(torch.tensor([[0.5], [0.25]]))
        >>> pairs(torch.tensor([[2, 3, 4, 3]])).flatten().tolist()
        [0.0, 0.5, 0.25, 0.0]
    """

    keys: Tensor

    def __init__(self, keys: Tensor, symbols: int, width: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.symbols, self.dropout = symbols, dropout
        self.register_buffer("keys", keys)
        self.vectors = nn.Embedding(len(keys), width)
        nn.init.zeros_(self.vectors.weight)

    def forward(self, ids: Tensor) -> Tensor:
        """Vectors (n, T, width) from symbols (n, T); before the first symbol stands id 0."""
        if not len(self.keys):
            return self.vectors.weight.new_zeros(*ids.shape, self.vectors.embedding_dim)
        wanted = nn.functional.pad(ids, (1, 0))[:, :-1] * self.symbols + ids  # (n, T)
        row = torch.searchsorted(self.keys, wanted).clamp(max=len(self.keys) - 1)
        weight = (self.keys[row] == wanted).to(self.vectors.weight.dtype)
        if self.training and self.dropout:
            weight = nn.functional.dropout(weight, self.dropout)
        return self.vectors(row) * weight.unsqueeze(-1)
