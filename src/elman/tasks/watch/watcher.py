"""A trained watcher: a stream of numbers in, at each step how unlike its forecast it is out."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from elman.data.series.recording import Recording, read_recording
from elman.errors import ArgumentTypeError, DataError
from elman.tasks.task import TrainedModel
from elman.tasks.watch.calibration import Calibration, column_scores, smoothed, step_scores
from elman.tasks.watch.contrasts import naive
from elman.tasks.watch.material import Forecasts, Units, run
from elman.tasks.watch.network import Network
from elman.tasks.watch.options import WatchOptions
from elman.tasks.watch.scores import detection, errors, events_of
from elman.tasks.watch.stream import WatchStream


@dataclass(frozen=True, eq=False)
class Scores:
    """What is said of the steps of a recording.

    Args:
        score: of each step (T), NaN where there is none: at the first step of a series, where all is missing.
        threshold: above which there is alarm.
        alarm: (T), bool.
        event: the number of the event that an alarm is a part of, from 1; else 0 (T).
        column: the place of the column with the largest score (T).
        forecast: of every column (T, d), NaN where there is none.
        deviation: of the forecast (T, d); a normal value lies within 3 of them in 99.7 % of cases.
    """

    score: np.ndarray
    threshold: float
    alarm: np.ndarray
    event: np.ndarray
    column: np.ndarray
    forecast: np.ndarray
    deviation: np.ndarray


class Rated(NamedTuple):
    """How the errors of some forecasts are judged.

    Args:
        tails: of each column (d).
        calibration: the scores of normal steps that were held back.
    """

    tails: np.ndarray
    calibration: Calibration


class Watcher(TrainedModel):
    """A recurrent network that watches numbers, as `elman.train` returns it and `elman.load` reads it.

    Args:
        network: the trained network.
        options: all options of its training.
        units: the mean and deviation of each column.
        columns: their names, in the order of the network.
        rated: "model", and the name of each contrast → how its errors are judged.
        season: steps of a season, for the contrasts.
        roles: "time", "series": names of columns or None; "header": all columns of the training's file.
        record: how it came about: data, history, results.

    Example:
        >>> from elman.tasks.watch import train_watcher
        >>> from elman.tasks.watch.options import WatchOptions, WatchTraining
        >>> noise = np.random.default_rng(0).normal(0, 0.1, 600)
        >>> normal = Recording.of(np.sin(np.arange(600) / 5) + noise, ["heat"])
        >>> model = train_watcher(normal, WatchOptions(training=WatchTraining(epochs=8, learning_rate=0.02)))
        >>> new = np.sin(np.arange(100) / 5)
        >>> new[60] += 3
        >>> found = model.scores(Recording.of(new, ["heat"]))
        >>> bool(found.alarm[60]), int(np.nanargmax(found.score[:61]))
        (True, 60)
    """

    task = "watch"

    def __init__(
        self,
        network: Network,
        options: WatchOptions,
        units: Units,
        columns: tuple[str, ...],
        rated: Mapping[str, Rated],
        season: int = 1,
        roles: Mapping[str, Any] | None = None,
        record: dict[str, Any] | None = None,
    ) -> None:
        self.network, self.options, self.units, self.columns = network.cpu().eval(), options, units, tuple(columns)
        self.rated, self.season, self.record = dict(rated), season, dict(record or {})
        self.roles = dict(roles or {"time": None, "series": None, "header": list(columns)})

    @property
    def tails(self) -> np.ndarray:
        """How much heavier than those of a normal variable the tails of each column's errors are (d)."""
        return self.rated["model"].tails

    @property
    def calibration(self) -> Calibration:
        """The scores of the steps that were held back."""
        return self.rated["model"].calibration

    def threshold(self, alarms: float | None = None, smoothing: float | None = None) -> float:
        """The score that a share of normal steps exceeds.

        Args:
            alarms: the share; None: that of the training.
            smoothing: of the score; None: that of the training.
        """
        own = self.options.model
        return self.calibration.threshold(
            own.alarms if alarms is None else alarms, own.smoothing if smoothing is None else smoothing
        )

    def stream(
        self,
        *,
        alarms: float | None = None,
        smoothing: float | None = None,
        hold: int | None = None,
        threshold: float | None = None,
    ) -> WatchStream:
        """A stream that is called with one step after another: `stream([20.5, 1.0]).alarm`.

        Args:
            alarms: share of normal steps that may give alarm; None: that of the training.
            smoothing: share of the score that is the one before; None: that of the training.
            hold: the values of an alarm are read as missing, so many steps in a row; None: that of the training.
            threshold: in the place of the one that `alarms` gives.
        """
        own = self.options.model
        share = own.smoothing if smoothing is None else smoothing
        bound = self.threshold(alarms, share) if threshold is None else threshold
        return WatchStream(self, bound, share, own.hold if hold is None else hold)

    def scores(self, data: str | os.PathLike[str] | Recording, **reading: Any) -> Scores:
        """What is said of every step, as a stream would say it.

        Args:
            data: a file, or a recording with these columns.
            **reading: how to read the file, the fields of `RecordingOptions`.

        Raises:
            DataError: what is wrong with the file, or other columns.
        """
        recording = self._read(data, reading)
        if self.options.model.hold:  # what is read depends on what was alarm
            return self._stepwise(recording)
        z = self.units.forth(recording.values)
        said = self._said(recording, z)
        found, column = step_scores(column_scores(z, said, self.tails))
        return self._judged(recording, said, smoothed(found, recording.starts, self.options.model.smoothing), column)

    def _said(self, recording: Recording, z: np.ndarray) -> Forecasts:
        parts = [run(self.network, z[piece])[0] for piece in recording.pieces()]
        return Forecasts(*(np.concatenate([getattr(part, name) for part in parts]) for name in Forecasts._fields))

    def _judged(self, recording: Recording, said: Forecasts, score: np.ndarray, column: np.ndarray) -> Scores:
        units, threshold = self.units, self.threshold()
        alarm = score > threshold
        event, _ = events_of(alarm, recording.starts)
        forecast = said.mean * units.deviation + units.mean
        return Scores(score, threshold, alarm, event, column, forecast, said.scale * self.tails * units.deviation)

    def _stepwise(self, recording: Recording) -> Scores:
        score, column = np.full(len(recording), np.nan), np.zeros(len(recording), dtype=np.int64)
        said = Forecasts(*(np.full(recording.values.shape, np.nan) for _ in Forecasts._fields))
        for piece in recording.pieces():
            stream = self.stream()
            for t in range(piece.start, piece.stop):
                said.mean[t], said.scale[t] = stream.said
                step = stream(recording.values[t])
                if step.score is not None:
                    score[t], column[t] = step.score, self.columns.index(step.column)
        return self._judged(recording, said, score, column)

    def evaluate(self, data: str | os.PathLike[str] | Recording, **reading: Any) -> dict[str, Any]:
        """How good the forecasts are and how many alarms they give, and where labels are told how well both agree.

        Args:
            data: a file, or a recording.
            **reading: how to read the file; label names the column of the labels.

        Returns:
            steps, alarms, mae and rmse (in deviations); with labels anomalies, precision, recall, f1, roc_auc, events,
            events_found; and contrasts: "last value", "season before" → the same.
        """
        recording = self._read(data, reading)
        z = self.units.forth(recording.values)
        found = self.scores(recording)
        forecast = self.units.forth(found.forecast)
        result = self._numbers(recording, z, forecast, found.score, found.alarm)
        contrasts: dict[str, Any] = {}
        parts = [naive(z[piece], self.season) for piece in recording.pieces()]
        for name, rated in self.rated.items():
            if name == "model":
                continue
            said = Forecasts(
                *(np.concatenate([getattr(part[name], own) for part in parts]) for own in Forecasts._fields)
            )
            own = self.options.model
            score = smoothed(step_scores(column_scores(z, said, rated.tails))[0], recording.starts, own.smoothing)
            alarm = score > rated.calibration.threshold(own.alarms, own.smoothing)
            contrasts[name] = self._numbers(recording, z, said.mean, score, alarm)
        return {**result, "contrasts": contrasts}

    def _numbers(
        self, recording: Recording, z: np.ndarray, forecast: np.ndarray, score: np.ndarray, alarm: np.ndarray
    ) -> dict[str, Any]:
        found: dict[str, Any] = {"steps": len(recording), "alarms": int(alarm.sum()), **errors(z, forecast)}
        if recording.labels is not None:
            found |= detection(recording.labels, score, alarm, recording.starts)
        return found

    def read(self, path: str | os.PathLike[str], **reading: Any) -> Recording:
        """The recording in a file, from the columns of the training; those named win.

        Raises:
            DataError: what is wrong in the file, or a column of the training is not there.
        """
        given = {name: value for name, value in reading.items() if value is not None}
        first = replace(self.options.data, test=None, columns=None, label=None)
        first = replace(first, time=first.time or self.roles["time"])
        return self._read(read_recording(path, replace(first, **given), self.columns), {})

    def _read(self, data: str | os.PathLike[str] | Recording, reading: dict[str, Any]) -> Recording:
        if isinstance(data, str | os.PathLike):
            return self.read(data, **reading)
        if not isinstance(data, Recording):
            raise ArgumentTypeError(
                f"data is a {type(data).__name__}", "the path of a file, or a Recording", "Recording.of makes one."
            )
        if data.columns != self.columns:
            raise DataError(
                f"the columns are {', '.join(data.columns)}", f"{', '.join(self.columns)}, as in the training",
                path=data.path,
            )  # fmt: skip
        return data

    def __repr__(self) -> str:
        threshold = self.threshold()
        shown = f"{threshold:.3g}" if math.isfinite(threshold) else "none"
        return f"Watcher({len(self.columns)} columns, threshold {shown})"
