"""Dialogues: a recurrent network reads the last turns, another writes an answer."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elman.tasks.chat.chatbot import Chatbot as Chatbot
    from elman.tasks.chat.training import train_chatbot as train_chatbot

_HOME = {"Chatbot": "chatbot", "train_chatbot": "training"}


def __getattr__(name: str) -> Any:
    # `elman train --help` reads the options beside this file, and must not wait for torch.
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
