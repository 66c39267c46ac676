"""The manual is whole: the reference names all that is public, and every page stands in the table of contents."""

import importlib
import re
from collections import Counter
from pathlib import Path
from types import FunctionType

import pytest

import elman

DOCS = Path(__file__).parents[1] / "docs"
NAMED = re.compile(r"^\.\. auto(class|function|module):: (\S+)", re.MULTILINE)


def named() -> list[tuple[str, str]]:
    """(kind, full name) of everything in the Python reference."""
    return NAMED.findall((DOCS / "api.md").read_text())


def found(name: str) -> object:
    """What stands under a full name."""
    module, _, last = name.rpartition(".")
    return getattr(importlib.import_module(module), last)


@pytest.mark.parametrize("module", ["elman", "elman.cells", "elman.layers"])
def test_everything_public_is_in_the_reference(module: str) -> None:
    there = {id(found(name)) for kind, name in named() if kind != "module"}
    home = importlib.import_module(module)
    public = {name: getattr(home, name) for name in dir(home) if not name.startswith("_")}
    ours = {
        name: value
        for name, value in public.items()
        if isinstance(value, type | FunctionType) and value.__module__.startswith("elman")
    }
    assert ours, f"{module} has nothing public"
    assert not sorted(name for name, value in ours.items() if id(value) not in there)


def test_nothing_is_in_the_reference_twice() -> None:
    assert [name for name, times in Counter(name for _, name in named()).items() if times > 1] == []
    assert elman.Cell is found("elman.Cell")  # names lead to what a user gets


def test_every_page_is_in_the_table_of_contents() -> None:
    trees = re.findall(r"```\{toctree\}\n(?::[^\n]*\n)*\n(.*?)```", (DOCS / "index.md").read_text(), re.DOTALL)
    pages = " ".join(trees).split()
    assert sorted(pages) == sorted(page.stem for page in DOCS.glob("*.md") if page.stem != "index")
