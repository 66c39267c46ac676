"""How long one step of a watcher takes, and one line of `elman watch`; and which anomalies it finds in two series.

    python -m benchmarks.watch --series DATA/series          (DATA: the folder of real data sets)

The anomalies are made here and put into the last quarter of each series, which the training does not see: outliers of
one step; values that stand still for eight steps; and eight steps on another level.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.record import heading, write
from elman.data.config_file import merge
from elman.data.series.recording import Recording, read_recording
from elman.data.series.recording_options import RecordingOptions
from elman.tasks.watch.options import WatchOptions
from elman.tasks.watch.training import train_watcher
from elman.tasks.watch.watcher import Watcher

LINES = 20_000
KINDS = ("outlier", "still", "level")
SERIES = {"taylor": 48, "temps": 1}  # name → season


def options(**changes: Any) -> WatchOptions:
    """Those of a training on one thread."""
    return merge(WatchOptions, overrides={"threads": 1, **changes})[0]


def microseconds(call: Callable[[], object], count: int = 20_000) -> float:
    """The median of seven times of one call."""
    found: list[float] = []
    for _ in range(7):
        began = time.perf_counter()
        for _ in range(count):
            call()
        found.append((time.perf_counter() - began) / count * 1e6)
    return statistics.median(found)


def steps() -> list[str]:
    """A table of the time of one step, for some numbers of columns and widths."""
    lines = ["| columns | network | recurrent layer | whole step |", "| --- | --- | --- | --- |"]
    random = np.random.default_rng(0)
    for columns, cell, hidden in ((1, "gru", 32), (8, "gru", 32), (64, "gru", 32), (8, "lstm", 128)):
        data = Recording.of(random.normal(size=(600, columns)))
        model = train_watcher(data, options(cell=cell, hidden=hidden, epochs=1))
        stream, row, layer = model.stream(), data.values[3].tolist(), model.network.recurrent.stream(1)
        stream(row)
        x = np.zeros((1, 2 * columns), np.float32)
        inner, whole = microseconds(lambda f=layer, x=x: f(x)), microseconds(lambda f=stream, x=row: f(x))
        lines.append(f"| {columns} | {cell} {hidden} | {inner:.1f} µs | {whole:.1f} µs |")
    return lines


def command(model: Watcher) -> list[str]:
    """How long `elman watch` takes for a line of a pipe."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        model.save(run)
        text = "".join(f"{20 + k % 7}\n" for k in range(LINES))
        seconds: list[float] = []
        for given in (text[:3], text):
            began = time.perf_counter()
            words = [sys.executable, "-m", "elman", "watch", str(run)]
            subprocess.run(words, input=given.encode(), capture_output=True, check=True)
            seconds.append(time.perf_counter() - began)
    line = (seconds[1] - seconds[0]) / LINES * 1e6
    return [f"`elman watch` begins in {seconds[0]:.2f} s and then takes {line:.0f} µs for each line of one column."]


def spoilt(values: np.ndarray, size: float, kinds: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """A series with an anomaly about every 60 steps, and where they are; `size` is in its deviations."""
    random, found = np.random.default_rng(0), values.copy()
    labels = np.zeros(len(values), dtype=bool)
    for n, begin in enumerate(range(120, len(values) - 30, 60)):
        t, kind, sign = begin + int(random.integers(20)), kinds[n % len(kinds)], random.choice([-1, 1])
        piece = slice(t, t + (1 if kind == "outlier" else 8))
        found[piece] = found[t - 1] if kind == "still" else found[piece] + sign * size * values.std()
        labels[piece] = True
    return found, labels


def found_in(folder: Path) -> list[str]:
    """A table of what is found in each series, with and without holding."""
    lines = [
        "| series | anomalies | size | hold | alarms | precision | recall | F1 | ROC AUC | events "
        "| last value: F1, AUC |",
        "| --- " * 11 + "|",
    ]
    for name, season in SERIES.items():
        recording = read_recording(folder / f"{name}.csv", RecordingOptions(season=season))
        values = recording.values[:, 0]
        cut = int(0.75 * len(values))
        model = train_watcher(Recording.of(values[:cut], season=season), options(alarms=0.005, held_back=0.3))
        plain = model.scores(Recording.of(values[cut:]))
        share = f"{plain.alarm.mean():.1%} of {len(plain.alarm):,}"
        lines.append(
            f"| {name} | none | | {model.options.model.hold} | {int(plain.alarm.sum())} ({share}) " + "| " * 6 + "|"
        )
        for kinds, size in ((KINDS[:1], 1), (KINDS[:1], 4), (KINDS, 1), (KINDS, 4)):
            data, labels = spoilt(values[cut:], size, kinds)
            for hold in (0, 1, 6):
                model.options = replace(model.options, model=replace(model.options.model, hold=hold))
                own = model.evaluate(Recording.of(data, labels=labels, season=season))
                naive = own["contrasts"]["last value"]
                shown = [f"{own[score]:.2f}" for score in ("precision", "recall", "f1", "roc_auc")]
                lines.append(
                    f"| {name} | {', '.join(kinds)} | {size} | {hold} | {own['alarms']} | {' | '.join(shown)} | "
                    f"{own['events_found']} of {own['events']} | {naive['f1']:.2f}, {naive['roc_auc']:.2f} |"
                )
            model.options = replace(model.options, model=replace(model.options.model, hold=1))
    return lines


def main() -> None:
    """Measure, and write benchmarks/results/watch.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=Path, required=True, help="folder with taylor.csv and temps.csv")
    series = parser.parse_args().series
    random = np.random.default_rng(0)
    model = train_watcher(Recording.of(20 + np.arange(2000) % 7 + random.normal(0, 0.1, 2000), ["heat"]), options())
    text = [
        heading("Watching streams", "python -m benchmarks.watch --series DATA/series"),
        "## The time of a step\n",
        *steps(),
        "",
        *command(model),
        "\n## Anomalies put into two series\n",
        "Trained on the first three quarters, the newest 30 % of them held back, threshold for 0.5 % of alarms; seed "
        "0. In the last quarter stands an anomaly about every 60 steps: an outlier of one step, eight steps that stand "
        "still, eight steps on another level; the size is in deviations of the series.\n",
        *found_in(series),
    ]
    write("watch", "\n".join(text))


if __name__ == "__main__":
    main()
