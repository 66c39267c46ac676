"""Train the recipes that write texts from texts: `python -m benchmarks.texts FOLDER [NAME ...] [--seed 0]`.

FOLDER holds multi30k, tatoeba_eng_fra and dailydialog (also .gz). Every run goes the user's road: `elman train`, the
epoch chosen on the validation pairs, the test pairs measured once at the end. sacrebleu must be there. Results go to
benchmarks/results/<name>.md.
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

# Training, validation and test file of each recipe; those that are not given are shares of the training file.
FILES = {
    "multi30k": ("multi30k/train", "multi30k/val", "multi30k/test_2016_flickr"),
    "tatoeba": ("tatoeba_eng_fra/fra.txt.gz", "", ""),
    "dailydialog": tuple(f"dailydialog/dialogues_{part}.txt.gz" for part in ("train", "validation", "test")),
}
COLUMNS = {
    "translate": {
        "BLEU": "bleu",
        "BLEU, all references": "bleu_all",
        "chrF": "chrf",
        "perplexity": "perplexity",
        "length": "length",
    },
    "chat": {
        "perplexity": "perplexity",
        "distinct-1": "distinct_1",
        "distinct-2": "distinct_2",
        "given distinct-1": "given_distinct_1",
        "given distinct-2": "given_distinct_2",
    },
}
ASKED = (
    ["Good morning!"],
    ["How was your weekend?"],
    ["Can I help you?", "Yes, I am looking for a winter coat.", "What size do you wear?"],
    ["I am so tired today."],
    ["Would you like tea or coffee?"],
    ["Excuse me, how do I get to the station?"],
    ["My brother passed his exam.", "That is wonderful! Is he happy?", "Very. Shall we buy him a present?"],
    ["The soup is cold."],
    ["Do you like films?", "Yes, I do. I often go to the cinema.", "What did you see last?"],
    ["I have lost my passport."],
    ["Let us meet at six."],
    ["Thank you for your help. Goodbye!"],
)
NOTE = "Where other work ran beside it, wall time is longer than processor time."


def run(folder: Path, name: str, seed: int, out: Path) -> dict[str, Any]:
    """Train; wall and processor seconds, and peak memory in MiB."""
    train, validation, test = FILES[name]
    command = [sys.executable, "-m", "elman", "train", folder / train, "--config", RECIPES / f"{name}.yaml", "--quiet"]
    for flag, file in (("--validation", validation), ("--test", test)):
        command += [flag, folder / file] if file else []
    command += ["--seed", seed, "--out", out]
    began = time.monotonic()
    process = subprocess.Popen(list(map(str, command)))
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{name}: training ended with {os.waitstatus_to_exitcode(status)}")
    spent = {"wall": time.monotonic() - began, "processor": usage.ru_utime + usage.ru_stime}
    return {**spent, "peak": usage.ru_maxrss / 1024}


def table(about: dict[str, Any], spent: dict[str, Any]) -> str:
    """One line per part of the data, then what it cost."""
    results = about["results"]
    columns = {title: key for title, key in COLUMNS[about["task"]].items() if any(key in r for r in results.values())}
    lines = [f"| | rows | {' | '.join(columns)} |", "|---" * (len(columns) + 2) + "|"]
    for part, r in results.items():
        digits = {key: 2 if key in ("bleu", "bleu_all", "chrf", "perplexity") else 3 for key in columns.values()}
        figures = [f"{r[key]:.{digits[key]}f}" if key in r else "" for key in columns.values()]
        lines.append(f"| {part} | {r['rows']:,} | {' | '.join(figures)} |")
    history, first = about["history"], next(iter(results.values()))
    cost = ", ".join(f"{label} {spent[key]:,.0f} {unit}" for key, label, unit in (
        ("wall", "wall time", "s"), ("processor", "processor time", "s"), ("peak", "peak memory", "MiB"),
    ) if key in spent)  # fmt: skip
    options, size = about["config"]["training"], about["sizes"]["model.safetensors"] // 4
    lines += [
        "",
        f"About {size:,} weights, seed {options['seed']}, threads: {options['threads']}, "
        f"epochs: {len(history['epochs'])} ({history['steps']:,} steps), "
        f""
        f"epoch {history['best_epoch']} kept; {cost}. {NOTE}",
    ]
    lines += [
        f"\n{name} {first[key]}."
        for name, key in (("BLEU", "bleu_signature"), ("chrF", "chrf_signature"))
        if key in first
    ]
    return "\n".join(lines)


def exchanges(out: Path) -> str:
    """Answers to a dozen dialogues, the first that were drawn."""
    import elman as library

    model = library.load(out)
    lines = ["", "## A dozen answers, as they came", ""]
    for turns in ASKED:
        answer = model.replies([turns], seed=0)[0]
        lines += [*(f"- {turn}" for turn in turns), f"- **{answer}**", ""]
    return "\n".join(lines)


def report(name: str, seed: int, out: Path, spent: dict[str, Any]) -> None:
    """Write what came of a finished run."""
    about = json.loads(elman("info", out, "--json"))
    text = heading(f"recipes/{name}.yaml", f"python -m benchmarks.texts FOLDER {name} --seed {seed}")
    more = exchanges(out) if about["task"] == "chat" else ""
    write(name, f"{text}\n{table(about, spent)}\n{more}")


def main(folder: Path, names: list[str], seed: int) -> None:
    """Run the recipes and write their tables."""
    for name in names:
        with tempfile.TemporaryDirectory() as place:
            out = Path(place) / "run"
            report(name, seed, out, run(folder, name, seed, out))


if __name__ == "__main__":
    words = sys.argv[1:]
    seed = int(words.pop(words.index("--seed") + 1)) if "--seed" in words else 0
    words = [word for word in words if word != "--seed"]
    if not words:
        raise SystemExit(__doc__)
    main(Path(words[0]), words[1:] or list(FILES), seed)
