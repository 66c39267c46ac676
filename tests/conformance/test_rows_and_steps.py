"""What a batch means: padding, lengths, order of rows, pieces of time, directions, empty batches, strange memory."""

import torch
from tests.conformance.laws import all_close, close, gradients, inputs, layer_of, on_machine, states
from torch import Tensor

from elman.layers import Recurrent

LENGTHS = [4, 0, 7, 1, 7, 3, 5]  # more than a tile of six rows


def test_padded_is_alone(cell: str, machine: str) -> None:
    layer = layer_of(cell, machine)
    x, state = inputs(layer, 7, 7), states(layer, 7)
    for row, length in enumerate(LENGTHS):
        x[row, length:] = torch.nan
    y, final = layer(x, LENGTHS, state)
    for row, length in enumerate(LENGTHS):
        own = {name: value[row : row + 1] for name, value in state.items()}
        alone, last = layer(x[row : row + 1, :length], None, own)
        close(y[row : row + 1, :length], alone, layer, length)
        assert (y[row, length:] == 0).all()
        all_close({name: value[row : row + 1] for name, value in final.items()}, last, layer, length)
        if length == 0:
            assert all(torch.equal(final[name][row], state[name][row]) for name in final)


def test_gradients_of_padded_rows_are_those_of_the_rows_alone(cell: str, machine: str) -> None:
    layer = layer_of(cell, machine)
    x, state = inputs(layer, 7, 7), states(layer, 7, grad=True)
    for row, length in enumerate(LENGTHS):
        x[row, length:] = torch.nan
    x.requires_grad_()
    y, final = layer(x, LENGTHS, state)
    dy = torch.randn_like(y)
    for row, length in enumerate(LENGTHS):
        dy[row, length:] = torch.nan  # what arrives in the padding is not read either
    wanted = [x, *state.values(), *layer.parameters()]
    mine = torch.autograd.grad([y, *final.values()], wanted, [dy, *map(torch.ones_like, final.values())])
    theirs = [torch.zeros_like(value) for value in mine]
    for row, length in enumerate(LENGTHS):
        own = {name: value[row : row + 1] for name, value in state.items()}
        alone, last = layer(x[row : row + 1, :length], None, own)
        outgoing = [dy[row : row + 1, :length], *map(torch.ones_like, last.values())]
        parts = torch.autograd.grad(
            [alone, *last.values()], wanted, outgoing, allow_unused=True, materialize_grads=True
        )
        theirs = [a + b for a, b in zip(theirs, parts, strict=True)]
    assert all((mine[0][row, length:] == 0).all() for row, length in enumerate(LENGTHS))
    for a, b in zip(mine, theirs, strict=True):
        close(a, b, layer, 7, times=14)  # sums over rows and, backward, over steps


def test_rows_may_stand_in_any_order(cell: str, machine: str) -> None:
    layer = layer_of(cell, machine)
    x, state = inputs(layer, 7, 7), states(layer, 7)
    order = torch.tensor([3, 6, 0, 5, 1, 4, 2])
    y, final = layer(x, LENGTHS, state)
    mixed, last = layer(x[order], torch.tensor(LENGTHS)[order], {name: value[order] for name, value in state.items()})
    close(mixed, y[order], layer, 7)
    all_close(last, {name: value[order] for name, value in final.items()}, layer, 7)


def test_chunked_is_whole(cell: str, machine: str) -> None:
    layer = layer_of(cell, machine)
    x, state = inputs(layer, 4, 9), states(layer, 4)
    whole, final = layer(x, None, state)
    parts = []
    for chunk in x.split([1, 3, 0, 5], dim=1):
        y, state = layer(chunk, state=state)
        parts.append(y)
    close(torch.cat(parts, dim=1), whole, layer, 9)
    all_close(state, final, layer, 9)


def test_gradients_pass_from_chunk_to_chunk(cell: str, machine: str) -> None:
    layer = layer_of(cell, machine)
    x, state = inputs(layer, 3, 6, grad=True), states(layer, 3, grad=True)
    y, final = layer(x, None, state)
    whole = gradients(layer, y, final, [x, *state.values()])
    first, between = layer(x[:, :2], None, state)
    second, last = layer(x[:, 2:], None, between)
    parts = gradients(layer, torch.cat([first, second], dim=1), last, [x, *state.values()])
    for a, b in zip(parts, whole, strict=True):
        close(a, b, layer, 6, times=12)


def test_backward_is_forward_on_turned_rows(cell: str, machine: str) -> None:
    both = layer_of(cell, machine, bidirectional=True)
    x, state = inputs(both, 7, 7), states(both, 7)
    y, final = both(x, LENGTHS, state)
    single = on_machine(both.cells["l0_backward"], machine)
    turned = turn(x, LENGTHS)
    own = {name.removeprefix("backward."): value for name, value in state.items() if name.startswith("backward.")}
    expected, last = single(turned, LENGTHS, own)
    width = expected.shape[2]
    close(y[..., width:], turn(expected, LENGTHS), both, 7)
    all_close({name: final[f"backward.{name}"] for name in last}, last, both, 7)


def turn(x: Tensor, lengths: list[int]) -> Tensor:
    """Each row's real steps from the last to the first."""
    turned = x.clone()
    for row, length in enumerate(lengths):
        turned[row, :length] = x[row, :length].flip(0)
    return turned


