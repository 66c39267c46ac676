"""Texts from texts: a recurrent network reads one, another writes its translation and looks back with attention."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elman.tasks.translate.training import train_translator as train_translator
    from elman.tasks.translate.translator import Translator as Translator

_HOME = {"Translator": "translator", "train_translator": "training"}


def __getattr__(name: str) -> Any:
    # `elman train --help` reads the options beside this file, and must not wait for torch.
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
