"""The house keeps its shape: imports go down only, files and functions stay short, optional libraries stay lazy."""

import ast
import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "elman"
FLOORS = {
    "errors": 0, "arguments": 0, "step": 0, "cells": 1, "native": 1, "run": 2, "layers": 3, "data": 3, "learn": 4,
    "tasks": 5, "plots": 5, "cli": 6, "nn": 6, "serve": 6, "sklearn": 6,
}  # fmt: skip
# Within a floor only what DESIGN says: errors and the checks of arguments are for everybody.
BESIDE = {("arguments", "errors"), ("step", "errors"), ("step", "arguments")}
LAZY = {"torch", "numpy", "matplotlib", "sklearn", "polars", "tokenizers", "accelerate", "safetensors"}
FILES = sorted(SOURCE.rglob("*.py"))


def room(module: str) -> str:
    """The room of a dotted module name: elman.data.table → data; elman/__init__ and __main__ are the front door."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def imports(path: Path) -> list[tuple[int, str]]:
    """Every module named by an import in a file, those inside functions too."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: write the whole name of the module"
            module = node.module or ""
            found += [(node.lineno, f"{module}.{alias.name}" if module == "elman" else module) for alias in node.names]
    return found


def module_of(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_go_down_only(path: Path) -> None:
    here = room(module_of(path))
    if here in ("", "__main__"):
        return
    for line, module in imports(path):
        if not module.startswith("elman.") or (there := room(module)) == here:
            continue
        if there == "__version__":
            continue
        down = FLOORS[there] < FLOORS[here] or (here, there) in BESIDE
        assert down, f"{path}:{line}: {here} (floor {FLOORS[here]}) imports {there} (floor {FLOORS[there]})"


def test_tasks_do_not_import_each_other() -> None:
    for path in (SOURCE / "tasks").rglob("*.py"):
        own = module_of(path).split(".")[2:3]
        if own in ([], ["task"]):
            continue  # the dispatcher knows all tasks
        for line, module in imports(path):
            parts = module.split(".")
            if parts[:2] == ["elman", "tasks"] and len(parts) > 2:
                assert parts[2:3] in (own, ["task"]), f"{path}:{line}: the task {own[0]} imports {parts[2]}"


def test_no_cycles() -> None:
    names = {module_of(path): path for path in FILES}
    edges = {
        name: {m for _, m in imports(path) if m in names and m != name and not _inside_function(path, m)}
        for name, path in names.items()
    }
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " → ".join([*trail, name])
        if name not in done:
            for other in edges[name]:
                visit(other, (*trail, name))
            done.add(name)

    for name in names:
        visit(name, ())


def _inside_function(path: Path, module: str) -> bool:
    """Whether every import of the module in this file stands inside a function."""
    top = ast.parse(path.read_text()).body
    named = [alias.name for node in top if isinstance(node, ast.Import) for alias in node.names]
    named += [node.module or "" for node in top if isinstance(node, ast.ImportFrom)]
    return module not in named


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_files_and_functions_stay_short(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 350, f"{path} has {text.count(chr(10))} lines: more than one idea?"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= 60, f"{path}:{node.lineno}: {node.name} has {lines} lines"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_nothing_read_is_ever_executed(path: Path) -> None:
    text = path.read_text()
    for pattern in (
        r"\bpickle\b",
        r"torch\.load\(",
        r"\beval\(",
        r"\bexec\(",
        r"yaml\.(unsafe_)?load\(",
        r"joblib",
        r"gather_object|broadcast_object",
    ):
        found = [
            m for m in re.finditer(pattern, text) if not text[: m.start()].endswith(".")
        ]  # model.eval() is another
        assert not found, f"{path} uses {pattern}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_every_module_and_public_name_has_a_docstring(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), f"{path} has no docstring"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            if any(ast.unparse(mark) == "overload" for mark in node.decorator_list):
                continue
            assert ast.get_docstring(node), f"{path}:{node.lineno}: {node.name} has no docstring"
