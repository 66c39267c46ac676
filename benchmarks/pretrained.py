"""A classifier that begins as a language model: `python -m benchmarks.pretrained FOLDER [--seeds 1]`.

FOLDER holds train.csv and test.csv (also .gz), as `elman data imdb` writes them. A language model reads the training
reviews without their labels (recipes/imdb-language.yaml); classifiers begin with it (recipes/imdb-pretrained.yaml),
their epoch chosen on validation rows of the training file, and are evaluated on the whole test file. The result goes to
benchmarks/results/imdb-pretrained.md.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.record import heading, write
from benchmarks.reviews import RECIPES, data_file, elman, table, train


def main(folder: Path, seeds: int) -> None:
    """Train both, evaluate, and write the table."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        language = Path(place) / "language"
        recipe = RECIPES / "imdb-language.yaml"
        elman("train", data_file(folder, "train"), "--config", recipe, "--out", language, "--quiet")
        about = json.loads(elman("info", language, "--json"))
        read = time.monotonic() - began
        runs, minutes = [], []
        for seed in range(seeds):
            out = Path(place) / str(seed)
            info = train(folder, RECIPES / "imdb-pretrained.yaml", seed, out, "--init-from", language)
            test = json.loads(elman("evaluate", out, data_file(folder, "test"), "--json"))
            runs.append({"seed": seed, "info": info, "test": test})
            minutes.append((time.monotonic() - began) / 60)
    perplexity = about["results"]["validation"]["model"]["perplexity"]
    weights = about["sizes"]["model.safetensors"] // 4
    command = f"python -m benchmarks.pretrained FOLDER --seeds {seeds}"
    text = heading("recipes/imdb-pretrained.yaml on the movie reviews", command)
    told = (
        f"The language model, about {weights:,} weights: {read / 60:.0f} minutes, perplexity {perplexity:.1f} on the "
        f"end of the training reviews. From nothing to the first classifier's test accuracy: {minutes[0]:.0f} minutes."
    )
    write("imdb-pretrained", f"{text}\n{told}\n\n{table(runs)}\n")


if __name__ == "__main__":
    words = sys.argv[1:]
    seeds = int(words.pop(words.index("--seeds") + 1)) if "--seeds" in words else 1
    words = [word for word in words if word != "--seeds"]
    if len(words) != 1:
        raise SystemExit(__doc__)
    main(Path(words[0]), seeds)
