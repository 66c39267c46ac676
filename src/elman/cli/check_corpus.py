"""What `elman check` prints about a text to learn a language from."""

import sys
from collections import Counter
from typing import Any

from elman.cli import show
from elman.data.corpus_options import CorpusOptions
from elman.data.plain_text import PlainText
from elman.errors import ElmanError

MOST = 20
FEW = 100_000  # characters, below which little can be learned
LONG = 100_000  # characters of a line


def check_corpus(files: list[str], options: dict[str, Any], *, json: bool) -> int:
    """Print what is in some texts, which are read piece after piece; returns the exit code."""
    from elman.data.config_file import merge

    chosen, _ = merge(CorpusOptions, overrides=options)
    code, found = 0, list[dict[str, Any]]()
    for file in files:
        try:
            found.append(_inspect(PlainText(file, chosen)))
        except ElmanError as error:
            code = max(code, error.exit_code)
            print(show.fit(f"elman: {show.printable(str(error))}", sys.stderr), file=sys.stderr)
    if any(report["problems"] for report in found):
        code = max(code, 2)
    if json:
        show.as_json({"files": found, "sound": not code})
    for report in found if not json else ():
        _print(report)
    return code


def _inspect(text: PlainText) -> dict[str, Any]:
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
    return {
        "path": text.path,
        "characters": characters,
        "different_characters": len(letters),
        "lines": lines,
        "longest_line": {"characters": longest, "line": at},
        "words": words.total(),
        "different_words": len(words),
        "words_seen_once": sum(count == 1 for count in words.values()),
        "rarest_characters": [name for name, _ in sorted(letters.items(), key=lambda each: each[1])[:MOST]],
        "notes": notes,
        "warnings": _warnings(characters, longest, at),
        "problems": [] if characters else ["the text is empty"],
    }


def _warnings(characters: int, longest: int, at: int) -> list[str]:
    found: list[str] = []
    if 0 < characters < FEW:
        found.append(f"{characters:,} characters are few: a network will learn them by heart")
    if longest > LONG:
        found.append(f"line {at:,} has {longest:,} characters: is this one text per line?")
    return found


def _print(report: dict[str, Any]) -> None:
    path, line = report["path"], report["longest_line"]
    show.line(f"{path}: {report['characters']:,} characters, {report['lines']:,} lines")
    rare = " ".join(repr(name)[1:-1] for name in report["rarest_characters"])
    once, words = report["words_seen_once"], report["words"]
    show.table(
        [
            ("characters", f"{report['different_characters']:,} different ones; the rarest: {rare}"),
            ("words", f"{words:,} between spaces, {report['different_words']:,} different ones, {once:,} seen once"),
            ("lines", f"the longest has {line['characters']:,} characters, line {line['line']:,}"),
        ],
        left=(0, 1),
    )
    for kind in ("note", "warning", "problem"):
        for words in report[f"{kind}s"]:
            show.line(f"{kind}: {words}")
    if not report["warnings"] and not report["problems"]:
        print("Nothing is wrong.")
