"""Train the recipes of language models: `python -m benchmarks.language FOLDER [NAME ...] [--seeds 1] [--runs PLACE]`.

FOLDER holds ptb and tinyshakespeare (also .gz). Every run goes the user's road: `elman train`, the epoch chosen on the
validation text, the test text measured once at the end, in one stream. Results go to benchmarks/results/<name>.md.
"""

from pathlib import Path
from typing import Any

from benchmarks.record import heading, write
from benchmarks.trainings import NOTE, arguments, elman, runs_at, train, weights

PTB = tuple(f"ptb/ptb.{part}.txt.gz" for part in ("train", "valid", "test"))
SHAKESPEARE = ("tinyshakespeare/input.txt.gz", "", "")  # validation and test are its end
FILES = {
    "ptb-srn": PTB,
    "ptb-lstm": PTB,
    "ptb-scrn": PTB,
    "ptb-best": PTB,
    "shakespeare": SHAKESPEARE,
    "shakespeare-long": SHAKESPEARE,
}
# Perplexity on the test text in Mikolov et al. (2014), for networks of these sizes.
PAPER = {"ptb-srn": 129, "ptb-lstm": 115, "ptb-scrn": 115}
PROMPT = {"shakespeare": "ROMEO:", "shakespeare-long": "ROMEO:"}


def table(runs: list[dict[str, Any]]) -> str:
    """One line per seed, then the counted runs of symbols."""
    measures = {"loss": "nats per symbol", "perplexity": "perplexity", "bits_per_character": "bits per character"}
    head = [f"{part} {name}" for part in ("validation", "test") for name in measures.values()]
    lines = [
        f"| seed | {' | '.join(head)} | best epoch | wall s | processor s | peak MiB |",
        "|" + "---|" * (len(head) + 5),
    ]
    for seed, one in enumerate(runs):
        history = one["info"]["history"]
        spent = [str(history["best_epoch"]), *(f"{one[key]:.0f}" for key in ("wall", "processor", "peak"))]
        lines.append(f"| {seed} | {' | '.join(_figures(one, 'model', measures) + spent)} |")
    simple = [name for name in runs[0]["info"]["results"]["test"] if name != "model"]
    lines += [f"| Kneser–Ney {name} | {' | '.join(_figures(runs[0], name, measures))} | | | | |" for name in simple]
    return "\n".join(lines)


def _figures(one: dict[str, Any], name: str, measures: dict[str, str]) -> list[str]:
    results = one["info"]["results"]
    return [f"{results[part][name][measure]:.4g}" for part in ("validation", "test") for measure in measures]


def main(folder: Path, names: list[str], seeds: int, runs_folder: Path | None) -> None:
    """Run the recipes and write their tables."""
    for name in names:
        files = [folder / file if file else None for file in FILES[name]]
        with runs_at(runs_folder) as place:
            runs = [train(name, files, place / f"{name}-{seed}", "--seed", seed) for seed in range(seeds)]
            sample = ["generate", place / f"{name}-0", "--length", 600, "--temperature", 0.8, "--seed", 0]
            written = elman(*sample, "--prompt", PROMPT.get(name, ""))
        text = heading(f"recipes/{name}.yaml", f"python -m benchmarks.language FOLDER {name} --seeds {seeds}")
        paper = f" Mikolov et al. (2014): test perplexity {PAPER[name]}." if name in PAPER else ""
        indented = "\n".join(f"    {line}".rstrip() for line in written.rstrip().split("\n"))
        drawn = f"Written by seed 0 at temperature 0.8, unedited:\n\n{indented}"
        write(name, f"{text}\nAbout {weights(runs[0]):,} weights.{paper} {NOTE}\n\n{table(runs)}\n\n{drawn}\n")


if __name__ == "__main__":
    given = arguments(__doc__, list(FILES))
    main(given.folder, given.names, given.seeds, given.runs)
