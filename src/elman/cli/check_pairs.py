"""What `elman check` prints about files of pairs of texts."""

import dataclasses
import sys
from typing import Any

from elman.cli import show
from elman.data.parallel_options import PairDataOptions


def check_pairs(files: list[str], options: dict[str, Any], *, json: bool) -> int:
    """Print what is in files of pairs; returns the exit code."""
    from elman.data.config_file import merge
    from elman.data.pair_inspection import inspect_pairs

    chosen, _ = merge(PairDataOptions, overrides=options)
    reports, shared = inspect_pairs(files, chosen)
    bad = [report for report in reports if report.error]
    if json:
        show.as_json({"files": [dataclasses.asdict(r) for r in reports], "warnings": shared, "sound": not bad})
    else:
        for report in reports:
            if not report.error:
                _print(report)
        for sentence in shared:
            show.line(f"warning: {sentence}")
        if not bad and not shared and not any(report.warnings for report in reports):
            print("Nothing is wrong.")
    for report in bad:
        print(show.fit(f"elman: {show.printable(report.error)}", sys.stderr), file=sys.stderr)
    return max((report.exit_code for report in bad), default=0)


def _print(report: Any) -> None:
    show.line(f"{report.path}: {report.pairs:,} pairs")
    rows = zip(("source", "target"), report.names, report.medians, report.longest, strict=True)
    header = ("", "named", "characters (median)", "longest")
    show.table([(side, name, f"{m:,}", f"{n:,}") for side, name, m, n in rows], header=header, left=(0, 1))
    for kind, sentences in (("warning", report.warnings), ("note", report.notes)):
        for sentence in sentences:
            show.line(f"{kind}: {sentence}")
