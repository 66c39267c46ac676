"""Scheduled sampling, against the formulas of the paper worked by hand."""

import math

import pytest

from elman.errors import ElmanError
from elman.layers import scheduled_sampling


def test_worked_by_hand() -> None:
    assert [scheduled_sampling(i, k=4) for i in range(6)] == [1, 0.75, 0.5, 0.25, 0, 0]
    assert [scheduled_sampling(i, "exponential", k=0.5) for i in range(4)] == [1, 0.5, 0.25, 0.125]
    assert scheduled_sampling(0, "inverse sigmoid", k=9) == pytest.approx(0.9)
    assert scheduled_sampling(30, "inverse sigmoid", k=10) == pytest.approx(10 / (10 + math.e**3))
    assert scheduled_sampling(10**6, "inverse sigmoid", k=1) < 1e-300
    assert [scheduled_sampling(100, d, k=k, floor=0.2) for d, k in (("linear", 9), ("exponential", 0.5))] == [0.2, 0.2]


@pytest.mark.parametrize(
    ("decay", "k", "floor", "step"),
    [
        ("cosine", 1, 0, 0),
        ("linear", 0, 0, 0),
        ("exponential", 1, 0, 0),
        ("inverse sigmoid", 0.5, 0, 0),
        ("linear", math.nan, 0, 0),
        ("linear", 1, 1.5, 0),
        ("linear", 1, 0, -1),
    ],
)
def test_numbers_out_of_range(decay: str, k: float, floor: float, step: int) -> None:
    with pytest.raises(ElmanError):
        scheduled_sampling(step, decay, k=k, floor=floor)
