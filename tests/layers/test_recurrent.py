"""The laws of a recurrent layer: chunked = whole, padded = alone, rows independent, gradients right."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from elman.cells import Cell, Elman
from elman.errors import ArgumentError, ArgumentTypeError
from elman.layers import Recurrent

EPS = torch.finfo(torch.float64).eps


class TwoStates(Cell):
    """A cell of two states of different widths whose output is neither of them."""

    def __init__(self, input_size: int, fast: int = 3, slow: int = 5) -> None:
        super().__init__(input_size=input_size, output_size=4, states={"fast": fast, "slow": slow})
        self.A = nn.Parameter(torch.randn(input_size, fast) * 0.5)
        self.B = nn.Parameter(torch.randn(slow, fast) * 0.5)
        self.C = nn.Parameter(torch.randn(fast, slow) * 0.5)
        self.V = nn.Parameter(torch.randn(fast + slow, 4) * 0.5)

    def step(self, x: Tensor, *, fast: Tensor, slow: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        new = torch.tanh(x @ self.A + slow @ self.B)
        slow = 0.9 * slow + 0.1 * (fast @ self.C)
        return torch.cat([new, slow], dim=-1) @ self.V, {"fast": new, "slow": slow}


CELLS = {
    "elman": lambda d: Elman(d, 5),
    "elman relu, no bias": lambda d: Elman(d, 4, activation="relu", bias=False),
    "two states": TwoStates,
}
SHAPES = [(1, False), (1, True), (3, False), (2, True)]


@pytest.fixture(params=CELLS)
def cell(request: pytest.FixtureRequest) -> Cell:
    return CELLS[request.param](3).double()


def random_state(layer: Recurrent, n: int) -> dict[str, Tensor]:
    """A state that is neither zero nor the same twice."""
    return {name: torch.randn(n, width, dtype=torch.float64) for name, width in layer.states.items()}


def close(a: Tensor, b: Tensor, steps: int) -> None:
    """Equal up to the rounding of another order of summation: a few ulps per step, in float64."""
    torch.testing.assert_close(a, b, rtol=0, atol=64 * EPS * max(steps, 1))


@pytest.mark.parametrize(("layers", "bidirectional"), SHAPES)
def test_padded_is_alone(cell: Cell, layers: int, bidirectional: bool) -> None:
    layer = Recurrent(cell, layers, bidirectional)
    lengths = [4, 0, 7, 1, 7]
    x = torch.randn(5, 7, 3, dtype=torch.float64)
    for row, length in enumerate(lengths):
        x[row, length:] = torch.nan
    state = random_state(layer, 5)
    y, final = layer(x, lengths, state)
    for row, length in enumerate(lengths):
        alone, own = layer(x[row : row + 1, :length], None, {k: v[row : row + 1] for k, v in state.items()})
        close(y[row : row + 1, :length], alone, length)
        assert (y[row, length:] == 0).all()
        for name in final:
            close(final[name][row : row + 1], own[name], length)


@pytest.mark.parametrize("layers", [1, 3])
def test_chunked_is_whole(cell: Cell, layers: int) -> None:
    layer = Recurrent(cell, layers)
    x, state = torch.randn(4, 9, 3, dtype=torch.float64), random_state(layer, 4)
    whole, final = layer(x, None, state)
    parts = []
    for chunk in x.split([1, 3, 0, 5], dim=1):
        y, state = layer(chunk, state=state)
        parts.append(y)
    close(torch.cat(parts, dim=1), whole, 9)
    for name in final:
        close(state[name], final[name], 9)


@pytest.mark.parametrize(("layers", "bidirectional"), SHAPES)
def test_gradients_with_lengths_and_states(cell: Cell, layers: int, bidirectional: bool) -> None:
    layer = Recurrent(cell, layers, bidirectional)
    x = torch.randn(3, 4, 3, dtype=torch.float64, requires_grad=True)
    state = {k: v.requires_grad_() for k, v in random_state(layer, 3).items()}
    names = list(state)

    def run(x: Tensor, *values: Tensor) -> tuple[Tensor, ...]:
        y, final = layer(x, [2, 4, 0], dict(zip(names, values, strict=True)))
        return y, *final.values()

    # no random projections: every output against every input, at gradcheck's own float64 tolerances
    assert torch.autograd.gradcheck(run, (x, *state.values()))
    if layers == 1 and not bidirectional:
        assert torch.autograd.gradgradcheck(run, (x, *state.values()))


def test_weights_get_the_gradient_of_the_loop_written_by_hand() -> None:
    cell = Elman(2, 3).double()
    x, h = torch.randn(1, 3, 2, dtype=torch.float64), torch.randn(1, 3, dtype=torch.float64)
    y, _ = Recurrent(cell)(x, state={"h": h})
    assert cell.b is not None
    got = torch.autograd.grad((y**2).sum(), [cell.U, cell.W, cell.b])
    # back-propagation through time: δ_t = (2 h_t + δ_{t+1} Wᵀ) (1 - h_t²)
    hs = [h] + [y[:, t] for t in range(3)]
    delta, dU, dW, db = (
        torch.zeros_like(h),
        torch.zeros(2, 3).double(),
        torch.zeros(3, 3).double(),
        torch.zeros(3).double(),
    )
    for t in (2, 1, 0):
        delta = (2 * hs[t + 1] + delta @ cell.W.T) * (1 - hs[t + 1] ** 2)
        dU, dW, db = dU + x[:, t].T @ delta, dW + hs[t].T @ delta, db + delta[0]
    for mine, theirs in zip(got, (dU, dW, db), strict=True):
        close(mine, theirs, 16)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_equals_torch_nn_rnn(activation: str, bidirectional: bool) -> None:
    torch.manual_seed(1)
    theirs = nn.RNN(3, 5, 2, nonlinearity=activation, batch_first=True, bidirectional=bidirectional).double()
    layer = Recurrent(Elman(3, 5, activation), layers=2, bidirectional=bidirectional).double()
    for i, (suffix, name) in enumerate(
        [("l0", "l0"), ("l0_reverse", "l0_backward"), ("l1", "l1"), ("l1_reverse", "l1_backward")]
    ):
        if not bidirectional and i % 2:
            continue
        cell = layer.cells[name]
        cell.U.data = getattr(theirs, f"weight_ih_{suffix}").data.T
        cell.W.data = getattr(theirs, f"weight_hh_{suffix}").data.T
        cell.b.data = getattr(theirs, f"bias_ih_{suffix}").data + getattr(theirs, f"bias_hh_{suffix}").data
    x, lengths = torch.randn(4, 6, 3, dtype=torch.float64), [6, 2, 5, 1]
    start = torch.randn(4 if bidirectional else 2, 4, 5, dtype=torch.float64)
    packed = nn.utils.rnn.pack_padded_sequence(x, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
    expected, last = theirs(packed, start)
    expected, _ = nn.utils.rnn.pad_packed_sequence(expected, batch_first=True)
    y, final = layer(x, lengths, dict(zip(layer.states, start, strict=True)))
    close(y, expected, 12)
    close(torch.stack(list(final.values())), last, 12)


@settings(max_examples=40, deadline=None)
@given(
    lengths=st.lists(st.integers(0, 6), max_size=6),
    extra=st.integers(0, 2),
    seed=st.integers(0, 2**16),
)
def test_order_of_rows_does_not_matter(lengths: list[int], extra: int, seed: int) -> None:
    torch.manual_seed(seed)
    n, time = len(lengths), max(lengths, default=0) + extra
    layer = Recurrent(Elman(2, 3), bidirectional=True).double()
    x, state, order = torch.randn(n, time, 2).double(), random_state(layer, n), torch.randperm(n)
    y, final = layer(x, lengths, state)
    shuffled, own = layer(
        x[order], torch.tensor(lengths, dtype=torch.int64)[order], {k: v[order] for k, v in state.items()}
    )
    close(shuffled, y[order], time)
    for name in final:
        close(own[name], final[name][order], time)


def test_padding_gets_no_gradient_and_harms_nothing() -> None:
    layer = Recurrent(Elman(2, 3), layers=2, bidirectional=True)
    x = torch.full((2, 4, 2), torch.nan)
    x[0, :2], x[1, :3] = torch.randn(2, 2), torch.randn(3, 2)
    x.requires_grad_()
    y, _ = layer(x, [2, 3])
    y.sum().backward()
    assert x.grad is not None
    assert (x.grad[0, 2:] == 0).all()
    assert (x.grad[1, 3:] == 0).all()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in layer.parameters())


@pytest.mark.parametrize(("n", "time"), [(0, 5), (3, 0), (0, 0)])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_nothing_to_read(n: int, time: int, bidirectional: bool) -> None:
    layer = Recurrent(Elman(2, 3), layers=2, bidirectional=bidirectional).double()
    state = random_state(layer, n)
    y, final = layer(torch.zeros(n, time, 2).double(), state=state)
    assert y.shape == (n, time, layer.output_size)
    assert all(torch.equal(final[name], state[name]) for name in state)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64])
def test_lengths_of_any_integer_type(dtype: torch.dtype) -> None:
    layer, x = Recurrent(Elman(2, 3)), torch.randn(3, 4, 2)
    expected, _ = layer(x, [3, 0, 4])
    got, _ = layer(x, torch.tensor([3, 0, 4], dtype=dtype))
    assert torch.equal(got, expected)


@pytest.mark.parametrize(
    ("lengths", "error", "words"),
    [
        ([2.0, 1.0], ArgumentTypeError, "whole numbers"),
        ([True, False], ArgumentTypeError, "mask.sum"),
        (["a", "b"], ArgumentTypeError, "whole numbers"),
        ([1, -1], ArgumentError, r"lengths\[1\] is -1"),
        ([9, 1], ArgumentError, r"lengths\[0\] is 9, more than the 4 steps"),
        ([1, 1, 1], ArgumentError, "batch of 2 rows"),
        ([[1], [1]], ArgumentError, "batch of 2 rows"),
    ],
)
def test_wrong_lengths(lengths: object, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        Recurrent(Elman(2, 3))(torch.randn(2, 4, 2), lengths)


@pytest.mark.parametrize(
    ("x", "error", "words"),
    [
        ([[1.0]], ArgumentTypeError, "as_tensor"),
        (torch.randn(4, 2), ArgumentError, r"unsqueeze"),
        (torch.randn(2, 4, 5), ArgumentError, "5 features"),
        (torch.zeros(2, 4, 2, dtype=torch.int64), ArgumentTypeError, "torch.float32"),
        (torch.zeros(2, 4, 2, dtype=torch.complex64), ArgumentTypeError, "torch.float32"),
        (torch.zeros(2, 4, 2, dtype=torch.float64), ArgumentTypeError, "torch.float32"),
    ],
)
def test_wrong_inputs(x: object, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        Recurrent(Elman(2, 3))(x)


@pytest.mark.parametrize(
    ("state", "error", "words"),
    [
        (torch.zeros(2, 3), ArgumentTypeError, "dict"),
        ({}, ArgumentError, "exactly h"),
        ({"h": torch.zeros(2, 3), "c": torch.zeros(2, 3)}, ArgumentError, "exactly h"),
        ({"h": torch.zeros(1, 3)}, ArgumentError, r"\(2, 3\)"),
        ({"h": torch.zeros(2, 3).double()}, ArgumentTypeError, "as x"),
    ],
)
def test_wrong_states(state: object, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        Recurrent(Elman(2, 3))(torch.randn(2, 4, 2), state=state)


def test_wrong_arguments() -> None:
    with pytest.raises(ArgumentTypeError, match="such as elman"):
        Recurrent(nn.RNNCell(2, 3))  # pyright: ignore[reportArgumentType]
    for dropout in (1.5, -0.1, float("nan")):
        with pytest.raises(ArgumentError, match="dropout"):
            Recurrent(Elman(2, 3), layers=2, dropout=dropout)
    with pytest.raises(ArgumentError, match="layers"):
        Recurrent(Elman(2, 3), layers=0)
    with pytest.raises(ArgumentError, match="initial"):
        Recurrent(Elman(2, 3), initial="ones")
    with pytest.warns(UserWarning, match="does nothing"):
        Recurrent(Elman(2, 3), dropout=0.5)


def test_learned_initial_state_is_used_and_trained() -> None:
    layer = Recurrent(Elman(2, 3), layers=2, bidirectional=True, initial="learned")
    x = torch.randn(2, 4, 2)
    before, _ = layer(x)
    with torch.no_grad():
        for value in layer.initial.values():
            value += 0.5
    after, _ = layer(x)
    assert not torch.allclose(before, after)
    after.sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in layer.initial.values())


def test_siblings_differ_and_dropout_acts_in_training_only() -> None:
    layer = Recurrent(Elman(3, 3), layers=2, dropout=0.5)
    weights = dict(layer.named_parameters())
    assert not torch.equal(weights["cells.l0.U"], weights["cells.l1.U"])
    x = torch.randn(2, 4, 3)
    assert not torch.equal(layer(x)[0], layer(x)[0])
    layer.eval()
    assert torch.equal(layer(x)[0], layer(x)[0])


def test_any_strides_give_the_same_numbers() -> None:
    layer, x = Recurrent(Elman(2, 3)), torch.randn(4, 5, 2)
    expected, _ = layer(x)
    strange = torch.empty(2, 5, 4).permute(2, 1, 0).copy_(x)
    assert not strange.is_contiguous()
    assert torch.equal(layer(strange)[0], expected)
    same = torch.randn(1, 1, 2).expand(4, 5, 2)
    assert torch.equal(layer(same)[0], layer(same.contiguous())[0])


def test_state_dict_and_like_make_the_same_layer() -> None:
    layer = Recurrent(Elman(2, 3), layers=2, bidirectional=True)
    other = Recurrent(Elman(2, 3), layers=2, bidirectional=True)
    other.load_state_dict(layer.state_dict())
    x = torch.randn(2, 4, 2)
    assert torch.equal(layer(x)[0], other(x)[0])
    assert "cells.l1_backward.W" in layer.state_dict()
