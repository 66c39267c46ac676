"""Small series by `elman backtest`, beside the baselines: `python -m benchmarks.small_series FOLDER [NAME ...]`.

FOLDER holds series/AirPassengers.csv and the others of the table below. Each kind of series has its options, chosen by
what is known of such series before any was forecast, and never changed by what came out. Results go to
benchmarks/results/small_series.md.
"""

import argparse
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from benchmarks.record import heading, write
from benchmarks.turns import kilobytes
from elman.data.config_file import merge
from elman.tasks.forecast.backtest import backtest
from elman.tasks.forecast.options import ForecastOptions

THREADS = 1
SHARED = {"network": "direct", "cell": "gru", "hidden": 32, "ensemble": 3, "seed": 0, "threads": THREADS}
GROWING = {"log": True, "window": "standard"}  # its swings grow with its level
LEVEL = {"window": "last", "anchor": "last"}  # what matters is where it stands now
SCORES = ("mase", "smape")


@dataclass(frozen=True)
class Kind:
    """How series of a kind are forecast.

    Args:
        season: in steps; None: that of the frequency found.
        horizon: in steps, as the M competitions have it where they have such series.
        windows: how many, a horizon apart, up to the newest value.
        batch: windows of a step: few series have few.
        options: beside those shared.
    """

    season: int | None
    horizon: int
    windows: int
    batch: int
    options: Mapping[str, Any]


KINDS = {
    "monthly": Kind(12, 12, 3, 16, GROWING),
    "quarterly": Kind(4, 4, 4, 16, GROWING),
    "weekly": Kind(52, 13, 4, 64, GROWING),
    "daily": Kind(7, 28, 10, 64, {"window": "standard", "anchor": "none"}),
    "half-hourly": Kind(336, 48, 7, 128, {"window": "standard"}),
    "rates": Kind(1, 30, 10, 128, LEVEL),
    "process": Kind(1, 12, 5, 16, LEVEL),
    "sunspots": Kind(1, 12, 10, 64, {"window": "standard", "anchor": "last", "context": 264}),  # two cycles
}


@dataclass(frozen=True)
class Series:
    """One file.

    Args:
        file: in FOLDER/series.
        kind: of `KINDS`.
        data: how to read it, where the file does not tell.
        why: of that.
    """

    file: str
    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""


SERIES = {
    "AirPassengers": Series("AirPassengers.csv", "monthly"),
    "monthly-milk": Series("monthly-milk.csv", "monthly"),
    "monthly-milk-incomplete": Series("monthly-milk-incomplete.csv", "monthly", why="13 months are missing"),
    "wineind": Series("wineind.csv", "monthly"),
    "ausbeer": Series("ausbeer.csv", "quarterly"),
    "woolyrnq": Series("woolyrnq.csv", "quarterly"),
    "australian_tourism": Series("australian_tourism.csv", "quarterly", why="96 series of 36 quarters, without dates"),
    "us_gasoline": Series("us_gasoline.csv", "weekly", why="runs backwards"),
    "ILINet": Series("ILINet.csv", "weekly", {"target": "% WEIGHTED ILI"}, "one of 11 columns; 4 weeks are missing"),
    "temps": Series("temps.csv", "daily", why="2 days are missing"),
    "taylor": Series("taylor.csv", "half-hourly", why="without dates"),
    "exchange_rate": Series("exchange_rate.csv.gz", "rates", why="8 series, without dates"),
    "gasrate_co2": Series(
        "gasrate_co2.csv", "process", {"target": "CO2%", "past": "GasRate(ft3/min)"}, "the gas is known up to now only"
    ),
    "monthly-sunspots": Series("monthly-sunspots.csv", "sunspots", why="a cycle of about 11 years, no season"),
}
CONTRASTS = ("model", "seasonal naive", "naive2", "exponential smoothing")
NOTE = """One training on what was known at the first origin, then a forecast at each of some origins a horizon apart,
up to the newest value; no forecast has seen what it is measured on. The network: {shared}; the newest horizon before
the first origin chooses the epoch. The baselines see the same histories; without a season the first is the naive
forecast, and naive2 is the same. Means over windows and series; MASE is scaled by the seasonal naive forecast within
each history, so figures of different series do not compare. "Processor": seconds of the whole backtest, baselines
included. **Bold**: the best of the row.
"""


