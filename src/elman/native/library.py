"""The compiled module, where there is one."""

import importlib
from functools import cache
from typing import Any


@cache
def _load() -> tuple[Any, str]:
    try:
        return importlib.import_module("elman.native._machine"), ""
    except ImportError as error:
        return None, str(error)


def available() -> bool:
    """Whether the native machine was built and runs on this processor."""
    return _load()[0] is not None


def unavailable_reason() -> str:
    """Why there is no native machine; empty where there is one."""
    return _load()[1]


def machine() -> Any:
    """The compiled module.

    Raises:
        ImportError: elman was installed without a C++ compiler.
    """
    module, reason = _load()
    if module is None:
        raise ImportError(reason)
    return module


def instruction_set() -> str:
    """The instruction set chosen at import ("avx512", "avx2" or "portable"); empty without a native machine."""
    return machine().INSTRUCTION_SET if available() else ""


@cache
def opcodes() -> dict[str, int]:
    """The number of each operation of the machine."""
    return {name.lower(): number for number, name in enumerate(machine().OPERATIONS)}
