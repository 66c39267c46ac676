"""A watcher that is fed one step at a time."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from elman.errors import ArgumentError
from elman.tasks.watch.network import FARTHEST, LEAST

if TYPE_CHECKING:
    from elman.tasks.watch.watcher import Watcher

_BEFORE = "recurrent."


class Step(NamedTuple):
    """What is said of a step.

    Args:
        score: how unlike its forecast it is; None for the first step, and where all values are missing.
        threshold: above which there is alarm.
        alarm: whether there is.
        event: the number of the event, from 1, of which the alarm is a part: alarms of neighbouring steps; else 0.
        column: the one with the largest score, or "".
        forecast: what was expected of it; NaN where nothing was.
        observed: what it is.
    """

    score: float | None
    threshold: float
    alarm: bool
    event: int
    column: str
    forecast: float
    observed: float


class WatchStream:
    """Takes one step of a series per call, and says at once how unlike its forecast it is.

    Its scores are those that `Watcher.scores` finds for the whole series.

    Args:
        model: a trained watcher; its weights are those of now.
        threshold: above which there is alarm.
        smoothing: share of the score that is the one before.
        hold: the values of an alarm are read as missing, so many steps in a row at most.

    Example:
        >>> from elman.data.series.recording import Recording
        >>> from elman.tasks.watch import train_watcher
        >>> from elman.tasks.watch.options import WatchOptions, WatchTraining
        >>> normal = Recording.of(20 + np.arange(400) % 3 + np.random.default_rng(0).normal(0, 0.1, 400), ["heat"])
        >>> stream = train_watcher(normal, WatchOptions(training=WatchTraining(epochs=20, learning_rate=0.02))).stream()
        >>> any(stream([20 + k % 3]).alarm for k in range(9)), stream([95.0]).alarm
        (False, True)
        >>> stream([None]).score is None                                                  # the value is missing
        True
    """

    def __init__(self, model: "Watcher", threshold: float, smoothing: float = 0.0, hold: int = 0) -> None:
        network = model.network
        self.threshold, self.smoothing, self.hold = threshold, smoothing, hold
        self._columns, self._d = model.columns, len(model.columns)
        self._mean, self._deviation = model.units.mean, model.units.deviation
        self._recurrent = network.recurrent.stream(1)
        self._a = network.a.detach().cpu().numpy().copy()
        kind = self._a.dtype
        self._V, self._c = (w.detach().cpu().numpy().copy() for w in (network.readout.V, network.readout.c))
        self._V, self._c = self._V[:, : 2 * self._d].copy(), self._c[: 2 * self._d].copy()
        self._tails = model.tails
        self._x = np.zeros((1, 2 * self._d), kind)
        self._newest, self._seen = self._x[0, : self._d], self._x[0, self._d :]
        self._said = np.full((1, 2 * self._d), np.nan, kind)
        self._mu, self._width = self._said[0, : self._d], self._said[0, self._d :]
        # As arrays: a number costs half a microsecond to be made one.
        self._zero, self._least = np.zeros(self._d, kind), np.full(self._d, LEAST, kind)
        self._high, self._low = np.full(self._d, FARTHEST), np.full(self._d, -FARTHEST)
        self._average = float("nan")
        self._event, self._before, self._held = 0, False, 0

    def __call__(self, values: Sequence[float | None] | np.ndarray) -> Step:
        """One step (d), in the order of `Watcher.columns`; None or NaN where a value is missing.

        Raises:
            ArgumentError: another number of values, an infinite one, or something else than numbers.
        """
        try:
            x = np.array(values, dtype=np.float64)
        except (TypeError, ValueError):
            found = f"a step is {str(values)[:60]!r}"
            raise ArgumentError(found, f"{self._d} numbers: {', '.join(self._columns)}") from None
        if x.shape != (self._d,):
            raise ArgumentError(f"a step of shape {x.shape}", f"{self._d} numbers: {', '.join(self._columns)}")
        z = x - self._mean
        z /= self._deviation
        far = z - self._mu
        far /= self._width
        far /= self._tails
        np.abs(far, out=far)
        k = int(far.argmax())  # the first NaN, if there is one
        score = float(far[k])
        seen: Any = True
        if not score < np.inf:
            seen, k, score = self._with_gaps(x, far)
        alarm = self._judge(score)
        if alarm and self.hold and self._held < self.hold:
            self._held, seen = self._held + 1, seen & ~(far > self.threshold)
        elif not alarm:
            self._held = 0
        shown = self._average if self.smoothing else score
        step = Step(
            shown if score == score else None, self.threshold, alarm, self._event if alarm else 0,
            self._columns[k] if k >= 0 else "",
            float(self._mu[k]) * float(self._deviation[k]) + float(self._mean[k]) if k >= 0 else float("nan"),
            float(x[k]) if k >= 0 else float("nan"),
        )  # fmt: skip
        self._read(z, seen)
        return step

    @property
    def said(self) -> tuple[np.ndarray, np.ndarray]:
        """The mean and the scale of the next step's values, in deviations of the training (d); NaN before the first."""
        return self._mu.copy(), self._width.copy()

    def _with_gaps(self, x: np.ndarray, far: np.ndarray) -> tuple[np.ndarray, int, float]:
        """Which values there are, and the farthest of them, −1 where there is none or nothing was said of it."""
        if np.isinf(x).any():
            raise ArgumentError(f"the values are {x.tolist()}", "finite numbers, None where one is missing")
        seen = ~np.isnan(x)
        filled = np.where(np.isnan(far), -1.0, far)
        k = int(filled.argmax())
        return (seen, k, float(filled[k])) if filled[k] >= 0 else (seen, -1, float("nan"))

    def _judge(self, score: float) -> bool:
        """Whether there is alarm; events are counted, and the mean of the scores goes on."""
        if score != score:
            self._before = False
            return False
        if self.smoothing:
            before = self._average
            score = score if before != before else self.smoothing * before + (1 - self.smoothing) * score
            self._average = score
        alarm = score > self.threshold
        self._event += alarm and not self._before
        self._before = alarm
        return alarm

    def _read(self, z: np.ndarray, seen: Any) -> None:
        """Let the network read a step, and say what it expects of the next one."""
        if seen is True:
            np.minimum(z, self._high, out=z)
            np.maximum(z, self._low, out=self._newest, casting="same_kind")
            self._seen.fill(1)
        else:
            np.copyto(self._newest, z.clip(-FARTHEST, FARTHEST), where=seen, casting="same_kind")
            self._seen[...] = seen
        np.dot(self._recurrent(self._x), self._V, out=self._said)
        self._said += self._c
        self._mu += self._a * self._newest
        np.logaddexp(self._width, self._zero, out=self._width)
        self._width += self._least

    @property
    def state(self) -> dict[str, Tensor]:
        """All that the stream remembers, as a copy: `safetensors` keeps it in a file; set it to go on from there."""
        counts = [self._event, int(self._before), self._held]
        own = {"newest": self._newest, "said": self._said, "average": np.array([self._average])}
        found = {name: torch.from_numpy(value.copy()) for name, value in own.items()}
        found["counts"] = torch.tensor(counts)
        return found | {_BEFORE + name: value for name, value in self._recurrent.state.items()}

    @state.setter
    def state(self, state: Mapping[str, Tensor]) -> None:
        shapes = {name: tuple(value.shape) for name, value in self.state.items()}
        given = {name: tuple(value.shape) for name, value in state.items()}
        if given != shapes:
            raise ArgumentError(f"the state has {given}", f"{shapes}, as the state of this model's streams")
        self._recurrent.state = {n.removeprefix(_BEFORE): v for n, v in state.items() if n.startswith(_BEFORE)}
        self._newest[...], self._said[...] = state["newest"].numpy(), state["said"].numpy()
        self._average = float(state["average"][0])
        self._event, before, self._held = (int(value) for value in state["counts"])
        self._before = bool(before)
