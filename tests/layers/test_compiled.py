"""Layers within torch.compile, torch.export and torch.func, first called there: the numbers of a plain call."""

import copy
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from elman import Recurrent
from elman.cells import GRU, LSTM, EchoState, Elman, Jordan, WeightDrop, Zoneout

D, H, OUT, N, T = 3, 5, 2, 4, 6
LENGTHS = torch.tensor([6, 0, 3, 1])
# As many rounded terms as a step has, over the steps and rows: compilers may sum in another order.
TOLERANCE = N * T * 2 * (D + H + 10) * 1.2e-7

LAYERS: dict[str, Callable[[], Recurrent]] = {
    "stack": lambda: Recurrent(GRU(D, H), layers=2, bidirectional=True, initial="learned"),
    "dense": lambda: Recurrent([Elman(D, H), LSTM(D + H, 4)], connections="dense"),
    "wrapped": lambda: Recurrent(Zoneout(WeightDrop(LSTM(D, H)), 0.2)),
    "fed back": lambda: Recurrent(Jordan(D, H, OUT)),
}


def call_of(name: str) -> tuple[Recurrent, Tensor, dict[str, Any]]:
    torch.manual_seed(0)
    layer = LAYERS[name]()
    more = {"feedback": torch.randn(N, T, OUT)} if name == "fed back" else {}
    return layer, torch.randn(N, T, D), {"lengths": LENGTHS, **more}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", LAYERS)
def test_compiled_as_one_graph(name: str, training: bool) -> None:
    layer, x, more = call_of(name)
    plain = copy.deepcopy(layer.train(training))
    torch._dynamo.reset()
    compiled = torch.compile(layer, backend="aot_eager", fullgraph=True)
    for _ in range(2):  # the second call runs what the first one made
        runs = []
        for run, own in ((compiled, layer), (plain, plain)):
            torch.manual_seed(1)
            y, _ = run(x, **more)
            runs.append([y, *torch.autograd.grad(y.square().sum(), list(own.parameters()), allow_unused=True)])
        for a, b in zip(*runs, strict=True):
            assert (a is None) == (b is None)
            if a is not None and b is not None:
                torch.testing.assert_close(a, b, rtol=0, atol=TOLERANCE * (1 + float(b.detach().abs().max())))


@pytest.mark.parametrize("name", ["stack", "wrapped", "fed back"])
def test_exported(name: str) -> None:
    layer, x, more = call_of(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own
        exported = torch.export.export(layer.eval(), (x,), more).module()
    torch.testing.assert_close(exported(x, **more)[0], layer(x, **more)[0], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("cell", [Elman, GRU, EchoState], ids=lambda kind: kind.__name__)
def test_first_called_within_torch_func(cell: type[Elman]) -> None:
    """A step is captured at the first call, wherever that is."""
    torch.manual_seed(0)
    layer, x = Recurrent(cell(D, H)), torch.randn(N, T, D, requires_grad=True)
    found = torch.func.grad(lambda x: layer(x)[0].square().sum())(x.detach())
    (expected,) = torch.autograd.grad(layer(x)[0].square().sum(), x)
    torch.testing.assert_close(found, expected, rtol=0, atol=TOLERANCE)
    fresh = copy.deepcopy(layer)
    batch = torch.func.vmap(lambda x: fresh(x)[0])(torch.stack([x.detach(), -x.detach()]))
    torch.testing.assert_close(batch[1], layer(-x.detach())[0], rtol=0, atol=TOLERANCE)


def test_a_share_of_forced_steps_that_varies() -> None:
    """As scheduled sampling has it: torch.compile makes one graph for all the numbers after the first."""
    torch.manual_seed(0)
    layer = Recurrent(Jordan(3, 5, 2))
    x, targets = torch.randn(4, 6, 3), torch.randn(4, 6, 2)

    def run(share: float) -> Tensor:
        return layer(x, feedback=targets, teacher_forcing=share)[0]

    compiled = torch.compile(run, backend="aot_eager", fullgraph=True)
    for share in (0.5, 0.3, 0.25, 1.0, 0.0):
        torch.manual_seed(1)
        expected = run(share)
        torch.manual_seed(1)
        # float32, sums of at most ten products of about 1 in six steps, in an order of their own
        torch.testing.assert_close(compiled(share), expected, rtol=0, atol=6 * 10 * 1.2e-7)
