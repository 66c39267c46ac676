"""The cells that cuDNN has, through torch's own loops: on the processor the same code, on a CUDA device cuDNN itself.

What a CUDA device gives is compared with the plain loop on the processor, for every cell and every machine that is
there; these tests are skipped where there is no such device.
"""

import pytest
import torch
from tests.conformance.laws import CELLS, all_close, close, gradients, inputs, layer_of, projected, states
from torch import Tensor, nn

import elman.nn
from elman import cells
from elman.cells import Cell
from elman.errors import ElmanError
from elman.layers import Recurrent
from elman.run import in_cudnn
from elman.run.choice import choose
from elman.step.reference import unroll

PLAIN = ["Elman", "Elman relu, no bias", "LSTM", "GRU"]
LENGTHS = torch.tensor([4, 0, 7, 7, 1])
FULL = torch.full((5,), 7)
CUDA = torch.cuda.is_available()
needs_cuda = pytest.mark.skipif(not CUDA, reason="there is no CUDA device")


class Own(cells.GRU):
    """A step of its own."""

    def step(self, x: Tensor, *, h: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        y, state = super().step(x, h=h)
        return -y, state


def test_which_cells() -> None:
    assert [in_cudnn.kind(CELLS[name](3, 5)) for name in PLAIN] == ["rnn_tanh", "rnn_relu", "lstm", "gru"]
    others = [name for name in CELLS if name not in PLAIN]
    assert {name for name in others if in_cudnn.kind(CELLS[name](3, 5))} == set()
    assert [in_cudnn.kind(cell) for cell in (cells.Elman(3, 5, activation="sigmoid"), Own(3, 5))] == ["", ""]


def test_what_is_chosen() -> None:
    cell = Own(3, 5)
    assert choose(cells.GRU(3, 5), torch.float32, "cuda", "auto").machine == "cudnn"
    assert choose(cell, torch.float32, "cuda", "auto").machine == "torch"
    assert choose(cells.GRU(3, 5), torch.float32, "cpu", "torch").machine == "torch"
    with pytest.raises(ElmanError, match="'cudnn' cannot run Own: it has the plain Elman"):
        choose(cell, torch.float32, "cuda", "cudnn")
    with pytest.raises(ElmanError, match="'cudnn' cannot run GRU: it runs on CUDA devices, and this is on cpu"):
        choose(cells.GRU(3, 5), torch.float32, "cpu", "cudnn")


@pytest.mark.parametrize("lengths", [LENGTHS, FULL], ids=["ragged", "full"])
@pytest.mark.parametrize("reverse", [False, True], ids=["", "backward"])
@pytest.mark.parametrize("name", PLAIN)
def test_the_same_as_the_plain_loop(name: str, reverse: bool, lengths: Tensor) -> None:
    """Values and gradients, with unequal states, a row of no step, in both directions."""
    layer = layer_of(name, "reference", 3, 5)
    cell = next(iter(layer.cells.values()))
    assert isinstance(cell, Cell)
    both = []
    for machine in ("reference", "cudnn"):
        x, state = inputs(layer, 5, 7, grad=True), states(layer, 5, grad=True)
        if machine == "cudnn":
            y, final = in_cudnn.run(cell, x, lengths, state, reverse)  # pyright: ignore[reportArgumentType]
        else:
            y, final = unroll(cell.step, x, lengths, state, output_size=5, backward=reverse)
        both.append((y, final, projected(layer, y, final, [x, *state.values(), *cell.parameters()])))
    (y, final, mine), (expected, last, theirs) = both[1], both[0]
    close(y, expected, layer, 7)
    all_close(final, last, layer, 7)
    for a, b in zip(mine, theirs, strict=True):
        close(a, b, layer, 7, times=10)


@pytest.mark.parametrize("name", PLAIN)
def test_no_rows_and_no_steps(name: str) -> None:
    for n, time in ((0, 3), (3, 0), (2, 2)):
        layer = layer_of(name, "reference", 3, 5)
        cell, state = next(iter(layer.cells.values())), states(layer, n)
        y, final = in_cudnn.run(cell, inputs(layer, n, time), torch.zeros(n, dtype=torch.int64), state, False)  # pyright: ignore[reportArgumentType]
        assert y.shape == (n, time, 5)
        assert not y.any()
        assert all(torch.equal(final[key], state[key]) for key in state)


def on_device(device: str, name: str, machine: str, reset: bool) -> tuple[Recurrent, list[Tensor]]:
    """A layer, and y, the final states and the gradients of all inputs and weights, on the processor."""
    layer = layer_of(name, machine, 3, 5).to(device)
    x = inputs(layer, 5, 7).to(device).requires_grad_()
    state = {key: value.to(device).requires_grad_() for key, value in states(layer, 5).items()}
    marks = (torch.arange(35).reshape(5, 7) % 4 == 2).to(device) if reset else None
    y, final = layer(x, LENGTHS, state, marks)
    y, final = y.cpu(), {key: value.cpu() for key, value in final.items()}
    found = gradients(layer, y, final, [x, *state.values()])
    return layer, [y, *final.values(), *(gradient.cpu() for gradient in found)]


@needs_cuda
@pytest.mark.parametrize("reset", [False, True], ids=["", "resets"])
@pytest.mark.parametrize("machine", ["auto", "torch", "reference"])
@pytest.mark.parametrize("name", CELLS if CUDA else ["every cell"])
def test_every_cell_on_a_cuda_device(name: str, machine: str, reset: bool) -> None:
    layer, expected = on_device("cpu", name, "reference", reset)
    _, found = on_device("cuda", name, machine, reset)
    for mine, theirs in zip(found, expected, strict=True):
        close(mine, theirs, layer, 7, times=10)


@needs_cuda
@pytest.mark.parametrize("name", PLAIN)
def test_cudnn_really_runs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And in float32 it is as close to float64 as float32's own rounding, where its short products are switched off."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    layer = layer_of(name, "auto", 3, 5, dtype=torch.float32)
    expected, _ = layer_of(name, "reference", 3, 5)(inputs(layer, 5, 7).double(), LENGTHS)
    with torch.profiler.profile() as seen:
        y, _ = layer.cuda()(inputs(layer, 5, 7).cuda(), LENGTHS)
    assert any("cudnn_rnn" in event.key for event in seen.key_averages())
    close(y.cpu(), expected.float(), layer, 7)


@needs_cuda
@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_drop_in_layers_on_a_cuda_device(name: str) -> None:
    torch.manual_seed(0)
    mine, theirs = (getattr(module, name)(3, 5, 2, bidirectional=True).double().cuda() for module in (elman.nn, nn))
    mine.load_state_dict(theirs.state_dict())
    x = torch.randn(7, 4, 3, dtype=torch.float64, device="cuda")
    torch.testing.assert_close(mine(x)[0], theirs(x)[0], rtol=0, atol=0)


@needs_cuda
def test_a_stream_on_a_cuda_device_is_the_sequence() -> None:
    for cell in (cells.GRU(3, 5), Own(3, 5)):
        layer = Recurrent(cell, layers=2).double().cuda()
        x = torch.randn(4, 7, 3, dtype=torch.float64, device="cuda")
        stream, (y, _) = layer.stream(4), layer(x)
        steps = torch.stack([stream(x[:, t]).clone() for t in range(7)], dim=1)
        close(steps, y, layer, 7)
