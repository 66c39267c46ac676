"""What `elman check` prints about files of tagged sentences."""

from typing import TYPE_CHECKING, Any

from elman.cli import show
from elman.cli.findings import remarks, tell
from elman.data.tagged_options import TagDataOptions

if TYPE_CHECKING:
    from elman.tasks.tag.inspection import TagReport

MOST = 40


def check_tags(files: list[str], options: dict[str, Any], *, json: bool) -> int:
    """Print what is in files of tagged sentences; returns the exit code."""
    from elman.data.config_file import merge
    from elman.tasks.tag.inspection import inspect_tagged

    chosen, _ = merge(TagDataOptions, overrides=options)
    found = inspect_tagged(files, chosen)
    return tell(found, _print, json=json)


def _print(file: "TagReport") -> None:
    """One file: where it stands, its columns and lengths, the tags and labels, then what is wrong."""
    show.line(f"{file.path}: {file.sentences:,} sentences, {file.words:,} words, {file.format}")
    facts = [(role, f"column {name!r}") for role, name in file.columns.items()]
    facts.append(("a sentence", f"median {file.median:,} words, the longest {file.longest:,} at {file.longest_at}"))
    if file.scheme:
        facts.append(("entities", file.scheme.upper()))
    show.table(facts, left=(0, 1))
    for what, counts in (("tag", file.tags), ("label", file.labels)):
        if counts:
            print()
            whole = sum(counts.values())
            lines = [(name, f"{count:,}", f"{count / whole:.1%}") for name, count in counts.items()]
            show.table(lines[:MOST], header=(what, "words" if what == "tag" else "sentences", "share"))
            if len(lines) > MOST:
                print(f"… and {len(lines) - MOST:,} other {what}s")
    if file.problems or file.warnings or file.notes:
        print()
    remarks(problem=file.problems, warning=file.warnings, note=file.notes)
    for place in file.invalid_at:
        show.line(f"  {place}")
    if file.invalid > len(file.invalid_at):
        print(f"  … and {file.invalid - len(file.invalid_at):,} others")
