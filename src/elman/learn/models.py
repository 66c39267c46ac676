"""What the models of every task share: a training in its run folder, its record, one error for the unreadable."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from elman.data.options import as_dict
from elman.errors import ElmanError, RunError
from elman.learn.contents import Run
from elman.learn.folder import RunFolder, open_run
from elman.learn.report import Report

if TYPE_CHECKING:
    from pathlib import Path

    from elman.learn.problem import History


class Trained(Protocol):
    """A trained model: the options it was trained with, how it came about, and its results in words."""

    options: Any
    record: dict[str, Any]

    def summary(self) -> str:
        """The results of the training."""
        ...


class Part(Protocol):
    """Rows of data that were read from a file."""

    @property
    def path(self) -> str:
        """The file."""
        ...

    def __len__(self) -> int: ...


Model = TypeVar("Model", bound=Trained)


def trained(
    out: str | os.PathLike[str] | None,
    options: Any,
    hashes: Mapping[str, str],
    report: Report,
    train: Callable[[Path | None], Model],
    finish: Callable[[Model, RunFolder], None],
    load: Callable[[Run], Model],
) -> Model:
    """Train a model, go on with an interrupted training, or read a finished one; tell its results.

    Args:
        out: the run folder; None writes nothing.
        options: of the training.
        hashes: name of each data file's part ("train", "test", …) → its SHA-256.
        report: told what was found, and the results.
        train: trains, and continues what is in the folder that it is given.
        finish: writes all that came of a training into its folder.
        load: makes the model of a run that was read.

    Raises:
        ConfigError, RunError: something else is in the folder, it is damaged, or another process writes it.
        StorageError: it cannot be read or written.
    """
    if out is None:
        model = train(None)
    else:
        with RunFolder(out) as run:
            if run.begin(as_dict(options), hashes) == "finished":
                report.say(f"{out} holds this training, finished.")
                model = load(open_run(run.path))
            else:
                model = train(run.path)
                finish(model, run)
    report.say(f"\n{model.summary()}" + (f"\nThe model is in {out}." if out else ""))
    return model


def record_of(parts: Mapping[str, Part | None], hashes: Mapping[str, str], history: History) -> dict[str, Any]:
    """What run.json tells about a training beside its results: the data, and how it went.

    Args:
        parts: "train", "validation", "test" → the rows; None where there are none.
        hashes: name of each part → SHA-256 of its file.
        history: of the training.
    """
    there = {name: part for name, part in parts.items() if part is not None}
    return {
        "data": dict(hashes),
        "rows": {name: len(part) for name, part in there.items()},
        "files": {name: part.path for name, part in there.items()},
        "history": {**asdict(history), "best": history.best},
    }


def beside(result: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The numbers of a model and those of its contrasts side by side.

    Example:
        >>> beside({"accuracy": 0.9, "contrasts": {"majority": {"accuracy": 0.5}}})
        {'model': {'accuracy': 0.9}, 'majority': {'accuracy': 0.5}}
    """
    own = {name: value for name, value in result.items() if name != "contrasts"}
    return {"model": own, **result.get("contrasts", {})}


def save_into(folder: str | os.PathLike[str], model: Model, finish: Callable[[Model, RunFolder], None]) -> None:
    """Write a trained model into a folder of its own.

    Args:
        folder: the folder; it need not exist.
        model: the model.
        finish: writes all that came of a training into a folder that has begun.

    Raises:
        RunError, ConfigError: another run, or something else, is there.
        StorageError: it cannot be written.
    """
    with RunFolder(folder) as run:
        run.begin(as_dict(model.options), model.record.get("data", {}))
        finish(model, run)


@contextmanager
def readable(run: Run, what: str) -> Iterator[None]:
    """Inside, a model is made of what a run folder holds; whatever is wrong with it is one `RunError`.

    Args:
        run: the folder that was read.
        what: the model is, as in "text classifier".

    Example:
        >>> from pathlib import Path
        >>> with readable(Run(Path("runs/a"), {}, {}, {}), "tagger"):
        ...     {}["classes"]
        Traceback (most recent call last):
        elman.errors.RunError: runs/a holds no tagger that this version of elman can read ('classes'). Repeat the \
`elman train` command that made it, in a new folder.
    """
    from safetensors import SafetensorError

    try:
        yield
    except RunError:
        raise
    except (ElmanError, SafetensorError, LookupError, TypeError, ValueError, RuntimeError) as error:
        raise RunError(
            f"{run.path} holds no {what} that this version of elman can read ({error})",
            fix="Repeat the `elman train` command that made it, in a new folder.",
        ) from error
