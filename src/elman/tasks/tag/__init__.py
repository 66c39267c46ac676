"""Sentences with tags: a recurrent network that gives a tag to every word, and a label to the sentence if asked."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elman.tasks.tag.tagger import Tagger as Tagger
    from elman.tasks.tag.training import train_tagger as train_tagger

_HOME = {"Tagger": "tagger", "train_tagger": "training"}


def __getattr__(name: str) -> Any:
    # `elman train --help` reads the options beside this file, and must not wait for torch.
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
