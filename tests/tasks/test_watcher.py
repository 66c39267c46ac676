"""A trained watcher: its stream is its scores, its alarms are as seldom as promised; gaps, states, resumption."""

import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

import elman
from elman.data.config_file import merge
from elman.data.series.recording import Recording
from elman.errors import ArgumentError, ArgumentTypeError, DataError, Interrupted, RunError, TrainingError
from elman.learn.report import Moment, Silent
from elman.tasks.watch.calibration import Calibration, column_scores, smoothed, step_scores, tails_of
from elman.tasks.watch.material import Forecasts, Units, newest, run
from elman.tasks.watch.network import Network, loss
from elman.tasks.watch.options import WatchModelOptions, WatchOptions
from elman.tasks.watch.preparation import prepare
from elman.tasks.watch.scores import detection, roc_auc
from elman.tasks.watch.training import train_watcher
from elman.tasks.watch.watcher import Watcher

SMALL = {"hidden": 8, "epochs": 6, "windows": 128, "steps": 32, "threads": 1, "learning_rate": 0.02}


def options(**changes: Any) -> WatchOptions:
    return merge(WatchOptions, overrides={**SMALL, **changes})[0]


def process(steps: int, seed: int = 0, columns: int = 2) -> Recording:
    """Independent normal noise around a wave of eight steps, of unequal size and place."""
    random = np.random.default_rng(seed)
    t = np.arange(steps)[:, None]
    wave = np.sin(2 * np.pi * (t + np.arange(columns)) / 8)
    return Recording.of((wave + random.normal(0, 0.2, (steps, columns))) * [10.0, 0.1][:columns] + 50)


@pytest.fixture(scope="module")
def model() -> Watcher:
    return train_watcher(process(6000), options(epochs=12, hold=0))


def changed(model: Watcher, **changes: Any) -> Watcher:
    """The same with other options of the model."""
    chosen = replace(model.options, model=replace(model.options.model, **changes))
    return Watcher(model.network, chosen, model.units, model.columns, model.rated)


def doubled(model: Watcher) -> Watcher:
    """The same in float64."""
    network = Network(len(model.columns), model.options.model).double()
    network.load_state_dict(model.network.state_dict())
    return Watcher(network, model.options, model.units, model.columns, model.rated)


@pytest.mark.parametrize("cell", ["gru", "lstm", "elman", "scrn"])
@pytest.mark.parametrize("changes", [{}, {"smoothing": 0.7}, {"layers": 2, "output": "student_t"}])
def test_a_stream_says_what_is_said_of_the_whole(cell: str, changes: dict[str, Any]) -> None:
    made = doubled(train_watcher(process(300), options(cell=cell, epochs=1, hold=0, alarms=0.1, **changes)))
    new = process(90, seed=1)
    new.values[[3, 17, 18], [0, 1, 1]] = np.nan
    new.values[30] = np.nan
    new.values[60] += 40
    whole, stream = made.scores(new), made.stream()
    steps = [stream(row) for row in new.values]
    score = np.array([np.nan if step.score is None else step.score for step in steps])
    assert np.isnan(score[[0, 30]]).all()
    assert np.isfinite(np.delete(score, [0, 30])).all()
    # Both are some 1000 operations in float64, each exact to 1.1e-16, and scores are some 10 at most here but at 60.
    np.testing.assert_allclose(score, whole.score, rtol=1e-10)
    assert [step.alarm for step in steps] == whole.alarm.tolist()
    assert [step.event for step in steps] == whole.event.tolist()
    for t, step in enumerate(steps):
        if step.score is not None:
            k = int(whole.column[t])
            assert step.column == made.columns[k]
            assert step.forecast == pytest.approx(whole.forecast[t, k], rel=1e-10)
            assert step.observed == new.values[t, k]


