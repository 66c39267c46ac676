"""Hierarchical clustering: the two nearest groups become one, until there is one left."""

import numpy as np

from elman.errors import ArgumentError


def average_linkage(points: np.ndarray) -> np.ndarray:
    """Join the two groups whose members are nearest on the average, again and again.

        d(A, B) = Σ_{a ∈ A, b ∈ B} |a - b| / (|A| |B|)

    Args:
        points: (n, d), n at least 1.

    Returns:
        one line per join (n - 1, 4): the numbers of the two groups, the lower first, their distance, and how many
        points the new group has. Points are the groups 0 … n - 1, joins the groups n, n + 1, …; of equal distances the
        one of the lowest numbers is taken.

    Raises:
        ArgumentError: not a matrix of finite numbers with at least one row.

    Example:
        >>> average_linkage(np.array([[0.0], [1.0], [5.0]])).tolist()
        [[0.0, 1.0, 1.0, 2.0], [2.0, 3.0, 4.5, 3.0]]

    Source: R. R. Sokal and C. D. Michener, "A statistical method for evaluating systematic relationships", University
    of Kansas Science Bulletin 38 (1958), 1409-1438.
    """
    if points.ndim != 2 or not len(points) or not np.isfinite(points).all():
        raise ArgumentError(f"points have shape {points.shape}", expected="finite numbers (n, d), n at least 1")
    n = len(points)
    apart = np.full((2 * n - 1, 2 * n - 1), np.inf)  # between groups that are still there
    apart[:n, :n] = np.sqrt(((points[:, None] - points) ** 2).sum(axis=2))
    np.fill_diagonal(apart, np.inf)
    sizes, joins = np.ones(2 * n - 1), np.zeros((n - 1, 4))
    for new in range(n, 2 * n - 1):
        a, b = sorted(divmod(int(apart.argmin()), 2 * n - 1))
        joins[new - n] = a, b, apart[a, b], sizes[a] + sizes[b]
        mean = (sizes[a] * apart[a] + sizes[b] * apart[b]) / (sizes[a] + sizes[b])
        apart[new], apart[:, new], sizes[new] = mean, mean, sizes[a] + sizes[b]
        apart[[a, b]] = apart[:, [a, b]] = np.inf
    return joins


def clusters(joins: np.ndarray, count: int) -> list[list[int]]:
    """The points of each group when `count` groups are left, groups in the order of their first points.

    Args:
        joins: as `average_linkage` returns them (n - 1, 4).
        count: 1 to n.

    Raises:
        ArgumentError: more groups than points, or none.

    Example:
        >>> clusters(average_linkage(np.array([[0.0], [5.0], [1.0]])), 2)
        [[0, 2], [1]]
    """
    n = len(joins) + 1
    if not 1 <= count <= n:
        raise ArgumentError(f"count is {count}", expected=f"1 to {n} groups")
    groups = {i: [i] for i in range(n)}
    for new, (a, b, *_) in enumerate(joins[: n - count].tolist(), n):
        groups[new] = sorted(groups.pop(int(a)) + groups.pop(int(b)))
    return sorted(groups.values())
