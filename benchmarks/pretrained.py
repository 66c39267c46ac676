"""A classifier that begins as a language model: `python -m benchmarks.pretrained FOLDER [--seeds 1] [--runs PLACE]`.

FOLDER holds train.csv and test.csv (also .gz), as `elman data imdb` writes them. A language model reads the training
reviews without their labels (recipes/imdb-language.yaml); classifiers begin with it (recipes/imdb-pretrained.yaml),
their epoch chosen on validation rows of the training file, and are evaluated on the whole test file. The result goes to
benchmarks/results/imdb-pretrained.md.
"""

import json
from pathlib import Path

from benchmarks.record import heading, write
from benchmarks.reviews import data_file, table
from benchmarks.trainings import NOTE, arguments, elman, runs_at, train, weights


def main(folder: Path, seeds: int, runs_folder: Path | None) -> None:
    """Train both, evaluate, and write the table."""
    reviews = [data_file(folder, "train")]
    with runs_at(runs_folder) as place:
        language = train("imdb-language", reviews, place / "language")
        runs = []
        for seed in range(seeds):
            out = place / f"pretrained-{seed}"
            one = train("imdb-pretrained", reviews, out, "--seed", seed, "--init-from", place / "language")
            test = json.loads(elman("evaluate", out, data_file(folder, "test"), "--json"))
            runs.append({"seed": seed, "test": test, **one})
    perplexity = language["info"]["results"]["validation"]["model"]["perplexity"]
    costs = {"language model": language, **{f"classifier, seed {one['seed']}": one for one in runs}}
    spent = [
        f"| {name} | {weights(one):,} | {one['wall']:,.0f} | {one['processor']:,.0f} | {one['peak']:,.0f} |"
        for name, one in costs.items()
    ]
    text = [
        heading("recipes/imdb-pretrained.yaml on the movie reviews", "python -m benchmarks.pretrained FOLDER"),
        f"The language model has perplexity {perplexity:.1f} on the end of the training reviews. {NOTE}\n",
        "| training | weights, about | wall s | processor s | peak MiB |\n|---|---|---|---|---|",
        "\n".join([*spent, ""]),
        table(runs),
    ]
    write("imdb-pretrained", "\n".join(text))


if __name__ == "__main__":
    given = arguments(__doc__)
    main(given.folder, given.seeds, given.runs)
