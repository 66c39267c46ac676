"""Series to be continued: one recurrent network over many of them."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elman.tasks.forecast.forecaster import Forecaster as Forecaster
    from elman.tasks.forecast.training import train_forecaster as train_forecaster

_HOME = {"Forecaster": "forecaster", "train_forecaster": "training"}


def __getattr__(name: str) -> Any:
    # `elman train --help` reads the options beside this file, and must not wait for torch.
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
