"""Interpolated Kneser–Ney: by hand, as probabilities must be, and what a second way of counting gives."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from elman.tasks.generate.ngrams import KneserNey


def text(n: int, symbols: int, seed: int = 0) -> np.ndarray:
    """Symbols of which each depends on the two before it."""
    rng = np.random.default_rng(seed)
    ids = [0, 1]
    for _ in range(n - 2):
        ids.append(int((3 * ids[-1] + ids[-2] + rng.integers(0, 2)) % symbols))
    return np.array(ids)


def plain(ids: list[int], symbols: int, order: int, word: int, before: tuple[int, ...]) -> float:
    """The equation as it is written, with dictionaries, for the symbol that follows those before it."""
    runs = [Counter(tuple(ids[i : i + j]) for i in range(len(ids) - j + 1)) for j in range(1, order + 1)]
    p = 1 / symbols
    for j in range(1, order + 1):
        if j == order:
            count = runs[j - 1]
        else:
            kinds: dict[tuple[int, ...], set[int]] = defaultdict(set)
            for run in runs[j]:
                kinds[run[1:]].add(run[0])
            count = Counter({run: len(found) for run, found in kinds.items()})
        values = list(count.values())
        once, twice = values.count(1), values.count(2)
        discount = once / (once + 2 * twice) if once else 0.5
        context = before[len(before) - (j - 1) :]
        same = {run: c for run, c in count.items() if run[:-1] == context}
        if not same:
            return p
        total = sum(same.values())
        own = max(same.get((*context, word), 0) - discount, 0) / total
        p = own + discount * len(same) / total * p
    return p


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_it_is_the_equation_as_it_is_written(order: int) -> None:
    ids, other = text(60, 5), text(25, 5, seed=1)
    other[7] = 4 - other[7]
    model = KneserNey(5, order).fit(ids)
    found = model.log_probabilities(other)
    for t in range(len(other)):
        seen = min(order, t + 1)  # at the beginning of a text there are fewer symbols before
        before = tuple(other[t - seen + 1 : t].tolist())
        if seen == order:
            expected = plain(ids.tolist(), 5, order, int(other[t]), before)
            # A few sums and products in float64.
            assert np.exp(found[t]) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_probabilities_of_all_symbols_sum_to_one(order: int) -> None:
    model = KneserNey(7, order).fit(text(200, 6))  # the symbol 6 never occurs
    for before in ([0, 1, 2, 3], [5, 5, 5, 5], [6, 6, 6, 6], [1, 6, 0, 2]):
        every = [model.log_probabilities(np.array([*before, word]))[-1] for word in range(7)]
        assert np.exp(every).sum() == pytest.approx(1, abs=1e-12)
        assert np.exp(every).min() > 0


def test_more_symbols_tell_more_where_there_is_more_to_know() -> None:
    train, other = text(5000, 6), text(1000, 6, seed=1)
    losses = [-KneserNey(6, n).fit(train).log_probabilities(other).mean() for n in (1, 2, 3, 4)]
    # Each symbol is one of two, given the two before it: log 2 is the least there can be.
    assert losses[0] > losses[1] > losses[2] > np.log(2)
    assert losses[2] < np.log(2) + 0.02
    assert losses[3] == pytest.approx(losses[2], abs=0.05)


@pytest.mark.parametrize("length", [0, 1, 2])
def test_a_text_shorter_than_the_runs(length: int) -> None:
    model = KneserNey(3, 4).fit(np.array([0, 1][:length], dtype=np.int64))
    found = model.log_probabilities(np.array([0, 1, 2, 0]))
    assert np.isfinite(found).all()
    assert len(model.log_probabilities(np.zeros(0, np.int64))) == 0


def test_it_comes_back_from_its_arrays() -> None:
    model, other = KneserNey(5, 3).fit(text(300, 5)), text(50, 5, seed=2)
    again = KneserNey(5, 3).restore(model.arrays())
    np.testing.assert_array_equal(again.log_probabilities(other), model.log_probabilities(other))
