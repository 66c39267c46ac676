"""Train the recipes that write texts from texts: `python -m benchmarks.texts FOLDER [NAME ...] [--runs PLACE]`.

FOLDER holds multi30k, tatoeba_eng_fra and dailydialog (also .gz). Every run goes the user's road: `elman train`, the
epoch chosen on the validation pairs, the test pairs measured once at the end. sacrebleu must be there. Results go to
benchmarks/results/<name>.md.
"""

from pathlib import Path
from typing import Any

from benchmarks.record import heading, write
from benchmarks.trainings import NOTE, arguments, runs_at, train, weights

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


def table(one: dict[str, Any]) -> str:
    """One line per part of the data, then what it cost."""
    about: dict[str, Any] = one["info"]
    results = about["results"]
    columns = {title: key for title, key in COLUMNS[about["task"]].items() if any(key in r for r in results.values())}
    lines = [f"| | rows | {' | '.join(columns)} |", "|---" * (len(columns) + 2) + "|"]
    for part, r in results.items():
        digits = {key: 2 if key in ("bleu", "bleu_all", "chrf", "perplexity") else 3 for key in columns.values()}
        figures = [f"{r[key]:.{digits[key]}f}" if key in r else "" for key in columns.values()]
        lines.append(f"| {part} | {r['rows']:,} | {' | '.join(figures)} |")
    history, first = about["history"], next(iter(results.values()))
    options = about["config"]["training"]
    lines += [
        "",
        f"About {weights(one):,} weights, seed {options['seed']}, threads: {options['threads']}, "
        f"epochs: {len(history['epochs'])} ({history['steps']:,} steps), epoch {history['best_epoch']} kept; "
        f"wall time {one['wall']:,.0f} s, processor time {one['processor']:,.0f} s, "
        f"peak memory {one['peak']:,.0f} MiB. {NOTE}",
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


def main(folder: Path, names: list[str], seeds: int, runs_folder: Path | None) -> None:
    """Run the recipes and write their tables."""
    for name in names:
        files = [folder / file if file else None for file in FILES[name]]
        for seed in range(seeds):
            with runs_at(runs_folder) as place:
                out = place / f"{name}-{seed}"
                one = train(name, files, out, "--seed", seed)
                more = exchanges(out) if one["info"]["task"] == "chat" else ""
            text = heading(f"recipes/{name}.yaml", f"python -m benchmarks.texts FOLDER {name}")
            write(name if not seed else f"{name}-{seed}", f"{text}\n{table(one)}\n{more}")


if __name__ == "__main__":
    given = arguments(__doc__, list(FILES))
    main(given.folder, given.names, given.seeds, given.runs)
