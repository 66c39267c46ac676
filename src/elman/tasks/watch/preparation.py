"""From a recording to what a watcher learns from: the newest steps held back, and said so."""

from dataclasses import dataclass, replace

import numpy as np

from elman.data.series.recording import Recording
from elman.errors import TrainingError
from elman.learn.report import Report
from elman.tasks.watch.options import WatchOptions

LEAST = 20  # steps of a series from which some are held back


@dataclass(frozen=True, eq=False)
class Parts:
    """The steps of a training.

    Args:
        recording: all of them; values of labelled steps are missing.
        learned: steps of each series that are learned from (n).
        chosen: up to where those stand that choose the epoch; those that set the threshold follow (n).
    """

    recording: Recording
    learned: np.ndarray
    chosen: np.ndarray

    def learns(self) -> np.ndarray:
        """Whether each step is learned from (T), bool."""
        r = self.recording
        return np.arange(len(r)) - np.repeat(r.starts[:-1], r.lengths) < np.repeat(self.learned, r.lengths)


def prepare(recording: Recording, options: WatchOptions, report: Report) -> Parts:
    """Hold back the newest steps, leave out those that are labelled, and say what was found.

    Raises:
        TrainingError: too few steps, or no values.
    """
    lengths = recording.lengths
    if recording.labels is not None:
        values = np.where(recording.labels[:, None], np.nan, recording.values)
        recording = replace(recording, values=values)
    held = np.where(lengths < LEAST, 0, np.round(lengths * options.training.held_back)).astype(np.int64)
    held = np.where(lengths < LEAST, 0, np.clip(held, 4, lengths - 4))
    parts = Parts(recording, lengths - held, lengths - held + held // 2)
    tell(recording, report)
    if not held.any():
        raise TrainingError(
            f"{recording.path} holds no series of {LEAST} steps, the longest has {int(lengths.max(initial=0))}",
            fix="Record more of what is normal.",
        )
    learns = parts.learns()
    empty = ~np.isfinite(recording.values[learns]).any(0)
    if empty.any():
        name = recording.columns[int(empty.argmax())]
        raise TrainingError(
            f"column {name!r} of {recording.path} has no value among the {int(learns.sum()):,} steps to learn from",
            fix="Name the columns to watch: --columns.",
        )
    chosen = int((parts.chosen - parts.learned).sum())
    report.say(
        f"{int(learns.sum()):,} steps are learned from, {chosen:,} choose the epoch, "
        f"{int(held.sum()) - chosen:,} set the threshold"
    )
    return parts


def tell(recording: Recording, report: Report) -> None:
    """What was found in a file."""
    series = f"{len(recording.names):,} series, " if recording.series else ""
    times = f", {recording.frequency}" if recording.frequency else ""
    season = f", season {recording.season}" if recording.season > 1 else ""
    report.say(f"{recording.path}: {series}{len(recording):,} steps{times}{season}")
    shown = ", ".join(recording.columns[:12]) + (", …" if len(recording.columns) > 12 else "")
    report.say(f"  watched: {shown}" + (f"; times: {recording.time}" if recording.time else ""))
    if recording.labels is not None:
        report.say(f"  {int(recording.labels.sum()):,} steps are labelled as anomalies")
    for note in [*recording.notes, *(problem.sentence for problem in recording.problems)]:
        report.say(f"  note: {note}")
