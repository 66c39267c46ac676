"""What the storage of every task shares: a folder for a trained model, and one error for whatever cannot be read."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from elman.data.options import as_dict
from elman.errors import ElmanError, RunError
from elman.learn.contents import Run
from elman.learn.folder import RunFolder


class Trained(Protocol):
    """A trained model: the options it was trained with, and how it came about."""

    options: Any
    record: dict[str, Any]


Model = TypeVar("Model", bound=Trained)


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
