"""What is drawn is what was forecast, at the right places."""

import numpy as np
import pytest

from elman.errors import ArgumentError
from elman.plots.forecasts import Panel, bands, draw_forecasts


def panel(horizon: int = 3, title: str = "y") -> Panel:
    points = np.arange(horizon) + 10.0
    quantiles = np.stack([points - 2, points - 1, points, points + 1, points + 2], -1)
    times = [f"2021-01-{k + 1:02d}" for k in range(horizon)]
    return Panel(title, np.array([1.0, np.nan, 3.0]), points, times, [0.05, 0.25, 0.5, 0.75, 0.95], quantiles)


def test_history_forecast_and_bands() -> None:
    (axes,) = draw_forecasts([panel()]).axes
    history, forecast = (np.asarray(line.get_xydata()) for line in axes.get_lines()[:2])
    np.testing.assert_equal(history, [[-2, 1], [-1, np.nan], [0, 3]])
    np.testing.assert_equal(forecast, [[1, 10], [2, 11], [3, 12]])
    heights = [np.asarray(collection.get_paths()[0].vertices)[:, 1] for collection in axes.collections]
    assert [(h.min(), h.max()) for h in heights] == [(8, 14), (9, 13)]  # 90 %, then 50 % upon it
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["90%", "50%"]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["2021-01-01", "2021-01-03"]


def test_a_single_step_and_no_quantiles() -> None:
    lone = panel(1)
    (axes,) = draw_forecasts([Panel("y", np.zeros(0), lone.points, lone.times, [], np.zeros((1, 0)))]).axes
    assert len(axes.collections) == 0
    assert [text.get_text() for text in axes.get_xticklabels()] == ["2021-01-01"]


def test_of_many_series_an_even_choice_is_drawn() -> None:
    figure = draw_forecasts([panel(title=str(i)) for i in range(100)], most=4)
    assert [axes.get_title() for axes in figure.axes] == ["0", "33", "66", "99"]
    with pytest.raises(ArgumentError, match="no series"):
        draw_forecasts([])


def test_pairs_of_levels() -> None:
    assert bands([0.1, 0.9, 0.95]) == [(0, 1)]
    assert bands([0.5]) == []
