"""Words beside points, placed so that they hide neither each other nor the points and lines."""

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DIRECTIONS = tuple((np.cos(a), np.sin(a)) for a in np.arange(16) * np.pi / 8)
_SWEEPS = 3


def place_labels(points: np.ndarray, sizes: np.ndarray, lines: np.ndarray, frame: Sequence[float]) -> np.ndarray:
    """Where to put the label of each point: greedy at first, then improved one by one.

    Every label tries places around its point at two distances, and takes the one with the least of: area shared with
    other labels, points and line pieces covered, distance, and anything outside of the frame.

    Args:
        points: the labelled points (n, 2).
        sizes: width and height of each label (n, 2), in the same units, such as pixels.
        lines: points that stand for the drawn lines and marks (m, 2), which labels had better not cover.
        frame: left, bottom, right, top.

    Returns:
        centres of the labels (n, 2).

    Example:
        >>> centres = place_labels(np.zeros((2, 2)), np.full((2, 2), 10.0), np.zeros((1, 2)), (-50, -50, 50, 50))
        >>> bool((abs(centres[0] - centres[1]) >= 10).any())        # two labels of one point stand apart
        True
    """
    if not len(points):
        return np.zeros((0, 2))
    margin = float(sizes[:, 1].mean()) * 0.6  # room for the mark at the point
    offsets = [
        np.array([dx, dy]) * (sizes / 2 + margin * far) + np.array([dx, dy]) * margin * (far - 1)
        for far, (dx, dy) in itertools.product((1.0, 2.0, 3.2), _DIRECTIONS)
    ]
    places = points[:, None] + np.stack(offsets, axis=1)  # (n, candidates, 2)
    fixed = _fixed_costs(places, points, sizes, lines, frame)
    chosen = np.full(len(points), -1)
    for _ in range(_SWEEPS):
        for i in range(len(points)):
            others = [j for j in range(len(points)) if j != i and chosen[j] >= 0]
            cost = fixed[i].copy()
            for j in others:
                apart = abs(places[i] - places[j, chosen[j]]) - (sizes[i] + sizes[j]) / 2
                cost += 100 * np.prod(np.maximum(-apart, 0), axis=1) / np.prod(sizes[i])
            chosen[i] = int(cost.argmin())
    return places[np.arange(len(points)), chosen]


def _fixed_costs(
    places: np.ndarray, points: np.ndarray, sizes: np.ndarray, lines: np.ndarray, frame: Sequence[float]
) -> np.ndarray:
    """Cost (n, candidates) of each place that does not depend on where the other labels go."""
    half = sizes[:, None, None] / 2
    covers = (abs(places[:, :, None] - lines) < half).all(axis=3).sum(axis=2)  # (n, candidates)
    marks = half + 0.45 * sizes[:, 1].mean()
    covers = covers + 8 * (abs(places[:, :, None] - points) < marks).all(axis=3).sum(axis=2)
    distance = np.linalg.norm(places - points[:, None], axis=2) / sizes[:, 1:].mean()
    low, high = places - sizes[:, None] / 2, places + sizes[:, None] / 2
    outside = np.maximum(np.array(frame[:2]) - low, 0) + np.maximum(high - np.array(frame[2:]), 0)
    return covers + 0.8 * distance + 20 * outside.sum(axis=2) / sizes[:, 1:]


def write_labels(axes: "Axes", points: np.ndarray, words: Sequence[str], colours: Sequence[str]) -> None:
    """Write a word beside each point (n, 2; data units) of axes that have their final layout, away from their lines."""
    from matplotlib.patheffects import withStroke

    to_pixels, box = axes.transData, axes.get_window_extent()
    halo = [withStroke(linewidth=2.5, foreground="white")]  # readable where a line cannot be avoided
    texts = [
        axes.text(0, 0, word, fontsize=10, color=colour, ha="center", va="center", zorder=5, path_effects=halo)
        for word, colour in zip(words, colours, strict=True)
    ]
    sizes = np.array([(e.width, e.height) for e in (text.get_window_extent() for text in texts)]).reshape(-1, 2)
    drawn = [_dense(to_pixels.transform(line.get_xydata())) for line in axes.lines if line.get_zorder() > 1]
    lines = np.concatenate([*drawn, np.zeros((0, 2))])
    centres = place_labels(to_pixels.transform(points), sizes, lines, (box.x0, box.y0, box.x1, box.y1))
    for text, centre in zip(texts, to_pixels.inverted().transform(centres), strict=True):
        text.set_position(tuple(centre))


def _dense(corners: np.ndarray, spacing: float = 5.0) -> np.ndarray:
    """Points along a line through the corners, about `spacing` apart."""
    pieces = [corners[-1:]]
    for a, b in itertools.pairwise(corners):
        count = max(1, int(np.linalg.norm(b - a) / spacing))
        pieces.append(a + (b - a) * np.arange(count)[:, None] / count)
    return np.concatenate(pieces)