def run(folder: Path, name: str) -> dict[str, Any]:
    """One backtest: the scores of all windows, how many there were, seconds."""
    series = SERIES[name]
    kind = KINDS[series.kind]
    own = {"season": kind.season, "horizon": kind.horizon, "batch_size": kind.batch, **kind.options, **series.data}
    options, _ = merge(ForecastOptions, overrides={**SHARED, **own})
    began, processor = time.perf_counter(), time.process_time()
    found = backtest(str(folder / "series" / series.file), options, windows=kind.windows)
    spent = {"wall": time.perf_counter() - began, "processor": time.process_time() - processor}
    return {"scores": found["all"], **spent}


def contrast(scores: Mapping[str, Any], name: str, score: str) -> float | None:
    """A score of the network or a baseline; without a season naive stands for seasonal naive, naive2 is the same."""
    own = scores.get(name) or (scores["naive"] if name != "naive2" else None)
    return own[score] if own else None


def row(name: str, one: dict[str, Any]) -> str:
    """One line of the table of results."""
    cells = [name, SERIES[name].kind, f"{one['scores']['model']['windows']:,}", f"{one['processor']:.0f}"]
    for score in SCORES:
        values = [contrast(one["scores"], contrasted, score) for contrasted in CONTRASTS]
        best = min(value for value in values if value is not None)
        cells += ["" if v is None else f"**{v:.3f}**" if v == best else f"{v:.3f}" for v in values]
    return f"| {' | '.join(cells)} |"


def verdict(found: Mapping[str, dict[str, Any]]) -> list[str]:
    """Where the network has the lowest MASE and where it has not, in words."""
    better: list[str] = []
    worse: list[str] = []
    for name, one in found.items():
        own = contrast(one["scores"], "model", "mase")
        others = {c: contrast(one["scores"], c, "mase") for c in CONTRASTS[1:]}
        there = {c: value for c, value in others.items() if value is not None}
        best = min(there, key=lambda c: there[c])
        if own is not None and own < there[best]:
            better.append(name)
        else:
            worse.append(f"{name} ({best} is better)")
    lines = [f"By MASE the network is better than every baseline on {len(better)} of {len(found)}."]
    lines += [f"Better: {', '.join(better)}."] if better else []
    lines += [f"Not better: {', '.join(worse)}."] if worse else []
    return lines


def options_table() -> list[str]:
    """The options of each kind, and what is odd about a file."""
    lines = ["| kind | season | horizon | windows | batch | other options |", "|---" * 6 + "|"]
    for name, kind in KINDS.items():
        more = ", ".join(f"{key} {value}" for key, value in kind.options.items())
        lines.append(f"| {name} | {kind.season} | {kind.horizon} | {kind.windows} | {kind.batch} | {more} |")
    odd = [f"{name}: {series.why}" for name, series in SERIES.items() if series.why]
    return [*lines, "", f"Of the files: {'; '.join(odd)}."]


def main() -> None:
    """Run the backtests; all of them write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", choices=[*SERIES, []], metavar="NAME", help=", ".join(SERIES))
    chosen = parser.parse_args()
    names = chosen.names or list(SERIES)
    torch.set_num_threads(THREADS)
    heads = ["network", "seasonal naive", "naive2", "smoothing"]
    columns = [f"{score}: {heads[0]}" if k == 0 else heads[k] for score in ("MASE", "sMAPE") for k in range(4)]
    lines = [f"| series | kind | windows | processor, s | {' | '.join(columns)} |", "|---" * 12 + "|"]
    found: dict[str, dict[str, Any]] = {}
    for name in names:
        found[name] = run(chosen.folder, name)
        lines.append(row(name, found[name]))
        print(lines[-1], file=sys.stderr)
    spent = f"{sum(one['processor'] for one in found.values()):.0f} s of processor, {kilobytes('VmHWM') / 1024:.0f} MiB"
    shared = ", ".join(f"{key} {value}" for key, value in SHARED.items())
    text = [
        heading("Small series by elman backtest", "python -m benchmarks.small_series FOLDER"),
        NOTE.format(shared=shared),
        *lines,
        "",
        *verdict(found),
        "",
        f"All of it took {spent} at its peak.",
        "",
        "## Options",
        "",
        *options_table(),
    ]
    print("\n".join(text))
    if names == list(SERIES):
        write("small_series", "\n".join(text))


if __name__ == "__main__":
    main()
