"""Classify the series of the UCR/UEA archive with the defaults: `python -m benchmarks.series FOLDER [NAME ...]`.

FOLDER holds NAME_TRAIN.ts and NAME_TEST.ts (also .gz), the archive's own split. Each of five seeds is one run of
`elman train`, then `elman evaluate` on the test file; nothing is chosen on it: without --validation the training loss
chooses the epoch. Results go to benchmarks/results/series.md.
"""

import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.record import heading, write
from benchmarks.reviews import elman, spread

NAMES = ("JapaneseVowels", "GunPoint", "ItalyPowerDemand", "ArrowHead")
SEEDS = range(5)


def part(folder: Path, name: str, which: str) -> Path:
    """NAME_TRAIN.ts or NAME_TRAIN.ts.gz."""
    found = [path for end in (".ts", ".ts.gz") if (path := folder / f"{name}_{which}{end}").exists()]
    if not found:
        raise SystemExit(f"there is no {name}_{which}.ts in {folder}")
    return found[0]


def run(folder: Path, name: str, seed: int, out: Path) -> dict[str, Any]:
    """Train one seed and evaluate it."""
    train, test = part(folder, name, "TRAIN"), part(folder, name, "TEST")
    elman("train", train, "--task", "classify", "--seed", seed, "--out", out, "--quiet")
    info = json.loads(elman("info", out, "--json"))
    return {"history": info["history"], "test": json.loads(elman("evaluate", out, test, "--json"))}


def row(name: str, runs: list[dict[str, Any]]) -> str:
    """Mean accuracy over the seeds, the nearest series beside it, seconds of one training."""
    accuracy = [one["test"]["accuracy"] for one in runs]
    nearest = runs[0]["test"]["contrasts"]["nearest"]["accuracy"]
    seconds = statistics.median(one["history"]["seconds"] for one in runs)
    shares = f"{spread(accuracy)} | {100 * min(accuracy):.2f} | {100 * nearest:.2f}"
    return f"| {name} | {runs[0]['test']['rows']} | {shares} | {seconds:.0f} |"


def main(folder: Path, names: list[str]) -> None:
    """All sets, one after another."""
    lines = [
        "| set | test series | test accuracy %, mean ± deviation of 5 seeds | least | nearest series | seconds |",
        "|---|---|---|---|---|---|",
    ]
    for name in names:
        with tempfile.TemporaryDirectory() as place:
            lines.append(row(name, [run(folder, name, seed, Path(place) / str(seed)) for seed in SEEDS]))
        print(lines[-1], file=sys.stderr)
    head = heading("Series of the UCR/UEA archive, default options", "python -m benchmarks.series FOLDER")
    note = "Seconds: the median training, one thread; other work was running beside it." if "--busy" in sys.argv else ""
    write("series", "\n".join([head, *lines, "", note]))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), [name for name in sys.argv[2:] if not name.startswith("-")] or list(NAMES))
