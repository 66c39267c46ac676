"""`elman translate`: the translation of every text of a file, or of the standard input."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from elman.cli.by_task import FOR_TRAINING, load_for
from elman.cli.flags import with_options
from elman.cli.lines import lines
from elman.cli.sending import send
from elman.cli.show import printable, written
from elman.data.files import need_folder
from elman.data.parallel_options import PairDataOptions
from elman.errors import ConfigError

SHOWN = 5  # places that are named
NOT_FOR_TRANSLATING = ("target", *FOR_TRAINING)


@with_options(PairDataOptions, leave_out=NOT_FOR_TRANSLATING)
def translate(
    run: Path,
    file: Annotated[str, Parameter(allow_leading_hyphen=True)] = "-",
    /,
    *,
    beam: int | None = None,
    length_penalty: float | None = None,
    n_best: int = 1,
    attention: Path | None = None,
    out: Annotated[Path | None, Parameter(alias="-o")] = None,
    **options: Any,
) -> None:
    """Translate the texts of a file, or of the standard input, one line for each.

    Args:
        run: the run folder of a trained translator.
        file: lines of text, or a table with a column of texts; - for the standard input.
        beam: prefixes kept by the search; that of the training's options if not given.
        length_penalty: how much long translations are favoured; that of the training's options if not given.
        n_best: with more than 1: so many translations of each text, as lines of its number, the score, and the text.
        attention: draw what the attention looked at, for one text, into this file (.png, .svg or .pdf).
        out: file to write; the standard output if not given.
    """
    for name, value in (("--n-best", n_best), ("--beam", beam)):
        if value is not None and not 1 <= value <= 1000:
            raise ConfigError(f"{name} is {value}", expected="a whole number of at least 1 and of at most 1,000")
    for path in (out, attention):
        if path is not None:
            need_folder(path)
    model = load_for("translate", run)
    search = {"beam": beam, "length_penalty": length_penalty}
    if file == "-" and sys.stdin.isatty() and attention is None and out is None:
        _talk(model, n_best, search)
        return
    pairs = model.read(file, need_target=False, **options)
    for note in [*pairs.notes, *_cut(model, pairs.sources, pairs.place)]:
        print(printable(note), file=sys.stderr)
    if attention is not None:
        _draw(model, pairs.sources, attention, search)
    send("".join(_lines(model, pairs.sources, n_best, search)).encode(), out)
    if out is not None:
        print(f"{out}: {len(pairs):,} texts", file=sys.stderr)


def _cut(model: Any, texts: list[str], place: Callable[[int], str]) -> list[str]:
    """A sentence about texts of which only the beginning is translated, if there are any."""
    rows = model.cut(texts)
    if not rows:
        return []
    more = f" and {len(rows) - SHOWN:,} more" if len(rows) > SHOWN else ""
    places = f"({', '.join(place(row) for row in rows[:SHOWN])}{more})"
    most = model.symbols.options.max_length
    return [
        f"only the first {most:,} symbols are translated of {len(rows):,} long text{'s' * (len(rows) > 1)} {places}"
    ]


def _lines(model: Any, texts: list[str], count: int, search: dict[str, Any]) -> list[str]:
    if count == 1:
        return [f"{_one_line(text)}\n" for text in model.translate(texts, **search)]
    rows = model.best(texts, count, **search)
    return [f"{i}\t{one.score:.4f}\t{_one_line(one.text)}\n" for i, row in enumerate(rows, 1) for one in row]


def _one_line(text: str) -> str:
    """A translation as one line: what it begins and ends with decides nothing."""
    return " ".join(text.split("\n")).replace("\r", " ")


def _talk(model: Any, count: int, search: dict[str, Any]) -> None:
    """Translate line after line as they are typed."""
    print("One text per line; Ctrl-D ends.", file=sys.stderr)
    for number, line in enumerate(lines(), 1):
        for note in _cut(model, [line], lambda _, number=number: f"line {number}"):
            print(note, file=sys.stderr)
        for translation in _lines(model, [line], count, search):
            print(written(translation.rstrip("\n"), keep="\t"), flush=True)


def _draw(model: Any, texts: list[str], path: Path, search: dict[str, Any]) -> None:
    from elman.plots.attention import draw_attention
    from elman.plots.figure import save_figure

    if len(texts) != 1:
        raise ConfigError(f"--attention is given, and there are {len(texts):,} texts", expected="one text to draw")
    found = model.attention(texts[0], **search)
    save_figure(draw_attention(found.weights, found.source, found.target), path)
