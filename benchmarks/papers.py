"""The experiments of Elman (1990) and (1991) over several seeds: `python -m benchmarks.papers` (a quarter of an hour).

    python -m benchmarks.papers elman1990 --seeds 0 1 2

For 1991 also what is not in the demo: the same number of sentences of the last phase's complexity from the start, and
the gradient cut after every step, as in the paper.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace

from benchmarks.record import heading, write
from elman.cli.papers import PAPERS, SOURCES
from elman.learn.report import Silent
from elman.tasks.papers import elman1991
from elman.tasks.papers.tables import Table, grammar_table

NOTE = """{source}.

What `elman demo {name} --seed SEED` prints, for each seed, and how many seconds each experiment took, on one thread.
"best possible" is computed from how the sequences are drawn. Figures of the paper marked "from memory" have not been
checked against the printed page; where the paper has a figure only, the table says what it shows."""


def main() -> None:
    """Run all seeds of the papers named, and write a file for each paper after each experiment."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("papers", nargs="*", default=[*PAPERS])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    chosen = parser.parse_args()
    command = " ".join(["python -m benchmarks.papers", *sys.argv[1:]])
    parts: dict[str, list[str]] = {}
    for name in chosen.papers:
        note = NOTE.format(source=SOURCES[name], name=name)
        parts[name] = [heading(f"{name[:5].capitalize()} ({name[5:]}) again", command), note]
        for experiment in PAPERS[name]:
            tables: dict[int, Table] = {}
            seconds: list[str] = []
            for seed in chosen.seeds:
                begin = time.perf_counter()
                tables[seed] = experiment.run(seed, Silent()).table
                seconds.append(f"{time.perf_counter() - begin:.0f}")
            parts[name] += section(experiment.name, f"{experiment.says} Seconds: {', '.join(seconds)}.", tables)
            write(name, "\n".join(parts[name]))
    for title, says, seeds, options in contrasts(chosen.seeds) if "elman1991" in parts else ():
        tables = {seed: grammar_table(elman1991.learn_grammar(seed, **options)) for seed in seeds}
        parts["elman1991"] += section(title, says, tables)
        write("elman1991", "\n".join(parts["elman1991"]))


def contrasts(seeds: Sequence[int]) -> list[tuple[str, str, Sequence[int], dict]]:
    """Title, what is done, seeds, and the arguments of `learn_grammar`."""
    most = elman1991.PHASES[-1]
    at_once = {"phases": (most,) * len(elman1991.PHASES)}
    cut = {"learning": replace(elman1991.LEARNING, steps=1)}
    says = (
        f"As many sentences, {most:.0%} of them with clauses from the first to the last, instead of growing complexity."
    )
    return [
        ("Not starting small", says, seeds, at_once),
        ("The gradient cut after every step", "As in the paper, in ten rows side by side.", seeds[:1], cut),
    ]


def section(title: str, says: str, tables: dict[int, Table]) -> list[str]:
    """A heading, a sentence, and one table with a line for each measure and seed."""
    first = next(iter(tables.values()))
    lines = ["", f"## {title}", "", says, ""]
    lines += [f"| measure | seed | {' | '.join(first.header[1:])} |", "|---" * (len(first.header) + 1) + "|"]
    for number, row in enumerate(first.rows):
        for seed, table in tables.items():
            cells = [cell.replace("|", "/") for cell in table.rows[number][1:]]
            lines.append(f"| {row[0].strip() if seed == next(iter(tables)) else ''} | {seed} | {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    main()
