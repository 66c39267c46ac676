"""Train the forecasting recipes over several seeds: `python -m benchmarks.forecasts FOLDER [RECIPE ...]`.

FOLDER holds m4/Hourly-train.csv.gz, m4/Hourly-test.csv.gz, the same of Weekly, and ett/ETTh1.csv.gz. Each of three
seeds is one run of `elman train`; the epoch is chosen on the newest steps of the training data, and what follows them
is measured once. Results go to benchmarks/results/RECIPE.md.
"""

import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.record import heading, write
from benchmarks.trainings import RECIPES, elman

FILES = {
    "m4-hourly": ("m4/Hourly-train.csv.gz", "m4/Hourly-test.csv.gz"),
    "m4-weekly": ("m4/Weekly-train.csv.gz", "m4/Weekly-test.csv.gz"),
    "etth1": ("ett/ETTh1.csv.gz", None),
}
SEEDS = (0, 1, 2)
SCORES = ("smape", "mase", "owa", "scaled mse", "scaled mae")


def run(folder: Path, recipe: str, seed: int, out: Path) -> dict[str, Any]:
    """Train one seed; what `elman info` tells about it."""
    train, test = FILES[recipe]
    flags = ["--test", folder / test] if test else []
    config = RECIPES / f"{recipe}.yaml"
    elman("train", folder / train, "--config", config, "--seed", seed, "--out", out, "--quiet", *flags)
    return json.loads(elman("info", out, "--json"))


def table(runs: list[dict[str, Any]]) -> str:
    """One line per seed, then the mean, then the baselines."""
    first = runs[0]["results"]["test"]
    columns = [name for name in SCORES if name in first["model"]]
    lines = [f"| seed | seconds | {' | '.join(columns)} |", "|---" * (2 + len(columns)) + "|"]
    for seed, one in zip(SEEDS, runs, strict=False):
        figures = " | ".join(f"{one['results']['test']['model'][name]:.3f}" for name in columns)
        lines.append(f"| {seed} | {one['history']['seconds']:.0f} | {figures} |")
    means = [statistics.mean(one["results"]["test"]["model"][name] for one in runs) for name in columns]
    lines.append(f"| **mean** | | {' | '.join(f'**{mean:.3f}**' for mean in means)} |")
    for name, scores in first.items():
        if name != "model":
            figures = " | ".join(f"{scores[c]:.3f}" if scores.get(c) is not None else "" for c in columns)
            lines.append(f"| {name}, {scores['windows']:,} windows | | {figures} |")
    return "\n".join([*lines, "", f"{first['model']['windows']:,} windows are measured."])


def main(folder: Path, names: list[str]) -> None:
    """Run the recipes and write their tables."""
    for name in names:
        with tempfile.TemporaryDirectory() as place:
            runs = [run(folder, name, seed, Path(place) / str(seed)) for seed in SEEDS]
        head = heading(f"recipes/{name}.yaml", f"python -m benchmarks.forecasts FOLDER {name}")
        write(name, f"{head}\n{table(runs)}\n")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2:] or list(FILES))
