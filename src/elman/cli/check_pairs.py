"""What `elman check` prints about files of pairs of texts."""

from typing import Any

from elman.cli import show
from elman.cli.findings import remarks, tell
from elman.data.parallel_options import PairDataOptions


def check_pairs(files: list[str], options: dict[str, Any], *, json: bool) -> int:
    """Print what is in files of pairs; returns the exit code."""
    from elman.data.config_file import merge
    from elman.data.pair_inspection import inspect_pairs

    chosen, _ = merge(PairDataOptions, overrides=options)
    return tell(inspect_pairs(files, chosen), _print, json=json)


def _print(report: Any) -> None:
    show.line(f"{report.path}: {report.pairs:,} pairs")
    rows = zip(("source", "target"), report.names, report.medians, report.longest, strict=True)
    header = ("", "named", "characters (median)", "longest")
    show.table([(side, name, f"{m:,}", f"{n:,}") for side, name, m, n in rows], header=header, left=(0, 1))
    remarks(problem=report.problems, warning=report.warnings, note=report.notes)
