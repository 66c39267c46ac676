"""Pairs of symbols against a dictionary of pairs."""

import itertools
from collections import Counter

import numpy as np
import pytest
import torch

from elman.data.ragged import Ragged
from elman.tasks.classify.pairs import Pairs, frequent_pairs


def texts(seed: int = 0) -> list[list[int]]:
    random = np.random.default_rng(seed)
    return [random.integers(1, 6, size=random.integers(0, 9)).tolist() for _ in range(30)]


@pytest.mark.parametrize("least", [1, 3, 10, 99])
def test_frequent_pairs_are_those_of_a_dictionary(least: int) -> None:
    rows = texts()
    counts = Counter(pair for row in rows for pair in set(itertools.pairwise(row)))
    expected = sorted(a * 6 + b for (a, b), count in counts.items() if count >= least)
    assert frequent_pairs(Ragged.of(rows), 6, least).tolist() == expected


def test_vectors_are_those_of_a_dictionary() -> None:
    known = frequent_pairs(Ragged.of(texts()), 6, 5)
    pairs = Pairs(known, symbols=6, width=3)
    torch.nn.init.normal_(pairs.vectors.weight)
    table = dict(zip(known.tolist(), pairs.vectors.weight.tolist(), strict=True))
    ids = torch.randint(0, 6, (4, 7))
    got = pairs(ids)
    for n in range(4):
        for t in range(7):
            before = int(ids[n, t - 1]) if t else 0
            assert got[n, t].tolist() == table.get(before * 6 + int(ids[n, t]), [0.0, 0.0, 0.0])


def test_no_pairs_and_no_symbols() -> None:
    assert Pairs(torch.zeros(0, dtype=torch.int64), 6, 3)(torch.ones(2, 4, dtype=torch.int64)).abs().sum() == 0
    assert Pairs(torch.tensor([8]), 6, 3)(torch.ones(2, 0, dtype=torch.int64)).shape == (2, 0, 3)


def test_dropout_leaves_out_whole_vectors_and_keeps_the_mean() -> None:
    torch.manual_seed(0)
    pairs = Pairs(torch.tensor([7]), symbols=6, width=2, dropout=0.5)
    torch.nn.init.ones_(pairs.vectors.weight)
    got = pairs(torch.ones(1, 4001, dtype=torch.int64))[0, 1:]
    assert set(map(tuple, got.tolist())) == {(0.0, 0.0), (2.0, 2.0)}
    # 4,000 coin tosses of 0 or 2: mean 1, four standard errors
    assert got.mean().item() == pytest.approx(1.0, abs=4 / 4000**0.5)
    pairs.eval()
    assert (pairs(torch.ones(1, 5, dtype=torch.int64))[0, 1:] == 1).all()
