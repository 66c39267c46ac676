"""Every window that there is, once; padding in front of short series; nothing stored for each window."""

import numpy as np
import pytest

from elman.data.series.windows import Windows, drawn
from elman.errors import ArgumentError

STARTS = np.array([0, 7, 7, 9, 10, 15])  # lengths 7, 0, 2, 1, 5


def listed(windows: Windows) -> list[tuple[int, int]]:
    series, origins = windows.origins(np.arange(len(windows)))
    return list(zip(series.tolist(), origins.tolist(), strict=True))


def test_all_windows_by_a_plain_loop() -> None:
    for horizon, least, stride in ((1, 1, 1), (2, 3, 1), (2, 1, 2), (3, 9, 3)):
        windows = Windows.of(STARTS, context=4, horizon=horizon, least=least, stride=stride)
        expected = []
        for i, length in enumerate(np.diff(STARTS).tolist()):
            last = length - horizon
            first = max(1, min(least, last))  # a series too short for `least` is looked at from what it has
            mine = list(range(last, first - 1, -stride))
            expected += [(i, origin) for origin in reversed(mine)]
        assert listed(windows) == expected
        assert len(windows) == len(expected) == windows.counts.sum()


def test_held_back_steps() -> None:
    lengths = np.diff(STARTS)
    train = Windows.of(STARTS, context=4, horizon=2, end=lengths - 2)
    test = Windows.of(STARTS, context=4, horizon=2, begin=lengths - 2)
    assert listed(train) == [(0, 1), (0, 2), (0, 3), (4, 1)]
    assert listed(test) == [(0, 5), (4, 3)]  # the series of 2 steps would have no context


def test_contexts_and_horizons_are_the_steps_around_the_origin() -> None:
    values = np.arange(15.0)
    windows = Windows.of(STARTS, context=3, horizon=2)
    rows = np.arange(len(windows))
    series, origins = windows.origins(rows)
    index, real = windows.past(rows)
    future, there = windows.future(rows)
    assert there.all()
    for row, (i, origin) in enumerate(zip(series, origins, strict=True)):
        own = values[STARTS[i] : STARTS[i + 1]]
        assert values[index[row]][real[row]].tolist() == own[max(0, origin - 3) : origin].tolist()
        assert real[row].tolist() == [False] * (3 - min(3, origin)) + [True] * min(3, origin)
        assert values[future[row]].tolist() == own[origin : origin + 2].tolist()
    beyond, inside = windows.around(rows, 0, 20)
    assert inside.sum(1).tolist() == [np.diff(STARTS)[i] - o for i, o in zip(series, origins, strict=True)]
    assert beyond.min() >= 0
    assert beyond.max() < 15


def test_batches_are_a_function_of_seed_and_epoch() -> None:
    windows = Windows.of(STARTS, context=3, horizon=1)
    batches = drawn(windows, 4, 0, seed=1, epoch=2)
    assert [b.tolist() for b in batches] == [b.tolist() for b in drawn(windows, 4, 0, seed=1, epoch=2)]
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(windows)))
    assert np.concatenate(drawn(windows, 4, 0, seed=1, epoch=3)).tolist() != np.concatenate(batches).tolist()


def test_long_series_do_not_crowd_out_short_ones() -> None:
    lengths = np.array([100_000, 0, 11, 2])
    starts = np.concatenate([[0], np.cumsum(lengths)])
    windows = Windows.of(starts, context=3, horizon=1)
    batches = drawn(windows, 100, 3000, seed=0, epoch=0)
    assert [len(b) for b in batches] == [100] * 30
    series, origins = windows.origins(np.concatenate(batches))
    # Binomial(3000, 1/3): mean 1000, standard deviation 25.8; six of them.
    assert all(abs((series == i).sum() - 1000) < 155 for i in (0, 2, 3))
    assert (series != 1).all()
    assert set(origins[series == 2].tolist()) == set(range(1, 11))


def test_a_hundred_thousand_series_take_no_room_for_each_window() -> None:
    starts = np.arange(0, 100_001) * 1000
    windows = Windows.of(starts, context=100, horizon=10)
    assert len(windows) == 100_000 * 990  # as int64 numbers these windows would be 0.8 GB
    series, origins = windows.origins(np.array([0, len(windows) - 1]))
    assert (series.tolist(), origins.tolist()) == ([0, 99_999], [1, 990])


def test_sizes() -> None:
    with pytest.raises(ArgumentError, match="horizon is 0"):
        Windows.of(STARTS, context=1, horizon=0)
    none = Windows.of(np.array([0]), context=1, horizon=1)
    assert len(none) == 0
    assert drawn(none, 3, 0, 0, 0) == []
