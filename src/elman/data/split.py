"""Training and validation rows out of one set, each class in its share, the same text never on both sides."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from elman.errors import ArgumentError, DataError

Keys = Sequence[tuple[str, ...]]


def stratified(
    keys: Keys,
    texts: Sequence[str],
    share: float,
    seed: int,
    *,
    place: Callable[[int], str] = "row {}".format,
) -> tuple[np.ndarray, np.ndarray]:
    """Keep a share of every class for validation.

    Rows with the same text go to the same side, or the validation would reward learning by heart. A row with several
    labels counts for the rarest of them. Each class has at least one text on either side; only where rows may have
    several labels, a label with a single text is left to the training.

    Args:
        keys: the labels of each row; one each, or several, or none.
        texts: the text of each row.
        share: of the rows for validation, between 0 and 1.
        seed: of the drawing; the same arguments always give the same split.
        place: row → where it stands, for messages.

    Returns:
        The rows for training and those for validation, int64, each in rising order.

    Raises:
        DataError: all rows are of one class, or a class has a single row or a single text.
        ArgumentError: the share is not between 0 and 1, or there is not one text per row.

    Example:
        >>> train, validation = stratified([("a",), ("b",)] * 10, list("abcdefghijklmnopqrst"), 0.2, seed=0)
        >>> len(train), len(validation), sum(row % 2 for row in validation.tolist())
        (16, 4, 2)
    """
    if not 0 < share < 1:
        raise ArgumentError(f"the share for validation is {share}", expected="a number between 0 and 1")
    if len(keys) != len(texts):
        raise ArgumentError(f"there are {len(keys)} labels for {len(texts)} texts", expected="as many")
    _refuse_one_class(keys, place)
    multi = any(len(row) != 1 for row in keys)
    random = np.random.Generator(np.random.PCG64(seed))
    frequency = Counter(label for row in keys for label in row)
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row, text in enumerate(texts):
        rows_of[text].append(row)
    # One group per text; the class of a text is that of the rarest label among its rows.
    groups_of: dict[str, list[list[int]]] = defaultdict(list)
    for rows in rows_of.values():
        labels = {label for row in rows for label in keys[row]}
        groups_of[min(labels, key=lambda label: (frequency[label], label), default="")].append(rows)
    validation: list[int] = []
    for label in sorted(groups_of):
        groups = groups_of[label]
        if len(groups) == 1 and not multi:
            _refuse_one_text(label, groups[0], frequency[label], place)
        validation += _draw([groups[i] for i in random.permutation(len(groups))], share)
    chosen = np.zeros(len(keys), dtype=bool)
    chosen[validation] = True
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def _draw(groups: list[list[int]], share: float) -> list[int]:
    """Whole groups until the share of the rows is reached; at least one, and never all."""
    wanted = share * sum(len(rows) for rows in groups)
    taken: list[int] = []
    for i, rows in enumerate(small_enough(groups, wanted)):
        # A group is taken when that brings the number nearer to the share.
        if i == 0 or len(taken) + len(rows) / 2 <= wanted:
            taken += rows
    return taken


def small_enough(groups: list[list[int]], wanted: float) -> list[list[int]]:
    """The groups of like rows, in their order, that may be kept for validation: never all of them.

    A group of more rows than are wanted is left to the training, unless all are such: then the smallest is the one.

    Example:
        >>> small_enough([[0, 1, 2], [3], [4, 5]], 2.0), small_enough([[0], [1], [2]], 2.0), small_enough([[0]], 0.5)
        ([[3], [4, 5]], [[0], [1]], [])
    """
    small = [rows for rows in groups if len(rows) <= wanted]
    if len(small) == len(groups):
        return groups[:-1]
    return small or ([min(groups, key=len)] if len(groups) > 1 else [])


def _refuse_one_class(keys: Keys, place: Callable[[int], str]) -> None:
    different = {frozenset(row) for row in keys}
    if len(different) < 2:
        only = ", ".join(sorted(next(iter(different)))) if different else ""
        raise DataError(
            f"every row, from {place(0)} on, has the same label, {only!r}" if different else "there are no rows",
            expected="rows of two classes at least",
            fix="Check which column is read as the label (--label).",
        )


def _refuse_one_text(label: str, rows: list[int], frequency: int, place: Callable[[int], str]) -> None:
    """A class that cannot be on both sides."""
    if frequency == 1:
        found = f"the class {label!r} has a single row, {place(rows[0])}"
    elif len(rows) == frequency:
        found = f"the class {label!r} has {len(rows)} rows with one and the same text, the first at {place(rows[0])}"
    else:  # its other texts count for a rarer label
        return
    raise DataError(
        found,
        expected="two different texts of every class at least, one to learn from and one to validate with",
        fix="Add rows of this class or remove it, or give the validation rows in a file of their own (--validation).",
    )
