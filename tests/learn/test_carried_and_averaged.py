"""What the loop can do beyond plain steps: carried state, averaged weights, plateaus with roll-back, groups."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from elman.errors import ConfigError, Interrupted
from elman.learn.loop import fit
from elman.learn.options import TrainingOptions
from elman.learn.problem import Problem
from elman.learn.report import Silent

PLAIN = TrainingOptions(
    epochs=6, batch_size=1, optimizer="sgd", momentum=0.0, learning_rate=0.25, schedule="constant", warmup=0.0,
    clip=0.0, patience=0, threads=1,
)  # fmt: skip
STEPS = 4  # of an epoch


class Point(nn.Module):
    """One number w; its losses are parabolas, so that every step can be worked by hand."""

    def __init__(self, w: float) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor([w], dtype=torch.float64))
        self.seen: list[float] = []


class Two(nn.Module):
    """Two numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.ones(1, dtype=torch.float64))
        self.b = nn.Parameter(torch.ones(1, dtype=torch.float64))


class Decaying:
    """Carried state: a half of it stays, and each step adds its row's number."""

    def __init__(self) -> None:
        self.value = torch.zeros(1, dtype=torch.float64)
        self.starts = 0

    def start(self) -> None:
        self.value, self.starts = torch.zeros(1, dtype=torch.float64), self.starts + 1

    def tensors(self) -> dict[str, Tensor]:
        return {"value": self.value}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        self.value = tensors["value"]


def towards(model: Point, goals: list[float], losses: list[float] | None = None, **more: object) -> Problem:
    """Step t draws w to goals[t]: loss (w - goal)² / 2, whose step of size r leaves (1 - r) w + r goal.

    Args:
        losses: the validation loss of each epoch; None: w² of the weights measured.
    """
    told = iter(losses or [])

    def loss(called: nn.Module, rows: np.ndarray) -> Tensor:
        return (model.w - goals[int(rows[0])]).square().sum() / 2

    def validate() -> dict[str, float]:
        model.seen.append(model.w.item())
        return {"loss": next(told) if losses else model.w.item() ** 2}

    own = [np.array([t]) for t in range(len(goals))]
    return Problem(model, lambda epoch: own, loss, validate, **more)  # pyright: ignore[reportArgumentType]


def test_the_mean_of_the_weights_is_measured_and_kept() -> None:
    # w jumps between two parabolas: 0 -> 0.25 -> -0.0625 -> …; from the trigger on the mean of the steps is measured.
    model = Point(0.0)
    losses = [1.0, 2.0, 3.0, 0.5]  # two epochs without a better one, then the mean is better
    problem = towards(model, [1.0, -1.0], losses)
    fit(problem, replace(PLAIN, epochs=4, average=2))
    w, path = 0.0, []
    for t in range(8):
        w += 0.25 * ((1.0 if t % 2 == 0 else -1.0) - w)
        path.append(w)
    assert model.seen[:3] == pytest.approx([path[1], path[3], path[5]], abs=1e-15)
    assert model.seen[3] == pytest.approx((path[6] + path[7]) / 2, abs=1e-15)  # 1 ulp per step
    assert model.w.item() == model.seen[3]  # the best epoch is that of the mean


def test_the_mean_has_epochs_of_its_own_before_patience_ends() -> None:
    losses = [1.0, 2.0, 3.0, 4.0, 4.0, 4.0, 0.5]  # two worse epochs begin the averaging, three more would end it
    history = fit(towards(Point(0.0), [1.0, -1.0], losses), replace(PLAIN, epochs=7, average=2, patience=3))
    assert (len(history.epochs), history.stopped_by) == (6, "patience")
    assert replace(PLAIN, patience=None).decided(9).patience == 3
    assert replace(PLAIN, average=5, patience=None).decided(9).patience == 6
    with pytest.raises(ConfigError, match="patience is 2, and average 2"):
        fit(towards(Point(0.0), [1.0], [1.0]), replace(PLAIN, average=2, patience=2))


