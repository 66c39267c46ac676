"""elman's forecaster beside neuralforecast's RNN, LSTM and GRU at the same work, in one run.

    python -m benchmarks.neuralforecast FOLDER --peer PYTHON
    python -m benchmarks.neuralforecast FOLDER --peer PYTHON --steps 20 --cells elman     # a corner, to the screen

FOLDER holds m4/Hourly-train.csv.gz, m4/Hourly-test.csv.gz and the same of Weekly. PYTHON is the interpreter of an
environment of its own: `python -m venv`, then `pip install torch`, of the same version as here, and `pip install
neuralforecast`. Each training is a process of its own, one at a time, turn and turn about.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.peers.forecast_job import FORECASTS, Job
from benchmarks.record import heading, write
from benchmarks.trainings import runs_at
from elman.data.series.options import SeriesDataOptions
from elman.data.series.reading import read_series
from elman.learn.forecast_scores import naive_scale, summary
from elman.tasks.forecast.baselines import baselines
from elman.tasks.forecast.measuring import histories_of, joined, true_values

MODULES = {"neuralforecast": "neuralforecast_peer", "elman": "elman_forecaster"}
CELLS = {"elman": "RNN", "lstm": "LSTM", "gru": "GRU"}
SIZES = {"Hourly": (24, 48), "Weekly": (1, 13)}  # season and horizon; the context is three horizons, as both have it
STEPS, SEEDS = 300, 1
NOTE = """M4's training files, and what follows them as the test. The same for both: {layers} layers of {hidden}, a
context of three horizons, {steps} steps of Adam with {batch} windows each, learning rate {rate} throughout, mean
absolute error, the newest horizon of each series held back and measured every {check} steps, {threads} threads on the
same {threads} processors, seed {seeds}. One process for each training, one at a time, turn and turn about; seconds
are medians, scores are means over the seeds, both computed here from the forecasts.

What differs, each as its library has it:

- neuralforecast puts median and deviation of each window at 0 and 1 (`scaler_type="robust"`), elman divides by the
  mean and adds its output to the value one season before.
- neuralforecast's decoder goes through the states of the last steps of the context, as many as the horizon has, with
  two layers of {hidden}; elman's spreads the last state over the horizon, with half as many multiply-adds. Nine
  tenths of all multiply-adds of neuralforecast's RNN are in the recurrent layers, of its LSTM and GRU more.
- neuralforecast reads the value, elman the value and whether it is there.
- neuralforecast draws 32 series, then the windows of a step among all of theirs; elman a series for each window.
- neuralforecast keeps the last weights, elman those of the best measuring; elman clips the gradient.

