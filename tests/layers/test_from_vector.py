"""A sequence from one vector per row, against loops written out row by row; what it learns, and what it refuses."""

from collections.abc import Callable
from typing import get_args

import pytest
import torch
from torch import Tensor

from elman.cells import GRU, LSTM, SCRN, Cell, Clockwork, Conditioned, Elman, Jordan, StateDropout
from elman.errors import ElmanError
from elman.layers import FromVector, Readout
from elman.layers.from_vector import How
from elman.step.split import split

MACHINES = ("reference", "torch", "native")
HOWS = get_args(How)
D, K, H, N, T = 3, 2, 5, 5, 6
LENGTHS = [T, 2, 0, 5, 1]
# A value is a sum of at most d + k + h products and a dozen more operations, each rounded by half a unit in the last
# place; the errors of T steps in two layers add up, and those of the way back on top of them.
EPS = 2.3e-16
TOLERANCE = EPS * (D + K + 2 * H + 12) * 2 * T
KINDS = {"Elman": Elman, "LSTM": LSTM}


def drawn(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def decoder_of(kind: str, how: How, layers: int, machine: str, x: int = D) -> FromVector:
    torch.manual_seed(0)
    cell = KINDS[kind](x if how == "initial" else x + K, H)
    decoder = FromVector(cell, K, how, layers, machine=machine)
    for parameter in decoder.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)  # no bias is zero
    return decoder.double()


def one_step(cell: Cell, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """New h of an Elman cell, or new h and c of an LSTM, written out."""
    if isinstance(cell, Elman):
        assert cell.b is not None
        return (torch.tanh(x @ cell.U + state[0] @ cell.W + cell.b),)
    assert isinstance(cell, LSTM)
    assert cell.b is not None
    i, f, g, o = (x @ cell.U + state[0] @ cell.W + cell.b).split(H)
    c = state[1] / (1 + torch.exp(-f)) + torch.tanh(g) / (1 + torch.exp(-i))
    return torch.tanh(c) / (1 + torch.exp(-o)), c


def expected(decoder: FromVector, vector: Tensor, x: Tensor, lengths: list[int]) -> tuple[Tensor, dict[str, Tensor]]:
    """y and the last states by the equations of the docstring, one row after another."""
    layer, names = decoder.recurrent, list(decoder.recurrent.states)
    kinds = len(names) // layer.layers
    ys, finals = [], []
    for row, length in enumerate(lengths):
        v, below, final = vector[row], list(x[row, :length]), []
        for index in range(layer.layers):
            cell, own = layer.cells[f"l{index}"], names[index * kinds : (index + 1) * kinds]
            state = tuple(v.new_zeros(H) for _ in own)
            if decoder.how != "step":
                keys = [name.replace(".", "_") for name in own]
                state = tuple(torch.tanh(v @ decoder.P[key] + decoder.q[key]) for key in keys)
            inner = cell.cell if isinstance(cell, Conditioned) else cell
            assert isinstance(inner, Cell)
            for t, x_t in enumerate(below):
                state = one_step(inner, x_t if decoder.how == "initial" else torch.cat([x_t, v]), state)
                below[t] = state[0]
            final += state
        ys.append(torch.stack([*below, *(v.new_zeros(H) for _ in range(T - length))]))
        finals.append(final)
    return torch.stack(ys), {name: torch.stack([f[i] for f in finals]) for i, name in enumerate(names)}


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layers", [1, 2])
def test_equations(kind: str, how: How, layers: int, machine: str) -> None:
    decoder = decoder_of(kind, how, layers, machine)
    vector, x = drawn(N, K, seed=1).requires_grad_(), drawn(N, T, D, seed=2)
    for row, length in enumerate(LENGTHS):
        x[row, length:] = torch.nan
    x.requires_grad_()
    y, state = decoder(vector, x, lengths=LENGTHS)
    want, final = expected(decoder, vector, x, LENGTHS)
    found, wanted = [y, *state.values()], [want, *(final[name] for name in state)]
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=TOLERANCE)
    leaves = [vector, x, *decoder.parameters()]
    weights = [drawn(*value.shape, seed=3 + i) for i, value in enumerate(found)]
    mine = torch.autograd.grad([(a * b).sum() for a, b in zip(found, weights, strict=True)], leaves)
    theirs = torch.autograd.grad([(a * b).sum() for a, b in zip(wanted, weights, strict=True)], leaves)
    for a, b in zip(mine, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=TOLERANCE * 2 * T * N * (1 + float(b.abs().max())))


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("how", HOWS)
def test_without_x(how: How, machine: str) -> None:
    """Nothing is read besides: zeros in the place of x, or a cell that reads the vector alone."""
    decoder, vector = decoder_of("Elman", how, 2, machine), drawn(N, K, seed=1)
    y, _ = decoder(vector, steps=T, lengths=LENGTHS)
    want, _ = expected(decoder, vector, torch.zeros(N, T, D, dtype=torch.float64), LENGTHS)
    torch.testing.assert_close(y, want, rtol=0, atol=TOLERANCE)
    if how != "initial":
        alone = decoder_of("LSTM", how, 2, machine, x=0)
        y, _ = alone(vector, steps=T, lengths=LENGTHS)
        want, _ = expected(alone, vector, torch.zeros(N, T, 0, dtype=torch.float64), LENGTHS)
        torch.testing.assert_close(y, want, rtol=0, atol=TOLERANCE)
        with pytest.raises(ElmanError, match="the vector alone"):
            alone(vector, torch.zeros(N, T, 1, dtype=torch.float64))


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("how", HOWS)
def test_batches_without_rows_or_steps(how: How, machine: str) -> None:
    decoder = decoder_of("LSTM", how, 2, machine)
    y, state = decoder(drawn(0, K, seed=1), steps=4)
    assert y.shape == (0, 4, H)
    y.sum().backward()
    assert all((p.grad is None) or not p.grad.any() for p in decoder.parameters())
    vector = drawn(3, K, seed=1)
    y, state = decoder(vector, steps=0)
    assert y.shape == (3, 0, H)
    start = decoder.initial_state(vector)
    assert all(torch.equal(state[name], start[name]) for name in start)
    for name, value in start.items():
        key = name.replace(".", "_")
        want = torch.zeros(3, H) if how == "step" else torch.tanh(vector @ decoder.P[key] + decoder.q[key])
        assert torch.equal(value, want.double())


