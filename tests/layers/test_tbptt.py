"""Truncated backpropagation through time: the numbers of the whole run, the gradients of a loop cut by hand."""

import gc
import weakref
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from elman.cells import LSTM, SCRN, Cell, Elman, ElmanJordan, Jordan
from elman.errors import ArgumentError, ArgumentTypeError
from elman.layers import Recurrent, tbptt

EPS = torch.finfo(torch.float64).eps
LENGTHS = [11, 0, 3, 7, 4]
CELLS: dict[str, Callable[[], Cell]] = {
    "elman": lambda: Elman(2, 3),
    "lstm": lambda: LSTM(2, 3),
    "scrn": lambda: SCRN(2, 3, context=2),
}


def close(a: Tensor, b: Tensor, scale: float = 1) -> None:
    """Equal up to the rounding of another order of summation: a few ulps for each of eleven steps, in float64."""
    torch.testing.assert_close(a, b, rtol=0, atol=scale * 64 * 11 * EPS)


def batch(layer: Recurrent) -> tuple[Tensor, dict[str, Tensor], Tensor]:
    """x (5, 11, 2), NaN in the padding; unequal states; resets at chunks' borders, within chunks, and in padding."""
    x = torch.randn(5, 11, 2, dtype=torch.float64)
    for row, length in enumerate(LENGTHS):
        x[row, length:] = torch.nan
    state = {name: torch.randn(5, width, dtype=torch.float64) for name, width in layer.states.items()}
    reset = torch.zeros(5, 11, dtype=torch.bool)
    for row, step in ((0, 4), (0, 5), (0, 10), (2, 1), (2, 9), (3, 6)):
        reset[row, step] = True
    return x, state, reset


@pytest.mark.parametrize("resets", [False, True])
@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize("steps", [1, 3, 4, 20])
@pytest.mark.parametrize("name", CELLS)
def test_the_numbers_are_those_of_one_run(name: str, steps: int, given: bool, resets: bool) -> None:
    layer = Recurrent(CELLS[name](), layers=2, initial="learned").double()
    for value in layer.initial.values():
        value.data += 0.5
    x, state, reset = batch(layer)
    start, again = (state if given else None), (reset if resets else None)
    whole, final = layer(x, LENGTHS, start, again)
    begin, after = 0, {}
    for y, where, after in tbptt(layer, x, steps, LENGTHS, start, again):
        assert where == slice(begin, min(begin + steps, 11))
        close(y, whole[:, where])
        ended = torch.tensor(LENGTHS) <= where.start
        assert (y[ended] == 0).all()
        for key, value in after.items():
            assert not value.requires_grad
            close(value[ended], final[key][ended])
        begin = where.stop
    assert begin == 11
    for key in final:
        close(after[key], final[key])


def by_hand(
    cell: Cell, learned: dict[str, Tensor], x: Tensor, reset: Tensor, steps: int, rate: float
) -> list[list[Tensor]]:
    """Gradients of each chunk's loss by the step itself, row by row, the state detached at each chunk's border.

    After each chunk the weights go down their gradient.
    """
    weights = [*cell.parameters(), *learned.values()]
    states: list[dict[str, Tensor]] = []
    found: list[list[Tensor]] = []
    for begin in range(0, x.shape[1], steps):
        loss = torch.zeros((), dtype=x.dtype)
        for row in range(len(x)):
            origin = {key: value.unsqueeze(0) for key, value in learned.items()}
            state = origin if begin == 0 else {key: value.detach() for key, value in states[row].items()}
            for t in range(begin, min(begin + steps, LENGTHS[row])):
                state = origin if reset[row, t] else state
                y, state = cell.step(x[row : row + 1, t], **state)
                loss = loss + (y * y * (t + 1)).sum()
            states[row : row + 1] = [state]
        found.append(list(torch.autograd.grad(loss, weights, allow_unused=True, materialize_grads=True)))
        for weight, gradient in zip(weights, found[-1], strict=True):
            weight.data -= rate * gradient
    return found


@pytest.mark.parametrize("rate", [0.0, 0.01], ids=["fixed", "trained"])
@pytest.mark.parametrize("steps", [1, 4, 11])
@pytest.mark.parametrize("name", CELLS)
def test_gradients_are_cut_at_the_borders(name: str, steps: int, rate: float) -> None:
    layer, other = (Recurrent(CELLS[name](), initial="learned").double() for _ in range(2))
    other.load_state_dict(layer.state_dict())
    x, _, reset = batch(layer)
    cell = other.cells["l0"]
    assert isinstance(cell, Cell)
    learned = {key: other.initial[key] for key in layer.states}
    expected = by_hand(cell, learned, x, reset, steps, rate)
    weights = [*layer.cells.parameters(), *(layer.initial[key] for key in layer.states)]
    count = 0
    for y, where, _ in tbptt(layer, x, steps, LENGTHS, reset=reset):
        # allow_unused: where no row begins, the learned initial state has no part in a chunk
        loss = (y * y * torch.arange(1, 12)[where, None]).sum()
        got = torch.autograd.grad(loss, weights, allow_unused=True, materialize_grads=True)
        for mine, theirs in zip(got, expected[count], strict=True):
            close(mine, theirs, scale=max(1, theirs.abs().max().item()))
        for weight, gradient in zip(weights, got, strict=True):
            weight.data -= rate * gradient
        count += 1
    assert count == len(expected)


