"""What `elman check` prints about files of texts and labels."""

from typing import TYPE_CHECKING, Any

from elman.cli import show
from elman.cli.findings import remarks, tell
from elman.data.options import DataOptions

if TYPE_CHECKING:
    from elman.data.inspection import FileReport

MOST_LABELS = 40


def check_texts(files: list[str], options: dict[str, Any], *, json: bool) -> int:
    """Print what is in files of texts and labels; returns the exit code."""
    from elman.data.config_file import merge
    from elman.data.inspection import inspect_files

    chosen, _ = merge(DataOptions, overrides=options)
    found = inspect_files(files, chosen)
    return tell(found, _print, json=json)


def _print(file: "FileReport") -> None:
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
    remarks(problem=file.problems, warning=file.warnings, note=file.notes)


def _print_labels(labels: dict[str, int], rows: int) -> None:
    """Rows and share of each label; of very many labels the first in order."""
    lines = [(name, f"{count:,}", f"{count / max(1, rows):.1%}") for name, count in labels.items()]
    show.table(lines[:MOST_LABELS], header=("label", "rows", "share"))
    if len(lines) > MOST_LABELS:
        print(f"… and {len(lines) - MOST_LABELS:,} other labels")