"Training" is the loop alone, "call" all of `NeuralForecast.fit` (with its data set) and all of `train_forecaster`
(with the baselines that it prints), neither imports nor reading. "Forecast" is one call of `predict` over all series,
the median of {forecasts}. "Peak" is the most memory that the process ever held, imports included, and behind it how
much that is above what it held before the training. "Ratio": how many times faster elman is.
"""


@dataclass(frozen=True, eq=False)
class Data:
    """One part of M4.

    Args:
        name: of it.
        season, horizon: in steps.
        train: the training file.
        names: of the series (n).
        histories: their values (n).
        truth: what follows them (n, horizon).
    """

    name: str
    season: int
    horizon: int
    train: Path
    names: list[str]
    histories: list[np.ndarray]
    truth: np.ndarray

    @staticmethod
    def read(folder: Path, name: str) -> "Data":
        """From FOLDER/m4."""
        season, horizon = SIZES[name]
        train, test = (folder / "m4" / f"{name}-{part}.csv.gz" for part in ("train", "test"))
        options = SeriesDataOptions(season=season, layout="rows")
        history, after = read_series(train, options), read_series(test, options)
        every, origins = np.arange(len(history)), history.seen
        truth = true_values(joined(history, after), every, origins, horizon)
        return Data(name, season, horizon, train, history.names, histories_of(history, every, origins), truth)

    def scores(self, points: np.ndarray) -> dict[str, float]:
        """Those of forecasts (n, horizon)."""
        scales = np.array([naive_scale(one, self.season) for one in self.histories])
        return summary(self.truth, points, scales)


def main() -> None:
    """Measure and print; a whole run writes the page."""
    chosen = arguments()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: chosen.threads])  # the processes inherit it
    torch.set_num_threads(chosen.threads)
    speed = [
        "| data | cell | training, s: neuralforecast | elman | ratio | call, s: neuralforecast | elman | ratio "
        "| forecast, s: neuralforecast | elman | ratio | processor, s: neuralforecast | elman |",
        "|---" * 13 + "|",
    ]
    good = [
        "| data | cell | weights: neuralforecast | elman | peak, MiB: neuralforecast | elman "
        "| test sMAPE: neuralforecast | elman | test MASE: neuralforecast | elman |",
        "|---" * 10 + "|",
    ]
    contrasts: list[str] = []
    versions: dict[str, str] = {}
    with runs_at(chosen.runs) as place:
        for data in (Data.read(chosen.folder, name) for name in chosen.data):
            for cell in chosen.cells:
                runs = in_turn(data, cell, chosen, place)
                versions |= runs["neuralforecast"][0]["versions"]
                speed.append(speed_row(data, cell, runs))
                good.append(good_row(data, cell, runs))
                print(f"{speed[-1]}\n{good[-1]}", file=sys.stderr)
            contrasts.append(contrast(data))
    job = job_of("train", SIZES["Hourly"], "elman", chosen, 0)
    note = NOTE.format(**vars(job), seeds=", ".join(map(str, range(chosen.seeds))), forecasts=FORECASTS)
    there = ", ".join(f"{name} {value}" for name, value in versions.items())
    head = heading("elman's forecaster beside neuralforecast", command(chosen))
    text = "\n".join([f"{head}- the other environment: {there}\n", note, *speed, "", *good, "", *contrasts])
    print(text)
    if command(chosen) == command(None):
        write("neuralforecast", text)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser("python -m benchmarks.neuralforecast", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("folder", type=Path)
    parser.add_argument("--peer", required=True, help="the interpreter that has neuralforecast")
    parser.add_argument("--data", nargs="+", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--cells", nargs="+", default=list(CELLS), choices=list(CELLS))
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=Path, help="keep here what each training told; one that is there is read")
    return parser.parse_args()


def command(chosen: argparse.Namespace | None) -> str:
    """What was asked for, without places; None: the whole run."""
    words = ["python -m benchmarks.neuralforecast FOLDER --peer PYTHON"]
    whole = {"data": list(SIZES), "cells": list(CELLS), "steps": STEPS, "seeds": SEEDS, "threads": 2}
    for name, value in whole.items():
        own = getattr(chosen, name, value)
        if own != value:
            words.append(f"--{name} {' '.join(own) if isinstance(own, list) else own}")
    return " ".join(words)


def job_of(train: str, sizes: tuple[int, int], cell: str, chosen: argparse.Namespace, seed: int) -> Job:
    """One training."""
    season, horizon = sizes
    check = max(1, chosen.steps // 10)
    return Job(
        train, cell, season, horizon, 3 * horizon, steps=chosen.steps, check=check, threads=chosen.threads, seed=seed
    )


def in_turn(data: Data, cell: str, chosen: argparse.Namespace, place: Path) -> dict[str, list[dict[str, Any]]]:
    """What the trainings of both tell, one seed after another; who comes first changes from seed to seed."""
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in MODULES}
    for seed in range(chosen.seeds):
        job = job_of(str(data.train.absolute()), (data.season, data.horizon), cell, chosen, seed)
        for name in list(MODULES)[:: -1 if seed % 2 else 1]:
            kept = place / f"{data.name}-{cell}-{chosen.steps}-{seed}-{name}.json"
            if not kept.exists():
                kept.write_text(told(name, job, chosen.peer))
            own = json.loads(kept.read_text())
            own["scores"] = data.scores(np.array([own["points"][one] for one in data.names]))
            runs[name].append(own)
    return runs


def told(name: str, job: Job, peer: str) -> str:
    """Train in a process of its own; the last line that it prints."""
    python = peer if name == "neuralforecast" else sys.executable
    words = [python, "-m", f"benchmarks.peers.{MODULES[name]}", job.text()]
    environment = {**os.environ, "OMP_NUM_THREADS": str(job.threads), "MKL_NUM_THREADS": str(job.threads)}
    root = Path(__file__).parents[1]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, cwd=root)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}\n{done.stderr}")
    return done.stdout.strip().splitlines()[-1]


def speed_row(data: Data, cell: str, runs: dict[str, list[dict[str, Any]]]) -> str:
    """One line of the table of times."""
    cells = [f"{data.name}", CELLS[cell]]
    for what in ("loop", "call", "forecast"):
        a, b = (statistics.median(one[what]["seconds"] for one in runs[name]) for name in MODULES)
        cells += [f"{a:.2f}", f"{b:.2f}", f"**{a / b:.2f}**" if a > b else f"{a / b:.2f}"]
    cells += [f"{statistics.median(one['loop']['processor'] for one in runs[name]):.2f}" for name in MODULES]
    return f"| {' | '.join(cells)} |"


def good_row(data: Data, cell: str, runs: dict[str, list[dict[str, Any]]]) -> str:
    """One line of the table of weights, memory and scores."""
    cells = [data.name, CELLS[cell], *(f"{runs[name][0]['weights']:,}" for name in MODULES)]
    for name in MODULES:
        peak = statistics.median(one["peak"] for one in runs[name])
        above = statistics.median(one["peak"] - one["before"] for one in runs[name])
        cells.append(f"{peak:.0f} ({above:.0f})")
    for score in ("smape", "mase"):
        means = [statistics.mean(one["scores"][score] for one in runs[name]) for name in MODULES]
        cells += [f"**{mean:.3f}**" if mean == min(means) else f"{mean:.3f}" for mean in means]
    return f"| {' | '.join(cells)} |"


def contrast(data: Data) -> str:
    """What needs no network, on the same series."""
    found: Sequence[str] = [
        f"{name} {own['smape']:.3f} and {own['mase']:.3f}"
        for name, forecast in baselines(data.season).items()
        for own in [data.scores(forecast(data.histories, data.horizon))]
    ]
    return f"{data.name}, {len(data.names)} series, sMAPE and MASE of the baselines: {'; '.join(found)}."


if __name__ == "__main__":
    main()
