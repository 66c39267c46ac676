"""The two ways in which a step is refused, and the user's line that was the reason."""

import contextlib
import functools
import sys
import traceback
from pathlib import Path
from types import CodeType

import torch

from elman.errors import ArgumentError, ElmanError

# Frames of these files are never the user's line.
_NOT_THE_USER = (
    str(Path(torch.__file__).parent),
    str(Path(__file__).parents[1]),
    str(contextlib.__file__),
    str(functools.__file__),
    "<frozen",
)


class UnsupportedOperation(ElmanError):
    """A step uses what no program can say, but what the reference loop computes rightly.

    Args:
        what: the operation, as the user wrote it, and what about it is not supported.
        fix: what to write instead.
        where: file:line of the user's code.
    """

    def __init__(self, what: str, fix: str = "", *, where: str = "") -> None:
        self.what, self.where = what, where
        super().__init__(f"{where}: {what}" if where else what, fix=fix)


class CaptureError(ArgumentError):
    """A step does what would be wrong on every machine, or what a program would silently get wrong.

    Args:
        what: what the step does.
        expected: what it should do.
        fix: what to write instead.
        where: file:line of the user's code.
    """

    def __init__(self, what: str, expected: str = "", fix: str = "", *, where: str = "") -> None:
        self.what, self.where = what, where
        super().__init__(f"{where}: {what}" if where else what, expected, fix)


def user_line(error: BaseException | None = None) -> str:
    """file:line of the innermost frame that is neither torch's nor of this package's `step`: of an error, or of now."""
    if error is not None:
        frames = [(entry.filename, entry.lineno) for entry in reversed(traceback.extract_tb(error.__traceback__))]
        return next((f"{file}:{line}" for file, line in frames if not file.startswith(_NOT_THE_USER)), "")
    frame = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith(_NOT_THE_USER):
            return f"{file}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


def line_of(function: object) -> str:
    """file:line where a function or method is defined, or nothing for one that is not written in Python."""
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if isinstance(code, CodeType) else ""
