"""Boxes and the arrows between them, in inches: where an arrow begins, what it passes, and where its name stands."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

WIDTH, HEIGHT, RADIUS = 0.62, 0.46, 0.25  # of a box; of a circle
_CLEAR = 0.07  # between an arrow and what it passes
_BENDS = (0.0, 0.35, -0.35, 0.6, -0.6, 0.9, -0.9, 1.3, -1.3, 1.8, -1.8)


@dataclass(frozen=True)
class Shape:
    """A box or a circle around a point."""

    x: float
    y: float
    round: bool

    @property
    def centre(self) -> np.ndarray:
        """The point (2)."""
        return np.array([self.x, self.y])

    def moved(self, x: float) -> "Shape":
        """The same, further to the right."""
        return Shape(self.x + x, self.y, self.round)

    def border(self, towards: np.ndarray, gap: float = 0.03) -> np.ndarray:
        """The point of the border in the direction of another point, and a little outside."""
        way = towards - self.centre
        length = float(np.linalg.norm(way)) or 1.0
        if self.round:
            return self.centre + way / length * (RADIUS + gap)
        reach = min(WIDTH / 2 / max(abs(way[0]), 1e-9), HEIGHT / 2 / max(abs(way[1]), 1e-9))
        return self.centre + way * (reach + gap / length)

    def covers(self, points: np.ndarray, clear: float = _CLEAR) -> np.ndarray:
        """Which points (n, 2) lie in it, or closer than `clear`."""
        away = abs(points - self.centre)
        if self.round:
            return np.linalg.norm(away, axis=1) < RADIUS + clear
        return (away[:, 0] < WIDTH / 2 + clear) & (away[:, 1] < HEIGHT / 2 + clear)


@dataclass(frozen=True)
class Curve:
    """A cubic Bézier curve by its four points (4, 2)."""

    points: np.ndarray

    def at(self, share: np.ndarray | Sequence[float] | float) -> np.ndarray:
        """Points on it (n, 2), 0 being its beginning and 1 its end."""
        t = np.atleast_1d(np.asarray(share, dtype=float))[:, None]
        a, b, c, d = self.points
        return (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d

    def along(self) -> np.ndarray:
        """Points along it, dense enough to find what it passes (60, 2)."""
        return self.at(np.linspace(0, 1, 60))

    def moved(self, x: float) -> "Curve":
        """The same, further to the right."""
        return Curve(self.points + np.array([x, 0.0]))


def between(source: Shape, target: Shape, others: Iterable[Shape]) -> Curve:
    """An arrow from one shape to another: straight, or bent as little as is needed to pass the others by."""
    others = list(others)
    way = target.centre - source.centre
    across = np.array([-way[1], way[0]]) / (float(np.linalg.norm(way)) or 1.0)
    curves = [_bent(source, target, across * bend) for bend in _BENDS]
    return next(
        (curve for curve in curves if not any(shape.covers(curve.along()).any() for shape in others)), curves[0]
    )


def _bent(source: Shape, target: Shape, bend: np.ndarray) -> Curve:
    a, b = source.centre, target.centre
    first, second = a + (b - a) * 0.3 + bend, a + (b - a) * 0.7 + bend
    return Curve(np.stack([source.border(first), first, second, target.border(second)]))


def loops(shape: Shape) -> list[Curve]:
    """Arrows from a shape to itself: on its right, on its left, and at its corners."""
    found: list[Curve] = []
    for angle, turn in ((0, 1), (180, -1), (45, 1), (135, -1), (-45, 1), (-135, -1)):
        out, across = (np.array([np.cos(a), np.sin(a)]) for a in np.radians([angle, angle + 90 * turn]))
        begin, end = (shape.border(shape.centre + out + side * across * 0.45) for side in (1, -1))
        found.append(
            Curve(np.stack([begin, begin + out * 0.62 + across * 0.22, end + out * 0.62 - across * 0.22, end]))
        )
    return found


def ways_back(source: Shape, target: Shape) -> list[Curve]:
    """Arrows that go round the straight way: beside shapes that stand upon each other, or through either corner."""
    found: list[Curve] = []
    for side in (1.0, -1.0):
        out = np.array([side, 0.0])
        a, b = source.border(source.centre + out), target.border(target.centre + out)
        found.append(Curve(np.stack([a, a + out * 0.62, b + out * 0.62, b])))
    if abs(source.x - target.x) < 0.1:
        return found
    round_corners: list[Curve] = []
    for corner in (np.array([target.x, source.y]), np.array([source.x, target.y])):
        a, b = source.border(corner), target.border(corner)
        round_corners.append(Curve(np.stack([a, a + (corner - a) * 0.8, b + (corner - b) * 0.8, b])))
    return round_corners + found


def quietest(candidates: Sequence[Curve], shapes: Sequence[Shape], curves: Sequence[Curve]) -> Curve:
    """The arrow that covers the least of shapes and other arrows; of equals the first."""
    points = np.concatenate([curve.along() for curve in curves]) if curves else np.zeros((0, 2))

    def cost(curve: Curve) -> int:
        own = curve.along()[4:-4]  # ends are at shapes
        covered = sum(int(shape.covers(own, -0.01).sum()) for shape in shapes)
        near = np.linalg.norm(own[:, None] - points, axis=2).min(axis=1, initial=9.0) < 0.09
        return 10 * covered + int(near.sum())

    return min(candidates, key=cost)


def place_name(
    curve: Curve, size: Sequence[float], curves: Sequence[Curve], shapes: Sequence[Shape], taken: Sequence[np.ndarray]
) -> np.ndarray:
    """Where the name of an arrow stands: beside it, on no shape, and on as little else as can be.

    Args:
        curve: the arrow.
        size: width and height of the name.
        curves: the other arrows.
        shapes: boxes and circles.
        taken: names that have a place: left, bottom, right, top.

    Returns:
        the centre of the name (2).
    """
    points = np.concatenate([other.along() for other in curves]) if curves else np.zeros((0, 2))
    half = np.asarray(size) / 2
    own = curve.along()
    best, least = curve.at(0.5)[0], np.inf
    for share in (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74):
        here, ahead = curve.at([share, share + 0.01])
        way = (ahead - here) / (float(np.linalg.norm(ahead - here)) or 1.0)
        for side in (1, -1):
            across = side * np.array([way[1], -way[0]])  # at first right of an arrow upwards, above one to the left
            if abs(way[0]) > 0.7:
                across = side * np.array([-way[1], way[0]]) * np.sign(way[0])  # at first above an arrow to the side
            for far in (0.06, 0.12):
                centre = here + across * (far + abs(across) @ half)
                cost = 6 * abs(share - 0.5) + (side < 0) * 0.3 + 5 * (far - 0.06)
                close, closer = ((abs(points - centre) < half + room).all(axis=1).sum() for room in (0.1, 0.04))
                cost += 0.1 * close + 2.0 * closer + 4.0 * (abs(own - centre) < half).all(axis=1).sum()
                corners = centre + np.array([[x, y] for x in (-1, 0, 1) for y in (-1, 0, 1)]) * half
                cost += 40 * sum(shape.covers(corners, 0.02).any() for shape in shapes)
                low, high = centre - half, centre + half
                cost += 60 * sum(bool((low < box[2:]).all() and (high > box[:2]).all()) for box in taken)
                if cost < least:
                    best, least = centre, cost
    return best
