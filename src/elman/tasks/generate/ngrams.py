"""Interpolated Kneser–Ney n-grams: what a text says by short runs of symbols alone."""

from collections.abc import Mapping

import numpy as np

from elman.arguments import size


class KneserNey:
    """How probable a symbol is after the n - 1 before it, by counting runs of n symbols and shorter ones.

        P_n(w | h) = max(c(h w) - D_n, 0) / c(h ·) + D_n N(h ·) / c(h ·) · P_{n-1}(w | h')     h' = h without its first

    c counts runs for the longest, and for the shorter ones the different symbols that stand before them; N(h ·) is the
    number of different symbols that follow h. P_0 is the same for all symbols. D_j = n_1 / (n_1 + 2 n_2), n_i being the
    number of runs of length j with the count i.

    Args:
        symbols: size of the vocabulary, K.
        order: n.

    Example:
        >>> ids = np.array([0, 1, 2, 0, 1, 2, 0, 1, 1])
        >>> model = KneserNey(3, 2).fit(ids)
        >>> model.log_probabilities(np.array([0, 1, 2]))[1:].round(2).tolist()      # 1 after 0, and 2 after 1
        [-0.03, -0.46]

    Source: S. F. Chen and J. Goodman, "An empirical study of smoothing techniques for language modeling", Computer
    Speech and Language 13 (1999), 359-394, with one discount for each length.
    """

    def __init__(self, symbols: int, order: int) -> None:
        self.symbols, self.order = size("symbols", symbols), size("order", order)
        # Of the runs of 2, 3, … symbols, sorted: the number of the run without its last symbol · K + that symbol.
        self.keys: list[np.ndarray] = []
        self.counts: list[np.ndarray] = []  # c of the runs of 1, 2, … symbols
        self._sums: list[tuple[float, np.ndarray, np.ndarray]] = []

    def fit(self, ids: np.ndarray) -> "KneserNey":
        """Count the runs in a text (N)."""
        ids = ids.astype(np.int64)
        runs, suffixes = ids, []
        self.keys, raw = [], np.bincount(ids, minlength=self.symbols)
        for _ in range(1, self.order):
            # runs[s]: the number of the run that begins at s. One longer: with the symbol behind it.
            length = len(self.keys) + 1
            longer = runs[: max(len(ids) - length, 0)] * self.symbols + ids[length:]
            keys, first, numbers, raw = np.unique(longer, return_index=True, return_inverse=True, return_counts=True)
            suffixes.append(runs[first + 1])  # of each: the run without its first symbol
            self.keys.append(keys)
            runs = numbers
        sizes = [self.symbols, *(len(keys) for keys in self.keys)]
        self.counts = [np.bincount(s, minlength=n) for s, n in zip(suffixes, sizes, strict=False)] + [raw]
        return self._summed()

    def log_probabilities(self, ids: np.ndarray) -> np.ndarray:
        """log p of each symbol of a text (N), each after those before it."""
        ids = ids.astype(np.int64)
        p = np.full(len(ids), 1 / self.symbols)
        runs = np.zeros(len(ids), dtype=np.int64)  # number of the run of j - 1 symbols that begins at s; -1: not known
        for j, (discount, sums, kinds) in enumerate(self._sums):
            if not len(self.counts[j]):
                break
            last = ids[j:]
            context = runs[: len(last)]
            number = last if j == 0 else self._find(j - 1, context, last)
            c = np.where(number >= 0, self.counts[j][number], 0)
            known = (context >= 0) & (sums[context] > 0)
            total = np.maximum(sums[context], 1)
            own = np.maximum(c - discount, 0) / total + discount * kinds[context] / total * p[j:]
            p[j:] = np.where(known, own, p[j:])
            runs = number
        return np.log(p)

    def arrays(self) -> dict[str, np.ndarray]:
        """All that was counted, by names."""
        keys = {f"keys.{i}": value for i, value in enumerate(self.keys)}
        return keys | {f"counts.{i}": value.astype(np.int32) for i, value in enumerate(self.counts)}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> "KneserNey":
        """Take back what `arrays` gave."""
        self.keys = [arrays[f"keys.{i}"] for i in range(self.order - 1)]
        self.counts = [arrays[f"counts.{i}"].astype(np.int64) for i in range(self.order)]
        return self._summed()

    def _find(self, j: int, context: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Numbers of runs, by those without their last symbol and that symbol; -1 where there is none."""
        keys = self.keys[j]
        if not len(keys):
            return np.full(len(last), -1)
        wanted = context * self.symbols + last
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where((context >= 0) & (keys[at] == wanted), at, -1)

    def _summed(self) -> "KneserNey":
        """For each length: D, and c(h ·) and N(h ·) by the number of h."""
        self._sums = []
        for j, counts in enumerate(self.counts):
            before = np.zeros(len(counts), np.int64) if j == 0 else self.keys[j - 1] // self.symbols
            contexts = 1 if j == 0 else self.symbols if j == 1 else len(self.keys[j - 2])
            once, twice = int((counts == 1).sum()), int((counts == 2).sum())
            discount = once / (once + 2 * twice) if once else 0.5
            sums = np.bincount(before, weights=counts, minlength=max(contexts, 1))
            kinds = np.bincount(before, weights=counts > 0, minlength=max(contexts, 1))
            self._sums.append((discount, sums, kinds))
        return self
