"""The one training loop: every task trains through `fit`.

A training is a pure function of its options, its rows and its first weights. Whatever would break that (the clock, a
signal, a kill) only decides where the loop is left, and a checkpoint holds everything needed to enter it again there.
"""

import math
import signal
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from elman.data.files import write_whole
from elman.data.options import check
from elman.errors import Interrupted, TrainingError
from elman.learn.averaging import Average
from elman.learn.keeper import Keeper
from elman.learn.options import TrainingOptions
from elman.learn.problem import History, Problem
from elman.learn.processes import Processes
from elman.learn.records import end_record, json_lines
from elman.learn.report import Moment, Plan, Report, Silent
from elman.learn.schedule import factor, make_optimizer
from elman.learn.signals import NAMES, Stop, stop_on_signals
from elman.learn.state import State, weights
from elman.learn.threads import use_threads

__all__ = ["History", "Problem", "fit"]


def fit(
    problem: Problem, options: TrainingOptions, folder: Path | None = None, report: Report | None = None
) -> History:
    """Train a model, and leave it with the weights of its best epoch, in evaluation mode.

    With a folder, the training writes metrics.jsonl and checkpoints into it, holds back Ctrl-C and SIGTERM until
    a checkpoint is written, and continues from the newest undamaged checkpoint that it finds there: the weights at
    the end are bit for bit those of a training that was never interrupted (with the same number of threads).
    Torch's global random generators are left as they were found.

    Args:
        problem: the model, its batches, its loss, its validation.
        options: how to train.
        folder: the run folder; None trains without writing anything.
        report: told how it goes; None for silence.

    Returns:
        The course of the training.

    Raises:
        ConfigError: an option is out of its range.
        TrainingError: there is nothing to learn from, or the loss or the gradient is no longer finite.
        Interrupted: Ctrl-C or SIGTERM came, and a checkpoint is written.
        StorageError: a file cannot be written.

    Example:
        >>> x = torch.arange(8.0).reshape(8, 1)
        >>> model = torch.nn.Linear(1, 1)
        >>> error = lambda m, rows: (m(x[rows]) - 3 * x[rows]).square().mean()
        >>> problem = Problem(model, lambda epoch: [np.arange(4), np.arange(4, 8)], error,
        ...                   lambda: {"loss": error(model, np.arange(8)).item()})
        >>> history = fit(problem, TrainingOptions(epochs=50, learning_rate=0.3, patience=0))
        >>> history.steps, history.stopped_by, history.best["validation_loss"] < 0.1
        (100, 'epochs', True)
    """
    check(options)
    report = report or Silent()
    with ExitStack() as stack:
        processes = Processes()
        if not processes.main:
            report = Silent()
        stack.enter_context(use_threads(options.threads))

        stack.enter_context(torch.random.fork_rng(devices=processes.cuda))
        stop = stack.enter_context(stop_on_signals()) if folder else Stop()
        stack.callback(report.stop)
        return _Training(problem, options, folder, report, stop, processes).run()