def test_a_gradient_reaches_the_given_state_from_the_first_chunk() -> None:
    layer = Recurrent(Elman(2, 3)).double()
    x, state, reset = batch(layer)
    x = x.nan_to_num().requires_grad_()
    h = state["h"].requires_grad_()
    chunks = list(tbptt(layer, x, 4, state={"h": h}, reset=reset))
    alone, _ = layer(x[:, :4], state={"h": h}, reset=reset[:, :4])
    (expected,) = torch.autograd.grad(alone.sum(), h)
    close(torch.autograd.grad(chunks[0][0].sum(), h, retain_graph=True)[0], expected)
    for y, where, _ in chunks[1:]:
        gradient, none = torch.autograd.grad(y.sum(), [x, h], allow_unused=True)
        assert none is None
        assert (gradient[:, : where.start] == 0).all()
        assert (gradient[:, where.stop :] == 0).all()
        assert (gradient[:, where.start] != 0).any()


def nodes(y: Tensor) -> int:
    """How many operations a backward pass from y would go through."""
    seen, ahead = set(), [y.grad_fn]
    while ahead:
        node = ahead.pop()
        if node is not None and node not in seen:
            seen.add(node)
            ahead += [before for before, _ in node.next_functions]
    return len(seen)


@pytest.mark.parametrize("resets", [False, True])
@pytest.mark.parametrize("machine", ["reference", "torch", "auto"])
def test_no_graph_is_kept(machine: str, resets: bool) -> None:
    layer = Recurrent(LSTM(2, 3), layers=2, machine=machine)
    x, reset = torch.randn(3, 40, 2), torch.zeros(3, 40, dtype=torch.bool)
    reset[0] = True
    old: list[weakref.ref[Tensor]] = []
    sizes: list[int] = []

    def nothing_lives(*_: object) -> None:
        gc.collect()
        assert not [ref for ref in old if ref() is not None]

    layer.register_forward_pre_hook(nothing_lives)  # not even while the next chunk is computed
    for y, _, state in tbptt(layer, x, 4, reset=reset if resets else None):
        assert all(value.grad_fn is None for value in state.values())
        old.append(weakref.ref(y))
        sizes.append(nodes(y))
        del y
    assert len(sizes) == 10
    assert max(sizes[1:]) == min(sizes[1:])
    assert min(sizes) > 4


def test_a_chunk_is_computed_when_it_is_asked_for() -> None:
    cell = Elman(1, 1, activation="identity", bias=False)
    for weight in cell.parameters():
        weight.data = torch.ones(1, 1)
    chunks = tbptt(Recurrent(cell), torch.ones(1, 4, 1), 2)
    first = next(chunks)[0]
    assert cell.U is not None
    cell.U.data *= 10
    assert [first.tolist(), next(chunks)[0].tolist()] == [[[[1.0], [2.0]]], [[[12.0], [22.0]]]]


def test_the_state_may_be_changed_by_its_user() -> None:
    layer, x = Recurrent(Elman(2, 3)), torch.randn(1, 6, 2)
    whole, _ = layer(x)
    parts: list[Tensor] = []
    for y, _, state in tbptt(layer, x, 2):
        parts.append(y)
        state.clear()
    torch.testing.assert_close(torch.cat(parts, dim=1), whole)


