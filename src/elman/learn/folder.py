"""The folder of a run: what is in it, whether it may be written, whether it is whole."""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from elman.data.config_file import differences
from elman.data.files import remove_temporaries, sha256_of, storage_error, write_whole
from elman.errors import ConfigError, RunError
from elman.learn.contents import ABOUT, CONFIG, FORMAT, METRICS, SUMS, Run, read_run, version

CHECKPOINTS = "checkpoints"
Begun = Literal["new", "resume", "finished"]


class RunFolder:
    """A folder that holds one training and everything that comes of it.

        config.yaml         every option, as the training used it
        run.json            format, version, hashes of the data files, and what the task says about the run
        checkpoints/        to continue from, empty once the run is finished
        metrics.jsonl       one line per epoch
        model.safetensors   the weights
        tokenizer.json      the symbols
        README.md           the model card
        SHA256SUMS          written last: with it the run is finished

    Use it as a context: inside, no other process can train into the same folder.

    Args:
        path: the folder; it need not exist.

    Example:
        >>> path = getfixture("tmp_path") / "run"
        >>> with RunFolder(path) as run:
        ...     run.begin({"training": {"epochs": 3}}, {"reviews.csv": "0" * 64})
        ...     run.finish({"model.safetensors": b"..."}, {"task": "classify"})
        'new'
        >>> open_run(path).about["task"]
        'classify'
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._lock: int | None = None

    def __enter__(self) -> "RunFolder":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def begin(self, config: Mapping[str, Any], data_hashes: Mapping[str, str]) -> Begun:
        """Make the folder, or find out what it holds already, and lock it.

        Args:
            config: every option, in groups, as plain values.
            data_hashes: name of each data file's part ("train", "test", …) → its SHA-256.

        Returns:
            "new" for an empty folder, "resume" for a training begun before, "finished" for one that has ended.

        Raises:
            ConfigError: a training with another configuration is in it; the message shows the difference.
            RunError: its data has changed, something else is in it, it is damaged, or another process is writing it.
            StorageError: it cannot be written.
        """
        plain: dict[str, Any] = json.loads(json.dumps(config))  # tuples become lists, as in the file
        if not _main():
            return "finished" if (self.path / SUMS).exists() else "resume"
        self._make()
        self._take()
        try:
            remove_temporaries(self.path)
            begun = self._look(plain, dict(data_hashes))
            if begun == "new":
                about = {"format": FORMAT, "elman": version(), "data": dict(data_hashes)}
                self._write(ABOUT, _json(about))
                self._write(CONFIG, _yaml(plain))
                with _storage(self.path / CHECKPOINTS):
                    (self.path / CHECKPOINTS).mkdir(exist_ok=True)
        except BaseException:
            self.release()
            raise
        return begun

    def finish(self, files: Mapping[str, bytes | str], about: Mapping[str, Any]) -> None:
        """Write what came of the training, and the sums over all files last.

        Args:
            files: name → content of model.safetensors, tokenizer.json, README.md and what else the task keeps.
            about: what the task says about the run, for run.json; plain values (NaN and infinity become null).

        Raises:
            StorageError: a file cannot be written; the run is then not finished, and its checkpoints are still there.
        """
        if not _main():
            return
        for name, content in files.items():
            self._write(name, content)
        begun = json.loads((self.path / ABOUT).read_bytes())
        self._write(ABOUT, _json({**begun, **_finite(about), **begun}))
        names = sorted({CONFIG, ABOUT, METRICS, *files} & set(os.listdir(self.path)))
        self._write(SUMS, "".join(f"{sha256_of(self.path / name)}  {name}\n" for name in names))
        for checkpoint in (self.path / CHECKPOINTS).glob("*"):  # each some four times the size of the weights
            checkpoint.unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        """Let other processes write the folder again."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _look(self, config: dict[str, Any], data: dict[str, str]) -> Begun:
        there = {name for name in os.listdir(self.path) if name != CHECKPOINTS or any((self.path / name).iterdir())}
        if not there or there == {ABOUT}:  # nothing, or killed while it began
            return "new"
        if ABOUT not in there or CONFIG not in there:
            raise RunError(
                f"{self.path} is not empty and not a run of elman: it holds {', '.join(sorted(there)[:5])}",
                fix="Name a new folder (--out).",
            )
        run = read_run(self.path, finished=SUMS in there)
        if there == {ABOUT, CONFIG} and (differences(run.config, config) or run.about.get("data") != data):
            return "new"  # ended before there was anything to go on from, or to lose
        self._refuse_others(run, config, data)
        return "finished" if SUMS in there else "resume"

    def _refuse_others(self, run: Run, config: dict[str, Any], data: dict[str, str]) -> None:
        """Another configuration, or data that has changed, is not continued."""
        changes = differences(run.config, config)
        if changes:
            raise ConfigError(
                f"{self.path} holds a training with another configuration: {'; '.join(changes)}",
                fix="Name another folder (--out), or repeat the earlier command.",
            )
        before = run.about.get("data", {})
        changed = sorted(name for name in {*before, *data} if before.get(name) != data.get(name))
        if changed:
            raise RunError(
                f"the data has changed since the training in {self.path} began: {', '.join(changed)}",
                expected="files with the same content",
                fix="Name another folder (--out) for the new data.",
            )

    def _make(self) -> None:
        if self.path.exists() and not self.path.is_dir():
            raise RunError(f"{self.path} is a file", expected="a folder, or a new name", fix="Name another with --out.")
        with _storage(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            if not os.access(self.path, os.W_OK | os.X_OK):
                raise PermissionError(13, "permission is denied")

    def _take(self) -> None:
        """Lock the folder itself: the system lets go of it however this process ends, and no file is left behind."""
        try:
            import fcntl
        except ImportError:  # Windows has no such lock
            return
        with _storage(self.path):
            handle = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise RunError(
                f"another process is training into {self.path}",
                fix="Wait for it, stop it, or name another folder (--out).",
            ) from None
        except OSError:  # a file system without locks
            os.close(handle)
            return
        self._lock = handle

    def _write(self, name: str, content: bytes | str) -> None:
        write_whole(self.path / name, content.encode() if isinstance(content, str) else content)


def open_run(path: str | os.PathLike[str]) -> Run:
    """Everything in the folder of a finished run, each file checked against SHA256SUMS.

    Raises:
        RunError: there is no such folder, it is not a run, of a newer version, not finished, or damaged.
        StorageError: it cannot be read.
    """
    return read_run(Path(path), finished=True)


def _main() -> bool:
    """Whether this is the process that writes, of those started together."""
    return os.environ.get("RANK", "0") == "0"


@contextlib.contextmanager
def _storage(path: Path) -> Iterator[None]:
    """A refusal of the system, as a StorageError."""
    try:
        yield
    except OSError as error:
        raise storage_error(error, path) from error


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _yaml(config: Mapping[str, Any]) -> str:
    import yaml

    # YAML takes some characters for line breaks, even between quotes; they are the ones that do not print.
    plain = json.dumps(dict(config), ensure_ascii=False).isprintable()
    return yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=plain)


def _finite(value: Any) -> Any:
    """The same plain value with null for what JSON cannot say."""
    if isinstance(value, Mapping):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    if isinstance(value, float):
        return value if value - value == 0 else None
    return value
