"""Logistic regression on a bag of words: what a text says without the order of its words."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from elman.data.ragged import Ragged

# Of the L2 penalty, times the number of rows; tried from strong to weak, each starting where the one before ended.
STRENGTHS = (3.0, 1.0, 0.3, 0.1, 0.03)


@dataclass(frozen=True)
class Bags:
    """Sparse rows: the symbols of each row, each once, with a weight; and the same transposed, the rows of a symbol."""

    symbols: Tensor
    starts: Tensor
    weights: Tensor
    rows: Tensor
    row_starts: Tensor
    row_weights: Tensor

    def times(self, w: Tensor) -> Tensor:
        """X w (n, classes) for w (symbols, classes)."""
        return nn.functional.embedding_bag(
            self.symbols, w, self.starts, mode="sum", per_sample_weights=self.weights, include_last_offset=True
        )

    def transposed_times(self, r: Tensor) -> Tensor:
        """Xᵀ r (symbols, classes) for r (n, classes)."""
        return nn.functional.embedding_bag(
            self.rows, r, self.row_starts, mode="sum", per_sample_weights=self.row_weights, include_last_offset=True
        )


class BagOfWords:
    """Logistic regression on the weighted counts of symbols, blind to their order.

        x_s = (1 + ln count_s) · (1 + ln (1 + n) / (1 + rows with s)), each row scaled to length 1
        minimise over V, c:  mean loss(x V + c) + strength · ‖V‖² / 2

    The loss is that of the recurrent model: softmax cross-entropy, or one sigmoid per class for several labels.

    Args:
        size: how many symbols there are.
        multi: whether a row may have several labels.

    Attributes:
        V: weights (size, classes). c: bias (classes). strength: the penalty that did best on the validation rows.

    Source: tf-idf as in Salton and Buckley, "Term-weighting approaches in automatic text retrieval", 1988.
    """

    def __init__(self, size: int, *, multi: bool = False) -> None:
        self.size, self.multi = size, multi
        self.strength = 0.0
        self.V, self.c, self.idf = torch.zeros(size, 0), torch.zeros(0), torch.zeros(size)

    def fit(
        self,
        texts: Ragged,
        targets: Tensor,
        validation: Ragged,
        validation_targets: Tensor,
        class_weights: Tensor | None = None,
    ) -> "BagOfWords":
        """Fit on the training rows, the penalty chosen by the loss on the validation rows.

        Args:
            texts, validation: symbols of each row.
            targets, validation_targets: 0 or 1 for each row and class (n, classes).
            class_weights: weight of each class in the loss (classes), or None.
        """
        symbols, counts, starts = _count(texts, self.size)
        rows_with = torch.bincount(symbols, minlength=self.size)
        self.idf = 1 + torch.log((1 + len(texts)) / (1 + rows_with.float()))
        bags, checks = self._bags(symbols, counts, starts), self._bags(*_count(validation, self.size))
        v, c = torch.zeros(self.size, targets.shape[1]), targets.mean(dim=0).clamp(1e-4, 1 - 1e-4).log()
        best = float("inf")
        for strength in (s / len(texts) for s in STRENGTHS):
            v, c = _minimise(bags, targets, v, c, strength, self.multi, class_weights)
            loss = float(_loss(checks.times(v) + c, validation_targets, self.multi, class_weights)[0])
            if loss < best:
                best, self.V, self.c, self.strength = loss, v, c, strength
        return self

    def logits(self, texts: Ragged) -> np.ndarray:
        """x V + c (n, classes)."""
        return (self._bags(*_count(texts, self.size)).times(self.V) + self.c).numpy()

    def _bags(self, symbols: Tensor, counts: Tensor, starts: Tensor) -> Bags:
        weights = (1 + counts.float().log()) * self.idf[symbols]
        rows = torch.repeat_interleave(torch.arange(len(starts) - 1), starts.diff())
        norms = torch.zeros(len(starts) - 1).index_add_(0, rows, weights**2).sqrt()
        weights = weights / norms[rows]
        order = torch.argsort(symbols, stable=True)
        row_starts = nn.functional.pad(torch.bincount(symbols, minlength=self.size).cumsum(0), (1, 0))
        return Bags(symbols, starts, weights, rows[order], row_starts, weights[order])


def _count(texts: Ragged, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """The symbols of every row, each once (sum), how often each occurs, and where the rows begin (n + 1)."""
    rows = np.repeat(np.arange(len(texts), dtype=np.int64), texts.lengths)
    keys, counts = np.unique(rows * size + texts.values, return_counts=True)
    starts = np.searchsorted(keys, np.arange(len(texts) + 1, dtype=np.int64) * size)
    return torch.from_numpy(keys % size), torch.from_numpy(counts), torch.from_numpy(starts)


def _loss(logits: Tensor, targets: Tensor, multi: bool, class_weights: Tensor | None) -> tuple[Tensor, Tensor]:
    """The mean loss and its derivative by the logits (n, classes)."""
    if multi:
        loss = nn.functional.binary_cross_entropy_with_logits(
            logits, targets, pos_weight=class_weights, reduction="sum"
        )
        slope = (logits.sigmoid() - targets) * (1 if class_weights is None else 1 + targets * (class_weights - 1))
        total = targets.numel()
    else:
        rows = torch.ones(len(targets)) if class_weights is None else targets @ class_weights
        loss = -(rows * (targets * logits.log_softmax(1)).sum(1)).sum()
        slope = (logits.softmax(1) - targets) * rows.unsqueeze(1)
        total = float(rows.sum())
    return loss / total, slope / total


def _minimise(
    bags: Bags, targets: Tensor, v: Tensor, c: Tensor, strength: float, multi: bool, class_weights: Tensor | None
) -> tuple[Tensor, Tensor]:
    """V and c at the minimum, by L-BFGS from the values given; the derivatives are written out, no graph is kept."""
    v, c = v.clone(), c.clone()
    v.grad, c.grad = torch.zeros_like(v), torch.zeros_like(c)
    optimizer = torch.optim.LBFGS(
        [v, c], max_iter=60, tolerance_grad=1e-6, tolerance_change=1e-7, line_search_fn="strong_wolfe"
    )

    def closure() -> float:
        loss, slope = _loss(bags.times(v) + c, targets, multi, class_weights)
        v.grad, c.grad = bags.transposed_times(slope) + strength * v, slope.sum(dim=0)
        return float(loss + strength / 2 * (v**2).sum())

    with torch.no_grad():
        optimizer.step(closure)  # pyright: ignore[reportArgumentType]
    return v, c
