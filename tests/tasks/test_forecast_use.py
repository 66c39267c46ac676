"""A forecaster in use: values of any unit, files that differ from that of the training, paths that cost no context."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from elman.data.config_file import merge
from elman.data.series.frequency import Frequency
from elman.data.series.scaling import fit_scale
from elman.data.series.table import SeriesTable
from elman.errors import ArgumentTypeError, DataError
from elman.tasks.forecast.covariates import Covariates
from elman.tasks.forecast.material import Batch, Material
from elman.tasks.forecast.network import Sizes
from elman.tasks.forecast.networks import make_network
from elman.tasks.forecast.options import ForecastModelOptions, ForecastOptions
from elman.tasks.forecast.training import train_forecaster

SMALL = {"horizon": 4, "hidden": 8, "epochs": 2, "batch_size": 16, "threads": 1, "windows_per_epoch": 200}


def options(**changes: Any) -> ForecastOptions:
    return merge(ForecastOptions, overrides={**SMALL, **changes})[0]


def waves(unit: float = 1.0) -> SeriesTable:
    t = np.arange(40)
    return SeriesTable.from_arrays([unit * (5 + i + np.sin(t + i)) for i in range(3)], ["a", "b", "c"], season=4)


@pytest.mark.parametrize("power", [140, -160])
def test_units_beyond_single_precision(power: int) -> None:
    """A power of two changes no digit, so that forecasts differ by it and nothing else."""
    plain = train_forecaster(waves(), options(output="quantiles"))
    found = train_forecaster(waves(2.0**power), options(output="quantiles")).predict(waves(2.0**power))
    expected = plain.predict(waves())
    assert np.array_equal(found.points, 2.0**power * expected.points)
    assert np.array_equal(found.quantiles, 2.0**power * expected.quantiles)


def test_small_changes_of_large_values_are_seen() -> None:
    """Single precision knows every 16th number only, this far out."""
    like = ForecastModelOptions(window="standard", calendar=False)
    batches: list[Batch] = []
    for far in (0.0, 2.0**27):
        table = SeriesTable.from_arrays([far + np.arange(8.0) % 3])
        scale = fit_scale(table.values, table.starts, "none")
        made = Material.of(table, scale, Covariates(), {}, like)
        batches.append(made.batch(np.array([0]), np.array([6]), 6, 2))
    torch.testing.assert_close(batches[0].past, batches[1].past)
    torch.testing.assert_close(batches[0].target, batches[1].target)


def test_values_that_no_scale_brings_near() -> None:
    with pytest.raises(DataError, match=r"'a' is 5e\+31, too wide for the network .* Choose --window mean"):
        train_forecaster(waves(1e31), options(window="none"))


def test_what_has_no_logarithm_is_named() -> None:
    made = train_forecaster(waves(), options(log=True))
    table = waves()
    table.values[table.starts[2] - 1] = 0
    with pytest.raises(DataError, match=r"'b' is 0, which has no logarithm \(1 such values\)"):
        made.predict(table)
    table.values[3] = -2
    with pytest.raises(DataError, match="'a' holds the value -2"):
        made.predict(table)


def test_data_of_another_kind() -> None:
    with pytest.raises(ArgumentTypeError, match=r"data is a list. Expected .* SeriesTable.from_arrays"):
        train_forecaster(waves(), options()).predict([1.0, 2.0])  # pyright: ignore[reportArgumentType]


def sold(folder: Path, name: str, price: str = "2", repeated: bool = False) -> Path:
    rows = [f"2021-01-{d:02d},{d % 4},{price},{d % 2}" for d in range(1, 31)]
    path = folder / name
    path.write_text("\n".join(["day,sold,price,open", *rows, *rows[-1:] * repeated]) + "\n")
    return path


def test_files_are_read_as_that_of_the_training(tmp_path: Path) -> None:
    made = train_forecaster(str(sold(tmp_path, "a.csv")), options(target="sold", past="price", static=None))
    plain = made.predict(sold(tmp_path, "a.csv"))
    found = made.predict(sold(tmp_path, "b.csv", repeated=True), duplicates="first")  # the column is still known
    assert np.array_equal(found.points, plain.points)
    assert found.times == [["2021-01-31", "2021-02-01", "2021-02-02", "2021-02-03"]]
    with pytest.raises(DataError, match=r"c\.csv:2, column 'price': 'cheap' is no number"):
        made.predict(sold(tmp_path, "c.csv", price="cheap"))


def test_the_context_of_sample_paths_is_read_once() -> None:
    like = ForecastModelOptions(network="autoregressive", output="normal", hidden=4, calendar=False)
    made = make_network(Sizes(6, 3, season=4), like).eval()
    table = waves()
    material = Material.of(table, fit_scale(table.values, table.starts, "none"), Covariates(), {}, like)
    batch = material.batch(np.arange(3), np.array([10, 20, 3]), 6, 3)
    read: list[tuple[int, ...]] = []
    made.recurrent.register_forward_hook(lambda module, given, out: read.append(tuple(given[0].shape[:2])))  # pyright: ignore[reportAttributeAccessIssue]
    with torch.no_grad():
        torch.manual_seed(0)
        found = made.samples(batch, 50)
        assert read == [(3, 5)] + [(150, 1)] * 3
        torch.manual_seed(0)
        one_by_one = made.samples(batch.repeat(50), 1).view(3, 50, 3).transpose(1, 2)
    torch.testing.assert_close(found, one_by_one)


def test_times_of_many_series_are_those_of_each() -> None:
    monthly = Frequency("month", 1, day=0)
    positions = np.array([[600, 601], [601, 602]])
    assert monthly.texts(positions).tolist() == [[monthly.text(int(k)) for k in row] for row in positions]
