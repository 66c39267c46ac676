"""`elman demo elman1990` and `elman demo elman1991`: the experiments of two papers, the numbers beside theirs."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from elman.cli import show
from elman.errors import Interrupted, MissingExtraError, RunError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from elman.learn.report import Report
    from elman.tasks.papers.tables import Table

RESULTS = "results.json"


class Outcome(NamedTuple):
    """What an experiment has found: a table, and file name → what draws a figure."""

    table: "Table"
    figures: "Mapping[str, Callable[[], Figure]]"


class Done(NamedTuple):
    """An experiment that was finished: its table, the names of its figures, and how many seconds it took."""

    table: "Table"
    figures: Sequence[str]
    seconds: float


class Experiment(NamedTuple):
    """One experiment of a paper: its name, what is done in it, and how."""

    name: str
    says: str
    run: "Callable[[int, Report], Outcome]"


def _xor(seed: int, report: "Report") -> Outcome:
    from elman.cli.paper_figures import xor_figure
    from elman.tasks.papers import elman1990, tables

    result = elman1990.temporal_xor(seed, report=report)
    return Outcome(tables.xor_table(result), {"xor.png": lambda: xor_figure(result)})


def _letters(seed: int, report: "Report") -> Outcome:
    from elman.cli.paper_figures import letters_figure
    from elman.tasks.papers import elman1990, tables

    result = elman1990.letters(seed, report=report)
    return Outcome(tables.letters_table(result), {"letters.png": lambda: letters_figure(result)})


def _words(seed: int, report: "Report") -> Outcome:
    from elman.cli.paper_figures import words_figure
    from elman.tasks.papers import elman1990, tables

    result = elman1990.words(seed, report=report)
    return Outcome(tables.words_table(result), {"words.png": lambda: words_figure(result)})


def _classes(seed: int, report: "Report") -> Outcome:
    from elman.cli.paper_figures import classes_figure
    from elman.tasks.papers import elman1990, tables

    result = elman1990.word_classes(seed, report=report)
    return Outcome(tables.classes_table(result), {"word-classes.png": lambda: classes_figure(result)})


def _grammar(seed: int, report: "Report") -> Outcome:
    from elman.cli.paper_figures import beginnings_figure, paths_figure
    from elman.tasks.papers import elman1991, tables

    result = elman1991.learn_grammar(seed, report=report)
    figures = {
        "trajectories.png": lambda: paths_figure(result),
        "next-words.png": lambda: beginnings_figure(result),
    }
    return Outcome(tables.grammar_table(result), figures)


PAPERS: dict[str, Sequence[Experiment]] = {
    "elman1990": (
        Experiment("Temporal XOR", "3,000 bits, every third the XOR of the two before; which comes next?", _xor),
        Experiment("Letters", "1,000 syllables ba, dii and guuu; which letter comes next?", _letters),
        Experiment("Words", "200 sentences without spaces; do errors show where words begin?", _words),
        Experiment("Word classes", "10,000 sentences of 29 words; what is known of a word?", _classes),
    ),
    "elman1991": (
        Experiment(
            "Grammar",
            "Four times 10,000 sentences, 0 %, 25 %, 50 % and 75 % of them with relative clauses; what comes next?",
            _grammar,
        ),
    ),
}
SOURCES = {
    "elman1990": 'J. L. Elman, "Finding structure in time", Cognitive Science 14 (1990), 179-211',
    "elman1991": 'J. L. Elman, "Distributed representations, simple recurrent networks, and grammatical structure", '
    "Machine Learning 7 (1991), 195-225",
}


def reproduce(name: str, seed: int, out: Path, quiet: bool) -> None:
    """Run the experiments of a paper, print their numbers beside the paper's, and draw the figures.

    An experiment that an earlier command finished in the same folder is not made again.

    Args:
        name: one of `PAPERS`.
        seed: of the data and of the first weights.
        out: folder of the figures and of results.json.
        quiet: print only the results.

    Raises:
        Interrupted: by Ctrl-C.
        RunError: the folder holds the results of another paper or another seed.
        StorageError: it cannot be written.
    """
    from elman.learn.report import make_report

    report = make_report(quiet)
    results = _earlier(out, name, seed)
    report.say(f"{SOURCES[name]}\n")
    try:
        _run(name, seed, out, results, report)
    except KeyboardInterrupt as error:
        finished = len(results["experiments"])
        raise Interrupted(
            f"stopped by Ctrl-C after {finished} of {len(PAPERS[name])} experiments",
            fix="Run the same command again to go on with the next one.",
        ) from error


def _run(name: str, seed: int, out: Path, results: dict[str, Any], report: "Report") -> None:
    for experiment in PAPERS[name]:
        report.say(experiment.says)
        known, missing = _remembered(results["experiments"].get(experiment.name), out), ""
        if known:
            report.say("  done before")
        else:
            begin = time.perf_counter()
            table, figures = experiment.run(seed, report)
            drawn, missing = _draw(figures, out)
            known = Done(table, drawn, round(time.perf_counter() - begin, 1))
            if not missing:
                results["experiments"][experiment.name] = known._asdict() | {"table": table._asdict()}
                _write(results, out)
        print(f"\n{experiment.name} ({known.seconds:.0f} s)\n")
        show.table(known.table.rows, header=known.table.header, left=range(len(known.table.header)))
        print("".join(f"\nFigure: {out / figure}" for figure in known.figures) or f"\nNo figure: {missing}")
        print()


def _remembered(saved: object, out: Path) -> "Done | None":
    """What an earlier command saved of an experiment; None if it is not whole, or lacks a figure."""
    from elman.tasks.papers.tables import Table

    try:
        found = Done(**saved)  # pyright: ignore[reportCallIssue]
        table = Table(**found.table)  # pyright: ignore[reportCallIssue]
        width = len(table.header)
        whole = all(len(row) == width and all(isinstance(cell, str) for cell in row) for row in table.rows)
        there = bool(found.figures) and all((out / figure).exists() for figure in found.figures)
        return Done(table, list(found.figures), float(found.seconds)) if whole and there else None
    except (TypeError, ValueError):
        return None


def _draw(figures: "Mapping[str, Callable[[], Figure]]", out: Path) -> tuple[list[str], str]:
    """Write the figures; what was written, and why nothing could be drawn, if so."""
    from elman.plots.figure import save_figure

    try:
        drawn = {name: draw() for name, draw in figures.items()}
    except MissingExtraError as error:
        return [], str(error)
    _make(out)
    for name, figure in drawn.items():
        save_figure(figure, out / name)
    return list(drawn), ""


def _make(out: Path) -> None:
    from elman.data.files import storage_error

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(error, out) from error


def _earlier(out: Path, name: str, seed: int) -> dict[str, Any]:
    """What earlier commands left in the folder; nothing where that is not whole, or of another version.

    Raises:
        RunError: it holds the results of another paper or another seed.
    """
    import elman

    about = {"paper": name, "seed": seed, "version": elman.__version__}
    try:
        found = json.loads((out / RESULTS).read_bytes())
        before = {key: found[key] for key in about}
        whole = isinstance(found["experiments"], dict)
    except (OSError, ValueError, TypeError, KeyError):
        return {**about, "experiments": {}}
    if before["paper"] != name or before["seed"] != seed:
        raise RunError(
            f"{out} holds the results of {before['paper']} with seed {before['seed']}",
            expected=f"those of {name} with seed {seed}, or none",
            fix="Name another folder with --out.",
        )
    return found if whole and before == about else {**about, "experiments": {}}


def _write(results: Mapping[str, Any], out: Path) -> None:
    from elman.data.files import write_whole

    _make(out)
    write_whole(out / RESULTS, json.dumps(results, indent=1, ensure_ascii=False).encode())
