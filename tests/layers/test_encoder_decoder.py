"""Encoder and decoder: the equations written out, one symbol at a time as all at once, padding, gradients, search."""

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from elman import cells
from elman.errors import ArgumentError
from elman.layers.encoder_decoder import EncoderDecoder
from elman.learn.beam import beam_search
from elman.learn.decoding import decode

V, E, H = 11, 3, 4
BEGIN, END = 2, 3
KINDS: dict[str, dict[str, Any]] = {
    "after": {},
    "additive": {"score": "additive"},
    "inside": {"attention": "inside", "score": "additive"},
    "feeding": {"input_feeding": True},
    "coverage": {"coverage": True},
    "all three": {"attention": "inside", "input_feeding": True, "coverage": True, "layers": 2},
    "none": {"attention": "none"},
    "deep": {"layers": 2, "tied": "target"},
}
# A log-probability is a sum of some hundred products of size 1, through T + S ≤ 12 steps: 1e-13 is far more than its
# rounding in float64, and far less than any mistake.
CLOSE: dict[str, Any] = {"rtol": 1e-11, "atol": 1e-12}


def make(kind: str, cell: type = cells.GRU, **more: Any) -> EncoderDecoder:
    torch.manual_seed(1)

    network = EncoderDecoder(V, E, lambda width: cell(width, H), **{**KINDS[kind], **more}).double().eval()
    for parameter in network.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)  # no bias and no u is zero
    return network


def batch() -> tuple[Tensor, list[int], Tensor, list[int], Tensor]:
    """Sources and targets of unequal lengths, an empty source among them."""
    random = torch.Generator().manual_seed(0)
    lengths, steps = [5, 0, 3, 7, 1], [4, 2, 5, 1, 3]
    source = torch.randint(4, V, (5, 7), generator=random)
    before = torch.randint(4, V, (5, 5), generator=random)
    before[:, 0] = BEGIN
    return source, lengths, before, steps, torch.randint(V, (sum(steps),), generator=random)


