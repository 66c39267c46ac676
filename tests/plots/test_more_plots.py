"""Trees, traces and bars stand where their numbers say; what does not fit is refused."""

import numpy as np
import pytest

from elman.errors import ArgumentError
from elman.plots.bars import draw_bars
from elman.plots.dendrogram import Tree, draw_dendrograms, order_of_leaves
from elman.plots.figure import COLOURS
from elman.plots.traces import Trace, draw_traces
from elman.plots.trajectories import Trajectory, draw_trajectories, principal_components, telling_components

# boy and girl join at 1, eat and see at 2, both groups at 5.
JOINS = np.array([[0, 2, 1.0, 2], [1, 3, 2.0, 2], [4, 5, 5.0, 4]])
NAMES = ("boy", "eat", "girl", "see")


def test_a_tree_joins_where_its_distances_say():
    axes = draw_dendrograms({"words": Tree(NAMES, JOINS)}).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["boy", "girl", "eat", "see"]
    drawn = [np.asarray(line.get_xydata()).tolist() for line in axes.lines]
    assert drawn == [
        [[0, 0], [1, 0], [1, 1], [0, 1]],
        [[0, 2], [2, 2], [2, 3], [0, 3]],
        [[1, 0.5], [5, 0.5], [5, 2.5], [2, 2.5]],
    ]
    left, right = axes.get_xlim()
    assert left > 5
    assert right == 0


def test_groups_have_the_same_colours_in_all_trees():
    kinds = ("noun", "verb", "noun", "verb")
    turned = ("verb", "noun", "verb", "noun")
    figure = draw_dendrograms({"a": Tree(NAMES, JOINS, kinds), "b": Tree(NAMES, JOINS, turned)})
    colours = [[label.get_color() for label in axes.get_yticklabels()] for axes in figure.axes]
    noun, verb = COLOURS[:2]
    assert colours == [[noun, noun, verb, verb], [verb, verb, noun, noun]]


def test_a_tree_of_one_point_and_of_equal_points():
    assert order_of_leaves(np.zeros((0, 4))) == [0]
    draw_dendrograms({"": Tree(["alone"], np.zeros((0, 4)))})
    draw_dendrograms({"": Tree(["a", "b"], np.array([[0, 1, 0.0, 2]]))})


@pytest.mark.parametrize(
    "trees",
    [{}, {"few": Tree(NAMES[:3], JOINS)}, {"groups": Tree(NAMES, JOINS, ("noun",))}],
    ids=["none", "names", "groups"],
)
def test_trees_that_do_not_fit_are_refused(trees: dict[str, Tree]):
    with pytest.raises(ArgumentError):
        draw_dendrograms(trees)


def test_a_trace_shows_its_values_and_marks():
    values, possible = np.array([0.5, 0.1, 0.4]), np.array([0.4, 0.0, 0.4])
    trace = Trace("dib", values, np.array([True, False, True]), possible, "letters", "consonants")
    axes = draw_traces([trace]).axes[0]
    lines = [np.asarray(line.get_ydata()).tolist() for line in axes.lines]
    assert lines == [possible.tolist(), values.tolist(), [0.1], [0.5, 0.4]]
    assert [text.get_text() for text in axes.texts] == ["d", "i", "b"]
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["best possible", "consonants"]
    low, high = axes.get_ylim()
    assert low <= 0
    assert high > 0.5


@pytest.mark.parametrize(
    "traces",
    [
        [],
        [Trace("", np.zeros(0))],
        [Trace("ab", np.zeros(3))],
        [Trace("ab", np.zeros(2), np.zeros(1, dtype=bool))],
        [Trace("ab", np.zeros(2), possible=np.zeros(3))],
    ],
    ids=["none", "empty", "values", "marks", "possible"],
)
def test_traces_that_do_not_fit_are_refused(traces: list[Trace]):
    with pytest.raises(ArgumentError):
        draw_traces(traces)


def test_bars_are_as_long_as_their_values():
    values = np.array([[0.5, 0.4, 0.3], [0.2, 0.1, 0.0]])
    figure = draw_bars({"boys …": values, "boys who …": 2 * values}, ["noun", "verb"], ["exact", "a", "b"])
    for axes, factor in zip(figure.axes, (1, 2), strict=True):
        assert [bar.get_width() for bar in axes.patches] == (factor * values.T.ravel()).tolist()  # pyright: ignore[reportAttributeAccessIssue]
    for wrong in ({}, {"": values.T}):
        with pytest.raises(ArgumentError):
            draw_bars(wrong, ["noun", "verb"], ["exact", "a", "b"])


def test_paths_are_compared_in_the_components_in_which_they_differ():
    states = np.random.default_rng(0).normal(size=(300, 4)) * [4, 3, 2, 1]
    _, directions, _ = principal_components(states, 4)
    third, fourth = directions[:, 2], directions[:, 3]
    a = np.zeros((3, 4))
    b = a + np.outer([0, 1, 2], third) + np.outer([0.1, 0.1, 0.1], fourth)
    assert telling_components(states, [a, b[:2]], count=4) == (3, 4)


def test_a_panel_is_drawn_in_the_components_it_names():
    states = np.random.default_rng(1).normal(size=(50, 4)) * [4, 3, 2, 1]
    path = Trajectory(["boy", "walks"], states[:2])
    figure = draw_trajectories(
        {"plain": [path], "others": [path]}, background={"": states}, components={"others": (1, 4)}
    )
    mean, directions, _ = principal_components(states, 4)
    for axes, columns in zip(figure.axes, ([0, 1], [0, 3]), strict=True):
        drawn = np.concatenate([np.asarray(marks.get_offsets()) for marks in axes.collections])
        assert np.allclose(drawn, (path.states - mean) @ directions[:, columns], atol=1e-4)  # drawn with four digits
    assert figure.axes[1].get_ylabel().startswith("principal component 4 ")
