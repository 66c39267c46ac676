"""Hidden states as paths through their first two principal components, one point per symbol read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from elman.errors import ArgumentError
from elman.plots.figure import COLOURS, new_figure
from elman.plots.labels import write_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SHARED = "#30363c"  # where several paths go the same way
_CLOUDS = ("#c9ced3", "#9fc5e8", "#f4b6a6", "#b7dcc4")


@dataclass(frozen=True)
class Trajectory:
    """One sequence and the hidden state after each of its symbols.

    Args:
        words: what was read, T names.
        states: h_1 … h_T (T, h).
        name: its line in the legend; the words by default.
    """

    words: Sequence[str]
    states: np.ndarray
    name: str = ""


_Path = tuple[np.ndarray, Trajectory]  # its points in the plane (T, 2), and what it is


def principal_components(states: np.ndarray, count: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The directions in which points differ most.

        X - mean = A Σ Pᵀ        coordinates of h: (h - mean) P

    The sign of each direction is chosen so that its largest weight is positive; otherwise it would be arbitrary.

    Args:
        states: points X (n, h), at least two.
        count: how many directions.

    Returns:
        mean (h), directions P (h, count), and the share of the variance along each (count).

    Raises:
        ArgumentError: not a matrix of finite numbers with at least two rows, or fewer than `count` directions.

    Example:
        >>> mean, directions, share = principal_components(np.array([[0.0, 0.0], [2.0, 2.0], [4.0, 4.0]]), count=1)
        >>> mean.tolist(), directions.round(3).ravel().tolist(), share.round(3).tolist()
        ([2.0, 2.0], [0.707, 0.707], [1.0])

    Source: J. L. Elman, "Distributed representations, simple recurrent networks, and grammatical structure", Machine
    Learning 7 (1991), 195-225, looks at hidden states this way.
    """
    if states.ndim != 2 or len(states) < 2 or not np.isfinite(states).all():
        raise ArgumentError(
            f"states have shape {states.shape}" + ("" if np.isfinite(states).all() else " and hold NaN or infinity"),
            expected="finite numbers (n, h), n at least 2",
        )
    if not 1 <= count <= min(states.shape):
        raise ArgumentError(f"count is {count}", expected=f"1 to {min(states.shape)} for states of {states.shape}")
    mean = states.mean(axis=0)
    _, lengths, rows = np.linalg.svd(states - mean, full_matrices=False)
    directions = rows[:count].T
    directions = directions * np.sign(directions[abs(directions).argmax(axis=0), np.arange(count)])
    total = float((lengths**2).sum())
    return mean, directions, lengths[:count] ** 2 / (total or 1.0)


def telling_components(states: np.ndarray, paths: Sequence[np.ndarray], count: int = 12) -> tuple[int, int]:
    """The two principal components along which some paths lie apart most, step by step.

    Args:
        states: all states (n, h), whose components are meant.
        paths: states of some sequences, each (T, h); compared over the length of the shortest.
        count: how many components are considered.

    Returns:
        the numbers of the components, counted from 1, the lower first.

    Example:
        >>> states = np.diag([3.0, 2.0, 1.0])
        >>> telling_components(states, [np.array([[1.0, 0.0, 0.2]]), np.array([[1.0, 0.0, 0.9]])], count=2)
        (1, 2)
    """
    mean, directions, _ = principal_components(states, count)
    steps = min(map(len, paths))
    points = np.stack([(path[:steps] - mean) @ directions for path in paths])  # (paths, steps, count)
    first, second = sorted(points.var(axis=0).sum(axis=0).argsort()[::-1][:2].tolist())
    return first + 1, second + 1


def draw_trajectories(
    panels: Mapping[str, Sequence[Trajectory]],
    *,
    background: Mapping[str, np.ndarray] | None = None,
    components: Mapping[str, tuple[int, int]] | None = None,
    title: str = "",
) -> "Figure":
    """Draw paths of hidden states, a panel for each group of them, in two of their principal components.

    Args:
        panels: title → trajectories drawn together, at most six.
        background: name → states (n, h) shown as faint points in every panel; the components are those of all of
            them together, or of the trajectories where there are none.
        components: title of a panel → the two components it shows, counted from 1; the first two by default.
        title: what stands above the whole figure.

    Returns:
        the figure; `elman.plots.figure.save_figure` writes it.

    Raises:
        MissingExtraError: matplotlib is not installed.
        ArgumentError: nothing to draw, or words and states that do not fit each other.

    Example:
        >>> path = Trajectory(["boys", "walk", "."], np.array([[0.0, 1.0], [2.0, 0.5], [1.0, -1.0]]))
        >>> figure = draw_trajectories({"a plural": [path]})
        >>> [axes.get_title(loc="left") for axes in figure.axes]
        ['a plural']
    """
    shown = [trajectory for group in panels.values() for trajectory in group]
    _check(panels, shown)
    clouds = dict(background or {})
    planes = {heading: (components or {}).get(heading, (1, 2)) for heading in panels}
    states = np.concatenate([*clouds.values()] or [t.states for t in shown])
    mean, directions, share = principal_components(states, max(map(max, planes.values())))
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    figure = new_figure(7.2 * columns, 6.0 * rows + (0.5 if title else 0))
    alike = len(set(planes.values())) == 1
    grid = figure.subplots(rows, columns, squeeze=False, sharex=alike, sharey=alike).ravel()
    for axes in grid[len(panels) :]:
        axes.remove()
    if title:
        figure.suptitle(title, fontsize=15, fontweight="bold")
    groups: list[list[_Path]] = []
    for axes, (heading, plane) in zip(grid, planes.items(), strict=False):
        chosen = directions[:, [number - 1 for number in plane]]
        groups.append([(((t.states - mean) @ chosen).round(4), t) for t in panels[heading]])
        _draw_clouds(axes, {name: (states - mean) @ chosen for name, states in clouds.items()})
        _draw_paths(axes, groups[-1])
        _describe(axes, heading, plane, share)
    figure.canvas.draw()  # lays everything out, so that the labels know what is where
    figure.set_layout_engine("none")
    for axes, group in zip(grid, groups, strict=False):
        _write_words(axes, group)
    return figure