def per_row(values: Tensor, steps: list[int]) -> list[list[float]]:
    return [part.tolist() for part in values.split(steps)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cell", [cells.GRU, cells.LSTM, cells.Elman], ids=lambda c: c.__name__)
def test_symbol_after_symbol_is_all_at_once(kind: str, cell: type):
    network = make(kind, cell)
    source, lengths, before, steps, targets = batch()
    expected = per_row(network.log_probabilities(source, lengths, before, steps, targets), steps)
    wanted = targets.split(steps)
    state = network.start(source, lengths)
    for t in range(5):
        log_p, state = network.step(before[:, t], state)
        assert torch.allclose(log_p.exp().sum(dim=1), torch.ones(5, dtype=torch.float64))
        for row in range(5):
            if t < steps[row]:
                np.testing.assert_allclose(log_p[row, wanted[row][t]].item(), expected[row][t], **CLOSE)
    total = -sum(itertools.chain.from_iterable(expected)) / len(targets)
    np.testing.assert_allclose(network(source, lengths, before, steps, targets).item(), total, **CLOSE)


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_alone_is_as_in_a_batch_whatever_the_padding_holds(kind: str):
    network = make(kind)
    source, lengths, before, steps, targets = batch()
    together = per_row(network.log_probabilities(source, lengths, before, steps, targets), steps)
    for row, (length, own) in enumerate(zip(lengths, steps, strict=True)):
        alone = network.log_probabilities(
            source[row : row + 1, :length], [length], before[row : row + 1, :own], [own], targets.split(steps)[row]
        )
        np.testing.assert_allclose(alone.numpy(), together[row], **CLOSE)
    other = source.clone()
    for row, length in enumerate(lengths):
        other[row, length:] = 5
    again = network.log_probabilities(other, lengths, before, steps, targets)
    np.testing.assert_array_equal(again.numpy(), np.concatenate(together))


def test_the_default_is_the_equations_of_the_docstring():
    """Luong's attention written out for one row in NumPy, with the cells of torch.nn for the loops."""
    network = make("after", cells.Elman)
    source, before = torch.tensor([[4, 9, 6]]), torch.tensor([[BEGIN, 7, 10, 4]])
    found = torch.stack(
        [network.log_probabilities(source, [3], before, [4], torch.full((4,), symbol)) for symbol in range(V)],
        dim=1,
    )
    table = network.written.weight.detach().numpy()

    def run(cell: Any, x: np.ndarray, h: np.ndarray) -> np.ndarray:
        U, W, b = (value.detach().numpy() for value in (cell.U, cell.W, cell.b))
        states = []
        for x_t in x:
            h = np.tanh(x_t @ U + h @ W + b)
            states.append(h)
        return np.array(states)

    x = table[source[0]]
    encoder = network.encoder.cells
    forward = run(encoder["l0"], x, np.zeros(H))
    backward = run(encoder["l0_backward"], x[::-1], np.zeros(H))[::-1]
    memory = np.concatenate([forward, backward], axis=1)
    vector = np.concatenate([forward[-1], backward[0]])
    P, q = network.decoder.P["h"].detach().numpy(), network.decoder.q["h"].detach().numpy()
    h = run(network.decoder.recurrent.cells["l0"], table[before[0]], np.tanh(vector @ P + q))
    assert network.attention is not None
    scores = h @ (memory @ network.attention.W.detach().numpy()).T  # pyright: ignore[reportOptionalMemberAccess, reportCallIssue]
    weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    both = np.concatenate([h, weights @ memory], axis=1)
    a = np.tanh(both @ network.mix.V.detach().numpy() + network.mix.c.detach().numpy())
    logits = a @ table.T + network.b.detach().numpy()
    expected = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(found.numpy(), expected, **CLOSE)
    np.testing.assert_allclose(network.align(source, [3], before, [4])[0].detach().numpy(), weights, **CLOSE)


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_is_that_of_differences(kind: str):
    network = make(kind)
    source, lengths, before, steps, targets = batch()
    loss = network(source, lengths, before, steps, targets, 0.1)
    parameters = dict(network.named_parameters())
    grads = dict(zip(parameters, torch.autograd.grad(loss, list(parameters.values())), strict=True))
    random = torch.Generator().manual_seed(3)
    for name, parameter in parameters.items():
        direction = torch.randn(parameter.shape, generator=random, dtype=torch.float64)
        losses = []
        for sign in (1, -1):
            with torch.no_grad():
                parameter += sign * 1e-5 * direction
                losses.append(network(source, lengths, before, steps, targets, 0.1).item())
                parameter -= sign * 1e-5 * direction
        # Central differences: an error of 1e-10 times the third derivative, and 1e-16 / 1e-5 of rounding.
        slope = (losses[0] - losses[1]) / 2e-5
        assert (grads[name] * direction).sum().item() == pytest.approx(slope, rel=1e-6, abs=2e-9), name


@pytest.mark.parametrize("kind", ["after", "all three", "none"])
def test_a_wide_beam_finds_the_most_probable_of_all_sequences(kind: str):
    """Over three symbols and at most three steps, for sources of unequal lengths at once."""
    network = make(kind)
    source, lengths, _, _, _ = batch()
    allowed, most = (4, 5, END), 3
    forbidden = [symbol for symbol in range(V) if symbol not in allowed]
    found = beam_search(
        network.step, network.start(source, lengths), torch.full((5,), BEGIN), end=END, most=most, width=30, best=3,
        length_penalty=0.5, forbidden=forbidden,
    )  # fmt: skip
    for row in range(5):
        scored = []
        for length in range(most):
            for body in itertools.product((4, 5), repeat=length):
                whole = torch.tensor([BEGIN, *body, END])
                log_p = network.log_probabilities(
                    source[row : row + 1], [lengths[row]], whole[None, :-1], [length + 1], whole[1:]
                ).sum()
                scored.append((log_p.item() / ((5 + length + 1) / 6) ** 0.5, list(body)))
        scored.sort(reverse=True)
        assert [one.symbols for one in found[row]] == [body for _, body in scored[:3]]
        np.testing.assert_allclose([one.score for one in found[row]], [score for score, _ in scored[:3]], **CLOSE)


@pytest.mark.parametrize("kind", KINDS)
def test_decoding_drops_rows_and_reorders_them_without_a_change(kind: str):
    network = make(kind)
    source, lengths, _, _, _ = batch()
    first = torch.full((5,), BEGIN)
    greedy = decode(network.step, network.start(source, lengths), first, end=END, most=[6, 3, 1, 5, 6])
    narrow = beam_search(network.step, network.start(source, lengths), first, end=END, most=[6, 3, 1, 5, 6], width=1)
    several = beam_search(network.step, network.start(source, lengths), first, end=END, most=6, width=4)
    for row in range(5):
        assert narrow[row][0].symbols == greedy[row].symbols
        alone = network.start(source[row : row + 1], [lengths[row]])
        beside = beam_search(network.step, alone, first[:1], end=END, most=6, width=4)
        assert beside[0][0].symbols == several[row][0].symbols
        assert beside[0][0].score == pytest.approx(several[row][0].score, rel=1e-11)


def test_rows_of_a_state_in_any_order():
    network = make("coverage")
    source, lengths, before, _, _ = batch()
    state = network.start(source, lengths)
    expected, _ = network.step(before[:, 0], state)
    for rows in ([3, 3, 0, 0, 4, 4], [4, 0, 0, 2], [], [2, 2, 2]):
        picked = torch.tensor(rows, dtype=torch.long)
        found, after = network.step(before[picked, 0], state.take(picked))
        np.testing.assert_allclose(found.detach(), expected.detach()[picked], **CLOSE)
        again, _ = network.step(before[picked, 1], after)
        direct, _ = network.step(before[:, 1], network.step(before[:, 0], state)[1])
        np.testing.assert_allclose(again.detach(), direct.detach()[picked], **CLOSE)


def test_it_learns_to_turn_a_sequence_round():
    """Without attention to the right place it cannot: every symbol of the source is needed once."""
    torch.manual_seed(0)
    network = EncoderDecoder(12, 16, lambda width: cells.GRU(width, 16))
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-2)
    network.train()
    for _ in range(120):
        text = torch.randint(4, 12, (64, 5))
        after = torch.cat([text.flip(1), torch.full((64, 1), END)], dim=1)
        before = torch.cat([torch.full((64, 1), BEGIN), after[:, :-1]], dim=1)
        loss = network(text, [5] * 64, before, [6] * 64, after.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
    network.eval()
    text = torch.randint(4, 12, (50, 5))
    found = decode(network.step, network.start(text, [5] * 50), torch.full((50,), BEGIN), end=END, most=8)
    right = sum(one.symbols == row.flip(0).tolist() for one, row in zip(found, text, strict=True))
    assert right >= 45  # all 50, most often; by chance none of 8⁵


def test_symbols_are_read_as_unknown_in_training_only():
    network = make("after", symbol_dropout=0.5, unknown=1)
    source, lengths, before, steps, targets = batch()
    torch.manual_seed(0)
    calm = [network(source, lengths, before, steps, targets).item() for _ in range(2)]
    assert calm[0] == calm[1]
    network.train()
    losses = {round(network(source, lengths, before, steps, targets).item(), 9) for _ in range(5)}
    assert len(losses) > 1


def test_nothing_to_read_and_nothing_to_write():
    network = make("after")
    none = torch.zeros(0, 3, dtype=torch.long)
    assert network(none, [], none, [], torch.zeros(0, dtype=torch.long)).item() == 0
    empty = torch.zeros(2, 0, dtype=torch.long)
    before = torch.full((2, 1), BEGIN)
    loss = network(empty, [0, 0], before, [1, 1], torch.tensor([END, END]))
    assert torch.isfinite(loss)


def test_options_that_do_not_fit():
    with pytest.raises(ArgumentError, match="coverage is given without attention"):
        make("none", coverage=True)
    with pytest.raises(ArgumentError, match="attention is 'behind'"):
        make("after", attention="behind")
    with pytest.raises(ArgumentError, match="no attention"):
        make("none").align(*batch()[:4])
