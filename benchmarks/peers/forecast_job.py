"""What a forecaster is asked for and what it tells, for two libraries in two environments: it needs neither of them.

A forecaster is a process of its own: `PYTHON -m benchmarks.peers.MODULE JOB`, where JOB is a `Job` as JSON. It prints
what it tells as one line of JSON.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.turns import kilobytes

FORECASTS = 3  # how often all series are forecast; the median counts


@dataclass(frozen=True)
class Job:
    """One training and its forecasts.

    Args:
        train: the file, a row for each series.
        cell: "elman", "lstm" or "gru".
        season, horizon, context: in steps.
        hidden, layers: of the recurrent network.
        steps: of the training.
        check: steps from one measuring of the steps held back to the next.
        batch: windows of a step.
        rate: the learning rate, the same at all steps.
        threads: of torch.
        seed: of everything drawn.
    """

    train: str
    cell: str
    season: int
    horizon: int
    context: int
    hidden: int = 128
    layers: int = 2
    steps: int = 1000
    check: int = 100
    batch: int = 128
    rate: float = 1e-3
    threads: int = 2
    seed: int = 0

    @staticmethod
    def asked() -> "Job":
        """From the command line."""
        return Job(**json.loads(sys.argv[1]))

    def text(self) -> str:
        """As it stands on the command line."""
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Timed:
    """How long a call took.

    Args:
        seconds: of the clock.
        processor: seconds of all threads together.
    """

    seconds: float
    processor: float


def timed(call: Callable[[], Any]) -> tuple[Any, Timed]:
    """What a call gives, and how long it took."""
    wall, processor = time.perf_counter(), time.process_time()
    found = call()
    return found, Timed(time.perf_counter() - wall, time.process_time() - processor)


def mebibytes(what: str) -> float:
    """VmRSS, what the process holds, or VmHWM, the most that it ever held."""
    return kilobytes(what) / 1024


def tell(
    loop: Timed,
    call: Timed,
    forecast: Timed,
    before: float,
    weights: int,
    points: dict[str, list[float]],
    versions: dict[str, str],
) -> None:
    """Print what a forecaster tells.

    Args:
        loop: the training alone.
        call: the whole call that trains.
        forecast: all series once.
        before: MiB that the process held before the training.
        weights: how many there are.
        points: the forecast of each series.
        versions: of the libraries.
    """
    times = {name: asdict(value) for name, value in (("loop", loop), ("call", call), ("forecast", forecast))}
    found = {**times, "before": before, "peak": mebibytes("VmHWM"), "weights": weights, "versions": versions}
    print(json.dumps({**found, "points": points}))
