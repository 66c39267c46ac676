"""Which rows go into a step together: like lengths, so that little is padded, in an order that is drawn anew."""

import numpy as np

from elman.errors import ArgumentError

POOL = 50  # batches sorted by length at a time: enough to save padding, few enough to stay random


def length_batches(lengths: np.ndarray, size: int, seed: int, epoch: int) -> list[np.ndarray]:
    """The batches of one epoch of training: every row once, rows of like length together.

    The rows are shuffled and cut into pools of 50 batches; each pool is sorted by length (equal lengths stay shuffled)
    and cut into batches; the batches are then shuffled over the whole epoch. The same arguments always give the same
    batches, whatever was drawn before, so that a training can go on in the middle of an epoch.

    Args:
        lengths: length of every row (n).
        size: rows of a batch; one batch of the epoch may be smaller.
        seed: of the training.
        epoch: each epoch is drawn anew.

    Returns:
        The row numbers of each batch.

    Raises:
        ArgumentError: the size is less than 1.

    Example:
        >>> import numpy as np
        >>> batches = length_batches(np.array([3, 1, 4, 1, 5]), 2, seed=0, epoch=0)
        >>> sorted(len(b) for b in batches), sorted(int(row) for b in batches for row in b)
        ([1, 2, 2], [0, 1, 2, 3, 4])
    """
    _check(size)
    random = np.random.Generator(np.random.PCG64([seed, epoch]))
    rows = random.permutation(len(lengths))
    batches: list[np.ndarray] = []
    for begin in range(0, len(rows), size * POOL):
        pool = rows[begin : begin + size * POOL]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [pool[i : i + size] for i in range(0, len(pool), size)]
    return [batches[i] for i in random.permutation(len(batches))]


def token_batches(sizes: np.ndarray, tokens: int, rows: int, seed: int, epoch: int) -> list[np.ndarray]:
    """As `length_batches`, for rows of several sequences each, with a bound on the padded symbols of a batch.

    A batch of m rows has at most `tokens` symbols in every sequence, padding included: m times the longest one. A row
    that is longer alone is a batch of its own.

    Args:
        sizes: lengths of every row's sequences (n, k); sorted by the last one first.
        tokens: the bound.
        rows: bound on the rows of a batch.
        seed, epoch: as for `length_batches`.

    Returns:
        The row numbers of each batch.

    Raises:
        ArgumentError: a bound of less than 1.

    Example:
        >>> import numpy as np
        >>> sizes = np.array([[3, 1], [1, 9], [4, 2], [1, 2], [5, 2]])
        >>> sorted(sorted(batch.tolist()) for batch in token_batches(sizes, 8, 64, seed=0, epoch=0))
        [[0, 3], [1], [2], [4]]
    """
    _check(tokens)
    _check(rows)
    random = np.random.Generator(np.random.PCG64([seed, epoch]))
    order = random.permutation(len(sizes))
    longest = sizes.max(axis=1, initial=1)
    usual = max(1, min(rows, tokens // max(1, int(longest.mean() if len(sizes) else 1))))
    batches: list[np.ndarray] = []
    for begin in range(0, len(order), usual * POOL):
        pool = order[begin : begin + usual * POOL]
        pool = pool[np.lexsort([sizes[pool, column] for column in range(sizes.shape[1])])]
        batches += _filled(pool, longest[pool], tokens, rows)
    return [batches[i] for i in random.permutation(len(batches))]


def _filled(pool: np.ndarray, longest: np.ndarray, tokens: int, rows: int) -> list[np.ndarray]:
    """Rows in the given order, as many together as the bounds allow."""
    batches: list[np.ndarray] = []
    begin, widest = 0, 0
    for i, length in enumerate(longest.tolist()):
        widest = max(widest, length)
        if i > begin and (widest * (i + 1 - begin) > tokens or i - begin == rows):
            batches.append(pool[begin:i])
            begin, widest = i, length
    return [*batches, pool[begin:]] if begin < len(pool) else batches


def in_order_batches(lengths: np.ndarray, size: int) -> list[np.ndarray]:
    """All rows in batches from short to long, for measuring: no chance, the least padding.

    Args:
        lengths: length of every row (n).
        size: rows of a batch; the last one may be smaller.

    Returns:
        The row numbers of each batch.

    Example:
        >>> import numpy as np
        >>> [b.tolist() for b in in_order_batches(np.array([3, 1, 4, 1, 5]), 2)]
        [[1, 3], [0, 2], [4]]
    """
    _check(size)
    rows = np.argsort(lengths, kind="stable")
    return [rows[i : i + size] for i in range(0, len(rows), size)]


def _check(size: int) -> None:
    if size < 1:
        raise ArgumentError(f"the batch size is {size}", expected="at least 1")
