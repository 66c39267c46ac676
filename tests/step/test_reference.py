"""The loop that defines everything, against two nested Python loops over single numbers."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from elman.step.reference import schedule, unroll


def step(x: Tensor, *, a: Tensor, b: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """Two states that feed each other, elementwise, so that the order of summation cannot differ."""
    new = 0.5 * a + x * b
    return new - b, {"b": 0.25 * b - x, "a": new}  # in another order than they came in


@settings(max_examples=60, deadline=None)
@given(lengths=st.lists(st.integers(0, 5), min_size=1, max_size=6), backward=st.booleans(), seed=st.integers(0, 999))
def test_equals_the_loop_over_single_rows(lengths: list[int], backward: bool, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    n, time = len(lengths), 5
    x = torch.randn(n, time, 2, dtype=torch.float64, generator=generator)
    start = {name: torch.randn(n, 2, dtype=torch.float64, generator=generator) for name in "ab"}
    y, final = unroll(step, x, torch.tensor(lengths), start, output_size=2, backward=backward)
    for row, length in enumerate(lengths):
        a, b = start["a"][row], start["b"][row]
        expected = torch.zeros(time, 2, dtype=torch.float64)
        for t in reversed(range(length)) if backward else range(length):
            new = 0.5 * a + x[row, t] * b
            expected[t], b, a = new - b, 0.25 * b - x[row, t], new
        assert torch.equal(y[row], expected)
        assert torch.equal(final["a"][row], a)
        assert torch.equal(final["b"][row], b)


def test_a_step_never_sees_a_finished_row() -> None:
    seen: list[int] = []

    def count(x: Tensor, *, h: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        seen.append(len(x))
        assert len(h) == len(x)
        return h, {"h": h}

    unroll(count, torch.zeros(4, 9, 1), torch.tensor([2, 0, 5, 2]), {"h": torch.zeros(4, 1)}, output_size=1)
    assert seen == [3, 3, 1, 1, 1]


def test_schedule_worked_by_hand() -> None:
    # rows of 1, 3 and 0 steps in a batch of 4; sorted: row 1 (3 steps), row 0 (1), row 2 (0)
    lengths, order = torch.tensor([3, 1, 0]), torch.tensor([1, 0, 2])
    alive, places = schedule(lengths, order, 4, backward=False)
    assert alive == [2, 1, 1]
    assert places.tolist() == [4, 0, 5, 6]
    assert schedule(lengths, order, 4, backward=True)[1].tolist() == [6, 0, 5, 4]


def test_a_cell_without_states() -> None:
    y, final = unroll(lambda x: (2 * x, {}), torch.ones(2, 3, 1), torch.tensor([3, 1]), {}, output_size=1)
    assert y.squeeze(-1).tolist() == [[2.0, 2.0, 2.0], [2.0, 0.0, 0.0]]
    assert final == {}