@pytest.mark.parametrize("kind", [GRU, LSTM, Elman, SCRN])
def test_the_product_with_the_vector_stands_outside_of_the_loop(kind: Callable[[int, int], Cell]) -> None:
    """No node of a loop reads the vector: what a loop reads of it was computed for all steps before."""
    program = FromVector(kind(D + K, 8), K).recurrent.program
    reads = [(bool(stage.states), node) for stage in split(program) for node in stage.nodes if "context" in node.args]
    assert reads
    assert all(node.op == "matmul" and not loop for loop, node in reads)


@pytest.mark.parametrize("how", HOWS)
def test_a_stream_and_pieces_of_time(how: How) -> None:
    decoder, vector, x = decoder_of("LSTM", how, 2, "auto"), drawn(N, K, seed=1), drawn(N, T, D, seed=2)
    whole = decoder(vector, x)[0].detach()
    first, state = decoder(vector, x[:, :2])
    second, _ = decoder(vector, x[:, 2:], state=state)
    torch.testing.assert_close(torch.cat([first, second], dim=1).detach(), whole, rtol=0, atol=TOLERANCE)
    stream = decoder.stream(vector)
    for _ in range(2):
        for t in range(T):
            torch.testing.assert_close(stream(x[:, t]), whole[:, t], rtol=0, atol=TOLERANCE)
        stream.reset()
    order = [4, 0, 0, 2, 1]
    stream.reorder(order)  # the vectors move too, and what a row is set back to
    for t in range(T):
        torch.testing.assert_close(stream(x[order, t]), whole[order, t], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("how", HOWS)
def test_teacher_forcing(how: How) -> None:
    """Of a network that feeds its output back, which begins with the vector too where the first state does."""
    torch.manual_seed(0)
    cell = Jordan(D if how == "initial" else D + K, H, output_size=2)
    decoder = FromVector(cell, K, how).double()
    vector, x, targets = drawn(N, K, seed=1), drawn(N, T, D, seed=2), drawn(N, T, 2, seed=3)
    y, state = decoder(vector, x, feedback=targets)
    before = decoder.initial_state(vector)["y"]
    for t in range(T):
        read = x[:, t] if how == "initial" else torch.cat([x[:, t], vector], dim=1)
        want = torch.tanh(read @ cell.U + before @ cell.W + cell.b) @ cell.V + cell.c
        torch.testing.assert_close(y[:, t], want, rtol=0, atol=TOLERANCE)
        before = targets[:, t]
    assert torch.equal(state["y"], targets[:, -1])


def test_some_states() -> None:
    """A clock goes on counting from zero while h begins with the vector."""
    decoder = FromVector(Clockwork(D, 4, periods=(1, 3)), K, "initial", layers=2, states=["h"])
    start = decoder.initial_state(torch.randn(N, K))
    assert sorted(decoder.P) == ["l0_h", "l1_h"]
    assert all(bool((value == 0).all()) == name.endswith("clock") for name, value in start.items())


def test_around_what_draws_masks() -> None:
    """The masks of the cell inside are drawn in training, and not in a stream."""
    decoder = FromVector(StateDropout(Elman(D + K, 400), 0.5), K)
    vector, x = torch.randn(2, K), torch.randn(2, 3, D)
    first, again = decoder(vector, x)[0], decoder(vector, x)[0]
    assert not torch.equal(first, again)
    stream = decoder.stream(vector)
    steps = torch.stack([stream(x_t).clone() for x_t in x.unbind(1)], dim=1)
    torch.testing.assert_close(steps, decoder.eval()(vector, x)[0].detach(), rtol=0, atol=1e-5)


def test_stacks_of_several_kinds() -> None:
    """Each layer reads the vector; siblings of the cell inside are as wide as what is below them."""
    decoder = FromVector([Elman(D + K, 4), GRU(4 + K, 7)], K)
    assert [cell.rows for cell in decoder.recurrent.cells.values() if isinstance(cell, Cell)] == [{"context": K}] * 2
    assert decoder(torch.randn(2, K), torch.randn(2, 3, D))[0].shape == (2, 3, 7)
    wide = Conditioned(GRU(D + K, 4), K).like(input_size=9, hidden_size=6)
    assert (wide.input_size, wide.cell.input_size, wide.states) == (9, 9 + K, {"h": 6})
    other = Conditioned(GRU(D + K, 4), K).like(context_size=5)
    assert (other.input_size, other.rows) == (D, {"context": 5})
    sizes = FromVector(GRU(K, 4), K, layers=[6, 3])
    assert sizes(torch.randn(2, K), steps=3)[0].shape == (2, 3, 3)


@pytest.mark.parametrize("how", HOWS)
def test_learns_a_sine_of_a_given_frequency_and_phase(how: How) -> None:
    """sin(ω t + φ) over 12 steps, from (cos φ, sin φ, ω), for 200 vectors that were never trained on.

    Without the vector the best is a function of t alone: over φ, uniform, that is 0, of mean squared error 1/2. With
    the vectors of other rows the error is that of two independent sines: 1. So 1/20 needs the vector of each row.
    """
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)

    def rows(n: int) -> tuple[Tensor, Tensor]:
        phase = 2 * torch.pi * torch.rand(n, 1, generator=generator)
        frequency = 0.3 + 0.5 * torch.rand(n, 1, generator=generator)
        vector = torch.cat([phase.cos(), phase.sin(), 4 * frequency - 2.2], dim=1)
        return vector, torch.sin(frequency * torch.arange(12) + phase)

    decoder = FromVector(GRU(1 if how == "initial" else 3, 24), 3, how)
    readout = Readout(24, 1)
    optimiser = torch.optim.Adam([*decoder.parameters(), *readout.parameters()], lr=0.02)
    for _ in range(300):
        vector, targets = rows(50)
        loss = (readout(decoder(vector, steps=12)[0]).squeeze(2) - targets).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        vector, targets = rows(200)
        y = readout(decoder(vector, steps=12)[0]).squeeze(2)
    assert (y - targets).square().mean() < 0.05
    assert (y.roll(1, dims=0) - targets).square().mean() > 0.5


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("machine", MACHINES)
def test_both_directions(how: How, machine: str) -> None:
    """The backward direction is the forward one of a decoder with its weights, read from each row's last step."""
    torch.manual_seed(0)
    width = D if how == "initial" else D + K
    both = FromVector(GRU(width, H), K, how, bidirectional=True, machine=machine).double()
    forward, backward = (FromVector(GRU(width, H), K, how, machine=machine).double() for _ in range(2))
    for one, cell, start in ((forward, "l0", "h"), (backward, "l0_backward", "backward_h")):
        one.recurrent.cells["l0"].load_state_dict(both.recurrent.cells[cell].state_dict())
        if how != "step":
            one.P["h"], one.q["h"] = both.P[start], both.q[start]
    vector, x = drawn(N, K, seed=1), drawn(N, T, D, seed=2)
    y, state = both(vector, x, lengths=LENGTHS)
    turned = torch.zeros_like(x)
    for row, length in enumerate(LENGTHS):
        turned[row, :length] = x[row, :length].flip(0)
    there, last = forward(vector, x, lengths=LENGTHS)
    back, first = backward(vector, turned, lengths=LENGTHS)
    back = torch.stack([torch.cat([one[:k].flip(0), one[k:]]) for one, k in zip(back, LENGTHS, strict=True)])
    torch.testing.assert_close(y, torch.cat([there, back], dim=2), rtol=0, atol=TOLERANCE)
    torch.testing.assert_close(state, {"h": last["h"], "backward.h": first["h"]}, rtol=0, atol=TOLERANCE)
    with pytest.raises(ElmanError, match="bidirectional layer cannot be a stream"):
        both.stream(vector)


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("machine", MACHINES)
def test_reset_begins_anew_with_the_same_vector(how: How, machine: str) -> None:
    decoder = decoder_of("LSTM", how, 2, machine)
    vector, x = drawn(N, K, seed=1), drawn(N, T, D, seed=2)
    reset = torch.zeros(N, T, dtype=torch.bool)
    reset[:, 2] = True
    y, state = decoder(vector, x, reset=reset)
    before, _ = decoder(vector, x[:, :2])
    after, last = decoder(vector, x[:, 2:])
    torch.testing.assert_close(y, torch.cat([before, after], dim=1), rtol=0, atol=TOLERANCE)
    torch.testing.assert_close(state, last, rtol=0, atol=TOLERANCE)


