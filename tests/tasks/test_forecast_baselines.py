"""The baselines by hand, by plain loops, and against the figures that the M4 competition published."""

from pathlib import Path

import numpy as np
import pytest

from elman.data.series.reading import read_series
from elman.errors import ArgumentError
from elman.learn import forecast_scores as scores
from elman.tasks.forecast import smoothing
from elman.tasks.forecast.baselines import (
    baselines,
    is_seasonal,
    naive,
    naive2,
    seasonal_indices,
    seasonal_naive,
)

NAN = float("nan")


def test_naive_by_hand() -> None:
    histories = [np.array([1.0, 2.0, NAN]), np.zeros(0), np.array([NAN]), np.array([7.0])]
    assert naive(histories, 2).tolist() == [[2, 2], [0, 0], [0, 0], [7, 7]]
    assert naive([], 3).shape == (0, 3)


def test_seasonal_naive_by_hand() -> None:
    history = np.array([1.0, 2.0, 3.0, 4.0, NAN, 6.0, NAN])
    # The last season is 5, 6, 7 of which two are missing: 2 and 4 a season before stand for them.
    assert seasonal_naive([history], 5, 3).tolist() == [[2, 6, 4, 2, 6]]
    assert seasonal_naive([np.array([5.0, 6.0])], 3, 4).tolist() == [[6, 6, 6]]


def test_the_decomposition_of_a_seasonal_series_finds_its_indices() -> None:
    for season in (3, 4):
        index = np.array([0.5, 1.0, 1.2, 1.3])[:season]
        index = index / index.mean()
        history = 10.0 * np.tile(index, 8)
        # The trend is exactly 10 but for roundings of a handful of products.
        np.testing.assert_allclose(seasonal_indices(history, season), index, rtol=1e-13)
        assert is_seasonal(history, season)
        expected = history[: season + 2]
        np.testing.assert_allclose(naive2([history], season + 2, season)[0], expected, rtol=1e-12)


def test_no_season_is_found_where_there_is_none() -> None:
    assert not is_seasonal(np.arange(11.0), 4)  # less than three seasons
    assert not is_seasonal(np.ones(40), 4)
    noise = np.random.default_rng(3).normal(size=200)
    assert not is_seasonal(noise, 7)
    assert naive2([np.array([1.0, -2.0] * 20)], 2, 2).tolist() == [[-2, -2]]  # no quotients of negative values


def transcribed(
    y: np.ndarray, constants: tuple[float, ...], trend: str, kind: str, m: int, start: tuple[float, float, list[float]]
) -> tuple[float, float, float, list[float]]:
    """The equations of `smooth` for one series, step by step."""
    alpha, beta, gamma, phi = constants[0], constants[0] * constants[1], (1 - constants[0]) * constants[2], constants[3]
    if trend != "damped":
        phi = 1.0
    level, slope, index = start[0], start[1], list(start[2])
    total = count = 0.0
    for t, value in enumerate(y):
        s = index[t % m]
        line = level + phi * slope
        error = value - (line * s if kind == "multiplicative" else line + s)
        if np.isnan(error):
            error = 0.0
        else:
            count += 1
        total += error**2
        over = error / s if kind == "multiplicative" else error
        if kind != "none":
            index[t % m] = s + gamma * (error / line if kind == "multiplicative" else error)
        level = line + alpha * over
        slope = phi * slope + beta * over if trend != "none" else 0.0
    return total / count, level, slope, [index[(len(y) + k) % m] for k in range(m)]


@pytest.mark.parametrize("trend", smoothing.TRENDS)
@pytest.mark.parametrize("kind", smoothing.SEASONS)
def test_many_series_at_once_are_the_equations_of_each(trend: str, kind: str) -> None:
    random = np.random.default_rng(0)
    m = 3 if kind != "none" else 1
    lengths = np.array([11, 7, 14])
    y = np.full((3, 14), NAN)
    for i, length in enumerate(lengths):
        y[i, :length] = random.uniform(1, 5, size=length)
    y[0, 4] = NAN
    constants = random.uniform(0.1, 0.9, size=(3, 2, 4))
    errors, state = smoothing._run(y, lengths, constants, trend, kind, m)
    level, slope, index = smoothing._first_state(y, trend, kind, m, 2)
    for i in range(3):
        for g in range(2):
            start = (level[i, g], slope[i, g], index[i, g].tolist())
            expected = transcribed(y[i, : lengths[i]], tuple(constants[i, g]), trend, kind, m, start)
            found = (errors[i, g], state.level[i, g], state.trend[i, g], state.season[i, g].tolist())
            for one, other in zip(found, expected, strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-11)  # 14 steps of the same operations


def test_exact_series_are_continued_exactly() -> None:
    t = np.arange(60.0)
    index = np.array([3.0, -1.0, -2.0, 0.0])
    line, wave, constant = 5 + 2 * t, 100 + np.tile(index, 15), np.full(9, 4.0)
    found = smoothing.smooth([line, wave, constant, np.zeros(0), np.array([2.0, NAN])], 5, season=4)
    # The search stops at errors of roundings; levels are around 100.
    np.testing.assert_allclose(found[0], 5 + 2 * np.arange(60, 65), rtol=1e-6)
    np.testing.assert_allclose(found[1], 100 + index[[0, 1, 2, 3, 0]], rtol=1e-6)
    assert found[2:].tolist() == [[4.0] * 5, [0.0] * 5, [2.0] * 5]


def test_the_unit_does_not_matter() -> None:
    history = np.random.default_rng(1).uniform(1, 2, size=50)
    one, thousand = smoothing.smooth([history, 1000 * history], 3, season=5)
    np.testing.assert_allclose(thousand, 1000 * one, rtol=1e-9)


def test_smoothing_refuses() -> None:
    with pytest.raises(ArgumentError, match="at least 1"):
        smoothing.smooth([np.ones(3)], 0)


def test_smoothing_of_airline_passengers(real_data: Path) -> None:
    passengers = read_series(real_data / "series" / "AirPassengers.csv").of(0)
    history, truth = passengers[:-24], passengers[-24:]
    error = scores.smape(truth[None], smoothing.smooth([history], 24, 12))[0]
    seasonal = scores.smape(truth[None], seasonal_naive([history], 24, 12))[0]
    assert error < 0.5 * seasonal  # trend and season of a textbook series


@pytest.mark.parametrize(
    # S. Makridakis et al. (2020) and the competition's table of results: sMAPE and MASE of all series.
    ("name", "horizon", "season", "of_naive2"),
    [("Hourly", 48, 24, (18.383, 2.395)), ("Weekly", 13, 1, (9.161, 2.777))],
)
def test_published_figures_of_m4(
    real_data: Path, name: str, horizon: int, season: int, of_naive2: tuple[float, float]
) -> None:
    train, test = (read_series(real_data / "m4" / f"{name}-{part}.csv.gz") for part in ("train", "test"))
    histories = [train.of(i) for i in range(len(train))]
    truth = np.stack([test.of(i) for i in range(len(test))])
    assert test.names == train.names
    scales = np.array([scores.naive_scale(one, season) for one in histories])
    found = scores.summary(truth, naive2(histories, horizon, season), scales)
    assert (round(found["smape"], 3), round(found["mase"], 3)) == of_naive2
    if name == "Hourly":
        found = scores.summary(truth, seasonal_naive(histories, horizon, season), scales)
        assert (round(found["smape"], 3), round(found["mase"], 3)) == (13.912, 1.193)


def test_names() -> None:
    for season in (1, 4):
        for forecast in baselines(season).values():
            assert forecast([np.arange(9.0)], 2).shape == (1, 2)
