"""The picture of an attention: what it shows is where it belongs."""

import numpy as np
import pytest

from elman.errors import ArgumentError
from elman.plots.attention import draw_attention


def test_rows_are_what_is_written_and_columns_what_is_read():
    weights = np.array([[0.1, 0.9, 0.0], [1.0, 0.0, 0.0]])
    axes = draw_attention(weights, ["a", "$b$", "c\x1b"], ["x", "y"]).axes[0]
    assert np.array_equal(np.asarray(axes.images[0].get_array()), weights)
    assert axes.images[0].get_clim() == (0, 1)  # pictures of different texts can be compared
    assert [text.get_text() for text in axes.get_xticklabels()] == ["a", "$b$", "c·"]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["x", "y"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first symbol written is at the top


def test_long_texts_have_a_bounded_picture():
    width, height = draw_attention(np.full((90, 200), 1 / 200), ["s" * 99] * 200, ["t"] * 90).get_size_inches()
    assert width < 45
    assert height < 45


@pytest.mark.parametrize(("rows", "columns"), [(1, 2), (2, 1), (0, 0)])
def test_names_that_do_not_fit(rows: int, columns: int):
    with pytest.raises(ArgumentError, match="weights have shape"):
        draw_attention(np.ones((rows, columns)), ["a"] * rows, ["b"] * columns)
