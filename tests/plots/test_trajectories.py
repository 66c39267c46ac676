"""The components are those of independent formulas; labels hide nothing; figures are written whole or not at all."""

import sys
from itertools import combinations

import numpy as np
import pytest

from elman.errors import ArgumentError, MissingExtraError, StorageError
from elman.plots.figure import new_figure, save_figure
from elman.plots.labels import place_labels
from elman.plots.trajectories import Trajectory, draw_trajectories, principal_components


def cloud(n: int = 200, h: int = 6) -> np.ndarray:
    generator = np.random.default_rng(0)
    return generator.normal(size=(n, h)) @ np.diag([5.0, 3.0, 1.0, 0.5, 0.2, 0.1][:h]) + 7.0


def test_components_are_the_eigenvectors_of_the_covariance():
    states = cloud()
    mean, directions, share = principal_components(states)
    values, vectors = np.linalg.eigh(np.cov(states.T))
    assert np.allclose(mean, states.mean(axis=0))
    assert np.allclose(abs(directions.T @ vectors[:, [-1, -2]]), np.eye(2), atol=1e-9)
    assert np.allclose(share, values[[-1, -2]] / values.sum())
    assert np.allclose(directions.T @ directions, np.eye(2))


def test_signs_do_not_depend_on_the_order_or_reflection_of_the_points():
    states = cloud()
    _, directions, _ = principal_components(states)
    centre = states.mean(axis=0)
    for other in (states[::-1], 2 * centre - states):  # mirrored: the same axes, the opposite coordinates
        assert np.allclose(principal_components(other)[1], directions, atol=1e-9)


@pytest.mark.parametrize(
    ("states", "count"),
    [
        (np.zeros((1, 3)), 2),
        (np.zeros(3), 2),
        (np.full((5, 3), np.nan), 2),
        (np.zeros((5, 1)), 2),
        (np.zeros((5, 3)), 0),
    ],
)
def test_wrong_states_are_refused(states: np.ndarray, count: int):
    with pytest.raises(ArgumentError):
        principal_components(states, count)


def test_states_that_never_change_are_drawn():
    mean, _, share = principal_components(np.ones((4, 3)))
    assert mean.tolist() == [1, 1, 1]
    assert share.tolist() == [0, 0]


@pytest.mark.parametrize("seed", range(5))
def test_labels_do_not_overlap_each_other_or_any_point(seed: int):
    generator = np.random.default_rng(seed)
    points = generator.uniform(60, 440, size=(14, 2))
    points[7] = points[3]  # two words at one place
    sizes = np.stack([generator.uniform(20, 50, 14), np.full(14, 12.0)], axis=1)
    centres = place_labels(points, sizes, np.zeros((0, 2)), (0, 0, 500, 500))
    for i, j in combinations(range(14), 2):
        assert (abs(centres[i] - centres[j]) >= (sizes[i] + sizes[j]) / 2 - 1e-9).any(), (i, j)
    for i in range(14):
        assert not (abs(points - centres[i]) < sizes[i] / 2).all(axis=1).any()
        assert ((centres[i] - sizes[i] / 2 >= 0) & (centres[i] + sizes[i] / 2 <= 500)).all()


def test_labels_keep_away_from_lines_where_they_can():
    line = np.stack([np.linspace(0, 100, 50), np.full(50, 50.0)], axis=1)
    centre = place_labels(np.array([[50.0, 50.0]]), np.array([[30.0, 10.0]]), line, (0, 0, 100, 100))[0]
    assert abs(centre[1] - 50) >= 5


def pair() -> list[Trajectory]:
    states = cloud(5)
    other = np.concatenate([states[:3], states[3:] + 2])
    words = ["boys", "who", "chase", "cats"]
    return [Trajectory([*words, "walk"], states), Trajectory([*words, "walks"], other)]


def test_a_word_that_both_paths_read_at_the_same_point_is_written_once():
    figure = draw_trajectories({"two ends": pair()}, background={"other states": cloud()}, title="Hidden states")
    axes = figure.axes[0]
    assert sorted(text.get_text() for text in axes.texts if text.get_text()) == sorted(
        ["boys", "who", "chase", "cats", "cats", "walk", "walks"]
    )
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [
        "other states",
        "boys who chase cats walk",
        "boys who chase cats walks",
    ]
    assert "of the variance" in axes.get_xlabel()


def test_points_stand_where_the_components_say():
    path = pair()[0]
    figure = draw_trajectories({"": [path]}, background={"all": cloud()})
    mean, directions, _ = principal_components(cloud())
    drawn = np.concatenate([np.asarray(marks.get_offsets()) for marks in figure.axes[0].collections])
    assert np.allclose(drawn, (path.states - mean) @ directions, atol=1e-4)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_every_panel_is_drawn_and_no_other(count: int):
    figure = draw_trajectories({f"panel {i}": pair() for i in range(count)})
    assert [axes.get_title(loc="left") for axes in figure.axes] == [f"panel {i}" for i in range(count)]


@pytest.mark.parametrize(
    "panels",
    [
        {},
        {"none": []},
        {"seven": pair() * 4},
        {"unequal": [Trajectory(["one"], np.zeros((2, 3)))]},
        {"different widths": [Trajectory(["a"], np.zeros((1, 3))), Trajectory(["a"], np.zeros((1, 4)))]},
    ],
)
def test_what_cannot_be_drawn_is_refused(panels: dict[str, list[Trajectory]]):
    with pytest.raises(ArgumentError):
        draw_trajectories(panels)


def test_a_figure_is_written_in_the_format_of_its_name(tmp_path):
    figure = draw_trajectories({"": pair()})
    for name, begin in (("a.png", b"\x89PNG"), ("a.pdf", b"%PDF"), ("a.svg", b"<?xml")):
        save_figure(figure, tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(begin)
    with pytest.raises(ArgumentError, match=r"\.png"):
        save_figure(figure, tmp_path / "a.jpeg2000")
    with pytest.raises(StorageError):
        save_figure(figure, tmp_path / "missing" / "a.png")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pdf", "a.png", "a.svg"]


def test_without_matplotlib_the_error_names_the_extra(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"elman\[plot\]"):
        new_figure(4, 3)
