"""What `elman check` prints about a text to learn a language from."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from elman.cli import show
from elman.cli.findings import remarks, tell
from elman.data.corpus_options import CorpusOptions
from elman.data.findings import Findings, Report
from elman.data.plain_text import PlainText, cut_at
from elman.errors import ElmanError

MOST = 20
FEW = 100_000  # characters, below which little can be learned
LONG = 100_000  # characters of a line


@dataclass(frozen=True)
class CorpusReport(Report):
    """A text as it was found: its sizes, and its symbols."""

    characters: int = 0
    different_characters: int = 0
    lines: int = 0
    longest_line: dict[str, int] = field(default_factory=dict)
    words: int = 0
    different_words: int = 0
    words_seen_once: int = 0
    rarest_characters: list[str] = field(default_factory=list)


def check_corpus(files: list[str], options: dict[str, Any], *, json: bool) -> int:
    """Print what is in some texts, which are read piece after piece; returns the exit code."""
    from elman.data.config_file import merge

    chosen, _ = merge(CorpusOptions, overrides=options)
    return tell(Findings([_report(file, chosen) for file in files], []), _print, json=json)


def _report(file: str, options: CorpusOptions) -> CorpusReport:
    try:
        return _inspect(PlainText(file, options))
    except ElmanError as error:
        return CorpusReport(file, str(error), error.exit_code)


def _inspect(text: PlainText) -> CorpusReport:
    """Sizes, frequencies, and what is wrong."""
    notes: list[str] = []
    letters: Counter[str] = Counter()
    words: Counter[str] = Counter()
    lines = longest = at = held = 0
    for piece in text.pieces(notes.append):
        letters.update(piece)
        words.update(word for word in piece.split() if len(word) <= 100)
        for line in piece.split("\n")[:-1]:
            lines, held = lines + 1, held + len(line)
            longest, at = (held, lines) if held > longest else (longest, at)
            held = 0
        held += len(piece) - piece.rfind("\n") - 1
    lines += held > 0
    longest, at = (held, lines) if held > longest else (longest, at)
    characters = letters.total()
    return CorpusReport(
        path=text.path,
        characters=characters,
        different_characters=len(letters),
        lines=lines,
        longest_line={"characters": longest, "line": at},
        words=words.total(),
        different_words=len(words),
        words_seen_once=sum(count == 1 for count in words.values()),
        rarest_characters=[name for name, _ in sorted(letters.items(), key=lambda each: each[1])[:MOST]],
        notes=notes,
        warnings=_warnings(characters, longest, at),
        problems=_problems(characters, letters),
    )


def _problems(characters: int, letters: Iterable[str]) -> list[str]:
    """What training would stop at."""
    if not characters:
        return ["the text is empty"]
    if all(letter.isspace() for letter in letters):
        return ["the text is blank"]
    share = CorpusOptions().validation_share
    if not cut_at(characters, share):
        return [f"{characters} characters are too few to keep {share:g} of them for measuring"]
    return []


def _warnings(characters: int, longest: int, at: int) -> list[str]:
    found: list[str] = []
    if 0 < characters < FEW:
        found.append(f"{characters:,} characters are few: a network will learn them by heart")
    if longest > LONG:
        found.append(f"line {at:,} has {longest:,} characters: is this one text per line?")
    return found


def _print(report: CorpusReport) -> None:
    path, line = report.path, report.longest_line
    show.line(f"{path}: {report.characters:,} characters, {report.lines:,} lines")
    rare = " ".join(repr(name)[1:-1] for name in report.rarest_characters)
    once, words = report.words_seen_once, report.words
    show.table(
        [
            ("characters", f"{report.different_characters:,} different ones; the rarest: {rare}"),
            ("words", f"{words:,} between spaces, {report.different_words:,} different ones, {once:,} seen once"),
            ("lines", f"the longest has {line['characters']:,} characters, line {line['line']:,}"),
        ],
        left=(0, 1),
    )
    remarks(note=report.notes, warning=report.warnings, problem=report.problems)