def test_scores_by_hand() -> None:
    """With all weights 0: μ = a v + c, σ = softplus(c') + 0.001, whatever the state; v the newest value."""
    network = Network(2, WatchModelOptions(hidden=3)).double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        network.a.copy_(torch.tensor([1.0, 0.5]))
        network.readout.c.copy_(torch.tensor([0.0, 1.0, np.log(np.e - 1), np.log(np.e**2 - 1)]))  # softplus: 1 and 2
    z = np.array([[0.0, 2.0], [3.0, 4.0], [np.nan, 0.0], [5.0, np.nan]])
    said, _ = run(network, z)
    np.testing.assert_allclose(said.mean[1:], [[0.0, 2.0], [3.0, 3.0], [3.0, 1.0]], rtol=1e-12)
    np.testing.assert_allclose(said.scale[1:], [[1.001, 2.001]] * 3, rtol=1e-12)
    found, column = step_scores(column_scores(z, said, np.array([1.0, 0.25])))
    # |3 - 0| / 1.001 and |4 - 2| / (2.001 / 4): the second; then |0 - 3| / (2.001 / 4); then |5 - 3| / 1.001.
    np.testing.assert_allclose(found, [np.nan, 8 / 2.001, 12 / 2.001, 2 / 1.001], rtol=1e-12)
    assert column.tolist()[1:] == [1, 1, 0]


