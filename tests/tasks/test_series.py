"""Models of numeric series: what they learn, the laws of the network, run folders, real data."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import elman
from elman.data.config_file import merge
from elman.data.series.collection import Collection
from elman.errors import ArgumentError, ConfigError, DataError, RunError
from elman.tasks.series import train_series
from elman.tasks.series.network import Convolution, Network
from elman.tasks.series.options import SeriesModelOptions, SeriesOptions
from elman.tasks.series.scaling import Scaling

SMALL = {"hidden": 8, "convolutions": 6, "epochs": 30, "dropout": 0.0, "learning_rate": 0.01}


def options(**more: object) -> SeriesOptions:
    return merge(SeriesOptions, overrides={**SMALL, **more})[0]


def slopes(n: int, seed: int, channels: int = 2) -> Collection:
    """Series of 3 to 12 steps: one channel rises or falls, the others are noise."""
    random = np.random.default_rng(seed)
    rows, labels = [], []
    for i in range(n):
        time = int(random.integers(3, 13))
        up = 1.0 if i % 2 else -1.0
        row = random.normal(size=(channels, time))
        row[0] = up * np.arange(time) + 0.3 * row[0]
        rows.append(row)
        labels.append("up" if i % 2 else "down")
    return Collection.of(rows, labels)


@pytest.mark.parametrize("convolutions", [0, 5])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_padding_and_neighbours_change_nothing(convolutions: int, bidirectional: bool) -> None:
    torch.manual_seed(0)
    own = SeriesModelOptions(hidden=4, convolutions=convolutions, bidirectional=bidirectional)
    network = Network(3, 2, own).double().eval()
    for _ in range(3):  # running means that are not 0 and 1
        network.train()(torch.randn(4, 6, 3, dtype=torch.float64), [6, 4, 5, 6])
    network.eval()
    x = torch.randn(4, 11, 3, dtype=torch.float64)
    lengths = [11, 4, 0, 1]
    whole = network(x, lengths)
    dirty = x.clone()
    for i, length in enumerate(lengths):
        dirty[i, length:] = torch.nan
    # sums in another order: a few ulp of values near 1
    torch.testing.assert_close(network(dirty, lengths), whole, rtol=1e-12, atol=1e-13)
    for i, length in enumerate(lengths):
        torch.testing.assert_close(network(x[i : i + 1, :length], [length])[0], whole[i], rtol=1e-12, atol=1e-13)


def test_the_normalisation_counts_real_steps_alone() -> None:
    torch.manual_seed(0)
    one, two = Convolution(2, 3, 5).double(), Convolution(2, 3, 5).double()
    two.load_state_dict(one.state_dict())
    x = torch.randn(2, 6, 2, dtype=torch.float64)
    real = torch.ones(2, 6, dtype=torch.bool)
    padded = torch.cat([x, torch.zeros(2, 4, 2, dtype=torch.float64)], 1)
    y = one(x, real)
    z = two(padded, torch.cat([real, torch.zeros(2, 4, dtype=torch.bool)], 1))
    torch.testing.assert_close(z[:, :6], y, rtol=1e-12, atol=1e-13)
    assert (z[:, 6:] == 0).all()
    torch.testing.assert_close(one.norm.running_var, two.norm.running_var, rtol=1e-12, atol=0)
    steps = one.filters(x.mT).mT.reshape(-1, 3)
    expected = (steps - steps.mean(0)) / (steps.var(0, unbiased=False) + 1e-5).sqrt()
    torch.testing.assert_close(y.reshape(-1, 3), expected.relu(), rtol=1e-9, atol=1e-12)


def test_scaling() -> None:
    data = Collection.of([[[1.0, 3.0], [5.0, 5.0]], [[np.nan], [5.0]]])
    scaling = Scaling.learn(data, "train")
    assert scaling.channels == 4
    assert scaling.apply(data).values.tolist() == [[-1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0]]
    alone = Scaling.learn(Collection.of([[[1.0, 3.0]], [[10.0, 30.0]]]), "series")
    assert alone.apply(Collection.of([[[1.0, 3.0]], [[10.0, 30.0]]])).values[:, 0].tolist() == [-1, 1, -1, 1]
    large = Scaling.learn(Collection.of([[[1.6e9, 1.6e9 + 2.0]]]), "train")  # float32 alone would lose the difference
    assert large.apply(Collection.of([[[1.6e9, 1.6e9 + 2.0]]])).values[:, 0].tolist() == [-1, 1]
    with pytest.raises(DataError, match="the series have 1 channels"):
        scaling.apply(Collection.of([[[1.0]]]))


def test_it_learns_classes_and_beats_its_contrasts() -> None:
    model = train_series(slopes(80, seed=0), options())
    result = model.evaluate(slopes(200, seed=1))
    assert result["accuracy"] >= 0.97
    assert result["contrasts"]["majority"]["accuracy"] == 0.5
    assert model.predict(np.array([[[0.0, -1, -2, -3], [0, 0, 0, 0]]])) == ["down"]
    np.testing.assert_allclose(model.probabilities(slopes(5, seed=2)).sum(1), 1, rtol=1e-12)
    again = train_series(slopes(80, seed=0), options())
    assert all(torch.equal(a, b) for a, b in zip(again.network.parameters(), model.network.parameters(), strict=True))


def test_it_learns_numbers() -> None:
    def sums(n: int, seed: int) -> Collection:
        random = np.random.default_rng(seed)
        rows = [random.normal(size=int(random.integers(1, 9))) for _ in range(n)]
        return Collection.of([row[None] for row in rows], [100 + 10 * row.mean() for row in rows])

    model = train_series(sums(300, 0), options(learn="number", validation_share=0.1))
    result = model.evaluate(sums(200, 1))
    assert result["r2"] > 0.95
    assert result["rmse"] < result["contrasts"]["mean"]["rmse"] / 3
    with pytest.raises(ArgumentError, match="tells numbers"):
        model.probabilities(sums(2, 2))


def test_missing_values_are_told_to_the_network() -> None:
    random = np.random.default_rng(0)
    rows = [np.where(random.random((1, 8)) < 0.3, np.nan, 1.0) for _ in range(120)]
    labels = ["many" if np.isnan(row).sum() > 2 else "few" for row in rows]
    model = train_series(Collection.of(rows[:100], labels[:100]), options())
    assert model.evaluate(rows[100:], labels[100:])["accuracy"] >= 0.9  # the values are all 1: only the gaps tell


def test_a_run_folder_gives_the_same_answers_and_resumes(tmp_path: Path) -> None:
    model = train_series(slopes(40, seed=0), options(epochs=5), tmp_path / "run")
    data = slopes(9, seed=1)
    loaded = elman.load(tmp_path / "run")
    np.testing.assert_array_equal(loaded.outputs(data), model.outputs(data))
    assert loaded.evaluate(data) == model.evaluate(data)
    model.save(tmp_path / "copy")
    np.testing.assert_array_equal(elman.load(tmp_path / "copy").outputs(data), model.outputs(data))
    assert train_series(slopes(40, seed=0), options(epochs=5), tmp_path / "run").record["history"]["steps"] == 15
    (tmp_path / "run" / "nearest.safetensors").write_bytes(b"x")
    with pytest.raises(RunError, match=r"nearest\.safetensors is damaged"):
        elman.load(tmp_path / "run")


def test_wrong_data() -> None:
    with pytest.raises(DataError, match="every series has the class 'a'"):
        train_series(Collection.of(np.zeros((3, 4)), ["a"] * 3))
    with pytest.raises(DataError, match="there are no labels"):
        train_series(Collection.of(np.zeros((3, 4))))
    with pytest.raises(DataError, match="every series is empty"):
        train_series(Collection.of([np.zeros((1, 0))] * 4, list("abab")))
    with pytest.raises(DataError, match="series 1: the label is 'b'"):
        train_series(Collection.of(np.zeros((2, 4)), [1, "b"]), options(learn="number"))
    with pytest.raises(ConfigError, match="learn is 'sing'"):
        train_series(slopes(4, 0), replace(SeriesOptions(), model=SeriesModelOptions(learn="sing")))


@pytest.mark.parametrize("values", [np.zeros((6, 1, 5)), np.ones((6, 1, 1)), np.full((6, 2, 3), 1e30)])
def test_series_that_never_vary_give_finite_answers(values: np.ndarray) -> None:
    model = train_series(Collection.of(values, list("ababab")), options(epochs=3))
    assert np.isfinite(model.outputs(values)).all()


def test_spoken_vowels(tmp_path: Path) -> None:
    folder = os.environ.get("ELMAN_DATA")
    if not folder:
        pytest.skip("ELMAN_DATA is not set: it names the folder with the real data sets (ucr/…)")
    train, test = (f"{folder}/ucr/JapaneseVowels_{part}.ts.gz" for part in ("TRAIN", "TEST"))
    model = elman.train(train, task="classify", out=tmp_path / "run", quiet=True, epochs=10, test=test)
    assert model.task == "series"
    assert model.record["results"]["test"]["accuracy"] >= 0.96  # 0.959 by the nearest series; 0.98 and more when longer
