"""Reading the folder of a run, and refusing what is damaged, unfinished, newer, or something else."""

import difflib
import hashlib
import json
import os
import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

from elman.data.files import storage_error
from elman.errors import RunError

FORMAT = 1  # of the folder; raised when an older elman could not read it any more
CONFIG, ABOUT, METRICS, MODEL, SUMS = "config.yaml", "run.json", "metrics.jsonl", "model.safetensors", "SHA256SUMS"
REPAIR = "Copy the folder again, or delete SHA256SUMS and repeat the `elman train` command that made it."


@dataclass(frozen=True)
class Run:
    """The content of a run folder.

    Args:
        path: the folder.
        config: every option, in groups.
        about: run.json: format, elman (the version that wrote it), data (hashes), and what the task said.
        files: name → bytes of every other file under SHA256SUMS; empty for a run that is not finished.
    """

    path: Path
    config: dict[str, Any]
    about: dict[str, Any]
    files: dict[str, bytes]

    def file(self, name: str) -> bytes:
        """The bytes of a file of the run.

        Raises:
            RunError: it is not among the files of the run.
        """
        if name not in self.files:
            raise RunError(f"{self.path} holds no {name}", expected="it among the files of a finished run", fix=REPAIR)
        return self.files[name]

    def record(self, *own: str) -> dict[str, Any]:
        """What run.json tells of how the model came about: all but the task, the versions, and what is named."""
        return {name: value for name, value in self.about.items() if name not in ("task", "format", "elman", *own)}


def read_run(path: Path, *, finished: bool) -> Run:
    """Read a run folder.

    Args:
        path: the folder.
        finished: whether it must be finished, and all its files are read and checked against SHA256SUMS.

    Raises:
        RunError: see `open_run`.
        StorageError: it cannot be read.
    """
    raw = _read(path, ABOUT)
    if raw is None:
        raise _not_a_run(path)
    about = _about(path, raw)
    if not finished:
        return Run(path, _config(path, _read(path, CONFIG)), about, {})
    sums = _read(path, SUMS)
    if sums is None:
        raise RunError(
            f"the training in {path} is not finished: SHA256SUMS is missing",
            fix="Repeat the `elman train` command that began it.",
        )
    files = _checked(path, sums)
    return Run(path, _config(path, files[CONFIG]), about, files)


def version() -> str:
    """The version of elman that runs."""
    try:
        return version_of("elman")
    except PackageNotFoundError:  # run from a source tree that is not installed
        return "0+unknown"


def _checked(path: Path, sums: bytes) -> dict[str, bytes]:
    """The files that SHA256SUMS lists, once they all have the sums that stand there."""
    files: dict[str, bytes] = {}
    for number, line in enumerate(sums.decode(errors="replace").splitlines(), start=1):
        found = re.fullmatch(r"([0-9a-f]{64})  ([\w-][\w.-]*)", line)
        if not found:  # a name with a slash or a leading point would lead out of the folder
            raise RunError(f"{path / SUMS}:{number} is damaged: {line[:80]!r}", "a sum and the name of a file", REPAIR)
        digest, name = found.groups()
        content = _read(path, name)
        if content is None:
            raise RunError(f"{path} is damaged: {name} is missing", fix=REPAIR)
        if hashlib.sha256(content).hexdigest() != digest:
            size = f"{len(content):,} bytes"
            raise RunError(
                f"{path / name} is damaged or was changed: its {size} do not have the sum in {SUMS}", "", REPAIR
            )
        files[name] = content
    for name in (CONFIG, ABOUT, MODEL):
        if name not in files:
            raise RunError(f"{path / SUMS} is cut short: it does not list {name}", fix=REPAIR)
    return files


def _about(path: Path, raw: bytes) -> dict[str, Any]:
    try:
        about = json.loads(raw)
        number, writer = int(about["format"]), str(about["elman"])
    except (ValueError, KeyError, TypeError):
        raise RunError(f"{path / ABOUT} is damaged or not of elman", fix=REPAIR) from None
    if number > FORMAT:
        raise RunError(
            f"{path} was written by elman {writer} in format {number}",
            expected=f"format {FORMAT} or older, which elman {version()} reads",
            fix="Install the newer version: pip install -U elman",
        )
    return about


def _config(path: Path, raw: bytes | None) -> dict[str, Any]:
    import yaml

    try:
        config = yaml.safe_load(raw or b"")
    except (yaml.YAMLError, UnicodeDecodeError):
        config = None
    if not isinstance(config, dict):
        raise RunError(f"{path / CONFIG} is damaged or missing", fix=REPAIR)
    return config


def _read(path: Path, name: str) -> bytes | None:
    """The content of a file in the folder, None where it is not there."""
    try:
        return (path / name).read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as error:
        raise storage_error(error, path / name, "read") from error


def _not_a_run(path: Path) -> RunError:
    """What is wrong with a folder without run.json."""
    if not path.exists():
        beside = sorted(os.listdir(path.parent)) if path.parent.is_dir() else []
        near = difflib.get_close_matches(path.name, beside, n=3)
        return RunError(f"there is no folder {path}", fix=f"Did you mean {path.parent / near[0]}?" if near else "")
    if not path.is_dir():
        return RunError(f"{path} is a file", expected="the folder of a run, as `elman train --out` makes it")
    return RunError(f"{path} is not a run of elman: it holds no {ABOUT}", "a folder that `elman train` made")