class Steered(Cell):
    """h_t = tanh(x_t + r h_{t-1} + s_t), with one r for each row and an s for each step."""

    def __init__(self) -> None:
        super().__init__(input_size=2, output_size=2, states={"h": 2}, rows={"r": 2}, steps={"s": 2})

    def step(self, x: Tensor, *, h: Tensor, r: Tensor, s: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        h = torch.tanh(x + r * h + s)
        return h, {"h": h}


@pytest.mark.parametrize("resets", [False, True])
def test_what_steps_take_beside_x(resets: bool) -> None:
    layer = Recurrent(Steered())
    x, state, reset = batch(layer)
    x, inputs = x.nan_to_num(), {"r": torch.randn(5, 2).double(), "s": torch.randn(5, 11, 2).double()}
    again = reset if resets else None
    whole, _ = layer(x, LENGTHS, state, again, inputs=inputs)
    for y, where, _ in tbptt(layer, x, 4, LENGTHS, state, again, inputs=inputs):
        close(y, whole[:, where])
    with pytest.raises(ArgumentError, match=r"inputs\['s'\] has shape \(5, 4, 2\)"):
        tbptt(layer, x, 4, inputs=inputs | {"s": inputs["s"][:, :4]})


@pytest.mark.parametrize("forcing", [None, 1, 0, 0.6])
@pytest.mark.parametrize("resets", [False, True])
@pytest.mark.parametrize("kind", [Jordan, ElmanJordan])
def test_teacher_forcing(kind: Callable[..., Cell], resets: bool, forcing: float | None) -> None:
    """What is handed on from one chunk to the next is the last target where it is forced, else the last output."""
    torch.manual_seed(0)
    layer = Recurrent([Elman(2, 3), kind(3, 4, 2)]).double()
    x, state, reset = batch(layer)
    targets = torch.randn(5, 11, 2, dtype=torch.float64)
    for row, length in enumerate(LENGTHS):
        targets[row, length:] = torch.nan  # read no more than the padding of x
    given = {"feedback": targets, "teacher_forcing": forcing}
    for steps in (1, 4, 20):
        torch.manual_seed(1)  # the steps that are forced
        whole, final = layer(x, LENGTHS, state, reset if resets else None, **given)
        torch.manual_seed(1)
        last: dict[str, Tensor] = {}
        for y, where, now in tbptt(layer, x, steps, LENGTHS, state, reset if resets else None, **given):
            close(y, whole[:, where])
            last = now
        assert all(not value.requires_grad for value in last.values())
        for name, value in final.items():
            close(last[name], value)


def test_the_gradient_of_a_forced_chunk_stays_in_it() -> None:
    """h is cut off by hand between the chunks; y needs no cut, as it is a target."""
    torch.manual_seed(0)
    layer = Recurrent(ElmanJordan(2, 3, 2)).double()
    x, targets = torch.randn(3, 7, 2).double(), torch.randn(3, 7, 2).double()
    weights = torch.randn(3, 7, 2).double()
    first, state = layer(x[:, :4], feedback=targets[:, :4])
    second, _ = layer(x[:, 4:], state={"h": state["h"].detach(), "y": targets[:, 3]}, feedback=targets[:, 4:])
    want = torch.autograd.grad((torch.cat([first, second], dim=1) * weights).sum(), list(layer.parameters()))
    for y, where, _ in tbptt(layer, x, 4, feedback=targets):
        (y * weights[:, where]).sum().backward()
    for parameter, gradient in zip(layer.parameters(), want, strict=True):
        assert parameter.grad is not None
        close(parameter.grad, gradient, scale=1 + float(gradient.abs().max()))


@pytest.mark.parametrize(("n", "time"), [(0, 5), (3, 0), (0, 0)])
def test_nothing_to_read(n: int, time: int) -> None:
    chunks = list(tbptt(Recurrent(Elman(2, 3)), torch.zeros(n, time, 2), 4, reset=torch.ones(n, time).bool()))
    assert [(y.shape, where) for y, where, _ in chunks] == [
        ((n, stop - start, 3), slice(start, stop)) for start, stop in ([(0, 4), (4, 5)] if time else [])
    ]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"layer": Elman(2, 3)}, ArgumentTypeError, "layer is a Elman"),
        ({"layer": Recurrent(Elman(2, 3), bidirectional=True)}, ArgumentError, "bidirectional"),
        ({"steps": 0}, ArgumentError, "steps is 0"),
        ({"steps": 2.0}, ArgumentTypeError, "steps is 2.0"),
        ({"x": [[1.0]]}, ArgumentTypeError, "x is a list"),
        ({"x": torch.zeros(4)}, ArgumentError, r"x has shape \(4,\)"),
        ({"x": torch.zeros(2, 4, 5)}, ArgumentError, "5 features"),
        ({"lengths": [5, 1]}, ArgumentError, r"lengths\[0\] is 5"),
        ({"state": {"c": torch.zeros(2, 3)}}, ArgumentError, "exactly h"),
        ({"reset": torch.zeros(2, 4)}, ArgumentTypeError, "reset is of type"),
        ({"reset": torch.zeros(2, 3).bool()}, ArgumentError, r"\(2, 3\).*\(2, 4\)"),
        ({"feedback": torch.zeros(2, 4, 3)}, ArgumentError, "does not feed its output back"),
        ({"layer": Recurrent(Jordan(2, 3, 1)), "feedback": torch.zeros(2, 2, 1)}, ArgumentError, "feedback has shape"),
        ({"layer": Recurrent(Jordan(2, 3, 1)), "teacher_forcing": 0.5}, ArgumentError, "without feedback"),
    ],
)
def test_errors_come_at_the_call(change: dict, error: type[Exception], words: str) -> None:
    right = {"layer": Recurrent(Elman(2, 3)), "x": torch.zeros(2, 4, 2), "steps": 2}
    with pytest.raises(error, match=words):
        tbptt(**right | change)
