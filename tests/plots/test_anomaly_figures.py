"""What is watched as a figure: the band, the alarms and the labels stand where they are."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from elman.errors import ArgumentError
from elman.plots.anomalies import Watched, draw_anomalies


def test_alarms_band_and_times() -> None:
    observed = np.array([1.0, 2.0, np.nan, 9.0, 1.0])
    alarms = np.array([False, False, False, True, False])
    column = Watched("heat", observed, np.array([np.nan, 1, 1, 1, 1]), np.full(5, 2.0), alarms, alarms)
    figure = draw_anomalies([column], ["a", "b", "c", "d", "e"])
    (axes,) = figure.axes
    marks = axes.lines[1]
    assert (marks.get_xdata().tolist(), marks.get_ydata().tolist()) == ([3], [9.0])  # pyright: ignore
    band = axes.collections[-1].get_paths()[0].vertices
    assert {round(float(y), 6) for _, y in band} == {-1.0, 3.0}  # pyright: ignore
    (span,) = axes.patches
    assert (span.get_x(), span.get_width()) == (2.5, 1.0)  # pyright: ignore
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "b", "c", "d", "e"]


def test_the_columns_with_most_alarms_are_drawn_in_their_order() -> None:
    columns = [Watched(f"c{k}", np.zeros(9), np.zeros(9), np.ones(9), np.arange(9) < k % 4) for k in range(12)]
    figure = draw_anomalies(columns, most=3)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["c3", "c7", "c11"]
    with pytest.raises(ArgumentError, match="no column"):
        draw_anomalies([])
