"""The command `elman`: finds the command asked for, runs it, and turns whatever goes wrong into one message.

Only what `elman --help` needs is imported here; a command's file is imported when the command is used.
"""

import difflib
import errno
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from elman.cli.show import fit, printable
from elman.errors import ElmanError

if TYPE_CHECKING:
    from cyclopts import App

COMMANDS = {
    "train": "Train a model on a file of examples.",
    "evaluate": "Measure a trained model on a file with the right answers.",
    "backtest": "Forecast the past of series, to see how good forecasts are.",
    "predict": "Label, tag or forecast what is in a file or the standard input.",
    "translate": "Translate the texts of a file, or of the standard input.",
    "chat": "Talk with a trained chatbot in the terminal.",
    "generate": "Continue a text with a language model.",
    "score": "Say how probable every symbol of a text is to a language model.",
    "watch": "Watch numbers line by line, and tell what is unlike all before.",
    "check": "Say what is in a file of examples, and what is wrong with it.",
    "info": "Show what a run folder holds: options, results, classes.",
    "init": "Write a configuration file with every option and its default.",
    "data": "Fetch a well-known data set.",
    "demo": "Watch an Elman network learn grammar, in a quarter of a minute; or run the experiments of Elman's papers.",
}
_NO_MEMORY = ("can't allocate memory", "CUDA out of memory")  # torch says it in a RuntimeError
PIPE_CLOSED = 128 + 13  # what a shell reports for a program ended by SIGPIPE


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the words after `elman`; those of the process if None.

    Returns:
        The exit code: 0 done, 1 a defect of elman, 2 wrong usage or data, 3 no space or no permission, 130 stopped by
        Ctrl-C, 143 stopped by SIGTERM.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    try:
        with _terminal_ready(), _sigterm_raises():
            code = _run(words)
            sys.stdout.flush()  # here, where a full disk behind "> file" can still be reported
    except BaseException as error:
        return _explain(error, " Run the same command again to go on." if words[:1] == ["train"] else "")
    return code


def make_app(words: Sequence[str] = ()) -> "App":
    """Build the command line; the commands behind it stay unimported until one is used.

    Args:
        words: those it is built for; the flags of `elman train` depend on the task that is named among them.
    """
    from cyclopts import App

    import elman

    app = App(
        name="elman",
        help="Recurrent neural networks: from a file of examples to a model one can use.\n\n"
        "Begin with `elman demo`, or `elman train reviews.csv`. Each command has its own --help.",
        help_format="plaintext",
        version=f"elman {elman.__version__}",
        version_flags=["--version"],
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )
    for order, (name, sentence) in enumerate(COMMANDS.items()):
        home: Any = f"elman.cli.{name}:{'app' if name == 'data' else name}"
        if name == "train":
            home = _train(words[1:]) if words[:1] == ["train"] else lambda: None
        app.command(home, name=name, help=sentence, sort_key=order)
    return app


def _train(words: Sequence[str]) -> Callable[..., None]:
    """`elman train` as these words need it."""
    from elman.cli.train import command

    return command(words)


def _run(words: list[str]) -> int:
    """Parse and run, with errors of usage raised as they are."""
    app = make_app(words)
    result = app(words or ["--help"], exit_on_error=False, print_error=False)
    return result if isinstance(result, int) else 0


def _explain(error: BaseException, going_on: str) -> int:
    """Print one message about an error and return the exit code; `going_on` says how, where it was only stopped."""
    if isinstance(error, BrokenPipeError) or isinstance(error.__context__, BrokenPipeError):  # rich exits by itself
        _abandon(sys.stdout)
        return PIPE_CLOSED
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 1
    code, message = _verdict(error, going_on)
    if isinstance(error, OSError):
        _abandon(sys.stdout)
    if os.environ.get("ELMAN_DEBUG"):
        traceback.print_exception(error)
    print(fit(f"elman: {printable(message, keep=chr(10))}", sys.stderr), file=sys.stderr)
    return code


def _verdict(error: BaseException, going_on: str) -> tuple[int, str]:
    """The exit code and the message of an error."""
    if isinstance(error, ElmanError):
        return error.exit_code, str(error)
    if isinstance(error, KeyboardInterrupt):
        return 130, f"stopped by Ctrl-C.{going_on}"
    if isinstance(error, _Terminated):
        return 143, f"stopped by SIGTERM.{going_on}"
    if isinstance(error, OSError):
        reason = os.strerror(error.errno) if error.errno else str(error)
        place = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
        hint = " Make room, then run the command again." if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        return 3, f"{place}{reason[:1].lower()}{reason[1:]}.{hint}"
    if isinstance(error, MemoryError) or any(sign in str(error) for sign in _NO_MEMORY):
        return 3, "not enough memory. A smaller --batch-size, --max-length, --hidden or --beam needs less."
    if type(error).__module__.startswith("cyclopts"):
        return 2, _usage(error)
    return (
        1,
        f"a defect of elman: {type(error).__name__}: {error}. Set ELMAN_DEBUG=1 to see where it arose, and report it.",
    )


def _usage(error: Any) -> str:
    """A mistake in the words of the command: what cyclopts says, and where the right words stand."""
    error.verbose = False
    kind, command = type(error).__name__, " ".join(["elman", *(error.command_chain or ())])
    if kind == "UnknownCommandError" and not error.command_chain:
        message = _unknown(error.unused_tokens[0])
    elif kind == "UnusedCliTokensError":
        message = f"Too many words: {' '.join(error.unused_tokens)}."
    else:
        message = str(error)
    return f"{message} See: {command} --help"


def _unknown(word: str) -> str:
    """The first word is neither a command nor an option of `elman` itself."""
    kind, known = ("option", ["--help", "--version"]) if word.startswith("-") else ("command", list(COMMANDS))
    close = difflib.get_close_matches(word, known, n=1)
    hint = f"Did you mean {close[0]}?" if close else f"Here stand {', '.join(known)}."
    return f"Unknown {kind}: {word}. {hint}"


class _Terminated(BaseException):
    """SIGTERM arrived; like KeyboardInterrupt it passes by every `except Exception`."""


@contextmanager
def _sigterm_raises() -> Iterator[None]:
    """Let SIGTERM unwind the program, so that temporary files are removed, wherever no checkpoint handles it."""

    def stop(number: int, frame: object) -> None:
        raise _Terminated

    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def _terminal_ready() -> Iterator[None]:
    """Let output pass on terminals that lack a character (×, →, an odd file name); where there is none, or no input."""
    if sys.stdin is None:  # closed by `<&-`
        sys.stdin = open(os.devnull)  # noqa: SIM115
    if sys.stdout is None:  # closed by `>&-`
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    before = [(stream, stream.errors) for stream in (sys.stdout, sys.stderr) if hasattr(stream, "reconfigure")]
    for stream, _ in before:
        stream.reconfigure(errors="backslashreplace")  # pyright: ignore[reportAttributeAccessIssue]
    try:
        yield
    finally:
        for stream, errors in before:
            stream.reconfigure(errors=errors)  # pyright: ignore[reportAttributeAccessIssue]


def _abandon(stream: TextIO) -> None:
    """Point a stream whose other end is gone to nowhere, so that Python does not complain about it at exit."""
    try:
        stream.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
