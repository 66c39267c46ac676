"""Scales by hand, there and back."""

import numpy as np
import pytest

from elman.data.series.scaling import SCALINGS, fit_scale
from elman.errors import ArgumentError, DataError

VALUES = np.array([2.0, 4.0, np.nan, 9.0, 5.0, 5.0, 0.0, np.nan])
STARTS = np.array([0, 4, 6, 6, 7, 8])  # unequal, constant, empty, a single zero, missing only


@pytest.mark.parametrize(
    ("kind", "shift", "size"),
    [
        ("none", 0, 1),
        ("mean", 0, 5),  # (2 + 4 + 9) / 3
        ("standard", 5, np.sqrt(26 / 3)),  # deviations -3, -1, 4
        ("robust", 4, 3.5 / 1.3489795),  # quartiles 3 and 6.5
        ("last", 9, 1.5),  # steps 2 and 5
    ],
)
def test_by_hand(kind: str, shift: float, size: float) -> None:
    scale = fit_scale(VALUES, STARTS, kind)
    assert scale.shift[0] == pytest.approx(shift, rel=1e-7)
    assert scale.size[0] == pytest.approx(size, rel=1e-7)


@pytest.mark.parametrize("kind", SCALINGS)
@pytest.mark.parametrize("log", [False, True])
def test_there_and_back(kind: str, log: bool) -> None:
    scale = fit_scale(VALUES, STARTS, kind, log)
    owner = np.repeat(np.arange(5), np.diff(STARTS))
    scaled = scale.forth(VALUES, owner)
    assert np.isfinite(scaled[np.isfinite(VALUES)]).all()
    assert (scale.size > 0).all()
    # A few roundings of numbers up to 10.
    np.testing.assert_allclose(scale.back(scaled, owner), VALUES, rtol=1e-13, atol=1e-13)
    grid = np.arange(10.0).reshape(2, 5)
    some = scale.take(np.array([1, 0]))
    np.testing.assert_allclose(
        some.back(some.forth(grid, np.array([0, 1])), np.array([0, 1])), grid, rtol=1e-12, atol=1e-12
    )


def test_the_logarithm() -> None:
    scale = fit_scale(np.array([1.0, np.e, 0.0, np.e - 1]), np.array([0, 2, 4]), "none", log=True)
    # ln e = 1; with a zero in the series ln(y + 1)
    assert scale.forth(np.array([np.e, 0.0]), np.array([0, 1])).tolist() == [1.0, 0.0]
    with pytest.raises(DataError, match="series 2 holds the value -3"):
        fit_scale(np.array([1.0, -3.0]), np.array([0, 1, 2]), "mean", log=True)
    with pytest.raises(DataError, match=r"a\.csv: 'milk' holds the value -3"):
        fit_scale(np.array([-3.0]), np.array([0, 1]), "mean", log=True, names=["milk"], path="a.csv")
    with pytest.raises(ArgumentError, match="one of none, mean"):
        fit_scale(np.zeros(1), np.array([0, 1]), "max")