def _describe(axes: "Axes", heading: str, plane: tuple[int, int], share: np.ndarray) -> None:
    """Title, names of the axes and legend of a panel."""
    first, second = plane
    axes.set_title(heading, loc="left", fontsize=12)
    axes.set_xlabel(f"principal component {first} ({share[first - 1]:.0%} of the variance)")
    axes.set_ylabel(f"principal component {second} ({share[second - 1]:.0%})")
    axes.tick_params(labelbottom=True, labelleft=True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), frameon=False, fontsize=10)


def _draw_clouds(axes: "Axes", clouds: Mapping[str, np.ndarray]) -> None:
    """Faint points behind the paths."""
    for (name, points), colour in zip(clouds.items(), _CLOUDS, strict=False):
        axes.plot(*points.T, ".", markersize=5, color=colour, alpha=0.6, mew=0, zorder=1)
        axes.plot([], [], "o", markersize=6, color=colour, mew=0, label=name)


def _check(panels: Mapping[str, Sequence[Trajectory]], shown: Sequence[Trajectory]) -> None:
    if not shown:
        raise ArgumentError("there are no trajectories to draw", expected="at least one")
    for heading, group in panels.items():
        if len(group) > len(COLOURS):
            raise ArgumentError(f"panel {heading!r} has {len(group)} trajectories", expected=f"at most {len(COLOURS)}")
    if len({trajectory.states.shape[1:] for trajectory in shown}) > 1:
        raise ArgumentError("the states of the trajectories are of different widths", expected="states of one network")
    for trajectory in shown:
        if len(trajectory.words) != len(trajectory.states):
            raise ArgumentError(
                f"a trajectory has {len(trajectory.words)} words and states of shape {trajectory.states.shape}",
                expected="one state per word",
            )


def _colours(group: Sequence[_Path]) -> list[list[str]]:
    """The colour of each point of each path: the path's own, or a dark one where another path is at the same point."""
    owners: dict[tuple[float, float], set[int]] = {}
    for number, (points, _) in enumerate(group):
        for x, y in points:
            owners.setdefault((x, y), set()).add(number)
    return [
        [colour if len(owners[x, y]) == 1 else _SHARED for x, y in points]
        for (points, _), colour in zip(group, COLOURS, strict=False)
    ]


def _draw_paths(axes: "Axes", group: Sequence[_Path]) -> None:
    """An arrow for each step, a point per word, a square for the last one."""
    for (points, trajectory), pens, colour in zip(group, _colours(group), COLOURS, strict=False):
        axes.plot([], [], "-s", color=colour, label=trajectory.name or " ".join(trajectory.words))
        axes.scatter(*points[:-1].T, s=28, color=pens[:-1], zorder=4)
        axes.scatter(*points[-1:].T, s=80, color=pens[-1:], marker="s", zorder=4)
        for a, b, pen in zip(points[:-1], points[1:], pens[1:], strict=True):
            axes.plot(*np.stack([a, b]).T, "-", color=pen, linewidth=1.6, zorder=3)
            head = {"arrowstyle": "-|>", "color": pen, "linewidth": 0, "mutation_scale": 14}
            axes.annotate("", xy=a + 0.55 * (b - a), xytext=a + 0.5 * (b - a), arrowprops=head, zorder=3)


def _write_words(axes: "Axes", group: Sequence[_Path]) -> None:
    """Write every word beside its point, once where several paths read it there."""
    words = {
        (word, *point): (point, word, pen)
        for (points, trajectory), pens in zip(group, _colours(group), strict=True)
        for point, word, pen in zip(map(tuple, points), trajectory.words, pens, strict=True)
    }
    points, names, pens = zip(*words.values(), strict=True)
    write_labels(axes, np.array(points), names, pens)
