"""A trained forecaster: what it learns, held-back steps, resumption, storage, prediction, streams, backtests."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import elman
from elman.data.config_file import merge
from elman.data.series.options import SeriesDataOptions
from elman.data.series.reading import read_series
from elman.data.series.table import SeriesTable
from elman.errors import ArgumentError, ConfigError, DataError, RunError, TrainingError
from elman.learn.report import Moment, Silent
from elman.tasks.forecast.backtest import backtest, until
from elman.tasks.forecast.conformal import conformal_quantile, margins_of
from elman.tasks.forecast.forecaster import Forecaster
from elman.tasks.forecast.measuring import joined
from elman.tasks.forecast.network import Direct
from elman.tasks.forecast.options import ForecastOptions
from elman.tasks.forecast.training import train_forecaster

SMALL = {"horizon": 4, "hidden": 8, "epochs": 3, "batch_size": 16, "threads": 1, "windows_per_epoch": 400}


def options(**changes: Any) -> ForecastOptions:
    return merge(ForecastOptions, overrides={**SMALL, **changes})[0]


def waves(n: int = 5, length: int = 60, seed: int = 0) -> SeriesTable:
    """Seasons of four steps and of six, of which a seasonal naive forecast knows the first only."""
    random = np.random.default_rng(seed)
    t = np.arange(length)
    series = [
        random.uniform(5, 50) * (3 + np.sin(2 * np.pi * (t + i) / 4) + np.sin(2 * np.pi * (t + random.integers(6)) / 6))
        for i in range(n)
    ]
    return SeriesTable.from_arrays(series, [f"s{i}" for i in range(n)], season=4)


@pytest.mark.parametrize("network", ["direct", "segment", "attention", "autoregressive", "hybrid"])
def test_every_network_learns_what_the_baselines_cannot_know(network: str) -> None:
    made = train_forecaster(
        waves(10, 60), options(network=network, context=12, hidden=16, epochs=20, learning_rate=0.02, test_steps=4)
    )
    scores = made.record["results"]["test"]
    assert scores["model"]["windows"] == 10
    assert scores["model"]["mase"] < 0.5 * scores["seasonal naive"]["mase"]
    assert "beats" in made.summary()


def test_a_run_is_the_same_again_and_read_back(tmp_path: Path) -> None:
    series = waves()
    first = train_forecaster(series, options(output="quantiles", identity=2), tmp_path / "a")
    again = train_forecaster(series, options(output="quantiles", identity=2), tmp_path / "a")  # is read
    read = elman.load(tmp_path / "a")
    assert isinstance(read, Forecaster)
    for other in (again, read, train_forecaster(series, options(output="quantiles", identity=2))):
        for name in ("points", "quantiles"):
            assert (getattr(other.predict(series), name) == getattr(first.predict(series), name)).all()
    assert read.record["results"] == first.record["results"]
    assert "continues series by 4 steps" in (tmp_path / "a" / "README.md").read_text()
    with pytest.raises(RunError, match="data"):
        train_forecaster(waves(seed=1), options(output="quantiles", identity=2), tmp_path / "a")
    (tmp_path / "a" / "model.safetensors").write_bytes(b"")
    with pytest.raises(RunError):
        elman.load(tmp_path / "a")


def test_the_held_back_steps_do_not_reach_the_training() -> None:
    """Other values in the test steps change nothing of the weights, nor of the scale."""
    one, other = waves(3), waves(3)
    for i in range(3):
        other.values[other.starts[i + 1] - 4 : other.starts[i + 1]] *= 100
    a, b = (train_forecaster(s, options(test_steps=4, scaling="standard", window="none")) for s in (one, other))
    assert (a.scale.size == b.scale.size).all()
    history = until(one, np.full(3, 56))
    assert (a.predict(history).points == b.predict(history).points).all()
    assert a.record["results"]["test"]["model"]["mae"] != b.record["results"]["test"]["model"]["mae"]


def test_the_unit_of_a_series_does_not_matter_where_windows_are_scaled() -> None:
    made, series = train_forecaster(waves(), options(output="normal")), waves(2, seed=7)
    larger = SeriesTable.from_arrays([1024 * series.of(i) for i in range(2)], ["x", "y"], season=4)
    series = SeriesTable.from_arrays([series.of(i) for i in range(2)], ["x", "y"], season=4)
    one, two = made.predict(series), made.predict(larger)
    # A power of two changes no digit of the scaled values.
    np.testing.assert_allclose(two.points, 1024 * one.points, rtol=1e-6)
    np.testing.assert_allclose(two.quantiles, 1024 * one.quantiles, rtol=1e-6)


def test_missing_values_and_series_shorter_than_the_context() -> None:
    series = waves(4)
    series.values[10:14] = np.nan
    made = train_forecaster(series, options(context=24))
    new = SeriesTable.from_arrays([[5.0, np.nan, 7.0], [np.nan, 3.0, np.nan], [np.nan], []], list("abcd"), season=4)
    found = made.predict(new)
    assert np.isfinite(found.points).all()
    assert found.times[1] == ["2", "3", "4", "5"]  # after the newest value, which is that of step 1
    assert np.isfinite(made.predict(new, seed=3).points).all()


def test_a_stream_forecasts_what_predict_does() -> None:
    series = waves(3, 60)
    made = train_forecaster(series, options(context=12, scaling="mean"))
    stream = made.stream(until(series, np.array([20, 5, 40])))
    for k in range(15):
        now = until(series, np.array([20, 5, 40]) + k + 1)
        values = [now.of(i)[-1] for i in range(3)]
        np.testing.assert_allclose(stream(values), made.predict(now).points, rtol=1e-6)
    assert stream([None, 3.0, float("nan")]).shape == (3, 4)
    with pytest.raises(ArgumentError, match="3 finite numbers"):
        stream([1.0])
    with pytest.raises(ArgumentError, match="3 finite numbers"):
        stream([1.0, 2.0, float("inf")])
    with pytest.raises(ArgumentError, match="3 finite numbers"):
        stream([1.0, 2.0, "warm"])  # pyright: ignore[reportArgumentType]


def test_a_backtest_is_training_and_measuring_at_each_origin() -> None:
    series = waves(3, 64)
    found = backtest(series, options(), windows=2, step=3, refit=True)
    assert list(found) == ["window 1", "window 2", "all"]
    for k, origin in enumerate((57, 60), 1):
        made = train_forecaster(until(series, np.full(3, origin)), options(context=12))
        expected = made.evaluate(until(series, np.full(3, origin + 4)))
        assert found[f"window {k}"]["model"]["mae"] == pytest.approx(expected["mae"], rel=1e-12)
        naive = expected["contrasts"]["seasonal naive"]["mae"]
        assert found[f"window {k}"]["seasonal naive"]["mae"] == pytest.approx(naive, rel=1e-12)
    mean = np.mean([found[f"window {k}"]["model"]["mae"] for k in (1, 2)])
    assert found["all"]["model"]["mae"] == pytest.approx(mean, rel=1e-12)
    with pytest.raises(DataError, match="steps of the longest series"):
        backtest(series, options(), windows=30)
    with pytest.raises(ConfigError, match="windows is 0"):
        backtest(series, options(), windows=0)


def test_what_follows_is_joined_at_its_time(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("date,y\n2021-01-01,1\n2021-01-02,2\n2021-01-03,3\n")
    (tmp_path / "b.csv").write_text("date,y\n2021-01-05,5\n2021-01-06,6\n")
    history, after = (read_series(tmp_path / name) for name in ("a.csv", "b.csv"))
    np.testing.assert_equal(joined(history, after).of(0), [1, 2, 3, np.nan, 5, 6])
    with pytest.raises(DataError, match="its history ends at 2021-01-06"):
        joined(after, history)
    (tmp_path / "c.csv").write_text("date,z\n2021-01-05,5\n2021-01-06,6\n")
    with pytest.raises(DataError, match="'z' is not among those"):
        joined(history, read_series(tmp_path / "c.csv"))
    rows = SeriesTable.from_arrays([[1.0, 2.0], [7.0]], ["A", "B"])
    more = SeriesTable.from_arrays([[8.0, 9.0]], ["B"])
    both = joined(rows, more)
    assert [both.of(i).tolist() for i in range(2)] == [[1, 2], [7, 8, 9]]


def shop(folder: Path, days: int, future: int = 0, price: bool = True) -> Path:
    """Sales that are 10, or 30 on a day of a low price that is known ahead, and twice as many in a large shop."""
    import datetime as dt

    random = np.random.default_rng(0)
    lines = ["date,shop,sales,price,size"]
    for name, factor in (("A", 1), ("B", 2)):
        for d in range(days + future):
            low = random.random() < 0.3
            sales = "" if d >= days else f"{factor * (30 if low else 10)}"
            day = dt.date(2021, 1, 1) + dt.timedelta(days=d)
            cost = (1 if low else 2) if price or d < days else ""
            lines.append(f"{day},{name},{sales},{cost},{'large' if factor == 2 else 'small'}")
    path = folder / f"shop{days}{future}{price}.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("network", ["direct", "segment", "attention", "autoregressive"])
def test_covariates_known_ahead_are_used_and_asked_for(tmp_path: Path, network: str) -> None:
    roles = {"target": "sales", "series": "shop", "future": "price", "static": "size"}
    small = options(**roles, network=network, epochs=30, hidden=16, learning_rate=0.02, anchor="none", context=7)
    made = train_forecaster(shop(tmp_path, 120), small)
    path = shop(tmp_path, 120, 4)
    found = made.predict(path)
    table = read_series(path, SeriesDataOptions(target="sales", series="shop", future="price", static="size"))
    low = np.stack([table.covariates["price"][table.starts[i] + 120 : table.starts[i + 1]] == 1 for i in range(2)])
    expected = np.where(low, 30, 10) * np.array([[1], [2]])
    assert np.abs(found.points / expected - 1).max() < 0.35
    assert found.times[0][0] == "2021-05-01"
    with pytest.raises(DataError, match=r"'price' is missing for 2021-05-01 of 'A' \(8 such steps\)"):
        made.predict(shop(tmp_path, 120, 4, price=False))
    with pytest.raises(ArgumentError, match="price, size"):
        made.stream(table)


def test_categories_that_the_training_did_not_see(tmp_path: Path) -> None:
    made = train_forecaster(shop(tmp_path, 40), options(target="sales", series="shop", static="size"))
    path = shop(tmp_path, 40)
    path.write_text(path.read_text().replace("large", "huge"))
    assert np.isfinite(made.predict(path).points).all()


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="horizon is 50 steps, and the longest series has 30"):
        train_forecaster(waves(2, 30), options(horizon=50))
    with pytest.raises(ConfigError, match="test_steps is 2"):
        train_forecaster(waves(2, 30), options(test_steps=2))
    with pytest.raises(TrainingError, match="holds no values"):
        train_forecaster(SeriesTable.from_arrays([[float("nan")]]), options())
    with pytest.raises(ConfigError, match="segment is 90"):
        train_forecaster(waves(2), options(segment=90))
    made = train_forecaster(waves(2), options())
    with pytest.raises(ArgumentError, match="trained to tell points"):
        made.predict(waves(2), levels=[0.1])
    with pytest.raises(DataError, match="more than the horizon, 4"):
        made.evaluate(waves(1, 3))
    made.record["timed"] = True
    with pytest.raises(DataError, match="its times are daily"):
        made.predict(shop(tmp_path, 9), target="sales", series="shop")
    past = options(network="autoregressive", target="sales", series="shop", past="price")
    with pytest.raises(ConfigError, match="would have to be forecast"):
        train_forecaster(shop(tmp_path, 40), past)


def test_short_constant_and_single_series() -> None:
    lone = train_forecaster(SeriesTable.from_arrays([np.full(12, 5.0)], season=1), options(horizon=2))
    np.testing.assert_allclose(
        lone.predict(SeriesTable.from_arrays([np.full(12, 5.0)])).points, 5.0, atol=2.5
    )  # the scale of a constant series is guarded
    short = SeriesTable.from_arrays([np.arange(7.0), np.arange(3.0), [1.0]], season=1)
    made = train_forecaster(short, options())
    assert np.isfinite(made.predict(short).points).all()
    assert made.record["results"] == {}  # nothing could be held back
    assert made.summary() == "There are no results."


@pytest.mark.parametrize("output", ["quantiles", "normal", "student_t", "negative_binomial"])
def test_distributions_cover_what_they_say(output: str) -> None:
    """Noise around a constant: an interval of 80 % holds about 80 % of new values."""
    random = np.random.default_rng(5)
    series = SeriesTable.from_arrays([random.poisson(40, size=80).astype(float) for _ in range(25)])
    made = train_forecaster(
        series, options(output=output, anchor="none", epochs=15, test_steps=4, horizon=4, learning_rate=0.01, context=8)
    )
    found = made.record["results"]["test"]["model"]
    # 100 draws of probability 0.8 (deviation 0.04), and a fit that is not exact.
    assert 0.62 <= found["coverage 80 %"] <= 0.95
    drawn = made.predict(series, samples=200, seed=1)
    assert drawn.samples.shape == (25, 4, 200)
    assert drawn.samples.std() == pytest.approx(np.sqrt(40), rel=0.35)
    assert (made.predict(series, samples=5, seed=2).samples == made.predict(series, samples=5, seed=2).samples).all()


def test_conformal_margins_cover_whatever_the_network_says() -> None:
    """Points become intervals that hold what they say, on windows that neither the network nor the margins saw."""
    random = np.random.default_rng(5)
    series = SeriesTable.from_arrays([random.exponential(10, size=60) for _ in range(150)])
    small = options(horizon=2, anchor="none", context=8, window="none", scaling="mean", epochs=2, test_steps=2)
    made = train_forecaster(series, small)
    # 300 values: five deviations of 0.4 / √300 and the 1 / 151 of the finite calibration.
    assert made.record["results"]["test"]["model"]["coverage 80 %"] == pytest.approx(0.8, abs=0.12)
    found = made.predict(series)
    assert found.levels == [0.1, 0.5, 0.9]
    assert (np.diff(found.quantiles, axis=-1) >= 0).all()
    with pytest.raises(ArgumentError, match=r"one of 0\.1, 0\.5, 0\.9"):
        made.predict(series, levels=[0.2])
    assert train_forecaster(series, replace(small, model=replace(small.model, conformal=False))).levels == []


def test_the_quantile_of_errors_is_the_ranked_one() -> None:
    errors = np.array([5.0, 1.0, float("nan"), 3.0, 2.0, 4.0])  # five of them
    # ranks 0.6, 1.2, 2.04 down, but not below 1; 3, 3.6, 4.02 and 5.4 up, but not above 5
    assert [conformal_quantile(errors, q) for q in (0.1, 0.2, 0.34, 0.5, 0.6, 0.67, 0.9)] == [1, 1, 2, 3, 4, 5, 5]


def test_margins_by_hand() -> None:
    """A network that always says the last value: the margins are ranks of the differences that followed it."""
    random = np.random.default_rng(0)
    values = random.normal(size=(40, 30))
    small = options(horizon=2, anchor="last", window="none", epochs=1, context=5)
    made = train_forecaster(SeriesTable.from_arrays(list(values)), small)
    material = made.material(SeriesTable.from_arrays(list(values)))
    assert isinstance(made.network, Direct)
    with torch.no_grad():
        for weight in (made.network.readout.V, made.network.readout.c):
            weight.zero_()
    margins = margins_of(made.network, material, np.arange(40), np.full(40, 28), [0.1, 0.9])
    assert margins is not None
    for j in range(2):
        errors = np.sort(values[:, 28 + j] - values[:, 27])
        # ⌊41 · 0.1⌋ = 4 and ⌈41 · 0.9⌉ = 37; float32
        np.testing.assert_allclose(margins[:, j], [errors[3], errors[36]], rtol=1e-5)
    assert margins_of(made.network, material, np.arange(19), np.full(19, 28), [0.5]) is None


@pytest.mark.parametrize("output", ["point", "quantiles"])
def test_an_ensemble_is_the_mean_of_its_members(tmp_path: Path, output: str) -> None:
    series = waves(25, 30)
    small = options(output=output, identity=2, conformal=False, window="none", scaling="mean")
    alone = [train_forecaster(series, replace(small, training=replace(small.training, seed=seed))) for seed in range(3)]
    together = replace(small, training=replace(small.training, ensemble=3))
    made = train_forecaster(series, together, tmp_path / "run")
    for name in ("points", "quantiles"):
        expected = np.mean([getattr(one.predict(series), name) for one in alone], axis=0)
        # The mean is taken in float32 and scaled back after.
        np.testing.assert_allclose(getattr(made.predict(series), name), expected, rtol=1e-5)
    assert made.predict(series, samples=7).samples.shape == (25, 4, 7)
    assert (elman.load(tmp_path / "run").predict(series).points == made.predict(series).points).all()
    assert not (tmp_path / "run" / "members").exists()
    (tmp_path / "other" / "members").mkdir(parents=True)
    with pytest.raises(RunError):
        train_forecaster(series, together, tmp_path / "other")


class PullsThePlug(Silent):
    """Ends the training of one member from outside after some steps, and counts the steps of each."""

    def __init__(self, member: int = 0, after: int = 0) -> None:
        self.end, self.now, self.steps = (member, after), 0, {1: 0, 2: 0}

    def say(self, text: str) -> None:
        self.now += text.startswith("\nNetwork ")

    def step(self, moment: Moment) -> None:
        self.steps[self.now] += 1
        if (self.now, moment.step) == self.end:
            raise KeyboardInterrupt


@pytest.mark.parametrize(("member", "after"), [(1, 5), (2, 1), (2, 7)])
def test_an_interrupted_ensemble_ends_as_an_unbroken_one(tmp_path: Path, member: int, after: int) -> None:
    """Broken within the first or the second member, whose steps alone are made again."""
    own = options(ensemble=2, checkpoint_minutes=0.0, dropout=0.3, batch_size=128, epochs=3)
    series, whole, broken = waves(8), tmp_path / "whole", tmp_path / "broken"
    each = train_forecaster(series, own, whole).record["history"]["steps"]
    with pytest.raises(KeyboardInterrupt):
        train_forecaster(series, own, broken, PullsThePlug(member, after))
    with pytest.raises(RunError, match="not finished"):
        elman.load(broken)
    counts = PullsThePlug()
    train_forecaster(series, own, broken, counts)
    done = after - 1  # the last checkpoint stands before the step that was cut off
    assert counts.steps == ({1: each - done, 2: each} if member == 1 else {1: 0, 2: each - done})
    assert (whole / "model.safetensors").read_bytes() == (broken / "model.safetensors").read_bytes()
    assert sorted(path.name for path in whole.iterdir()) == sorted(path.name for path in broken.iterdir())
