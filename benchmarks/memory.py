"""Long memory, by the papers' own tests: `python -m benchmarks.memory [--minutes M] [--quick]`.

Each cell climbs a ladder of lengths on each task until one is not solved within a budget of training steps; data is
drawn on the fly, Adam and clipping are the same for all, and at each length two rates of learning are tried, first the
one that solved the length before. Two processes of one thread each. Every trial is written to
benchmarks/results/memory.jsonl when it ends, and is not repeated: after `--minutes`, or a kill, the same command goes
on. The tables go to benchmarks/results/memory.md.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from benchmarks.memory_table import page
from benchmarks.memory_tasks import TASKS
from benchmarks.memory_trial import CELLS, SEED, trial
from benchmarks.record import RESULTS, write

RATES, BUDGET = (0.003, 0.001), 2000
QUICK: dict[str, Any] = {"cells": ["Elman", "LSTM", "GRU"], "lengths": (10, 20), "budget": 300}
Record = dict[str, Any]


def read(path: Path) -> list[Record]:
    """All trials so far; a last line that a kill has cut off is left out."""
    lines = path.read_text().split("\n")[:-1] if path.exists() else []
    return [json.loads(line) for line in lines]


def repair(path: Path) -> None:
    """Take away what a kill has left of a line, so that the next one stands alone."""
    text = path.read_text() if path.exists() else ""
    if text and not text.endswith("\n"):
        path.write_text(text[: text.rfind("\n") + 1])


def climb(name: str, cell: str, lengths: Sequence[int], budget: int, path: Path, deadline: float) -> str:
    """All trials of a cell on a task that are still to be made, from the shortest length on.

    Returns:
        How it ended, in words.
    """
    done = {(r["task"], r["cell"], r["T"], r["rate"], r["budget"], r["seed"]): r for r in read(path)}
    rates, longest = list(RATES), 0
    for length in lengths:
        solved = False
        for rate in list(rates):
            key = (name, cell, length, rate, budget, SEED)
            found = done.get(key) or trial(name, cell, length, rate, budget, deadline)
            if found is None:
                return "not finished"
            if key not in done:
                line = dict(zip(("task", "cell", "T", "rate", "budget", "seed"), key, strict=True)) | found
                with path.open("a") as file:  # one short write at the end of the file: processes do not mix lines
                    file.write(json.dumps(line) + "\n")
            if found["solved"]:
                solved, longest = True, length
                rates.sort(key=lambda other: other != rate)
                break
        if not solved:
            break
    return f"solved up to {longest}" if TASKS[name].solved is not None else "done"


def run(tasks: list[str], names: list[str], lengths: Sequence[int] | None, budget: int, path: Path, end: float) -> None:
    """All ladders, two at a time."""
    repair(path)
    pool = ProcessPoolExecutor(2, get_context("spawn"), initializer=torch.set_num_threads, initargs=(1,))
    with pool:
        jobs = {
            pool.submit(climb, task, cell, _lengths(task, lengths), budget, path, end): (task, cell)
            for cell in names
            for task in tasks
        }
        for job in as_completed(jobs):
            print(": ".join((*jobs[job], job.result())), file=sys.stderr)


def _lengths(task: str, wanted: Sequence[int] | None) -> Sequence[int]:
    """The ladder of a task, or a shorter one; data of one length has that one."""
    own = TASKS[task].lengths
    return own if wanted is None or len(own) == 1 else wanted


def main() -> None:
    """Read the command line, run what is missing, write the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description="Long memory.")
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after so long; go on with the next call")
    parser.add_argument("--quick", action="store_true", help="three cells, short lengths; prints, writes nothing")
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--cells", nargs="+", choices=CELLS, default=list(CELLS))
    given = parser.parse_args()
    end = time.time() + 60 * given.minutes
    if given.quick:
        from tempfile import TemporaryDirectory

        with TemporaryDirectory() as folder:
            path = Path(folder) / "memory.jsonl"
            run(given.tasks, QUICK["cells"], QUICK["lengths"], QUICK["budget"], path, end)
            print(page(read(path), QUICK["budget"], RATES, "python -m benchmarks.memory --quick"))
        return
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / "memory.jsonl"
    run(given.tasks, given.cells, None, BUDGET, path, end)
    write("memory", page(read(path), BUDGET, RATES, "python -m benchmarks.memory"))


if __name__ == "__main__":
    main()
