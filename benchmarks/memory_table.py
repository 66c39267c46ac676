"""The results page of `benchmarks.memory` from its trials, beside what papers report."""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from benchmarks.memory_tasks import TASKS, Task
from benchmarks.memory_trial import BATCH, CELLS, CLIP, HIDDEN, SEED
from benchmarks.record import heading

Records = list[dict[str, Any]]
ONE_SEED = "One seed: a length more or less is no difference."
BAI, NIPS = "Bai et al. 2018, table 1", "Hochreiter and Schmidhuber, NIPS 1996"
PAPERS = [  # task, what is reported, where, whether it was read there
    (
        "adding, T = 600",
        "mean squared error: plain RNN 0.177, LSTM 0.164, GRU 5.3e-5, TCN 5.8e-5, of equal sizes",
        BAI,
        "yes",
    ),
    ("adding", "an LSTM solves what no other network of the time did; right is an error below 0.04", NIPS, "yes"),
    ("adding", "LSTM at T = 100, 500 and 1,000", "Hochreiter and Schmidhuber 1997", "not verified"),
    (
        "adding",
        "0.1767 as the error without memory, where 1/6 is what follows from the task",
        "several",
        "not verified",
    ),
    ("adding", "IRNN on a par with LSTM", "Le et al. 2015", "in the abstract only"),
    ("long sequences", "IndRNN above 5,000 steps", "the authors' page on their code", "yes"),
    (
        "copying, T = 1000",
        "cross-entropy: plain RNN 0.0202, LSTM 0.0204, GRU 0.0197, TCN 3.5e-5; without memory 10 log 8 / 1020 = 0.0204",
        BAI,
        "yes",
    ),
    (
        "copying",
        "a unitary RNN solves it at several hundred blanks, an LSTM does not",
        "Arjovsky et al. 2016",
        "not verified",
    ),
    ("temporal order", "an LSTM solves it; all outputs off by less than 0.3", NIPS, "yes; the lengths not"),
    ("pixel MNIST, 784 steps", "accuracy: plain RNN 21.5 %, LSTM 87.2 %, GRU 96.2 %, TCN 99.0 %", BAI, "yes"),
    ("permuted pixel MNIST", "accuracy: plain RNN 25.3 %, LSTM 85.7 %, GRU 87.3 %, TCN 97.2 %", BAI, "yes"),
    ("pixel MNIST", "IRNN: 93 % after 900 epochs", "an example that comes with Keras", "yes"),
    ("pixel MNIST", "IRNN: about 97 %, permuted about 82 %", "Le et al. 2015", "not verified"),
]


def page(records: Records, budget: int, rates: Sequence[float], command: str) -> str:
    """The whole page as Markdown; records of another budget or seed are left out."""
    records = [r for r in records if r["budget"] == budget and r["seed"] == SEED]
    try:
        sklearn = version("scikit-learn")
    except PackageNotFoundError:
        sklearn = "none"
    text = [
        heading("Long memory, by the papers' own tests", command).rstrip(),
        f"- scikit-learn {sklearn} (the digits); two processes of one thread each",
        "",
        f"Layers of {HIDDEN} units, batches of {BATCH} sequences, Adam with a rate of {' or '.join(map(str, rates))} "
        f"(the better one), gradients clipped at norm {CLIP:g}, at most {budget:,} steps of training at each length, "
        f"seed {SEED}. A cell that fails at one length at both rates is not tried at longer ones. {ONE_SEED} *Steps*, "
        "*seconds* and *rate* are those of the trial that solved the longest length. Seconds are wall time, beside "
        "whatever else the machine did: an order of magnitude.",
        "",
    ]
    for name, task in TASKS.items():
        own = [r for r in records if r["task"] == name]
        if own:
            rows = _ladders(own, task, len(rates)) if task.solved is not None else _accuracies(own, len(rates))
            text += [f"## {task.title}", "", task.text, "", *rows, ""]
    text += ["## What papers report", "", "Other sizes, budgets and data: for orientation, not for comparison.", ""]
    text += ["| task | reported | where | read there |", "|---|---|---|---|"]
    return "\n".join([*text, *("| " + " | ".join(row) + " |" for row in PAPERS)])


def _by_cell(records: Records) -> dict[str, Records]:
    """In the order in which the cells are listed."""
    return {cell: own for cell in CELLS if (own := [r for r in records if r["cell"] == cell])}


def _ladders(records: Records, task: Task, rates: int) -> list[str]:
    rows = [
        "| cell | weights | longest T solved | steps | seconds | rate | right at the next T, % |",
        "|---|---|---|---|---|---|---|",
    ]
    found: list[tuple[int, int, str]] = []
    for cell, own in _by_cell(records).items():
        solved = max((r for r in own if r["solved"]), key=lambda r: r["T"], default=None)
        beyond = [r for r in own if solved is None or r["T"] > solved["T"]]
        right = f"{100 * max(r['right'] for r in beyond):.1f}" if beyond else ""
        if len(beyond) < rates:  # the last length was solved, or trials are still to be made
            right = "–" if solved and solved["T"] == task.lengths[-1] else f"{right} (not finished)".strip()
        if solved is None:
            found.append((0, 0, f"| {cell} | {own[0]['weights']:,} | none | – | – | – | {right} |"))
        else:
            line = f"| {cell} | {solved['weights']:,} | {solved['T']} | {solved['steps']:,} | {solved['seconds']:.0f} |"
            found.append((-solved["T"], solved["steps"], f"{line} {solved['rate']} | {right} |"))
    return rows + [line for *_, line in sorted(found, key=lambda item: item[:2])]


def _accuracies(records: Records, rates: int) -> list[str]:
    rows = ["| cell | weights | test accuracy, % | training loss | seconds | rate |", "|---|---|---|---|---|---|"]
    found: list[tuple[float, str]] = []
    for cell, own in _by_cell(records).items():
        best = max(own, key=lambda r: r["validation"])
        mark = "" if len(own) == rates else " (one rate so far)"
        line = f"| {cell}{mark} | {best['weights']:,} | {100 * best['test']:.1f} | {best['loss']:.3f} |"
        found.append((-best["test"], f"{line} {best['seconds']:.0f} | {best['rate']} |"))
    return rows + [line for _, line in sorted(found)]