def test_errors_at_construction() -> None:
    with pytest.raises(ElmanError, match="how is 'all'"):
        FromVector(Elman(D, H), K, "all")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ElmanError, match=r"reads 2 features, and the vector alone has 3"):
        FromVector(Elman(2, H), 3)
    with pytest.raises(ElmanError, match="vector_size is 0"):
        FromVector(Elman(2, H), 0)
    for cell in (3, None, [Elman(2, H), "GRU"]):
        with pytest.raises(ElmanError, match="cell is"):
            FromVector(cell, 2)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ElmanError, match="cell is"):
        FromVector(3, 2, "initial")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ElmanError, match="no state 'c'"):
        FromVector(Elman(D, H), K, states=["c"])
    with pytest.raises(ElmanError, match="how is 'step'"):
        FromVector(Elman(D, H), K, "step", states=["h"])
    with pytest.raises(ElmanError, match=r"states is \[\]. Expected at least one name"):
        FromVector(Elman(D, H), K, "initial", states=[])
    with pytest.raises(ElmanError, match="a 'context' of its own"):
        FromVector(Conditioned(Elman(D + 2 * K, H), K), K)
    with pytest.raises(ElmanError, match="reads 2 features, and the layers below give 5"):
        FromVector([Elman(D + K, H), Elman(2 + K, H)], K)


def test_errors_of_a_call() -> None:
    decoder, vector, x = FromVector(Elman(D + K, H), K), torch.randn(N, K), torch.randn(N, T, D)
    for wrong, message in (
        (torch.randn(N, K + 1), r"vector has shape \(5, 3\)"),
        (torch.randn(K), r"vector has shape \(2,\)"),
        (vector.double(), "vector is of type torch.float64"),
        ([[0.0] * K], "vector is a list"),
        (vector[:2], "x has 5 rows, and vector 2"),
    ):
        with pytest.raises(ElmanError, match=message):
            decoder(wrong, x)
    with pytest.raises(ElmanError, match="both given"):
        decoder(vector, x, steps=T)
    with pytest.raises(ElmanError, match="not given"):
        decoder(vector)
    for steps in (-1, 2.5, True):
        with pytest.raises(ElmanError, match="steps is"):
            decoder(vector, steps=steps)
    with pytest.raises(ElmanError, match="x has 4 features"):
        decoder(vector, torch.randn(N, T, D + 1))
    with pytest.raises(ElmanError, match="state has the names"):
        decoder(vector, x, state={})
    with pytest.raises(ElmanError, match="vector has shape"):
        decoder.stream(vector[0])