class _Training:
    """One call of `fit`."""

    def __init__(
        self,
        problem: Problem,
        options: TrainingOptions,
        folder: Path | None,
        report: Report,
        stop: Stop,
        processes: Processes,
    ) -> None:
        self.per_epoch = len(problem.batches(0))
        if not self.per_epoch:
            raise TrainingError("there is not a single batch to learn from", fix="Give it more rows.")
        self.problem, self.folder, self.report, self.stop = problem, folder, report, stop
        self.options = options = options.decided(self.per_epoch)
        assert options.epochs is not None
        self.epochs = options.epochs
        self.processes = processes
        self.network = problem.model.to(processes.device)
        optimizer = make_optimizer(options, self.network.parameters(), problem.groups)
        self.model, self.optimizer = processes.prepare(self.network, optimizer)
        self.state = State(processes=processes.count)
        self.best: dict[str, Tensor] = {}
        self.average, own = Average(self.network), problem.carried
        self.keeper = Keeper(folder, processes, self.network, self.optimizer, self.average, own) if folder else None
        self.began = self.saved = self.epoch_began = time.monotonic()
        self.epoch_units = 0
        self.timed: list[float] = []  # seconds of this process's steps, until max_minutes is turned into steps

    def run(self) -> History:
        """Continue or begin, go through the epochs, restore the best one."""
        self._begin()
        self.report.start(self._plan())
        while not self.state.stopped_by:
            self._epoch()
        self.network.load_state_dict(self.best)
        self.network.eval()
        if self.stop.signal:
            raise self._interrupted()
        state = self.state
        return History(state.history, state.best_epoch, state.step, state.seconds, state.stopped_by)

    def _begin(self) -> None:
        found = self.keeper.restore(self.report.say) if self.keeper else None
        if found:
            self.state, self.best = found
            where = f"epoch {self.state.epoch + 1}, step {self.state.step}"
            if not self.state.stopped_by:
                self.report.say(f"Continuing an interrupted training at {where}.")
        else:
            self.processes.seed(self.options.seed)

    def _epoch(self) -> None:
        state = self.state
        batches = self.problem.batches(state.epoch)
        if self.problem.carried and not state.batch:
            self.problem.carried.start()
        self.network.train()
        self.epoch_began, self.epoch_units = time.monotonic(), 0
        while state.batch < len(batches) and state.step < self._total():
            self._between_steps()
            began = time.monotonic()
            self._step(batches[state.batch])
            if self.options.max_minutes and state.limit is None:
                self.timed.append(time.monotonic() - began)
        self._end_epoch()

    def _total(self) -> int:
        """Steps of the whole training, as far as is known."""
        whole = self.per_epoch * self.epochs
        return whole if self.state.limit is None else min(whole, self.state.limit)

    def _plan(self) -> Plan:
        return Plan(steps=self._total(), epochs=self.epochs, done=self.state.step, unit=self.problem.unit)

    def _step(self, batch: np.ndarray) -> None:
        options, state = self.options, self.state
        self._set_rate(batch)
        rows, weight = self.processes.share(batch)
        self.optimizer.zero_grad()
        loss = self.problem.loss(self.model, rows) * weight
        self.processes.backward(loss)
        norm = self.processes.clip(self.network, options.clip or math.inf)
        value = self.processes.mean(loss.detach())
        if not (math.isfinite(value) and math.isfinite(norm)):
            raise self._not_finite(batch, "loss" if not math.isfinite(value) else "gradient", value, norm)
        self.optimizer.step()
        self.average.add()
        units = self.problem.units(batch)
        state.step += 1
        state.batch += 1
        state.averaged = self.average.steps
        state.units += units
        state.loss_sum += value * units
        self.epoch_units += units
        self.report.step(Moment(state.epoch + 1, state.step, state.loss_sum / state.units, self._speed()))

    def _set_rate(self, batch: np.ndarray) -> None:
        """The step size of every group of parameters for this batch."""
        options, state, problem = self.options, self.state, self.problem
        rate = options.learning_rate * factor(state.step, self._total(), options.schedule, options.warmup)
        rate *= state.scale * (problem.rate(batch) if problem.rate else 1.0)
        groups = self.optimizer.param_groups
        shares = problem.shares(state.epoch) if problem.shares else [1.0] * len(groups)
        for group, share in zip(groups, shares, strict=True):
            group["lr"] = rate * share

    def _between_steps(self) -> None:
        """What may happen between two steps: a limit from the clock, a checkpoint, the end by a signal."""
        due = self.keeper is not None and time.monotonic() - self.saved >= 60 * self.options.checkpoint_minutes
        asked, due, found = self.processes.agree(self.stop.signal, due, self._limit_due())
        if found:
            self._set_limit()
        if due or found or asked:
            self._save()
        if asked:
            self.stop.signal = asked
            raise self._interrupted()

    def _limit_due(self) -> bool:
        """Whether enough steps were timed to turn max_minutes into a number of steps."""
        spent, budget = sum(self.timed), 60 * self.options.max_minutes
        return bool(self.timed) and (spent >= 0.5 * budget or (len(self.timed) >= 10 and spent >= 0.05 * budget))

    def _set_limit(self) -> None:
        """Turn max_minutes into steps, once: the time left, at the speed measured, with a validation per epoch."""
        timed = self.timed[2:] or self.timed  # the first steps are slower
        per_step = sum(timed) / len(timed)
        began = time.monotonic()
        self._validate()
        validation = time.monotonic() - began
        left = 60 * self.options.max_minutes - self._seconds() - validation
        steps = max(1, int(left / (per_step + validation / self.per_epoch)))
        limit = min(self.state.step + steps, self._total())
        self.state.limit = int(self.processes.from_main({"limit": limit})["limit"])
        self.timed.clear()
        if self.state.limit < self.per_epoch * self.epochs:
            epochs = f"{self.state.limit / self.per_epoch:.1f} epochs"
            self.report.say(
                f"There is time for {self.state.limit} steps ({epochs}) in {self.options.max_minutes:g} minutes."
            )
            self.report.start(self._plan())

    def _end_epoch(self) -> None:
        state = self.state
        rate = max(group["lr"] for group in self.optimizer.param_groups)
        with self.average.in_place():
            numbers = self._validate()
            better = numbers[self.problem.chosen_by] < state.lowest(self.problem.chosen_by)
            if better:
                self.best = weights(self.network)
        record = end_record(state, numbers, rate, self.problem.unit, self._speed(), self._seconds())
        state.history.append(record)
        state.stale = 0 if better else state.stale + 1
        state.epoch += 1
        state.batch = state.units = 0
        state.loss_sum = 0.0
        if better:
            state.best_epoch = state.epoch
        else:
            self._calm_down()
        if state.epoch >= self.epochs:
            state.stopped_by = "epochs"
        elif state.step >= self._total():
            state.stopped_by = "max_minutes"
        elif self.options.patience and state.stale >= self.options.patience:
            state.stopped_by = "patience"
        if self.folder and self.processes.main:
            write_whole(self.folder / "metrics.jsonl", json_lines(state.history))
        self._save()
        self.report.epoch(record)

    def _calm_down(self) -> None:
        """After an epoch that was no better: a smaller step size, the best weights again, or the mean from now on."""
        options, state = self.options, self.state
        if options.schedule == "plateau" and not self.average.begun:
            state.scale /= options.shrink
            if options.roll_back:
                self.network.load_state_dict(self.best)
        if options.average and state.stale >= options.average and not self.average.begun:
            self.average.begin()
            state.stale = 0  # the mean has its own epochs to be better in
            self.report.say("From now on the weights of all steps are averaged.")

    def _validate(self) -> dict[str, float]:
        """The validation numbers, the same in every process; the random generators are as before afterwards."""
        self.network.eval()
        with torch.no_grad(), torch.random.fork_rng(devices=self.processes.cuda):
            numbers = {name: float(value) for name, value in self.problem.validate().items()}
        self.network.train()
        numbers = self.processes.from_main(numbers)
        if not math.isfinite(numbers["loss"]):
            raise TrainingError(
                f"the validation loss is {numbers['loss']} at epoch {self.state.epoch + 1}, step {self.state.step}",
                fix=self._calmer(),
            )
        return numbers

    def _save(self) -> None:
        self.state.seconds, self.began = self._seconds(), time.monotonic()
        if self.keeper:
            self.keeper.save(self.state, self.best)
        self.saved = time.monotonic()

    def _seconds(self) -> float:
        return self.state.seconds + time.monotonic() - self.began

    def _speed(self) -> float:
        """Units (rows, tokens) per second of this epoch in this process."""
        return self.epoch_units / max(time.monotonic() - self.epoch_began, 1e-9)

    def _interrupted(self) -> Interrupted:
        state, name = self.state, NAMES[signal.Signals(self.stop.signal)]
        return Interrupted(
            f"stopped by {name} after {state.step} steps (epoch {min(state.epoch + 1, self.epochs)} of "
            f"{self.epochs}); all of it is saved in {self.folder}",
            fix="Run the same command again to continue.",
            exit_code=self.stop.exit_code,
        )

    def _not_finite(self, batch: np.ndarray, what: str, value: float, norm: float) -> TrainingError:
        names = [self.problem.place(int(row)) for row in batch[:5]]
        more = f" and {len(batch) - 5} more" if len(batch) > 5 else ""
        shown = value if what == "loss" else norm
        return TrainingError(
            f"the {what} is {shown} at epoch {self.state.epoch + 1}, step {self.state.step + 1}, "
            f"in the batch of {', '.join(names)}{more}",
            expected="a finite number",
            fix=self._calmer(),
        )

    def _calmer(self) -> str:
        """What to try when numbers overflow."""
        options = self.options
        clip = f"--clip {options.clip / 10:g}" if options.clip else "--clip 1"
        again = " into another folder (--out)" if self.folder else ""
        return f"Train again{again} with --learning-rate {options.learning_rate / 10:g} or {clip}."
