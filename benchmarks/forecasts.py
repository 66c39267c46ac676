"""Train the forecasting recipes: `python -m benchmarks.forecasts FOLDER [NAME ...] [--seeds 1] [--runs PLACE]`.

FOLDER holds m4/Hourly-train.csv.gz, m4/Hourly-test.csv.gz, the same of Weekly, ett/ETTh1.csv.gz and ett/ETTm1.csv.gz.
Each seed is one run of `elman train`; the epoch is chosen on the newest steps of the training data, and what follows
them is measured once. Results go to benchmarks/results/<name>.md.
"""

import statistics
from pathlib import Path
from typing import Any

from benchmarks.record import heading, write
from benchmarks.trainings import NOTE, arguments, runs_at, train, weights

FILES = {
    "m4-hourly": ("m4/Hourly-train.csv.gz", "", "m4/Hourly-test.csv.gz"),
    "m4-weekly": ("m4/Weekly-train.csv.gz", "", "m4/Weekly-test.csv.gz"),
    "etth1": ("ett/ETTh1.csv.gz", "", ""),
    "ettm1": ("ett/ETTm1.csv.gz", "", ""),
}
# What others report: M4 as in the competition (ES-RNN its winner), ETT at horizon 96.
OTHERS = {
    "m4-hourly": "sMAPE elsewhere: ES-RNN 9.33, the competition's own recurrent network 14.7, naive 18.4.",
    "m4-weekly": "sMAPE elsewhere: ES-RNN 7.82, the competition's own recurrent network 15.2, naive 9.2.",
    "etth1": "Scaled mse elsewhere: SegRNN 0.351 with 720 steps looked back on and 0.368 with 96, a plain GRU 1.135.",
}
SCORES = ("smape", "mase", "owa", "scaled mse", "scaled mae")


def table(runs: list[dict[str, Any]]) -> str:
    """One line per seed, their mean, then the baselines."""
    results = [one["info"]["results"]["test"] for one in runs]
    columns = [name for name in SCORES if name in results[0]["model"]]
    lines = [f"| seed | {' | '.join(columns)} | best epoch | wall s | processor s | peak MiB |"]
    lines.append("|---" * (5 + len(columns)) + "|")
    for seed, (one, own) in enumerate(zip(runs, results, strict=True)):
        figures = [f"{own['model'][name]:.3f}" for name in columns]
        spent = [str(one["info"]["history"]["best_epoch"])]
        spent += [f"{one[key]:.0f}" for key in ("wall", "processor", "peak")]
        lines.append(f"| {seed} | {' | '.join(figures + spent)} |")
    if len(runs) > 1:
        means = [statistics.mean(own["model"][name] for own in results) for name in columns]
        lines.append(f"| **mean** | {' | '.join(f'**{mean:.3f}**' for mean in means)} | | | | |")
    for name, scores in results[0].items():
        if name != "model":
            figures = " | ".join(f"{scores[c]:.3f}" if scores.get(c) is not None else "" for c in columns)
            lines.append(f"| {name}, {scores['windows']:,} windows | {figures} | | | | |")
    return "\n".join([*lines, "", f"{results[0]['model']['windows']:,} windows are measured."])


def main(folder: Path, names: list[str], seeds: int, runs_folder: Path | None) -> None:
    """Run the recipes and write their tables."""
    for name in names:
        files = [folder / file if file else None for file in FILES[name]]
        with runs_at(runs_folder) as place:
            runs = [train(name, files, place / f"{name}-{seed}", "--seed", seed) for seed in range(seeds)]
        head = heading(f"recipes/{name}.yaml", f"python -m benchmarks.forecasts FOLDER {name} --seeds {seeds}")
        about = f"About {weights(runs[0]):,} weights. {NOTE} {OTHERS.get(name, '')}".rstrip()
        write(name, f"{head}\n{about}\n\n{table(runs)}\n")


if __name__ == "__main__":
    given = arguments(__doc__, list(FILES))
    main(given.folder, given.names, given.seeds, given.runs)
