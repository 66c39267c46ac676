"""Every command shown in the README and the manual is run, and prints what is shown.

A block fenced with ```console is run line by line in a folder that holds `reviews.csv`, made below, and what the
blocks before it on the same page have left there; "..." in the shown output stands for anything. Blocks fenced with
```text show outputs that take too long to repeat here. Python examples (>>>) are run by pytest's own doctest.
"""

import doctest
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


def reviews(path: Path) -> None:
    """200 short reviews, half of each kind; whether a film is liked is in the order of the words, too."""
    choose = random.Random(1)
    rows = ["text,label"]
    for i in range(200):
        good = i % 2 == 0
        word = choose.choice(["fine", "moving", "witty", "lovely"] if good else ["dull", "weak", "tired", "flat"])
        rows.append(
            f"the {choose.choice(['film', 'plot', 'cast', 'end'])} was {word} indeed,{'good' if good else 'bad'}"
        )
    path.write_text("\n".join(rows) + "\n")


def commands(block: str) -> list[tuple[str, str]]:
    """(command, expected output) of a block; a command goes on after a trailing backslash."""
    found: list[tuple[str, str]] = []
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        head, _, output = re.sub(r"\\\n\s*", "", part).partition("\n")
        found.append((head, output))
    return found


@pytest.mark.parametrize("page", [p for p in PAGES if BLOCK.search(p.read_text())], ids=lambda p: p.name)
def test_commands_print_what_is_shown(page: Path, tmp_path: Path) -> None:
    blocks = BLOCK.findall(page.read_text())
    reviews(tmp_path / "reviews.csv")
    place = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "COLUMNS": "100"}
    for command, expected in [pair for block in blocks for pair in commands(block)]:
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env=place, capture_output=True, text=True, timeout=200
        )
        assert done.returncode == 0, f"{page.name}: $ {command}\n{done.stderr}"
        flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        shown = done.stdout + done.stderr
        if expected.strip():
            assert doctest.OutputChecker().check_output(expected, shown, flags), (
                f"{page.name}: $ {command}\nshown:\n{expected}\nprinted:\n{shown}"
            )


def test_every_recipe_named_in_the_manual_is_there() -> None:
    for page in PAGES:
        for name in re.findall(r"recipes/([\w-]+\.yaml)", page.read_text()):
            assert (ROOT / "recipes" / name).exists(), f"{page.name} names recipes/{name}"


def test_the_make_targets_named_in_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^ {4})make ([a-z]+)", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert {"demo", "test"} <= named <= targets


def test_every_benchmark_is_listed() -> None:
    """All that can be run; `make bench` runs the first of them."""
    named = re.findall(r"`python -m benchmarks\.(\w+)", (ROOT / "CONTRIBUTING.md").read_text())
    there = [path.stem for path in (ROOT / "benchmarks").glob("*.py") if "__main__" in path.read_text()]
    assert set(there) <= set(named)
    run = re.findall(r"^\t\$\(BIN\)/python -m benchmarks\.(\w+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert run == named[: len(run)]
