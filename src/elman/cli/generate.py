"""`elman generate`: a language model continues a text."""

import inspect
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from elman.cli.by_task import load_for
from elman.cli.lines import whole
from elman.cli.show import printable, written
from elman.data.files import STDIN
from elman.errors import ConfigError

Text = Annotated[str, Parameter(allow_leading_hyphen=True)]


def generate(
    run: Path,
    /,
    *,
    prompt: Annotated[Text, Parameter(alias="-p")] = "",
    length: int = 300,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    repetition: float = 1.0,
    no_repeat: int = 0,
    seed: int | None = None,
    stop: Annotated[list[Text] | None, Parameter(negative=())] = None,
    beam: int = 0,
    stream: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
) -> None:
    """Continue a text: the prompt and what a language model writes after it.

    Args:
        run: the run folder of a trained language model.
        prompt: the text to continue; - reads it from the standard input.
        length: symbols to write at most; 0: without end.
        temperature: 1 draws from the model's own probabilities, less prefers what is probable, 0 takes the best.
        top_k: draw from so many of the most probable symbols only; 0: from all.
        top_p: draw from the most probable symbols that have this probability together; 1: from all.
        repetition: what the log-probability of a symbol that was written before is multiplied by, at least 1.
        no_repeat: no run of so many symbols is written twice; 0: no such rule.
        seed: the same number gives the same text.
        stop: end before this text; may be given several times. Write \\n for a line end, \\\\ for a backslash.
        beam: search for the most probable continuation, with so many prefixes, instead of drawing; 0: draw. Only
            --length goes with it, and one --stop that is a symbol.
        stream: show every symbol as it is written, also where the output is a pipe.
    """
    drawing: dict[str, Any] = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "repetition": repetition}
    drawing |= {"no_repeat": no_repeat, "seed": seed}
    if beam:
        _refuse_for_beam(beam, length, drawing)
    model = load_for("generate", run)
    text = whole() if prompt == STDIN else prompt
    if unseen := model.vocabulary.unseen(text):
        more = f" and {len(unseen) - 5} more" if len(unseen) > 5 else ""
        names = ", ".join(repr(name[:40]) for name in unseen[:5])
        print(printable(f"Not among the model's symbols, and read as unknown: {names}{more}"), file=sys.stderr)
    stops = [_unescaped(one) for one in stop or ()]
    if beam:
        found = model.beam(text, length, width=beam, stop=_only(stops))
        pieces: Iterable[str] = [found[0][0] if found else ""]
    else:
        pieces = model.stream(text, length or None, stop=stops, **drawing)
    _print(text, pieces, at_once=stream or sys.stdout.isatty())


def _refuse_for_beam(beam: int, length: int, drawing: Mapping[str, Any]) -> None:
    """Refuse what a search cannot be: of no prefixes, without an end, or drawn."""
    if beam < 0:
        raise ConfigError(f"--beam is {beam}", expected="a whole number of at least 0")
    if length < 1:
        raise ConfigError(f"--beam with a --length of {length}", expected="a --length of at least 1")
    parameters = inspect.signature(generate).parameters
    given = [name for name, value in drawing.items() if value != parameters[name].default]
    if given:
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise ConfigError(
            f"--beam with {flags}", "one or the other", "A search draws nothing: leave --beam out to draw."
        )


def _print(prompt: str, pieces: Iterable[str], *, at_once: bool) -> None:
    """Prompt and continuation; what does not print, such as a control character, is shown by its code."""
    print(written(prompt), end="", flush=at_once)
    try:
        for piece in pieces:
            print(written(piece), end="", flush=at_once)
    except KeyboardInterrupt:
        if not at_once:
            raise
    print()


def _unescaped(text: str) -> str:
    """A text as it is typed in a shell, where a line end is hard to type."""
    marks = {"n": "\n", "t": "\t", "\\": "\\"}
    found, rest = "", text
    while rest:
        first, rest = rest[0], rest[1:]
        if first == "\\" and rest[:1] in marks:
            first, rest = marks[rest[0]], rest[1:]
        found += first
    return found


def _only(stops: list[str]) -> str | None:
    if len(stops) > 1:
        raise ConfigError(f"--beam with {len(stops)} texts to stop at", expected="one of them at most")
    return stops[0] if stops else None
