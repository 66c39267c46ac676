"""The tables of cells in the manual, against the cells: every cell is there, and every number is right."""

import ast
import re
from pathlib import Path

import pytest

from elman import Recurrent, cells
from elman.cells import Cell
from elman.cells.wrapper import Wrapper
from elman.layers.feedback import Forced
from elman.run.plan import plan
from elman.step.program import Stage
from elman.step.text import to_text

PAGE = (Path(__file__).parents[2] / "docs" / "cells.md").read_text()
# Different from each other, so that no letter can stand for another; d is not h, for which SRU has a matrix less.
LETTERS = {"d": 3, "h": 8, "o": 5, "s": 6, "r": 7, "m": 4, "L": 2, "k": 9}


def rows(first: str) -> list[dict[str, str]]:
    """The rows of the table whose first column has that title, by the titles of the columns; without equations."""
    lines = PAGE[PAGE.index(f"| {first} |") :].split("\n\n")[0].splitlines()
    table = [[cell.split("<br>")[0].strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(table[0], row, strict=True)) for row in table[2:]]


def call(text: str) -> ast.Call:
    """The call in a cell of a table: `LSTM(d, h, projection=r)`."""
    node = ast.parse(text.strip("`"), mode="eval").body
    assert isinstance(node, ast.Call)
    return node


def name(text: str) -> str:
    """The class that is called."""
    function = call(text).func
    assert isinstance(function, ast.Name)
    return function.id


def value(node: ast.expr) -> object:
    """A letter, a constant, or a list of such."""
    if isinstance(node, ast.Name):
        return LETTERS[node.id]
    if isinstance(node, ast.List):
        return [value(entry) for entry in node.elts]
    return ast.literal_eval(node)


def made(text: str) -> Cell:
    """The cell of a row."""
    node = call(text)
    options = {str(keyword.arg): value(keyword.value) for keyword in node.keywords}
    return getattr(cells, name(text))(*map(value, node.args), **options)


def number(formula: str) -> int:
    """The value of a formula such as `2 h (d + L h + L)`: whole numbers, letters, sums, differences and products."""

    def of(node: ast.expr) -> int:
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return node.value
        if isinstance(node, ast.Name):
            return LETTERS[node.id]
        assert isinstance(node, ast.BinOp), f"{formula!r} is more than sums and products"
        a, b = of(node.left), of(node.right)
        if isinstance(node.op, ast.Mult):
            return a * b
        assert isinstance(node.op, ast.Add | ast.Sub)
        return a + b if isinstance(node.op, ast.Add) else a - b

    with_signs = re.sub(r"(?<=[\w)]) (?=[\w(])", " * ", formula)
    return of(ast.parse(with_signs, mode="eval").body)


def stages(cell: Cell) -> tuple[Stage, ...]:
    return plan(to_text(Recurrent(cell).program)).stages


CELLS = {row["cell"].strip("`"): row for row in rows("cell")}
each = pytest.mark.parametrize("row", CELLS.values(), ids=list(CELLS))


def test_a_formula() -> None:
    """2 · 8 (3 + 2 · 8 + 2) = 336 and (3 + 8) (8 + 6) - 3 · 5 = 139, by hand."""
    assert number("2 h (d + L h + L)") == 336
    assert number("(d + h) (h + s) - 3 o") == 139


@each
def test_states(row: dict[str, str]) -> None:
    shown = re.findall(r"`(\w+)`", row["states"])
    known = list(made(row["cell"]).states)
    if row["states"].endswith("…"):
        assert known[: len(shown)] == shown
        assert len(known) > len(shown)
    else:
        assert known == shown


@each
def test_number_of_parameters(row: dict[str, str]) -> None:
    assert number(row["parameters"]) == sum(parameter.numel() for parameter in made(row["cell"]).parameters())


@each
def test_products_in_the_loop(row: dict[str, str]) -> None:
    found = [node for stage in stages(made(row["cell"])) if stage.states for node in stage.nodes if node.op == "matmul"]
    assert number(row["products"]) == len(found)


@each
def test_parallel_over_time(row: dict[str, str]) -> None:
    cell = made(row["cell"])
    linear = {state for stage in stages(cell) if stage.linear for state in stage.states}
    shown = row["parallel"]
    assert linear == (set(cell.states) if shown == "yes" else set(re.findall(r"`(\w+)`", shown)))
    if cell.feedback:
        waiting = [stage for stage in stages(Forced(cell)) if stage.states]
        assert bool(waiting) == ("with targets" not in shown)


def test_one_product_is_left_with_targets() -> None:
    (loop,) = [stage for stage in stages(Forced(cells.ElmanJordan(3, 8, 5))) if stage.states]
    assert [node.op for node in loop.nodes].count("matmul") == 1


def test_every_cell_is_in_a_table() -> None:
    exported = {key for key, one in vars(cells).items() if isinstance(one, type) and issubclass(one, Cell)}
    wrappers = {key for key in exported if issubclass(getattr(cells, key), Wrapper)}
    assert {name(row["wrapper"]) for row in rows("wrapper")} == wrappers - {"Wrapper"}
    assert {name(row["cell"]) for row in CELLS.values()} == exported - wrappers - {"Cell"}


def test_wrappers_add_no_parameters() -> None:
    for row in rows("wrapper"):
        wrapper = getattr(cells, name(row["wrapper"]))
        inner = cells.LSTM(3, 8)
        wrapped = wrapper(inner, 2) if name(row["wrapper"]) == "Conditioned" else wrapper(inner, 0.5)
        assert [id(p) for p in wrapped.parameters()] == [id(p) for p in inner.parameters()]
