"""What `elman check` prints about files of texts and labels."""

import dataclasses
import sys
from typing import TYPE_CHECKING, Any

from elman.cli import show
from elman.data.options import DataOptions

if TYPE_CHECKING:
    from elman.data.inspection import FileReport, Inspection

MOST_LABELS = 40


def check_texts(files: list[str], options: dict[str, Any], *, json: bool) -> int:
    """Print what is in files of texts and labels; returns the exit code."""
    from elman.data.config_file import merge
    from elman.data.inspection import inspect_files

    chosen, _ = merge(DataOptions, overrides=options)
    found = inspect_files(files, chosen)
    if json:
        show.as_json({**dataclasses.asdict(found), "sound": found.sound})
    else:
        _print(found)
    for report in found.files:
        if report.error:
            print(show.fit(f"elman: {show.printable(report.error)}", sys.stderr), file=sys.stderr)
    return 0 if found.sound else max(2, *(report.exit_code for report in found.files))


def _print(found: "Inspection") -> None:
    readable = [file for file in found.files if not file.error]
    for file in readable:
        _print_file(file)
        print()
    for warning in found.warnings:
        show.line(f"warning: {warning}")
    if readable and found.sound and not found.warnings and not any(file.warnings for file in readable):
        print("Nothing is wrong.")


def _print_file(file: "FileReport") -> None:
    """One file: where it stands, its columns, lengths and labels, then what is wrong."""
    show.line(", ".join(filter(None, [f"{file.path}: {file.rows:,} rows", file.format, file.encoding])))
    facts: list[tuple[str, str]] = []
    if file.read is not None:
        for role, name in (("text", file.read.text), ("label", file.read.label)):
            if name is not None:
                why = file.read.why.get(role)
                facts.append((role, f"column {name!r}{f', {why}' if why else ''}"))
    unread = [name for name in file.columns if file.read is None or name not in (file.read.text, file.read.label)]
    if unread:
        facts.append(("not read", ", ".join(map(repr, unread))))
    if file.words is not None:
        facts += [
            ("words", f"median {file.words.median:,}, 90 % of the texts up to {file.words.ninety:,}"),
            ("", f"shortest {file.words.least:,}, longest {file.words.most:,} at {file.words.longest}"),
        ]
    if file.missing:
        facts.append(("missing", ", ".join(f"{name!r}: {count:,}" for name, count in file.missing.items())))
    show.table(facts, left=(0, 1))
    if file.labels:
        print()
        _print_labels(file.labels, file.rows)
    if file.problems or file.warnings or file.notes:
        print()
    for kind, sentences in (("problem", file.problems), ("warning", file.warnings), ("note", file.notes)):
        for sentence in sentences:
            show.line(f"{kind}: {sentence}")


def _print_labels(labels: dict[str, int], rows: int) -> None:
    """Rows and share of each label; of very many labels the first in order."""
    lines = [(name, f"{count:,}", f"{count / max(1, rows):.1%}") for name, count in labels.items()]
    show.table(lines[:MOST_LABELS], header=("label", "rows", "share"))
    if len(lines) > MOST_LABELS:
        print(f"… and {len(lines) - MOST_LABELS:,} other labels")
