"""One network that reads and then writes on: the same as a language model over both sequences joined."""

from typing import Any

import numpy as np
import pytest
import torch

from elman import cells
from elman.errors import ArgumentError
from elman.layers.continuer import Continuer
from elman.learn.beam import beam_search
from elman.learn.decoding import decode

V, E, H, BEGIN, END = 11, 3, 4, 2, 3
CLOSE: dict[str, Any] = {
    "rtol": 1e-11,
    "atol": 1e-12,
}  # sums of some hundred products of size 1 in float64, through 12 steps
LENGTHS, STEPS = [5, 0, 3, 7], [4, 2, 5, 1]


def make(cell: type, layers: int) -> Continuer:
    torch.manual_seed(2)
    network = Continuer(V, E, lambda width: cell(width, H), layers=layers).double().eval()
    for parameter in network.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    return network


def batch() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    source = torch.randint(4, V, (4, 7), generator=random)
    before = torch.randint(4, V, (4, 5), generator=random)
    before[:, 0] = BEGIN
    return source, before, torch.randint(V, (sum(STEPS),), generator=random)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", [cells.GRU, cells.LSTM], ids=lambda c: c.__name__)
def test_it_is_a_language_model_over_both_sequences(cell: type, layers: int):
    """Each row by itself, source and target joined to one sequence without padding, in one pass of the layer."""
    network = make(cell, layers)
    source, before, targets = batch()
    found = network.log_probabilities(source, LENGTHS, before, STEPS, targets).split(STEPS)
    for row, (length, own) in enumerate(zip(LENGTHS, STEPS, strict=True)):
        joined = torch.cat([source[row, :length], before[row, :own]])
        h, _ = network.recurrent(network.written.weight[joined].unsqueeze(0))
        a = torch.tanh(h[0, length:] @ network.mix.V + network.mix.c)
        log_p = (a @ network.written.weight.t() + network.b).log_softmax(dim=1)
        expected = log_p[torch.arange(own), targets.split(STEPS)[row]]
        np.testing.assert_allclose(found[row].numpy(), expected.detach().numpy(), **CLOSE)


def test_symbol_after_symbol_is_all_at_once():
    network = make(cells.GRU, 2)
    source, before, targets = batch()
    expected = network.log_probabilities(source, LENGTHS, before, STEPS, targets).split(STEPS)
    wanted, state = targets.split(STEPS), network.start(source, LENGTHS)
    for t in range(5):
        log_p, state = network.step(before[:, t], state)
        for row in range(4):
            if t < STEPS[row]:
                assert log_p[row, wanted[row][t]].item() == pytest.approx(expected[row][t].item(), rel=1e-10)


def test_a_search_drops_and_reorders_rows_without_a_change():
    network = make(cells.LSTM, 1)
    source, _, _ = batch()
    first = torch.full((4,), BEGIN)
    several = beam_search(network.step, network.start(source, LENGTHS), first, end=END, most=6, width=3)
    greedy = decode(network.step, network.start(source, LENGTHS), first, end=END, most=[6, 2, 4, 6])
    for row in range(4):
        alone = network.start(source[row : row + 1], [LENGTHS[row]])
        beside = beam_search(network.step, alone, first[:1], end=END, most=6, width=3)[0][0]
        assert (beside.symbols, round(beside.score, 9)) == (several[row][0].symbols, round(several[row][0].score, 9))
        one = decode(network.step, alone, first[:1], end=END, most=[[6, 2, 4, 6][row]])[0]
        assert one.symbols == greedy[row].symbols


def test_it_has_no_attention():
    network = make(cells.GRU, 1)
    source, before, _ = batch()
    assert not network.waits
    with pytest.raises(ArgumentError, match="no attention"):
        network.align(source, LENGTHS, before, STEPS)