def test_a_plateau_divides_the_step_and_rolls_back() -> None:
    model = Point(0.0)
    losses = [1.0, 0.5, 0.9, 0.8, 0.4]
    history = fit(towards(model, [1.0], losses), replace(PLAIN, epochs=5, schedule="plateau", shrink=5.0))
    a = 0.25
    b = a + 0.25 * (1 - a)
    c = b + 0.25 * (1 - b)  # worse: back to b, with 0.05
    d = b + 0.05 * (1 - b)  # worse: back to b, with 0.01
    e = b + 0.01 * (1 - b)
    assert model.seen == pytest.approx([a, b, c, d, e], abs=1e-15)
    assert [r["learning_rate"] for r in history.epochs] == pytest.approx([0.25, 0.25, 0.25, 0.05, 0.01], rel=1e-12)
    model = Point(0.0)
    fit(towards(model, [1.0], losses), replace(PLAIN, epochs=5, schedule="plateau", shrink=5.0, roll_back=False))
    assert model.seen[3] == pytest.approx(c + 0.05 * (1 - c), abs=1e-15)


def test_groups_have_steps_of_their_own_and_may_be_frozen() -> None:
    model = Two()
    seen: list[tuple[float, float]] = []

    def validate() -> dict[str, float]:
        seen.append((model.a.item(), model.b.item()))
        return {"loss": 1.0 / len(seen)}

    problem = Problem(
        model,
        lambda epoch: [np.array([0])],
        lambda called, rows: model.a.sum() + model.b.sum(),
        validate,
        groups=[[model.a], [model.b]],
        shares=lambda epoch: [[0.0, 1.0], [0.5, 1.0]][epoch],
        rate=lambda rows: 2.0,
    )
    fit(problem, replace(PLAIN, epochs=2))
    assert seen == [(1.0, 0.5), (0.75, 0.0)]


def test_units_weigh_the_mean_of_the_loss_and_name_the_speed() -> None:
    model = Point(0.0)
    problem = towards(model, [1.0, 3.0], unit="tokens", size=lambda rows: [3, 1][int(rows[0])], rate=lambda rows: 0.0)
    history = fit(problem, replace(PLAIN, epochs=1))
    assert history.epochs[0]["loss"] == pytest.approx((3 * 0.5 + 1 * 4.5) / 4)
    assert history.epochs[0]["tokens_per_second"] > 0


class _StopAt(Silent):
    """Sends SIGINT to this process after some step."""

    def __init__(self, step: int) -> None:
        self.at = step

    def step(self, moment: object) -> None:
        import os
        import signal

        if getattr(moment, "step", None) == self.at:
            os.kill(os.getpid(), signal.SIGINT)


def _carrying(model: Point) -> Problem:
    carried = Decaying()

    def loss(called: nn.Module, rows: np.ndarray) -> Tensor:
        value = (model.w - carried.value).square().sum() / 2
        carried.value = carried.value / 2 + int(rows[0]) + 1
        return value

    def validate() -> dict[str, float]:
        model.seen.append(model.w.item())
        return {"loss": (model.w.item() - 0.5) ** 2}  # w grows, so that the second epoch begins the mean

    own = [np.array([t]) for t in range(STEPS)]
    return Problem(model, lambda epoch: own, loss, validate, carried=carried)


@pytest.mark.parametrize("step", [1, 3, 4, 6, 11, 14, 18])
def test_a_training_with_carried_state_and_mean_weights_goes_on_exactly(tmp_path: Path, step: int) -> None:
    options = replace(PLAIN, epochs=5, average=1, learning_rate=0.1)
    whole = Point(1.0)
    fit(_carrying(whole), options)
    cut = Point(1.0)
    with pytest.raises(Interrupted):
        fit(_carrying(cut), options, tmp_path, _StopAt(step))
    again = Point(1.0)
    fit(_carrying(again), options, tmp_path)
    assert again.w.item() == whole.w.item()
    assert (cut.seen + again.seen)[-1] == whole.seen[-1]


def test_carried_state_begins_anew_with_each_epoch() -> None:
    model = Point(0.0)
    problem = _carrying(model)
    fit(problem, replace(PLAIN, epochs=3))
    assert problem.carried.starts == 3  # pyright: ignore[reportOptionalMemberAccess, reportAttributeAccessIssue]
