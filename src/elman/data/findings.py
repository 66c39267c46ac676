"""What is found in data files before any training: a report for each file, and what harms them together."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar


@dataclass(frozen=True)
class Report:
    """One file as it was found.

    Args:
        path: the file.
        error: why it cannot be read at all; then nothing else is filled in.
        exit_code: 0, or what the command line ends with for this error: 2 for wrong data, 3 where the disk refuses.
        problems: what training would stop at, one sentence each.
        warnings: what harms a result without stopping anything.
        notes: what was noticed while reading.
    """

    path: str
    error: str = ""
    exit_code: int = 0
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


Own = TypeVar("Own", bound=Report)


@dataclass(frozen=True)
class Findings(Generic[Own]):
    """The reports of some files, and what they have in common that they should not.

    Args:
        files: one report per file.
        warnings: one sentence each.
    """

    files: list[Own]
    warnings: list[str]

    @property
    def sound(self) -> bool:
        """Whether training could read every file."""
        return not any(file.error or file.problems for file in self.files)

    @property
    def exit_code(self) -> int:
        """What the command line ends with."""
        return 0 if self.sound else max(2, *(file.exit_code for file in self.files))
