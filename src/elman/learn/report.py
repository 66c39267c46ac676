"""What a training tells while it runs: a bar in a terminal, one line per epoch elsewhere, or nothing."""

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TextIO

# The validation numbers that are shown while a training runs, and how.
SHOWN = {
    "accuracy": "{:.2%}",
    "F1": "{:.2%}",
    "perplexity": "{:,.2f}",
    "bits per character": "{:.3f}",
    "BLEU": "{:.2f}",
}


@dataclass(frozen=True)
class Plan:
    """What lies ahead when a training starts or continues.

    Args:
        steps: steps of the whole training.
        epochs: passes over the training rows.
        done: steps already made by an earlier, interrupted command.
        unit: what the speed counts.
    """

    steps: int
    epochs: int
    done: int = 0
    unit: str = "rows"


@dataclass(frozen=True)
class Moment:
    """Where a training stands after a step.

    Args:
        epoch: the running epoch, counted from 1.
        step: steps made so far, over all epochs.
        loss: mean training loss of the running epoch so far.
        speed: rows, or other units, per second.
    """

    epoch: int
    step: int
    loss: float
    speed: float


class Report(Protocol):
    """What `fit` and the tasks tell; any object with these methods will do."""

    def say(self, text: str) -> None:
        """One decision or note, as a full sentence."""
        ...

    def start(self, plan: Plan) -> None:
        """The training starts or continues; called again when the number of steps becomes known more exactly."""
        ...

    def step(self, moment: Moment) -> None:
        """A step was made; called after every step, so it must be cheap."""
        ...

    def epoch(self, record: Mapping[str, Any]) -> None:
        """An epoch ended; the record is its line of metrics.jsonl."""
        ...

    def stop(self) -> None:
        """The training ended, for whatever reason; called once for every `fit`."""
        ...


class Silent:
    """A report that tells nothing."""

    def say(self, text: str) -> None:
        """Tell nothing."""

    def start(self, plan: Plan) -> None:
        """Tell nothing."""

    def step(self, moment: Moment) -> None:
        """Tell nothing."""

    def epoch(self, record: Mapping[str, Any]) -> None:
        """Tell nothing."""

    def stop(self) -> None:
        """Tell nothing."""


class Lines(Silent):
    """A report in plain lines, one per epoch: for files and pipes.

    Args:
        stream: where the lines go; standard output if not given.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream
        self.epochs = 0

    def say(self, text: str) -> None:
        """Write one line."""
        print(text, file=self.stream or sys.stdout, flush=True)

    def start(self, plan: Plan) -> None:
        """Remember how many epochs there are."""
        self.epochs = plan.epochs

    def epoch(self, record: Mapping[str, Any]) -> None:
        """Write the epoch's line."""
        self.say(epoch_line(record, self.epochs))


class Bar(Silent):
    """A report for terminals: a bar with loss, metric, speed and the time left, and one line per epoch above it.

    Args:
        stream: the terminal; standard output if not given.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        from rich.console import Console

        self.console = Console(file=stream, highlight=False)
        self.progress: Any = None
        self.task: Any = None
        self.epochs = 0
        self.unit = "rows"
        self.metric = ""
        self._shown = 0.0

    def say(self, text: str) -> None:
        """Print one line, above the bar where there is one."""
        self.console.print(text, markup=False)

    def start(self, plan: Plan) -> None:
        """Show the bar, or give the bar shown another length."""
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self.epochs, self.unit = plan.epochs, plan.unit
        if self.progress is not None:
            self.progress.update(self.task, total=plan.steps)
            return
        numbers = TextColumn("{task.fields[numbers]}")
        columns = (TextColumn("{task.description}"), BarColumn(bar_width=None), numbers, TimeRemainingColumn())
        self.progress = Progress(*columns, TextColumn("left"), console=self.console, transient=True, expand=True)
        self.task = self.progress.add_task("", total=plan.steps, completed=plan.done, numbers="")
        self.progress.start()

    def step(self, moment: Moment) -> None:
        """Move the bar, at most ten times a second."""
        now = time.monotonic()
        if self.progress is None or now - self._shown < 0.1:
            return
        self._shown = now
        self.progress.update(
            self.task,
            completed=moment.step,
            description=f"epoch {moment.epoch}/{self.epochs}",
            numbers=f"loss {moment.loss:.4f}{self.metric} · {moment.speed:,.0f} {self.unit}/s ·",
        )

    def epoch(self, record: Mapping[str, Any]) -> None:
        """Print the epoch's line above the bar."""
        self.metric = "".join(f" · {words}" for words in _measured(record)[:1])
        self.say(epoch_line(record, self.epochs))

    def stop(self) -> None:
        """Take the bar away."""
        if self.progress is not None:
            self.progress.stop()
            self.progress = None


def epoch_line(record: Mapping[str, Any], epochs: int) -> str:
    """One epoch as a line of text.

    Example:
        >>> record = {"epoch": 2, "loss": 0.5, "validation_loss": 0.25, "validation_accuracy": 0.875, "seconds": 61.0}
        >>> epoch_line(record, 8)
        'epoch 2/8 · loss 0.5000 · validation loss 0.2500, accuracy 87.50% · 1 min 1 s'
    """
    parts = [f"epoch {record['epoch']}/{epochs}", f"loss {record['loss']:.4f}"]
    parts.append(", ".join([f"validation loss {record['validation_loss']:.4f}", *_measured(record)]))
    for name, value in record.items():
        if name.endswith("_per_second") and value:
            parts.append(f"{value:,.0f} {name.removesuffix('_per_second')}/s")
    parts.append(duration(record["seconds"]))
    return " · ".join(parts)


def _measured(record: Mapping[str, Any]) -> list[str]:
    """The validation numbers of an epoch beside its loss, in words."""
    found = [(name, form, record.get(f"validation_{name.replace(' ', '_')}")) for name, form in SHOWN.items()]
    return [f"{name} {form.format(value)}" for name, form, value in found if value is not None]


def duration(seconds: float) -> str:
    """A time span in words: seconds below a minute with one digit, then minutes, then hours.

    Example:
        >>> duration(4.25), duration(61), duration(7320)
        ('4.2 s', '1 min 1 s', '2 h 2 min')
    """
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def make_report(quiet: bool = False, stream: TextIO | None = None) -> Report:
    """The report that fits: nothing when quiet, a bar in a terminal, plain lines otherwise.

    Args:
        quiet: tell nothing.
        stream: where it goes; standard output if not given.
    """
    if quiet:
        return Silent()
    target = stream or sys.stdout
    return Bar(stream) if target.isatty() else Lines(stream)