def test_a_stack_is_one_layer_after_another(cell: str, machine: str) -> None:
    stack = layer_of(cell, machine, layers=2)
    x, state = inputs(stack, 3, 5), states(stack, 3)
    y, final = stack(x, [5, 2, 4], state)
    for index in range(2):
        single = on_machine(stack.cells[f"l{index}"], machine)
        x, own = single(x, [5, 2, 4], {name: state[f"l{index}.{name}"] for name in single.states})
        all_close({name: final[f"l{index}.{name}"] for name in own}, own, stack, 10)
    close(y, x, stack, 10)


def test_batches_without_steps(cell: str, machine: str) -> None:
    layer = layer_of(cell, machine)
    for n, time in ((0, 4), (3, 0), (0, 0), (2, 3)):
        without_steps(layer, n, time)


def without_steps(layer: Recurrent, n: int, time: int) -> None:
    """All rows are of length 0: nothing is read, the state is handed on, and its gradient."""
    x, state = torch.full((n, time, 3), torch.nan, dtype=torch.float64, requires_grad=True), states(layer, n, grad=True)
    y, final = layer(x, [0] * n, state)
    assert y.shape == (n, time, layer.output_size)
    assert (y == 0).all()
    assert all(torch.equal(final[name], state[name]) for name in layer.states)
    total = y.sum() + torch.stack([v.sum() for v in final.values()]).sum() if final else y.sum()
    dx, *others = torch.autograd.grad(
        total, [x, *layer.parameters(), *state.values()], allow_unused=True, materialize_grads=True
    )
    assert (dx == 0).all()
    count = len(list(layer.parameters()))
    assert all((gradient == 0).all() for gradient in others[:count])
    assert all((gradient == 1).all() for gradient in others[count:])


def test_one_row_and_one_step(cell: str, machine: str) -> None:
    layer = layer_of(cell, machine, d=1, h=1)
    x, state = inputs(layer, 1, 1), states(layer, 1)
    y, final = layer(x, None, state)
    expected, last = layer.cells["l0"](x[:, 0], **state)
    close(y[:, 0], expected, layer, 1)
    all_close(final, last, layer, 1)


def strange(value: Tensor) -> Tensor:
    """The same numbers in memory of another order, with gaps."""
    room = torch.full((*reversed([2 * size for size in value.shape]),), torch.nan, dtype=value.dtype)
    view = room.permute(*reversed(range(value.dim())))[tuple(slice(None, None, 2) for _ in value.shape)]
    return view.copy_(value)


def test_any_strides_give_the_same_numbers(cell: str, machine: str) -> None:
    layer = layer_of(cell, machine)
    x, state = inputs(layer, 7, 5), states(layer, 7)
    expected, final = layer(x, [5, 2, 0, 4, 5, 5, 1], state)
    other = {name: strange(value) for name, value in state.items()}
    assert not strange(x).is_contiguous()
    y, last = layer(strange(x), [5, 2, 0, 4, 5, 5, 1], other)
    assert torch.equal(y, expected)
    assert all(torch.equal(last[name], final[name]) for name in final)
    one = x[:1, :1].expand(7, 5, 3)
    close(layer(one, None, state)[0], layer(one.contiguous(), None, state)[0], layer, 5)


def test_gradients_that_arrive_with_any_strides(cell: str, machine: str) -> None:
    layer = layer_of(cell, machine)
    x = inputs(layer, 3, 4, grad=True)
    leaves = [x, *layer.parameters()]
    dy = torch.randn(3, 4, layer.output_size, dtype=torch.float64)
    for other in (strange(dy), dy[:1, :1, :1].expand_as(dy)):
        mine = torch.autograd.grad(layer(x)[0], leaves, other, allow_unused=True, materialize_grads=True)
        plain = other.contiguous()
        theirs = torch.autograd.grad(layer(x)[0], leaves, plain, allow_unused=True, materialize_grads=True)
        for a, b in zip(mine, theirs, strict=True):
            close(a, b, layer, 4, times=8)


def test_weights_with_any_strides(cell: str, machine: str) -> None:
    layer = layer_of(cell, machine)
    x, state = inputs(layer, 3, 4), states(layer, 3)
    expected, _ = layer(x, None, state)
    for parameter in layer.parameters():
        parameter.data = strange(parameter.data)
    close(layer(x, None, state)[0], expected, layer, 4)


def test_what_was_given_is_not_written_to(cell: str, machine: str) -> None:
    layer = layer_of(cell, machine)
    x, state = inputs(layer, 3, 4, grad=True), states(layer, 3, grad=True)
    before = [value.clone() for value in (x, *state.values(), *layer.parameters())]
    y, final = layer(x, [4, 1, 0], state)
    kept = [value.clone() for value in (y, *final.values())]
    gradients(layer, y, final, [x, *state.values()])
    assert all(torch.equal(a, b) for a, b in zip(before, (x, *state.values(), *layer.parameters()), strict=True))
    assert all(torch.equal(a, b) for a, b in zip(kept, (y, *final.values()), strict=True))
    own = {value.untyped_storage().data_ptr() for value in (x, *state.values(), *layer.parameters())}
    assert not own & {value.untyped_storage().data_ptr() for value in (y, *final.values())}
