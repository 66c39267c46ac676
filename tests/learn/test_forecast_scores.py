"""Scores against utilsforecast 0.2.17 (its numbers written down here), against M4's definitions, and by hand."""

import numpy as np
import pytest

from elman.errors import ArgumentError
from elman.learn import forecast_scores as scores

Y = np.array([[3.0, -1.5, 0.0, 7.25], [12.0, 13.5, 11.0, 10.0], [0.0, 2.0, 4.0, 1.0]])
F = np.array([[2.5, -1.0, 0.5, 9.0], [12.5, 12.0, 11.0, 14.0], [0.0, 1.0, 6.0, 2.0]])
LOW = np.array([[1.0, -3.0, -1.0, 5.0], [11.0, 12.5, 9.0, 10.5], [-1.0, 2.5, 3.0, 0.0]])
HIGH = np.array([[4.0, 0.0, 1.0, 7.0], [14.0, 16.0, 12.5, 15.0], [1.0, 4.0, 8.0, 3.0]])
HISTORY = [
    np.array([1.0, 4.0, -2.0, 3.0, 5.0, -1.0, 2.0]),
    np.array([10.0, 12.0, 9.0, 11.0, 14.0, 10.0, 13.0]),
    np.array([0.0, 1.0, 3.0, 0.0, 2.0, 5.0, 1.0]),
]
LEVELS = [0.1, 0.5, 0.9]
QUANTILES = np.stack([LOW, F, HIGH], -1)


def scales(season: int) -> np.ndarray:
    return np.array([scores.naive_scale(one, season) for one in HISTORY])


# Printed by utilsforecast.losses of the same names; its sMAPE is 1/200 of M4's.
@pytest.mark.parametrize(
    ("found", "theirs"),
    [
        (scores.mae(Y, F), [0.8125, 1.5, 1.0]),
        (scores.rmse(Y, F), [0.9762812094883317, 2.1505813167606567, 1.224744871391589]),
        (scores.smape(Y, F) / 200, [0.3496503496503497, 0.06147458983593437, 0.21666666666666667]),
        (scores.mase(Y, F, scales(1)), [0.19499999999999998, 0.5294117647058824, 0.4]),
        (scores.mase(Y, F, scales(3)), [0.65, 1.0, 1.0]),
        (scores.coverage(Y, LOW, HIGH), [0.75, 0.75, 0.75]),
        (scores.pinball(Y, QUANTILES, LEVELS), [0.23958333333333334, 0.4124999999999999, 0.30416666666666664]),
        (scores.pinball(Y, QUANTILES[..., :1], LEVELS[:1]), [0.16875, 0.21250000000000002, 0.1875]),
        (scores.scaled_crps(Y, QUANTILES, LEVELS), [0.16312056737588654, 0.07096774193548386, 0.3476190476190476]),
    ],
    ids=["mae", "rmse", "smape", "mase 1", "mase 3", "coverage", "mqloss", "quantile_loss", "scaled_crps"],
)
def test_as_utilsforecast(found: np.ndarray, theirs: list[float]) -> None:
    np.testing.assert_allclose(found, theirs, rtol=1e-14)  # the order of a few additions


def test_missing_truth_is_left_out() -> None:
    nan = float("nan")
    truth = np.array([[1.0, nan, 3.0], [nan, nan, nan]])
    forecast = np.array([[2.0, 100.0, 3.0], [1.0, 1.0, 1.0]])
    for name in ("mae", "mse", "rmse", "smape"):
        alone = getattr(scores, name)(np.array([[1.0, 3.0]]), np.array([[2.0, 3.0]]))
        found = getattr(scores, name)(truth, forecast)
        assert found[0] == alone[0]
        assert np.isnan(found[1])
    assert scores.coverage(truth, forecast - 2, forecast)[0] == 1.0
    assert np.isnan(scores.coverage(truth, forecast, forecast)[1])
    assert scores.mean_score(np.array([nan])) != scores.mean_score(np.array([nan]))
    assert scores.crps_of_samples(truth, forecast[..., None])[0] == 0.5


def test_a_constant_history() -> None:
    truth = np.array([[5.0, 5.0], [5.0, 6.0]])
    forecast = np.full((2, 2), 5.0)
    assert scores.mase(truth, forecast, np.zeros(2)).tolist() == [0.0, float("inf")]
    assert scores.summary(truth, forecast, np.array([0.0, 2.0]))["mase"] == 0.25  # the row with a scale


def test_histories_too_short_or_with_holes() -> None:
    assert np.isnan(scores.naive_scale(np.array([1.0, 2.0]), 2))
    assert scores.naive_scale(np.array([1.0, np.nan, 4.0, 6.0]), 1) == 2.0


def test_the_score_of_samples_is_the_integral() -> None:
    random = np.random.default_rng(0)
    truth = random.normal(size=(2, 3))
    samples = random.normal(size=(2, 3, 7))
    x = np.linspace(-20, 20, 400_001)
    expected = np.zeros((2, 3))
    for i in range(2):
        for j in range(3):
            below = (samples[i, j][:, None] <= x).mean(0)
            expected[i, j] = ((below - (x >= truth[i, j])) ** 2).sum() * (x[1] - x[0])
    # Each of 8 jumps is misplaced by at most one step of 1e-4.
    np.testing.assert_allclose(scores.crps_of_samples(truth, samples), expected.mean(1), atol=1e-3)


def test_many_quantiles_come_near_to_the_score_of_the_normal_distribution() -> None:
    from statistics import NormalDist

    normal, y = NormalDist(), 0.7
    levels = [(i + 0.5) / 2000 for i in range(2000)]
    quantiles = np.array([[[normal.inv_cdf(q) for q in levels]]])
    exact = y * (2 * normal.cdf(y) - 1) + 2 * normal.pdf(y) - 1 / np.pi**0.5  # Gneiting and Raftery (2007)
    found = scores.crps_of_quantiles(np.array([[y]]), quantiles, levels)[0]
    assert found == pytest.approx(exact, abs=1e-3)  # the tails beyond 1/4000 on either side are cut


def test_owa_is_one_for_naive2_itself() -> None:
    assert scores.owa(13.564, 1.912, 13.564, 1.912) == 1.0
    assert scores.owa(11.374, 1.536, 13.564, 1.912) == pytest.approx(0.821, abs=5e-4)  # the winner of M4, published


def test_the_summary_names_what_it_holds() -> None:
    found = scores.summary(Y, F, scales(1), {0.1: LOW, 0.5: F, 0.9: HIGH})
    assert list(found) == ["mae", "rmse", "smape", "mase", "pinball", "crps", "coverage 80 %"]
    assert found["coverage 80 %"] == 0.75


def test_shapes() -> None:
    with pytest.raises(ArgumentError, match="shape"):
        scores.mae(Y, F[:2])
    with pytest.raises(ArgumentError, match="quantiles have shape"):
        scores.pinball(Y, QUANTILES, [0.5])
    with pytest.raises(ArgumentError, match="samples"):
        scores.crps_of_samples(Y, QUANTILES[:2])
    assert scores.mae(np.zeros((0, 3)), np.zeros((0, 3))).tolist() == []
