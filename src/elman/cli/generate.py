"""`elman generate`: a language model continues a text."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from elman.cli.by_task import tasks
from elman.cli.show import printable
from elman.errors import ConfigError, RunError

STDIN = "-"
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
        repetition: what the log-probability of a symbol that has occurred is multiplied by, at least 1.
        no_repeat: no run of so many symbols occurs twice; 0: no such rule.
        seed: the same number gives the same text.
        stop: end before this text; may be given several times. Write \\n for a line end, \\\\ for a backslash.
        beam: search for the most probable continuation, with so many prefixes, instead of drawing; 0: draw.
        stream: show every symbol as it is written, also where the output is a pipe.
    """
    if beam and not length:
        raise ConfigError("--beam without an end", expected="a --length of at least 1")
    model = _language_model(run)
    text = sys.stdin.read() if prompt == STDIN else prompt
    if unseen := model.vocabulary.unseen(text):
        more = f" and {len(unseen) - 5} more" if len(unseen) > 5 else ""
        names = ", ".join(repr(name[:40]) for name in unseen[:5])
        print(printable(f"Not among the model's symbols, and read as unknown: {names}{more}"), file=sys.stderr)
    stops = [_unescaped(one) for one in stop or ()]
    if beam:
        found = model.beam(text, length, width=beam, stop=_only(stops))
        pieces: Iterable[str] = [found[0][0] if found else ""]
    else:
        how: dict[str, Any] = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "seed": seed, "stop": stops}
        pieces = model.stream(text, length or None, repetition=repetition, no_repeat=no_repeat, **how)
    _print(text, pieces, at_once=stream or sys.stdout.isatty())


def _language_model(run: Path) -> Any:
    model = tasks.load(run)
    if model.task != "generate":
        raise RunError(f"{run} holds a model for the task {model.task!r}", expected="a run of --task generate")
    return model


def _print(prompt: str, pieces: Iterable[str], *, at_once: bool) -> None:
    """Prompt and continuation; what does not print, such as a control character, is shown by its code."""
    print(printable(prompt, keep="\n\t"), end="", flush=at_once)
    try:
        for piece in pieces:
            print(printable(piece, keep="\n\t"), end="", flush=at_once)
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
