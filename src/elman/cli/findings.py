"""What `elman check` prints of its findings, whatever the task."""

import dataclasses
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from elman.cli import show
from elman.data.findings import Findings, Report
from elman.errors import ElmanError

Own = TypeVar("Own", bound=Report)
ONLY_TOLD = ("times", "ahead")  # kinds of problems of series that are none


def tell(found: Findings[Own], one: Callable[[Own], None], *, json: bool) -> int:
    """Print each report with `one`, and what the files share; returns the exit code: 2 if training would refuse one."""
    if json:
        show.as_json({**dataclasses.asdict(found), "sound": found.sound})
    readable = [report for report in found.files if not report.error]
    for report in () if json else readable:
        one(report)
        print()
    if not json:
        remarks(warning=found.warnings)
        if readable and found.sound and not found.warnings and not any(report.warnings for report in readable):
            print("Nothing is wrong.")
    for report in found.files:
        refuse(report.error)
    return found.exit_code


def remarks_on(report: dict[str, Any]) -> None:
    """Print what was noticed in series, and the notes; what is as it should be is only told."""
    told = [problem["sentence"] for problem in report["noticed"] if problem["kind"] in ONLY_TOLD]
    wrong = [problem["sentence"] for problem in report["noticed"] if problem["kind"] not in ONLY_TOLD]
    remarks(warning=wrong, note=[*told, *report["notes"]])
    if not wrong:
        print("Nothing is wrong.")


def tell_plain(
    files: Sequence[str], look: Callable[[str], dict[str, Any]], one: Callable[[dict[str, Any]], None], *, json: bool
) -> int:
    """Look into every file and print its report, plain values, with `one`; returns the exit code.

    What training would stop at stands in the report as "problems", sentences.

    Args:
        files: their names.
        look: makes the report of a file.
        one: prints it.
        json: print all of them as one JSON object instead.
    """
    found: list[dict[str, Any]] = []
    code = 0
    for file in files:
        try:
            found.append(look(file))
            code = max(code, 2 if found[-1].get("problems") else 0)
        except ElmanError as error:
            found.append({"path": file, "error": str(error)})
            code = max(code, error.exit_code)
    if json:
        show.as_json({"files": found, "sound": not code})
        return code
    for report in found:
        if "error" in report:
            refuse(report["error"])
        else:
            one(report)
    return code


def remarks(**sentences: Sequence[str]) -> None:
    """Print sentences, each after what it is: a problem, a warning or a note."""
    for kind, own in sentences.items():
        for sentence in own:
            show.line(f"{kind}: {sentence}")


def refuse(error: str) -> None:
    """Print why a file cannot be read, if there is a reason, beside the output."""
    if error:
        print(show.fit(f"elman: {show.printable(error)}", sys.stderr), file=sys.stderr)
