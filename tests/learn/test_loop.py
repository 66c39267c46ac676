"""The loop: it learns, stops, restores, refuses, and continues exactly where it was left."""

import math
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_training import OPTIONS, bits, tiny_problem, untimed
from torch import nn

from elman.errors import ConfigError, RunError, TrainingError
from elman.learn import loop
from elman.learn.loop import Problem, fit
from elman.learn.report import Moment, Plan, Silent


class Break(Exception):
    """Stands for a process that dies."""


class BreakAt(Silent):
    """A report under which the process dies after some step."""

    def __init__(self, step: int) -> None:
        self.at = step

    def step(self, moment: Moment) -> None:
        """Die there."""
        if moment.step == self.at:
            raise Break


class Notes(Silent):
    """A report that remembers."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.plans: list[Plan] = []
        self.records: list[Mapping[str, Any]] = []
        self.stopped = 0

    def say(self, text: str) -> None:
        """Remember it."""
        self.said.append(text)

    def start(self, plan: Plan) -> None:
        """Remember it."""
        self.plans.append(plan)

    def epoch(self, record: Mapping[str, Any]) -> None:
        """Remember it."""
        self.records.append(record)

    def stop(self) -> None:
        """Remember it."""
        self.stopped += 1


def scripted(losses: list[float], train: list[float] | None = None) -> Problem:
    """A problem of one weight, whose value counts the steps, with validation losses as given, one per epoch."""
    model = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(model.weight)
    values: Iterator[float] = iter(losses)
    factors: Iterator[float] = iter(train or [1.0] * 1000)
    return Problem(
        model,
        batches=lambda epoch: [np.array([10, 20, 30])],
        loss=lambda called, rows: -called(torch.ones(1, 1)).sum() * next(factors),
        validate=lambda: {"loss": next(values)},
        place="reviews.csv:{}".format,
    )


CONSTANT = replace(OPTIONS, optimizer="sgd", momentum=0.0, learning_rate=1.0, clip=0.0, schedule="constant", warmup=0.0)


def test_learns() -> None:
    problem = tiny_problem()
    history = fit(problem, replace(OPTIONS, epochs=40, learning_rate=0.05))
    assert history.best["validation_accuracy"] > 0.85
    assert history.steps == 200
    assert [r["epoch"] for r in history.epochs] == list(range(1, 41))
    assert not problem.model.training


def test_takes_the_steps_of_plain_torch() -> None:
    """The same weights as a loop written down directly, without dropout."""
    ours, theirs = tiny_problem(), tiny_problem()
    options = replace(OPTIONS, optimizer="sgd", momentum=0.5, schedule="constant", warmup=0.0, clip=0.25, epochs=1)
    for problem in (ours, theirs):
        dropout = problem.model.get_submodule("dropout")
        assert isinstance(dropout, nn.Dropout)
        dropout.p = 0.0
    fit(ours, options)
    optimizer = torch.optim.SGD(theirs.model.parameters(), 0.01, momentum=0.5)
    for rows in theirs.batches(0):
        optimizer.zero_grad()
        theirs.loss(theirs.model, rows).backward()
        nn.utils.clip_grad_norm_(theirs.model.parameters(), 0.25)
        optimizer.step()
    for mine, other in zip(ours.model.parameters(), theirs.model.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-6, atol=1e-7)


def test_best_epoch_is_restored() -> None:
    problem = scripted([0.9, 0.5, 0.7, 0.6])
    history = fit(problem, replace(CONSTANT, epochs=4))
    assert history.best_epoch == 2
    assert history.best["validation_loss"] == 0.5
    assert next(problem.model.parameters()).item() == 2.0  # one step of size 1 per epoch


@pytest.mark.parametrize(
    ("patience", "epochs", "reason"), [(1, 3, "patience"), (2, 6, "patience"), (3, 7, "epochs"), (0, 7, "epochs")]
)
def test_patience(patience: int, epochs: int, reason: str) -> None:
    problem = scripted([0.9, 0.5, 0.7, 0.4, 0.4, 0.5, 0.6])
    history = fit(problem, replace(CONSTANT, epochs=7, patience=patience))
    assert (len(history.epochs), history.stopped_by) == (epochs, reason)


def test_repeats_itself_and_leaves_the_random_generator_alone() -> None:
    a, b = tiny_problem(), tiny_problem()
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    fit(a, OPTIONS)
    assert torch.equal(torch.rand(3), expected)
    fit(b, OPTIONS)  # from another state of the generator
    assert bits(a.model) == bits(b.model)
    c = tiny_problem()
    fit(c, replace(OPTIONS, seed=4))
    assert bits(a.model) != bits(c.model)


def test_validation_that_draws_random_numbers_changes_nothing() -> None:
    plain, drawing = tiny_problem(), tiny_problem()
    validate = drawing.validate
    fit(plain, OPTIONS)
    fit(replace(drawing, validate=lambda: {"noise": torch.rand(()).item(), **validate()}), OPTIONS)
    assert bits(plain.model) == bits(drawing.model)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "rmsprop"])
@pytest.mark.parametrize("schedule", ["one-cycle", "linear"])
def test_continues_bit_for_bit_wherever_it_broke(tmp_path: Path, optimizer: str, schedule: str) -> None:
    options = replace(OPTIONS, optimizer=optimizer, schedule=schedule, checkpoint_minutes=0.0, patience=2)
    whole = tiny_problem()
    expected = fit(whole, options, tmp_path / "whole")
    for step in (1, 4, 5, 6, 12, 20):  # 5 steps an epoch: inside, at the end, at the start
        folder = tmp_path / str(step)
        with pytest.raises(Break):
            fit(tiny_problem(), options, folder, BreakAt(step))
        broken = tiny_problem()
        nn.init.zeros_(next(broken.model.parameters()))  # what it starts with must not matter
        history = fit(broken, options, folder)
        assert bits(broken.model) == bits(whole.model), step
        assert untimed(history) == untimed(expected), step
        assert (history.best_epoch, history.steps) == (expected.best_epoch, expected.steps)


def test_breaking_at_every_step_in_turn(tmp_path: Path) -> None:
    options = replace(OPTIONS, checkpoint_minutes=0.0)
    whole = tiny_problem()
    fit(whole, options)
    for step in range(2, 21):
        with pytest.raises(Break):
            fit(tiny_problem(), options, tmp_path, BreakAt(step))
    broken = tiny_problem()
    fit(broken, options, tmp_path)
    assert bits(broken.model) == bits(whole.model)


def test_checkpoints_only_at_the_ends_of_epochs(tmp_path: Path) -> None:
    whole = tiny_problem()
    fit(whole, OPTIONS)
    with pytest.raises(Break):
        fit(tiny_problem(), OPTIONS, tmp_path, BreakAt(13))  # in the third epoch
    assert sorted(p.name for p in (tmp_path / "checkpoints").iterdir()) == [
        "step-000000005.safetensors",
        "step-000000010.safetensors",
    ]
    assert (tmp_path / "metrics.jsonl").read_text().count("\n") == 2
    broken, notes = tiny_problem(), Notes()
    fit(broken, OPTIONS, tmp_path, notes)
    assert "Continuing an interrupted training at epoch 3, step 10." in notes.said
    assert notes.plans[0] == Plan(steps=20, epochs=4, done=10)
    assert [r["epoch"] for r in notes.records] == [3, 4]
    assert notes.stopped == 1
    assert bits(broken.model) == bits(whole.model)


def test_a_damaged_checkpoint_is_passed_over(tmp_path: Path) -> None:
    whole = tiny_problem()
    fit(whole, OPTIONS)
    with pytest.raises(Break):
        fit(tiny_problem(), OPTIONS, tmp_path, BreakAt(13))
    newest = tmp_path / "checkpoints" / "step-000000010.safetensors"
    raw = bytearray(newest.read_bytes())
    raw[-5] ^= 1
    newest.write_bytes(raw)
    (tmp_path / "checkpoints" / ".0123.elman-tmp").write_bytes(b"left by a killed writer")
    broken, notes = tiny_problem(), Notes()
    fit(broken, OPTIONS, tmp_path, notes)
    assert any("damaged" in text and "step-000000010" in text for text in notes.said)
    assert notes.plans[0].done == 5
    assert bits(broken.model) == bits(whole.model)
    assert not list((tmp_path / "checkpoints").glob(".*"))


def test_a_training_that_has_ended_only_restores(tmp_path: Path) -> None:
    first, second = tiny_problem(), tiny_problem()
    one = fit(first, OPTIONS, tmp_path)
    two = fit(second, OPTIONS, tmp_path, BreakAt(1))  # makes no step
    assert one == two
    assert bits(first.model) == bits(second.model)


def test_checkpoint_of_another_network(tmp_path: Path) -> None:
    fit(tiny_problem(), replace(OPTIONS, epochs=1), tmp_path)
    problem = scripted([1.0])
    with pytest.raises(RunError, match=r"another network.*weight.*--out"):
        fit(problem, OPTIONS, tmp_path)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_first_loss_that_is_not_finite(value: float, tmp_path: Path) -> None:
    problem = scripted([1.0] * 9, train=[1.0, 1.0, value])
    with pytest.raises(TrainingError) as caught:
        fit(problem, CONSTANT, tmp_path)
    text = str(caught.value)
    assert f"the loss is {-value} at epoch 3, step 3" in text
    assert "reviews.csv:10, reviews.csv:20, reviews.csv:30" in text
    assert "--learning-rate 0.1" in text
    assert next(problem.model.parameters()).item() == 2.0  # the weights are those before that batch


def test_gradient_that_is_not_finite() -> None:
    """√x at 0 has a finite loss and an infinite gradient: the batch that did it is named, not the next one."""
    model = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(model.weight)
    problem = Problem(
        model,
        batches=lambda epoch: [np.arange(9)],
        loss=lambda called, rows: called(torch.ones(1, 1)).sqrt().sum(),
        validate=lambda: {"loss": 1.0},
    )
    with pytest.raises(TrainingError, match=r"the gradient is (inf|nan) at epoch 1, step 1.*row 4 and 4 more"):
        fit(problem, CONSTANT)
    assert model.weight.item() == 0.0


def test_validation_loss_that_is_not_finite() -> None:
    with pytest.raises(TrainingError, match=r"validation loss is nan at epoch 2"):
        fit(scripted([1.0, math.nan]), CONSTANT)


def test_nothing_to_learn_from() -> None:
    with pytest.raises(TrainingError, match="not a single batch"):
        fit(replace(tiny_problem(), batches=lambda epoch: []), OPTIONS)


@pytest.mark.parametrize(
    ("name", "value"),
    [("epochs", 0), ("learning_rate", 0.0), ("learning_rate", math.nan), ("warmup", 1.0), ("seed", -1)],
)
def test_options_out_of_range(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"{name} is {value}"):
        fit(tiny_problem(), replace(OPTIONS, **{name: value}))


def test_threads_are_set_for_the_training_and_given_back() -> None:
    seen: list[int] = []
    problem = tiny_problem()
    before = torch.get_num_threads()
    validate = problem.validate
    fit(replace(problem, validate=lambda: seen.append(torch.get_num_threads()) or validate()), OPTIONS)
    assert set(seen) == {1}
    assert torch.get_num_threads() == before


class Clock:
    """A clock that moves only when a step or a validation is made."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        """The time."""
        return self.now


def test_max_minutes_becomes_steps_once_and_continues_exactly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """1 s a step, 10 s a validation, 5 steps an epoch: 3 s a step in all. Known after 10 steps, at 30 s, + 10 s."""
    clock = Clock()
    monkeypatch.setattr(loop, "time", clock)

    def timed(speed: float) -> Problem:
        problem = tiny_problem()

        def loss(called: nn.Module, rows: np.ndarray) -> torch.Tensor:
            clock.now += speed
            return problem.loss(called, rows)

        def validate() -> dict[str, float]:
            clock.now += 10.0
            return problem.validate()

        return replace(problem, loss=loss, validate=validate)

    options = replace(OPTIONS, epochs=1000, max_minutes=2.0)
    whole, notes = timed(1.0), Notes()
    history = fit(whole, options, tmp_path / "whole", notes)
    # 120 s − 30 s (10 steps, 2 validations) − 10 s (measuring) − 10 s (the last validation) = 70 s: 23 steps of 3 s
    assert (history.steps, history.stopped_by) == (33, "max_minutes")
    assert 100 < history.seconds <= 120
    assert [p.steps for p in notes.plans] == [5000, 33]
    assert history.epochs[-1]["learning_rate"] < 1e-6  # the schedule ends where the training does
    shutil.rmtree(tmp_path / "whole")

    with pytest.raises(Break):
        fit(timed(1.0), options, tmp_path / "broken", BreakAt(14))
    broken = timed(100.0)  # the machine has become slower: the number of steps stays
    again = fit(broken, options, tmp_path / "broken")
    assert untimed(again) == untimed(history)
    assert bits(broken.model) == bits(whole.model)


def test_max_minutes_that_are_long_enough_change_nothing() -> None:
    plain, bounded = tiny_problem(), tiny_problem()
    fit(plain, OPTIONS)
    history = fit(bounded, replace(OPTIONS, max_minutes=600.0))
    assert history.stopped_by == "epochs"
    assert bits(plain.model) == bits(bounded.model)
