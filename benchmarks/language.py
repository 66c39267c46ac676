"""Train the recipes of language models: `python -m benchmarks.language FOLDER [NAME ...] [--seeds 1]`.

FOLDER holds ptb and tinyshakespeare (also .gz). Every run goes the user's road: `elman train`, the epoch chosen on the
validation text, the test text measured once at the end, in one stream. Results go to benchmarks/results/<name>.md.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.record import heading, write
from benchmarks.reviews import RECIPES, elman

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


def run(folder: Path, name: str, seed: int, out: Path) -> dict[str, Any]:
    """Train one seed: its results, wall and processor seconds, and peak memory in MiB."""
    train, validation, test = FILES[name]
    command = [sys.executable, "-m", "elman", "train", folder / train, "--config", RECIPES / f"{name}.yaml", "--quiet"]
    for flag, file in (("--validation", validation), ("--test", test)):
        command += [flag, folder / file] if file else []
    command += ["--seed", seed, "--out", out]
    began = time.monotonic()
    process = subprocess.Popen(list(map(str, command)))
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{name}, seed {seed}: training ended with {os.waitstatus_to_exitcode(status)}")
    spent = {"wall": time.monotonic() - began, "processor": usage.ru_utime + usage.ru_stime}
    return {"seed": seed, "info": json.loads(elman("info", out, "--json")), "peak": usage.ru_maxrss / 1024, **spent}


def table(runs: list[dict[str, Any]]) -> str:
    """One line per seed, then the counted runs of symbols."""
    measures = {"loss": "nats per symbol", "perplexity": "perplexity", "bits_per_character": "bits per character"}
    head = [f"{part} {name}" for part in ("validation", "test") for name in measures.values()]
    lines = [
        f"| seed | {' | '.join(head)} | best epoch | wall s | processor s | peak MiB |",
        "|" + "---|" * (len(head) + 5),
    ]
    for one in runs:
        history = one["info"]["history"]
        spent = [str(history["best_epoch"]), *(f"{one[key]:.0f}" for key in ("wall", "processor", "peak"))]
        lines.append(f"| {one['seed']} | {' | '.join(_figures(one, 'model', measures) + spent)} |")
    simple = [name for name in runs[0]["info"]["results"]["test"] if name != "model"]
    lines += [f"| Kneser–Ney {name} | {' | '.join(_figures(runs[0], name, measures))} | | | | |" for name in simple]
    return "\n".join(lines)


def _figures(one: dict[str, Any], name: str, measures: dict[str, str]) -> list[str]:
    results = one["info"]["results"]
    return [f"{results[part][name][measure]:.4g}" for part in ("validation", "test") for measure in measures]


def main(folder: Path, names: list[str], seeds: int) -> None:
    """Run the recipes and write their tables."""
    for name in names:
        with tempfile.TemporaryDirectory() as place:
            runs = [run(folder, name, seed, Path(place) / str(seed)) for seed in range(seeds)]
            sample = ["generate", Path(place) / "0", "--length", 600, "--temperature", 0.8, "--seed", 0]
            written = elman(*sample, "--prompt", PROMPT.get(name, ""))
        command = f"python -m benchmarks.language FOLDER {name} --seeds {seeds}"
        text = heading(f"recipes/{name}.yaml", command)
        size = runs[0]["info"]["sizes"]["model.safetensors"] // 4
        paper = f" Mikolov et al. (2014): test perplexity {PAPER[name]}." if name in PAPER else ""
        note = "Where other work ran beside it, wall time is longer than processor time."
        indented = "\n".join(f"    {line}".rstrip() for line in written.rstrip().split("\n"))
        drawn = f"Written by seed 0 at temperature 0.8, unedited:\n\n{indented}"
        write(name, f"{text}\nAbout {size:,} weights.{paper} {note}\n\n{table(runs)}\n\n{drawn}\n")


if __name__ == "__main__":
    words = sys.argv[1:]
    seeds = int(words.pop(words.index("--seeds") + 1)) if "--seeds" in words else 1
    words = [word for word in words if word != "--seeds"]
    if not words:
        raise SystemExit(__doc__)
    main(Path(words[0]), words[1:] or list(FILES), seeds)
