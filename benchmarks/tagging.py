"""Train the tagging recipes: `python -m benchmarks.tagging FOLDER [NAME ...] [--seeds 3] [--runs PLACE]`.

FOLDER holds ud_ewt, snips and wnut17 as their authors publish them (also .gz). Every run goes the user's road: `elman
train` with one thread, the epoch chosen on the validation file, the test file measured once at the end. Results go to
benchmarks/results/<name>.md.
"""

import statistics
from pathlib import Path
from typing import Any

from benchmarks.record import heading, write
from benchmarks.trainings import NOTE, arguments, runs_at, train, weights

# Training, validation and test file of each recipe, and what its authors, or those after them, report on the test.
FILES = {
    "ewt": ("ud_ewt/en_ewt-ud-train.conllu.gz", "ud_ewt/en_ewt-ud-dev.conllu.gz", "ud_ewt/en_ewt-ud-test.conllu.gz"),
    "snips": ("snips/train", "snips/valid", "snips/test"),
    "wnut17": ("wnut17/wnut17train.conll.gz", "wnut17/emerging.dev.conll.gz", "wnut17/emerging.test.annotated.gz"),
}


def measure(numbers: dict[str, Any]) -> list[float]:
    """Accuracy, that of new words, and where there are some, F1 of entities, accuracy of labels, and both right."""
    found = [numbers["accuracy"], numbers["unknown_words"]["accuracy"]]
    if "entities" in numbers:
        found.append(numbers["entities"]["f1"])
    if "label" in numbers:
        found += [numbers["label"]["accuracy"], numbers["label"]["both"]]
    return found


def table(runs: list[dict[str, Any]]) -> str:
    """One line per seed, the contrast, then the means."""
    names = ["accuracy", "new words", "entity F1", "label", "both right"]
    results = [one["info"]["results"] for one in runs]
    names = names[: len(measure(results[0]["test"]["model"]))]
    head = [f"{part} {name}" for part in ("validation", "test") for name in names]
    lines = [
        f"| seed | {' | '.join(head)} | best epoch | wall s | processor s | peak MiB |",
        "|" + "---|" * (2 * len(names) + 5),
    ]
    for seed, (one, own) in enumerate(zip(runs, results, strict=True)):
        figures = [f"{100 * x:.2f}" for part in ("validation", "test") for x in measure(own[part]["model"])]
        history = one["info"]["history"]
        spent = [str(history["best_epoch"]), *(f"{one[key]:.0f}" for key in ("wall", "processor", "peak"))]
        lines.append(f"| {seed} | {' | '.join(figures + spent)} |")
    simple = [results[0][part].get("most_frequent") for part in ("validation", "test")]
    if all(simple):
        figures = [f"{100 * x:.2f}" for numbers in simple for x in measure(numbers)]
        lines.append(f"| most frequent tag | {' | '.join(figures)} | | | | |")
    means = []
    for k, name in enumerate(names):
        values = [100 * measure(own["test"]["model"])[k] for own in results]
        spread = f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else ""
        means.append(f"{name} {statistics.mean(values):.2f}{spread} %")
    return "\n".join(
        [*lines, "", f"Test, {'one seed' if len(runs) == 1 else f'mean over {len(runs)} seeds'}: {', '.join(means)}."]
    )


def main(folder: Path, names: list[str], seeds: int, runs_folder: Path | None) -> None:
    """Run the recipes and write their tables."""
    for name in names:
        files = [folder / file for file in FILES[name]]
        with runs_at(runs_folder) as place:
            runs = [
                train(name, files, place / f"{name}-{seed}", "--seed", seed, "--threads", 1) for seed in range(seeds)
            ]
        text = heading(f"recipes/{name}.yaml", f"python -m benchmarks.tagging FOLDER {name} --seeds {seeds}")
        write(name, f"{text}\nAbout {weights(runs[0]):,} weights. One thread each. {NOTE}\n\n{table(runs)}\n")


if __name__ == "__main__":
    given = arguments(__doc__, list(FILES), seeds=3)
    main(given.folder, given.names, given.seeds, given.runs)
