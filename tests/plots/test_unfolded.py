"""The picture of an unfolded layer: written whole, nothing cut off, no name upon another or upon a box."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch
from matplotlib.text import Text
from torch import Tensor, nn

import elman
from elman import cells
from elman.cells import Cell
from elman.errors import ArgumentError
from elman.layers.unfold import unfold
from elman.plots.arrows import Shape, between, loops
from elman.plots.unfolded import draw_unfolded


class LongNames(Cell):
    """A state with a long name: m_t = tanh(x_t U + w m_{t-1})."""

    def __init__(self, input_size: int) -> None:
        super().__init__(input_size=input_size, output_size=input_size, states={"long_memory": input_size})
        self.U, self.w_of_state = (
            nn.Parameter(torch.randn(input_size, input_size)),
            nn.Parameter(torch.randn(input_size)),
        )

    def step(self, x: Tensor, *, long_memory: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        m = torch.tanh(x @ self.U + self.w_of_state * long_memory)
        return m, {"long_memory": m}


LAYERS = {
    "long names": elman.Recurrent(LongNames(3)),
    "elman": elman.Recurrent(cells.Elman(3, 5)),
    "lstm": elman.Recurrent(cells.LSTM(3, 5)),
    "scrn": elman.Recurrent(cells.SCRN(3, 5, context=2)),
    "jordan": elman.Recurrent(cells.Jordan(3, 5, output_size=2)),
    "two layers": elman.Recurrent(cells.Elman(3, 5), layers=2),
    "lstm, two layers": elman.Recurrent(cells.LSTM(3, 5), layers=2),
    "both directions": elman.Recurrent(cells.Elman(3, 5), bidirectional=True),
    "lstm, both directions": elman.Recurrent(cells.LSTM(3, 5), bidirectional=True),
    "gru, two layers, both directions": elman.Recurrent(cells.GRU(3, 5), layers=2, bidirectional=True),
    "residual": elman.Recurrent(cells.GRU(5, 5), layers=3, connections="residual"),
}
Box = tuple[float, float, float, float]


def texts(figure: Figure) -> list[tuple[str, Box]]:
    """Every text that is drawn, with its left, bottom, right and top in pixels."""
    figure.canvas.draw()
    found = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]  # pyright: ignore[reportAttributeAccessIssue]
    boxes = [text.get_window_extent() for text in found]
    return [(text.get_text(), (b.x0, b.y0, b.x1, b.y1)) for text, b in zip(found, boxes, strict=True)]  # pyright: ignore[reportAttributeAccessIssue]


def share(a: Box, b: Box) -> bool:
    """Whether two boxes overlap by more than half a pixel, which is how boxes of text are rounded."""
    return min(a[2], b[2]) - max(a[0], b[0]) > 0.5 and min(a[3], b[3]) - max(a[1], b[1]) > 0.5


@pytest.mark.parametrize("steps", [1, 3, 30])
@pytest.mark.parametrize("name", LAYERS)
def test_nothing_is_cut_off_and_no_two_names_overlap(name: str, steps: int):
    figure = draw_unfolded(unfold(LAYERS[name], steps))
    found = texts(figure)
    width, height = figure.get_size_inches() * figure.dpi
    for text, (left, bottom, right, top) in found:
        assert left >= 0, text
        assert bottom >= 0, text
        assert right <= width, text
        assert top <= height, text
    overlapping = [(a, b) for (a, one), (b, other) in combinations(found, 2) if share(one, other)]
    assert not overlapping


@pytest.mark.parametrize("name", LAYERS)
def test_names_of_weights_stand_on_no_box_and_names_of_values_in_theirs(name: str):
    figure = draw_unfolded(unfold(LAYERS[name], 3))
    shapes = [p.get_window_extent() for p in figure.axes[0].patches if isinstance(p, Circle | FancyBboxPatch)]
    boxes = [(b.x0, b.y0, b.x1, b.y1) for b in shapes]
    inside = 0
    for text, box in texts(figure):
        near = [b for b in boxes if share(box, b)]
        if near:
            assert len(near) == 1, text
            (left, bottom, right, top), (x0, y0, x1, y1) = box, near[0]
            assert x0 <= left, text
            assert right <= x1, text
            assert y0 <= bottom, text
            assert top <= y1, text
            inside += 1
    assert inside == len(boxes)


def test_there_is_a_shape_for_every_node_and_an_arrow_for_every_edge():
    unfolded = unfold(LAYERS["lstm"], 4)
    figure = draw_unfolded(unfolded)
    arrows = [patch for patch in figure.axes[0].patches if isinstance(patch, FancyArrowPatch)]
    assert len(arrows) == len(unfolded.edges) + len(unfolded.folded()) == 7 * 5
    names = [text for text, _ in texts(figure)]
    for t in range(1, 5):
        assert [names.count(f"${lane}_{{{t}}}$") for lane in "xchy"] == [1, 1, 1, 1]
    assert names.count("$h_{0}$") == 1
    assert [names.count(f"${lane}_{{t}}$") for lane in "xchy"] == [1, 1, 1, 1]  # folded
    # W is on two edges of every step and of the folded graph.
    assert names.count("$W$") == 2 * (4 + 1)
    assert {"input → hidden", "hidden → hidden", "hidden → output", "delay of one step"} <= set(names)


def test_steps_that_do_not_fit_are_cut_from_before_the_last():
    names = [text for text, _ in texts(draw_unfolded(unfold(LAYERS["elman"], 30), columns=3))]
    assert [names.count(f"$h_{{{t}}}$") for t in (0, 1, 2, 3, 29, 30)] == [1, 1, 1, 0, 0, 1]
    assert names.count("···") == 3  # of x, h and y


@pytest.mark.parametrize("ending", ["svg", "png", "pdf"])
def test_files_are_written(tmp_path: Path, ending: str):
    path = tmp_path / f"elman.{ending}"
    draw_unfolded(unfold(LAYERS["elman"], 3), path)
    begin = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}[ending]
    assert path.read_bytes().startswith(begin)
    with pytest.raises(ArgumentError, match="svg"):
        draw_unfolded(unfold(LAYERS["elman"], 3), tmp_path / "elman.bmp")
    with pytest.raises(ArgumentError, match="columns"):
        draw_unfolded(unfold(LAYERS["elman"], 3), columns=1)


def test_arrows_pass_what_stands_between():
    low, middle, high = Shape(0.0, 0.0, True), Shape(0.0, 1.0, False), Shape(0.0, 2.0, True)
    straight, bent = between(low, high, []), between(low, high, [middle])
    assert middle.covers(straight.along()).any()
    assert not middle.covers(bent.along()).any()
    for curve in (straight, bent):  # from border to border: not into the circles, and no more than 0.05 away
        for shape, end in ((low, curve.at(0.0)), (high, curve.at(1.0))):
            assert not shape.covers(end, 0.0).any()
            assert shape.covers(end, 0.05).all()
    for curve in loops(middle):
        assert not middle.covers(curve.along()[1:-1], 0.0).any()
        assert not np.allclose(curve.at(0.0), curve.at(1.0))
