"""What every test and every docstring example starts with."""

import os
from importlib.util import find_spec
from pathlib import Path

import hypothesis
import pytest
import torch

import elman

# Keras runs on torch here; its examples are left out where it is not installed.
os.environ.setdefault("KERAS_BACKEND", "torch")
collect_ignore = [] if find_spec("keras") else ["docs/keras.md", "src/elman/layers/keras_conversion.py"]

# Most tests compare bits, and are about the processor; `make test-cuda` runs those about CUDA devices.
if not os.environ.get("ELMAN_TEST_CUDA"):
    os.environ["CUDA_VISIBLE_DEVICES"] = ""

# No test is about time; a busy machine must not fail one.
hypothesis.settings.register_profile("elman", deadline=None)
hypothesis.settings.load_profile("elman")


@pytest.fixture(autouse=True)
def _names_for_examples(doctest_namespace: dict[str, object]) -> None:
    """Examples in docstrings may use torch, elman and elman.cells, as after the usual imports; seeds are fixed."""
    torch.manual_seed(0)
    doctest_namespace.update(torch=torch, elman=elman, cells=elman.cells)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets that ELMAN_DATA points to; the test is skipped where it is not set."""
    folder = os.environ.get("ELMAN_DATA")
    if not folder:
        pytest.skip("ELMAN_DATA is not set: it names the folder with the real data sets (imdb/train.csv.gz, …)")
    return Path(folder)
