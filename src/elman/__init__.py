"""elman: recurrent neural networks, from one equation to a model one can use.

Names are imported when they are first used, so that `import elman` and `elman --help` do not wait for torch.
"""

import importlib
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elman import cells as cells
    from elman import nn as nn
    from elman.cells import Cell as Cell
    from elman.layers import Recurrent as Recurrent
    from elman.layers import explain as explain
    from elman.layers import from_keras as from_keras
    from elman.layers import from_torch as from_torch
    from elman.layers import ragged as ragged
    from elman.layers import tbptt as tbptt
    from elman.layers import to_keras as to_keras
    from elman.layers import to_torch as to_torch
    from elman.layers import unragged as unragged
    from elman.step.clip import clip_gradient as clip_gradient
    from elman.tasks import load as load
    from elman.tasks import train as train

_HOME = {
    "Cell": "elman.cells",
    "Recurrent": "elman.layers",
    "cells": "elman.cells",
    "clip_gradient": "elman.step.clip",
    "explain": "elman.layers",
    "from_keras": "elman.layers",
    "from_torch": "elman.layers",
    "layers": "elman.layers",
    "load": "elman.tasks",
    "nn": "elman.nn",
    "ragged": "elman.layers",
    "tbptt": "elman.layers",
    "to_keras": "elman.layers",
    "to_torch": "elman.layers",
    "train": "elman.tasks",
    "unragged": "elman.layers",
}

__all__ = [
    "Cell",
    "Recurrent",
    "__version__",
    "cells",
    "clip_gradient",
    "explain",
    "from_keras",
    "from_torch",
    "load",
    "nn",
    "ragged",
    "tbptt",
    "to_keras",
    "to_torch",
    "train",
    "unragged",
]

try:
    __version__ = version("elman")
except PackageNotFoundError:  # run from a source tree that is not installed
    __version__ = "0+unknown"


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'elman' has no attribute {name!r}")
    home = importlib.import_module(_HOME[name])
    return home if home.__name__ == f"elman.{name}" else getattr(home, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
