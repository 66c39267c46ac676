"""Train the movie-review recipes over several seeds: `python -m benchmarks.reviews FOLDER [RECIPE ...]`.

FOLDER holds train.csv and test.csv (also .gz), as `elman data imdb` writes them. Every run goes the user's road:
`elman train`, then `elman evaluate` on the whole test file; the epoch is chosen on validation rows of the training
file. Two runs go at a time, one thread each. Results go to benchmarks/results/<recipe>.md.
"""

import json
import statistics
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.record import heading, write
from benchmarks.trainings import RECIPES, elman

SEEDS = (0, 1, 2)


def data_file(folder: Path, name: str) -> Path:
    """train.csv or train.csv.gz."""
    return next(path for path in (folder / f"{name}.csv", folder / f"{name}.csv.gz") if path.exists())


def train(folder: Path, recipe: Path, seed: int, out: Path, *flags: object) -> dict[str, Any]:
    """Train one seed; what `elman info` tells about it."""
    elman("train", data_file(folder, "train"), "--config", recipe, "--seed", seed, "--out", out, "--quiet", *flags)
    return json.loads(elman("info", out, "--json"))


def run(folder: Path, recipe: Path, seed: int, out: Path) -> dict[str, Any]:
    """Train one seed and evaluate it on the test file."""
    info = train(folder, recipe, seed, out)
    return {"seed": seed, "info": info, "test": json.loads(elman("evaluate", out, data_file(folder, "test"), "--json"))}


def spread(values: list[float]) -> str:
    """Mean in per cent, and standard deviation if there are several."""
    deviation = f" ± {100 * statistics.stdev(values):.2f}" if len(values) > 1 else ""
    return f"{100 * statistics.mean(values):.2f}{deviation}"


def table(runs: list[dict[str, Any]]) -> str:
    """One line per seed, then mean and spread."""
    lines = [
        "| seed | epochs | best | seconds | validation % | test % | bag of words, test % | majority, test % |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in runs:
        history, test = one["info"]["history"], one["test"]
        shares = [history["best"]["validation_accuracy"], test["accuracy"]]
        shares += [test["contrasts"][name]["accuracy"] for name in ("bag_of_words", "majority")]
        figures = " | ".join(f"{100 * share:.2f}" for share in shares)
        spent = f"{len(history['epochs'])} | {history['best_epoch']} | {history['seconds']:.0f}"
        lines.append(f"| {one['seed']} | {spent} | {figures} |")
    mean = spread([one["test"]["accuracy"] for one in runs])
    over = "one seed" if len(runs) == 1 else f"mean ± standard deviation over {len(runs)} seeds"
    return "\n".join([*lines, "", f"Test accuracy, {over}: **{mean} %**."])


def main(folder: Path, names: list[str]) -> None:
    """Run the recipes and write their tables."""
    for name in names:
        recipe = RECIPES / f"{name}.yaml"
        with tempfile.TemporaryDirectory() as place, ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(run, folder, recipe, seed, Path(place) / str(seed)) for seed in SEEDS]
            runs = [job.result() for job in jobs]
        text = heading(f"recipes/{name}.yaml on the movie reviews", f"python -m benchmarks.reviews FOLDER {name}")
        write(name, f"{text}\n{table(runs)}\n")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2:] or ["imdb-tutorial", "imdb", "imdb-notebook"])
