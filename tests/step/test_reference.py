"""The loop that defines everything, against two nested Python loops over single numbers."""

import pytest
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


@settings(max_examples=60, deadline=None)
@given(
    lengths=st.lists(st.integers(0, 5), min_size=1, max_size=5),
    backward=st.booleans(),
    share=st.sampled_from([0.0, 0.3, 1.0]),
    seed=st.integers(0, 999),
)
def test_a_reset_begins_the_row_again(lengths: list[int], backward: bool, share: float, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    n, time, own = len(lengths), 5, {}
    x = torch.randn(n, time, 2, dtype=torch.float64, generator=generator, requires_grad=True)
    start = {k: torch.randn(n, 2, dtype=torch.float64, generator=generator, requires_grad=True) for k in "ab"}
    reset = torch.rand(n, time, generator=generator) < share
    y, final = unroll(step, x, torch.tensor(lengths), start, output_size=2, backward=backward, reset=reset)

    # the same in pieces: every piece of a row is run alone, from the initial state
    expected, last = torch.zeros_like(y), {name: value.clone() for name, value in start.items()}
    for row, length in enumerate(lengths):
        positions = list(reversed(range(length))) if backward else list(range(length))
        pieces: list[list[int]] = [[]]
        for t in positions:
            if reset[row, t]:
                pieces.append([])
            pieces[-1].append(t)
        for piece in pieces:
            own = {name: value[row : row + 1] for name, value in start.items()}
            out, own = unroll(step, x[row : row + 1, piece], torch.tensor([len(piece)]), own, output_size=2)
            expected = expected.index_put((torch.tensor(row), torch.tensor(piece, dtype=torch.int64)), out[0])
        for name, value in own.items():
            last[name] = last[name].index_copy(0, torch.tensor([row]), value)
    assert torch.equal(y, expected)
    assert all(torch.equal(final[name], last[name]) for name in final)

    leaves = [x, *start.values()]
    ours = torch.autograd.grad((y**2).sum() + sum((v**3).sum() for v in final.values()), leaves)
    loss = (expected**2).sum() + sum((v**3).sum() for v in last.values())
    theirs = torch.autograd.grad(loss, leaves, allow_unused=True, materialize_grads=True)
    for mine, other in zip(ours, theirs, strict=True):
        # at most 10 terms of magnitude below 100 are summed in another order
        torch.testing.assert_close(mine, other, rtol=0, atol=1e3 * torch.finfo(torch.float64).eps)


def test_a_reset_in_the_padding_or_before_the_first_step_does_nothing() -> None:
    x, start = torch.randn(2, 4, 2), {name: torch.randn(2, 2) for name in "ab"}
    lengths, reset = torch.tensor([2, 3]), torch.tensor([[True, False, True, True], [True, False, False, True]])
    plain, last = unroll(step, x, lengths, start, output_size=2)
    y, final = unroll(step, x, lengths, start, output_size=2, reset=reset)
    assert torch.equal(y, plain)
    assert all(torch.equal(final[name], last[name]) for name in final)


def test_a_reset_cuts_the_gradient() -> None:
    x = torch.randn(1, 4, 2, requires_grad=True)
    start = {name: torch.randn(1, 2, requires_grad=True) for name in "ab"}
    reset = torch.tensor([[False, False, True, False]])
    y, _ = unroll(step, x, torch.tensor([4]), start, output_size=2, reset=reset)
    got = torch.autograd.grad(y[:, 2:].sum(), [x, start["a"]])
    assert (got[0][:, :2] == 0).all()
    assert (got[0][:, 2:] != 0).any()
    assert (got[1] != 0).any()  # the second piece begins at the initial state


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


@pytest.mark.parametrize(("n", "time"), [(0, 4), (3, 0), (0, 0), (2, 3)])
def test_a_batch_without_steps_has_gradients_of_zero(n: int, time: int) -> None:
    x, weight = torch.full((n, time, 2), torch.nan, requires_grad=True), torch.ones(2, 3, requires_grad=True)
    start = torch.randn(n, 3, requires_grad=True)

    def product(x: Tensor, *, h: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        return x @ weight, {"h": h + x @ weight}

    y, final = unroll(product, x, torch.zeros(n, dtype=torch.int64), {"h": start}, output_size=3)
    assert y.shape == (n, time, 3)
    assert (y == 0).all()
    assert torch.equal(final["h"], start)
    dx, dw, dh = torch.autograd.grad(y.sum() + final["h"].sum(), [x, weight, start])
    assert (dx == 0).all()
    assert (dw == 0).all()
    assert (dh == 1).all()