def test_the_loss_is_the_density_over_what_there_is() -> None:
    """Of N(1, 2²) at 4: 9/8 + ln 2 + ln(2π)/2; one of Student t with 3 degrees of freedom from its table."""
    for student, expected in ((False, 9 / 8 + np.log(2) + np.log(2 * np.pi) / 2), (True, -np.log(0.0686636 / 2))):
        # t₃ at 1.5 has the density 6√3 / (π (3 + 1.5²)²) = 0.1200172…
        density = 6 * np.sqrt(3) / (np.pi * (3 + 1.5**2) ** 2)
        expected = -np.log(density / 2) if student else expected
        freedom = torch.full((1, 2, 1), 3.0, dtype=torch.float64) if student else None
        mean, scale = torch.ones(1, 2, 1, dtype=torch.float64), torch.full((1, 2, 1), 2.0, dtype=torch.float64)
        from elman.tasks.watch.network import Said

        target, real = torch.tensor([[[4.0], [99.0]]], dtype=torch.float64), torch.tensor([[[1.0], [0.0]]])
        assert float(loss(Said(mean, scale, freedom), target, real)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("alarms", [0.002, 0.02, 0.2])
def test_alarms_are_as_seldom_as_promised(model: Watcher, alarms: float) -> None:
    """The score of a step is nearly independent of the others', since the noise is; so alarms are binomial.

    The threshold has an error of its own: of n = 600 held back scores the share above it is Beta distributed, with the
    deviation √(α (1 - α) / n). Four deviations of both together fail once in some 16,000 seeds.
    """
    n, m = model.calibration.count(), 20_000
    assert n == 600
    share = float(changed(model, alarms=alarms).scores(process(m, seed=5)).alarm.mean())
    bound = 4 * np.sqrt(alarms * (1 - alarms) * (1 / n + 1 / m)) + 1 / n
    assert abs(share - alarms) < bound
    assert model.stream(alarms=alarms).threshold == model.threshold(alarms)


def test_the_threshold_is_a_rank() -> None:
    """Of 1999 scores and a share of 0.001 the ⌈2000 · 0.999⌉ = 1998th; of 998 the largest, since ⌈998.001⌉ = 999."""
    random = np.random.default_rng(0)
    for n, rank in ((1999, 1998), (999, 999), (998, 998)):
        found = Calibration(random.permutation(np.arange(1.0, n + 1)), np.array([0, n]))
        assert found.threshold(0.001) == rank
    assert found.promised(0.001) == pytest.approx(1 / 999)
    assert Calibration(np.array([np.nan]), np.array([0, 1])).threshold(0.001) == np.inf


def test_smoothing_and_newest_values_by_hand() -> None:
    scores = np.array([np.nan, 1.0, 3.0, np.nan, 5.0, np.nan, 7.0])
    expected = [np.nan, 1.0, 0.75 * 1 + 0.25 * 3, np.nan, 0.75 * 1.5 + 0.25 * 5, np.nan, 7.0]
    np.testing.assert_allclose(smoothed(scores, np.array([0, 5, 7]), 0.75), expected)
    z = np.array([[[np.nan], [2.0], [np.nan], [1e6]], [[1.0], [2.0], [3.0], [np.nan]]])
    shown = np.array([[[False], [True], [False], [True]], [[True], [False], [False], [False]]])
    assert newest(z, shown)[..., 0].tolist() == [[0.0, 2.0, 2.0, 100.0], [1.0, 1.0, 1.0, 1.0]]


def test_a_column_with_heavy_tails_does_not_take_all_alarms() -> None:
    """Errors of Student t with 2 degrees beside normal ones: of the largest scores, each column has its part."""
    random = np.random.default_rng(0)
    errors = np.stack([random.standard_t(2, 40_000), random.normal(size=40_000)], 1)
    zero = Forecasts(np.zeros(errors.shape), np.ones(errors.shape))
    tails = tails_of(np.abs(errors[:20_000]))
    _, raw = step_scores(column_scores(errors, zero, np.ones(2)))
    found, column = step_scores(column_scores(errors, zero, tails))
    largest = np.argsort(found)[-800:]
    plain = np.argsort(step_scores(column_scores(errors, zero, np.ones(2)))[0])[-800:]
    assert (raw[plain] == 0).mean() > 0.95
    assert 0.3 < (column[largest] == 0).mean() < 0.7


def test_units_of_columns_do_not_matter() -> None:
    """Other units by powers of two, and a shift that they make exact: not a digit of the scores changes."""
    small, large = process(300), process(300)
    large = Recording.of(large.values * [4.0, 1024.0])
    one, two = (train_watcher(data, options(epochs=1)) for data in (small, large))
    new = process(50, seed=3)
    assert (one.scores(new).score[1:] == two.scores(Recording.of(new.values * [4.0, 1024.0])).score[1:]).all()


def test_what_is_held_back_does_not_reach_the_training() -> None:
    """Other values in the newest steps change nothing of the weights, since here the epoch is the last one anyway."""
    plain, other = process(400), process(400)
    other.values[360:] *= 3  # the newer half of the steps held back
    one, two = (train_watcher(data, options(epochs=2)) for data in (plain, other))
    for name, value in one.network.state_dict().items():
        assert torch.equal(value, two.network.state_dict()[name])
    assert (one.units.mean == two.units.mean).all()
    assert one.threshold() < two.threshold()


def test_labelled_steps_are_left_out() -> None:
    data = process(400)
    marks = np.zeros(400, dtype=bool)
    marks[[50, 51, 390]] = True
    spoilt = data.values.copy()
    spoilt[marks] = 1e7
    gaps = np.where(marks[:, None], np.nan, data.values)
    one = train_watcher(Recording.of(spoilt, labels=marks), options(epochs=1))
    two = train_watcher(Recording.of(gaps), options(epochs=1))
    assert one.threshold() == two.threshold()
    assert (one.units.deviation == two.units.deviation).all()


def test_holding_leaves_out_the_echo_of_an_outlier(model: Watcher) -> None:
    """A random walk: after an outlier the way back is as far as the way there, unless the outlier is not read."""
    random = np.random.default_rng(2)
    walk = Recording.of(np.cumsum(random.normal(size=3000)))
    made = train_watcher(walk, options(hold=0))
    new = np.cumsum(random.normal(size=60)) + 10
    new[30] += 40
    for hold, expected in ((0, [30, 31]), (1, [30])):
        stream = made.stream(hold=hold, threshold=12.0)
        assert [t for t, value in enumerate(new) if stream([value]).alarm] == expected
    shifted = new.copy()
    shifted[30:] += 40  # a new level is alarm for as long as it is not read, and normal then
    shifted[30] -= 40
    for hold in (1, 4):
        stream = made.stream(hold=hold, threshold=12.0)
        alarms = [t for t, value in enumerate(shifted) if stream([value]).alarm]
        assert alarms == list(range(30, 31 + hold))
        assert stream.state["counts"].tolist()[0] == 1  # one event
    made = changed(made, hold=4)
    steps = made.stream()
    np.testing.assert_array_equal(
        made.scores(Recording.of(shifted)).score[1:], [steps([value]).score for value in shifted][1:]
    )


def test_a_state_that_is_kept_goes_on_exactly(model: Watcher) -> None:
    new = process(60, seed=4).values
    new[20, 1] = np.nan
    new[29] += 99
    for how in ({}, {"smoothing": 0.5, "hold": 3}):
        whole = model.stream(**how)
        expected = [whole(row) for row in new][30:]
        first = model.stream(**how)
        for row in new[:30]:
            first(row)
        kept = load(save({name: value.contiguous() for name, value in first.state.items()}))
        second = model.stream(**how)
        second.state = kept
        assert [second(row) for row in new[30:]] == expected
    with pytest.raises(ArgumentError, match="the state has"):
        second.state = {"newest": torch.zeros(2)}


@pytest.mark.parametrize(
    "row", [[1.0], [1.0, 2.0, 3.0], [1.0, float("inf")], [[1.0, 2.0]], [1.0, "warm"], [[1.0], 2.0]]
)
def test_a_step_of_another_shape_is_refused(model: Watcher, row: Any) -> None:
    stream = model.stream()
    stream([50.0, 50.0])
    before = stream.state
    with pytest.raises(ArgumentError):
        stream(row)
    torch.testing.assert_close(stream.state, before, rtol=0, atol=0, equal_nan=True)


def test_data_of_another_kind_is_refused(model: Watcher) -> None:
    with pytest.raises(ArgumentTypeError, match=r"data is a list\. Expected the path of a file, or a Recording"):
        model.scores([1.0, 2.0])  # pyright: ignore[reportArgumentType]


def test_values_beyond_all_bounds_leave_a_sound_state(model: Watcher) -> None:
    stream, normal = model.stream(), process(40, seed=6).values
    for row in normal[:20]:
        stream(row)
    far = stream([1e300, -1e300])
    assert far.alarm
    assert far.score is not None
    assert np.isfinite(far.score)
    rest = [stream(row) for row in normal[20:]]
    assert all(step.score is not None and np.isfinite(step.score) for step in rest)
    assert not any(step.alarm for step in rest[10:])


def test_constant_columns_and_few_steps() -> None:
    values = process(100).values
    values[:, 1] = 7.0
    made = train_watcher(Recording.of(values, ["heat", "load"]), options(epochs=2))
    stream = made.stream()
    for row in values:
        stream(row)
    step = stream([50.0, 8.0])
    assert step.alarm
    assert step.column == "load"
    assert "largest score of 10 steps held back" in made.summary()
    for values, sentence in (
        (np.arange(19.0), "no series of 20 steps, the longest has 19"),
        (np.full((50, 2), np.nan), "column 'column_1'"),
    ):
        with pytest.raises(TrainingError, match=sentence):
            train_watcher(Recording.of(values), options(epochs=1))


def test_series_do_not_run_into_each_other(tmp_path: Path) -> None:
    """Rows of two machines mixed in a file are two series; each is scored as if it stood alone."""
    one, two = process(120, 1, 1).values[:, 0], process(150, 2, 1).values[:, 0] * 2
    rows = [f"{t},{name},{value!r}" for t in range(150) for name, values in (("a", one), ("b", two))
            if t < len(values) for value in [float(values[t])]]  # fmt: skip
    (tmp_path / "m.csv").write_text("\n".join(["t,machine,heat", *rows]) + "\n")
    made = elman.train(tmp_path / "m.csv", task="watch", series="machine", out=tmp_path / "run", quiet=True, **SMALL)
    found = made.scores(tmp_path / "m.csv")
    assert made.read(tmp_path / "m.csv").lengths.tolist() == [120, 150]
    for piece, values in ((slice(0, 120), one), (slice(120, 270), two)):
        alone = made.scores(Recording.of(values, ["heat"]))
        # One call for the whole, or one for each: the same operations on the same rows.
        np.testing.assert_array_equal(found.score[piece], alone.score)


class Interrupting(Silent):
    """Raises a signal after some steps."""

    def __init__(self, after: int) -> None:
        self.after = after

    def step(self, moment: Moment) -> None:
        if moment.step == self.after:
            signal.raise_signal(signal.SIGINT)


def test_an_interrupted_training_goes_on_bit_for_bit(tmp_path: Path) -> None:
    data = process(400)
    data.values[::7, 1] = np.nan
    chosen = options(dropout=0.2, layers=2)
    with pytest.raises(Interrupted):
        train_watcher(data, chosen, tmp_path / "a", Interrupting(11))
    went_on, whole = train_watcher(data, chosen, tmp_path / "a"), train_watcher(data, chosen)
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, went_on.network.state_dict()[name]), name
    assert whole.threshold() == went_on.threshold()


