"""Numeric series with classes or numbers: recurrent layers, with convolutions beside them, read a whole series."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elman.tasks.series.model import SeriesModel as SeriesModel
    from elman.tasks.series.training import train_series as train_series

_HOME = {"SeriesModel": "model", "train_series": "training"}


def __getattr__(name: str) -> Any:
    # `elman train --help` reads the options beside this file, and must not wait for torch.
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
