"""Which choice breaks the tutorial's notebook: `python -m benchmarks.notebook FOLDER`.

From the notebook as it stands one choice at a time is mended; from the network that works one choice at a time is
spoiled. Each is one run with seed 0, measured on the validation rows of the training file: the question is what
learns at all, not the last percent. The table goes to benchmarks/results/notebook-choices.md.
"""

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.record import heading, write
from benchmarks.reviews import train
from benchmarks.trainings import RECIPES

MENDED: dict[str, list[object]] = {
    "the notebook as it stands": [],
    "real lengths instead of padding": ["--pad-to", 0],
    "one layer instead of three": ["--layers", 1],
    "tanh instead of ReLU": ["--activation", "tanh"],
    "the last 228 symbols instead of the first": ["--keep", "last"],
    "mean and maximum over the steps instead of the last": ["--pooling", "mean+max"],
    "clipping at norm 1": ["--clip", 1],
    "Adam, one-cycle": ["--optimizer", "adam", "--learning-rate", 0.003, "--schedule", "one-cycle", "--warmup", 0.3],
}
SPOILED: dict[str, list[object]] = {
    "the tutorial's network made to work": [],
    "padded to 400 after the text": ["--pad-to", 400],
    "three layers": ["--layers", 3],
    "ReLU": ["--activation", "relu"],
    "no clipping": ["--clip", 0],
    "the first 228 symbols": ["--keep", "first", "--max-length", 228],
    "no dropout": ["--word-dropout", 0, "--embedding-dropout", 0, "--dropout", 0],
    "rmsprop, constant step size 0.001": [
        *("--optimizer", "rmsprop", "--learning-rate", 0.001, "--schedule", "constant", "--warmup", 0)
    ],
}


def line(name: str, info: dict[str, Any]) -> str:
    """A row of the table: the last training loss, the best validation accuracy and when."""
    epochs = info["history"]["epochs"]
    best = max(epochs, key=lambda epoch: epoch["validation_accuracy"])
    return f"| {name} | {epochs[-1]['loss']:.3f} | {100 * best['validation_accuracy']:.1f} | {best['epoch']} |"


def main(folder: Path) -> None:
    """Run all variants, two at a time."""
    text = heading("Which choice breaks the notebook", "python -m benchmarks.notebook FOLDER")
    for title, recipe, variants in (
        ("The notebook with one choice mended", "imdb-notebook", MENDED),
        ("The network that works with one choice spoiled", "imdb-tutorial", SPOILED),
    ):
        with tempfile.TemporaryDirectory() as place, ThreadPoolExecutor(2) as pool:
            jobs = {
                name: pool.submit(train, folder, RECIPES / f"{recipe}.yaml", 0, Path(place) / str(i), *flags)
                for i, (name, flags) in enumerate(variants.items())
            }
            rows = [line(name, job.result()) for name, job in jobs.items()]
        columns = "| | last training loss | best validation accuracy % | in epoch |\n|---|---|---|---|"
        text += f"\n## {title}\n\n{columns}\n" + "\n".join(rows) + "\n"
        write("notebook-choices", text)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