def test_a_run_is_read_back(tmp_path: Path, model: Watcher) -> None:
    data = process(300)
    made = train_watcher(data, options(), tmp_path / "a")
    read = elman.load(tmp_path / "a")
    again = train_watcher(data, options(), tmp_path / "a")
    new = process(50, seed=9)
    for other in (read, again):
        np.testing.assert_array_equal(other.scores(new).score, made.scores(new).score)
        assert other.summary() == made.summary()
        assert other.threshold(0.1, 0.5) == made.threshold(0.1, 0.5)
    assert "watches numbers" in (tmp_path / "a" / "README.md").read_text()
    with pytest.raises(RunError, match="data"):
        train_watcher(new, options(), tmp_path / "a")
    (tmp_path / "a" / "calibration.safetensors").write_bytes(b"")
    with pytest.raises(RunError):
        elman.load(tmp_path / "a")
    with pytest.raises(DataError, match="column_1, column_2"):
        model.scores(Recording.of(np.zeros(30), ["heat"]))


def test_detection_by_hand_and_beside_scikit_learn() -> None:
    metrics: Any = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(0)
    labels = random.random(200) < 0.2
    scores = np.round(random.normal(size=200) + labels, 1)  # with ties
    assert roc_auc(labels, scores) == pytest.approx(metrics.roc_auc_score(labels, scores), abs=1e-12)
    alarms = scores > 1
    found = detection(labels, scores, alarms, np.array([0, 200]))
    expected = metrics.precision_recall_fscore_support(labels, alarms, average="binary")
    assert [found[name] for name in ("precision", "recall", "f1")] == pytest.approx(list(expected[:3]), abs=1e-12)
    none = detection(np.zeros(3, bool), np.zeros(3), np.zeros(3, bool), np.array([0, 3]))
    assert [none[name] for name in ("precision", "recall", "f1", "roc_auc")] == [None] * 4


def test_evaluation_beside_the_naive_forecasts(model: Watcher) -> None:
    new = process(400, seed=8)
    values, labels = new.values.copy(), np.zeros(400, dtype=bool)
    at = np.arange(40, 400, 60)
    values[at, 0] += 30
    labels[at] = True
    found = changed(model, alarms=0.002, hold=1).evaluate(Recording.of(values, labels=labels))
    assert found["recall"] == 1
    assert found["events_found"] == found["events"] == len(at)
    assert found["precision"] > 0.5
    naive = found["contrasts"]["last value"]
    assert naive["mae"] == pytest.approx(np.abs(np.diff(model.units.forth(values), axis=0)).mean(), rel=1e-12)
    assert found["f1"] > naive["f1"]
    assert "beats the last value" in model.table("new", found)


def test_the_steps_are_cut_once() -> None:
    parts = prepare(process(105), options(held_back=0.2), Silent())
    assert (parts.learned.tolist(), parts.chosen.tolist()) == ([84], [94])
    assert Units.of(np.array([[1e9 + 1], [1e9 + 3]])).deviation.tolist() == [1.0]
