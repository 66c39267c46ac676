"""The exceptions of elman: each says what was passed, what was expected, and what to write instead.

    ElmanError                          exit code 2
    ├── ArgumentError     (ValueError)  a wrong value in a Python call
    ├── ArgumentTypeError (TypeError)   a wrong type in a Python call
    ├── DataError                       what stands in a file: path, line, column, value
    ├── ConfigError                     an option, or a line of a YAML file
    ├── RunError                        a run folder that is damaged, newer, another, or none
    ├── TrainingError                   training cannot go on
    ├── StorageError                    exit code 3: no space, no permission
    ├── MissingExtraError (ImportError) an optional library is not installed
    └── Interrupted                     exit code 130 (Ctrl-C) or 143 (SIGTERM)

This module imports nothing, so that every floor may use it.
"""


class ElmanError(Exception):
    """An error that a user can mend; its text is one complete message.

    Args:
        found: what was passed or read, as a sentence without its final stop.
        expected: what would have been right; put after "Expected".
        fix: what to write or do instead, as a full sentence.
    """

    exit_code = 2

    def __init__(self, found: str, expected: str = "", fix: str = "") -> None:
        self.found, self.expected, self.fix = found, expected, fix
        parts = [found.rstrip(".") + "."]
        if expected:
            parts.append(f"Expected {expected.rstrip('.')}.")
        if fix:
            parts.append(fix)
        super().__init__(" ".join(parts))


class ArgumentError(ElmanError, ValueError):
    """A Python call got a wrong value."""


class ArgumentTypeError(ElmanError, TypeError):
    """A Python call got a value of the wrong type."""


class DataError(ElmanError):
    """Something in a file is wrong; the message begins with the place.

    Args:
        found, expected, fix: as for `ElmanError`.
        path: the file.
        line: the line in it, counted from 1.
        column: the name of the column.
    """

    def __init__(
        self,
        found: str,
        expected: str = "",
        fix: str = "",
        *,
        path: object = None,
        line: int | None = None,
        column: str | None = None,
    ) -> None:
        place = "" if path is None else str(path)
        if line is not None:
            place += f":{line}"
        if column is not None:
            place += f"{', ' if place else ''}column {column!r}"
        self.path, self.line, self.column = path, line, column
        super().__init__(f"{place}: {found}" if place else found, expected, fix)


class ConfigError(ElmanError):
    """An option, or a YAML file of options, is wrong."""


class RunError(ElmanError):
    """A run folder cannot be used."""


class TrainingError(ElmanError):
    """Training cannot go on (the loss is no longer finite, nothing to learn from, …)."""


class StorageError(ElmanError):
    """Nothing could be written or read: no space, no permission, no such folder."""

    exit_code = 3


class MissingExtraError(ElmanError, ImportError):
    """An optional library is not installed.

    Args:
        library: the name one imports.
        extra: the extra of elman that installs it.
        purpose: what needs it.
    """

    def __init__(self, library: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the library {library!r}, which is not installed",
            fix=f"Install it with: pip install 'elman[{extra}]'",
        )


class Interrupted(ElmanError):
    """A signal stopped the work after everything worth keeping was saved.

    Args:
        found: what happened and where it was saved.
        fix: how to go on.
        exit_code: 130 for Ctrl-C, 143 for SIGTERM.
    """

    def __init__(self, found: str, fix: str = "", *, exit_code: int = 130) -> None:
        super().__init__(found, fix=fix)
        self.exit_code = exit_code
