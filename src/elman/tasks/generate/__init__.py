"""Texts without labels: a recurrent network that reads a text and says what comes next."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elman.tasks.generate.language_model import LanguageModel as LanguageModel
    from elman.tasks.generate.training import train_language_model as train_language_model

_HOME = {"LanguageModel": "language_model", "train_language_model": "training"}


def __getattr__(name: str) -> Any:
    # `elman train --help` reads the options beside this file, and must not wait for torch.
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
