"""What a user meets first: `import elman` is quick, its names are there, and it can be run as a module."""

import subprocess
import sys

import pytest

import elman


def test_every_public_name_is_there() -> None:
    for name in elman.__all__:
        assert getattr(elman, name) is not None
    assert set(elman.__all__) <= set(dir(elman))
    with pytest.raises(AttributeError, match="nothing_like_it"):
        elman.nothing_like_it  # noqa: B018


def test_import_does_not_bring_torch() -> None:
    heavy = "{'torch', 'numpy', 'polars', 'rich', 'cyclopts'}"
    code = f"import sys, elman; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
