"""Batches: every row once, little padding, drawn anew each epoch, and nothing but the arguments decides."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.batches import in_order_batches, length_batches, token_batches
from elman.errors import ArgumentError


@given(n=st.integers(0, 300), size=st.integers(1, 9), seed=st.integers(0, 2**63), epoch=st.integers(0, 99))
def test_every_row_exactly_once(n: int, size: int, seed: int, epoch: int) -> None:
    lengths = np.random.default_rng(n).integers(0, 50, n)
    for batches in (length_batches(lengths, size, seed, epoch), in_order_batches(lengths, size)):
        assert sorted(row for batch in batches for row in batch.tolist()) == list(range(n))
        assert len(batches) == -(-n // size)
        assert all(0 < len(batch) <= size for batch in batches)


def flat(batches: list[np.ndarray]) -> list[list[int]]:
    return [batch.tolist() for batch in batches]


def test_pure_function_of_its_arguments() -> None:
    lengths = np.random.default_rng(0).integers(0, 400, 1000)
    np.random.seed(1)
    once = length_batches(lengths, 32, seed=3, epoch=5)
    np.random.seed(2)
    assert flat(once) == flat(length_batches(lengths, 32, seed=3, epoch=5))
    assert flat(once) != flat(length_batches(lengths, 32, seed=3, epoch=6))
    assert flat(once) != flat(length_batches(lengths, 32, seed=4, epoch=5))
    assert flat(once)[0][:5] == [433, 892, 244, 105, 64]  # a training that goes on elsewhere needs the same order


def test_little_padding_and_still_random() -> None:
    lengths = np.random.default_rng(0).integers(1, 400, 25_000)
    batches = length_batches(lengths, 64, seed=0, epoch=0)
    padded = sum(lengths[batch].max() * len(batch) for batch in batches)
    assert padded / lengths.sum() < 1.05  # 1.95 in the order given
    longest = np.array([lengths[batch].max() for batch in batches])
    assert abs(np.corrcoef(longest[1:], longest[:-1])[0, 1]) < 0.15  # batches do not come sorted
    again = length_batches(lengths, 64, seed=0, epoch=1)
    company = {row: set(batch.tolist()) for batch in batches for row in batch.tolist()}
    same = np.mean([len(company[int(batch[0])] & set(batch.tolist())) for batch in again])
    assert same < 6  # of 64: rows meet other rows in the next epoch


def test_batches_to_measure_with_are_sorted() -> None:
    lengths = np.array([5, 2, 9, 2, 7])
    assert flat(in_order_batches(lengths, 2)) == [[1, 3], [0, 4], [2]]


@pytest.mark.parametrize("size", [0, -1])
def test_wrong_size(size: int) -> None:
    with pytest.raises(ArgumentError, match=f"batch size is {size}"):
        length_batches(np.ones(3), size, 0, 0)
    with pytest.raises(ArgumentError):
        in_order_batches(np.ones(3), size)


@pytest.mark.parametrize("tokens", [1, 40, 500])
@pytest.mark.parametrize("rows", [1, 7, 1000])
def test_batches_by_symbols_hold_every_row_once_within_both_bounds(tokens: int, rows: int) -> None:
    sizes = np.random.default_rng(0).integers(0, 60, (700, 2))
    batches = token_batches(sizes, tokens, rows, seed=3, epoch=1)
    assert sorted(np.concatenate(batches).tolist()) == list(range(700))
    for batch in batches:
        assert len(batch) <= rows
        assert len(batch) == 1 or len(batch) * sizes[batch].max() <= tokens
    again = token_batches(sizes, tokens, rows, seed=3, epoch=1)
    assert [b.tolist() for b in again] == [b.tolist() for b in batches]
    if tokens > 1:
        other = token_batches(sizes, tokens, rows, seed=3, epoch=2)
        assert [b.tolist() for b in other] != [b.tolist() for b in batches]


def test_batches_by_symbols_waste_little() -> None:
    """Of lengths up to 60, drawn alike; batches of shuffled rows would be padded to nearly twice the symbols."""
    target = np.random.default_rng(0).integers(1, 60, 5000)
    sizes = np.stack([target + np.random.default_rng(1).integers(0, 4, 5000), target], axis=1)
    batches = token_batches(sizes, 1000, 1000, seed=0, epoch=0)
    padded = sum(len(b) * sizes[b, 1].max() for b in batches)
    assert padded < 1.1 * target.sum()
    assert token_batches(np.zeros((0, 2), dtype=np.int64), 10, 10, seed=0, epoch=0) == []
