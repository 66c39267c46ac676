"""Streams of numbers to be watched: what is unlike all that came before is told at once."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elman.tasks.watch.training import train_watcher as train_watcher
    from elman.tasks.watch.watcher import Watcher as Watcher

_HOME = {"Watcher": "watcher", "train_watcher": "training"}


def __getattr__(name: str) -> Any:
    # `elman train --help` reads the options beside this file, and must not wait for torch.
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
