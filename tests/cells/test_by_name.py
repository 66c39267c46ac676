"""Cells by name: the two lists of names agree, and each name makes the cell of that name."""

import pytest

from elman.cells.by_name import BY_NAME, make_cell
from elman.data.options import CELLS
from elman.errors import ArgumentError


def test_the_names_without_torch_are_those_with() -> None:
    assert tuple(BY_NAME) == CELLS


@pytest.mark.parametrize("name", CELLS)
def test_each_name_makes_its_cell(name: str) -> None:
    cell = make_cell(name, 3, 5)
    assert type(cell).__name__.lower() == name.replace("_", "")
    assert (cell.input_size, cell.states["h" if "h" in cell.states else "c"]) == (3, 5)


def test_what_a_cell_does_not_have_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"the cell 'lstm' has no activation to choose\. Expected .*forget_bias"):
        make_cell("lstm", 3, 5, activation="relu")
    with pytest.raises(ArgumentError, match="there is no cell 'elmann'"):
        make_cell("elmann", 3, 5)
    assert make_cell("scrn", 3, 5, context=7).states == {"s": 7, "h": 5}
