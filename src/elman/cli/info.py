"""`elman info`: what a run folder holds, read without torch and checked against its sums."""

import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from elman.cli import show

ENDS = {
    "epochs": "all that were asked for",
    "patience": "ended since the validation loss no longer fell",
    "max_minutes": "ended by the bound on its time",
}


def info(
    run: Path,
    /,
    *,
    json: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
) -> None:
    """Show what a run folder holds: its data, training, results and options.

    Args:
        run: the run folder of a trained model.
        json: print one JSON object instead.
    """
    from elman.learn.folder import open_run
    from elman.tasks import part

    found = open_run(run)
    sizes = {name: len(content) for name, content in found.files.items()}
    if json:
        show.as_json({"path": str(run), **found.about, "config": found.config, "sizes": sizes})
        return
    show.table(_facts(run, found.about, sum(sizes.values())), left=(0, 1))
    if results := found.about.get("results"):
        text = part(found.about.get("task", ""), "results")(results)
        print(f"\n{show.fit(show.printable(text, keep=chr(10)), sys.stdout)}\n")
    show.table([(group, _values(options)) for group, options in found.config.items()], left=(0, 1))


def _facts(run: Path, about: dict[str, Any], size: int) -> list[tuple[str, str]]:
    """What run.json tells, in words."""
    from elman.learn.report import duration

    facts = [("run", f"{run}, whole: {size:,} bytes with the right sums"), ("task", about.get("task", "unknown"))]
    facts.append(("written by", f"elman {about['elman']}"))
    if classes := about.get("classes"):
        shown = ", ".join(classes[:20]) + (f", … ({len(classes) - 20} more)" if len(classes) > 20 else "")
        facts.append(("classes", f"{len(classes)}: {shown}"))
    unit = "symbols" if about.get("task") == "generate" else "rows"
    for name, digest in about.get("data", {}).items():
        rows = about.get("rows", {}).get(name)
        words = [about.get("files", {}).get(name, ""), f"{rows:,} {unit}" if rows else "", f"SHA-256 {digest[:16]}…"]
        facts.append((name, ", ".join(filter(None, words))))
    if history := about.get("history"):
        spent = f"{len(history['epochs'])} epochs, {history['steps']:,} steps, {duration(history['seconds'])}"
        end = ENDS.get(history["stopped_by"], history["stopped_by"])
        facts.append(("trained", f"{spent}, {end}; the weights are those of epoch {history['best_epoch']}"))
    return facts


def _values(options: Any) -> str:
    """One group of options in one line."""
    if not isinstance(options, dict):
        return str(options)
    return ", ".join(f"{name} {'–' if value is None else value}" for name, value in options.items())
