"""Resets inside a sequence: every piece begins at the initial state, and no gradient passes the cut."""

import inspect

import pytest
import torch
from tests.conformance.laws import CELLS, all_close, close, gradients, inputs, layer_of, states
from tests.conformance.test_derivatives import as_function, check
from torch import Tensor

from elman.layers import Recurrent

LENGTHS = [4, 0, 7, 1, 7, 3, 5]
pytestmark = pytest.mark.skipif(
    "reset" not in inspect.signature(Recurrent.forward).parameters, reason="layers take no resets yet"
)


def resets(n: int, time: int, share: float = 0.35) -> Tensor:
    """Random resets (n, T), in the padding too."""
    return torch.rand(n, time, generator=torch.Generator().manual_seed(4)) < share


def pieces(reset: Tensor, length: int) -> list[tuple[int, int]]:
    """Begin and end of every piece of a row."""
    starts = [0, *(t for t in range(1, length) if reset[t])]
    return list(zip(starts, [*starts[1:], length], strict=True))


def both_ways(cell: str, machine: str) -> Recurrent:
    """A layer of both directions, one of which is the forward one; of that alone where the output is fed back."""
    return layer_of(cell, machine, bidirectional=CELLS[cell](3, 5).feedback is None)


@pytest.mark.parametrize("share", [0.35, 1.0, 0.0])
def test_every_piece_is_run_alone(cell: str, machine: str, share: float) -> None:
    layer = both_ways(cell, machine)
    x, state, reset = inputs(layer, 7, 7), states(layer, 7), resets(7, 7, share)
    y, final = layer(x, LENGTHS, state, reset=reset)
    for row, length in enumerate(LENGTHS):
        own = {name: value[row : row + 1] for name, value in state.items()}
        # a direction ends in the piece it reaches last
        for begin, end in pieces(reset[row], length):
            alone, last = layer(x[row : row + 1, begin:end], None, own)
            close(y[row : row + 1, begin:end], alone, layer, end - begin)
            for name, value in last.items():
                if length and (begin == 0 if name.startswith("backward.") else end == length):
                    close(final[name][row : row + 1], value, layer, end - begin)
        assert (y[row, length:] == 0).all()


def test_gradients_are_those_of_the_pieces(cell: str, machine: str) -> None:
    layer = both_ways(cell, machine)
    x, state, reset = inputs(layer, 7, 7, grad=True), states(layer, 7, grad=True), resets(7, 7)
    y, _ = layer(x, LENGTHS, state, reset=reset)
    mine = gradients(layer, y, {name: y.new_zeros(1) for name in layer.states}, [x, *state.values()])
    whole = torch.zeros_like(y)
    for row, length in enumerate(LENGTHS):
        own = {name: value[row : row + 1] for name, value in state.items()}
        parts = [layer(x[row : row + 1, a:b], None, own)[0] for a, b in pieces(reset[row], length) if length]
        if parts:
            padded = torch.nn.functional.pad(torch.cat(parts, dim=1), (0, 0, 0, 7 - length))
            whole = whole + torch.nn.functional.pad(padded, (0, 0, 0, 0, row, 6 - row))
    theirs = gradients(layer, whole, {name: y.new_zeros(1) for name in layer.states}, [x, *state.values()])
    for a, b in zip(mine, theirs, strict=True):
        close(a, b, layer, 7, times=28)


def test_derivatives_with_resets_against_differences(cell: str, machine: str) -> None:
    run, values = as_function(layer_of(cell, machine, d=2, h=3), [2, 4, 0, 3], resets(4, 4))
    check(run, values, machine)


def test_the_same_as_the_reference(cell: str, native: str) -> None:
    found = []
    for machine in ("reference", native):
        layer = layer_of(cell, machine, layers=2, bidirectional=CELLS[cell](3, 5).feedback is None)
        x, state = inputs(layer, 17, 11, grad=True), states(layer, 17, grad=True)
        lengths = torch.randint(0, 12, (17,), generator=torch.Generator().manual_seed(5))
        y, final = layer(x, lengths, state, reset=resets(17, 11))
        found.append((layer, y, final, gradients(layer, y, final, [x, *state.values()])))
    (layer, expected, last, theirs), (_, y, final, mine) = found
    close(y, expected, layer, 22)
    all_close(final, last, layer, 22)
    for a, b in zip(mine, theirs, strict=True):
        close(a, b, layer, 22, times=22)
