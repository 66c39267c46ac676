"""Texts with labels: a recurrent network that reads a whole text and names its class, or its labels."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elman.tasks.classify.classifier import TextClassifier as TextClassifier
    from elman.tasks.classify.training import train_classifier as train_classifier

_HOME = {"TextClassifier": "classifier", "train_classifier": "training"}


def __getattr__(name: str) -> Any:
    # `elman train --help` reads the options beside this file, and must not wait for torch.
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
