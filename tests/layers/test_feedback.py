"""Recurrence from the output: forced, free and mixed, against loops written out; what they learn."""

import copy
import math
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from elman import Recurrent
from elman.cells import GRU, Cell, Elman, ElmanJordan, Jordan, Zoneout
from elman.errors import ElmanError
from elman.layers.feedback import Forced, every
from elman.run.plan import plan
from elman.step.text import to_text

MACHINES = ("reference", "torch", "native")
D, H, OUT, N, T = 3, 5, 2, 4, 7
LENGTHS = [7, 3, 0, 1]
# A step is a sum of at most d + h + o products, twice, and a dozen more operations, each rounded by half a unit in the
# last place; over T steps they add up.
TOLERANCE = 2.3e-16 * (2 * (D + H + OUT) + 12) * T


def drawn(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def layer_of(name: str, machine: str = "auto") -> Recurrent:
    torch.manual_seed(0)
    layer = Recurrent({"Jordan": Jordan, "ElmanJordan": ElmanJordan}[name](D, H, output_size=OUT), machine=machine)
    for parameter in layer.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return layer.double()


def loop(
    layer: Recurrent, x: Tensor, targets: Tensor, which: Tensor, state: dict[str, Tensor], reset: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """The papers' equations row by row and step by step; after a step the target is handed on where `which` says so."""
    weight = {name: layer.cells["l0"].get_parameter(name) for name, _ in layer.cells["l0"].named_parameters()}
    outs, last = [], {name: [] for name in state}
    for row, length in enumerate(LENGTHS):
        now = {name: value[row] for name, value in state.items()}
        ys = []
        for t in range(length):
            if reset[row, t]:
                now = {name: value[row] for name, value in state.items()}
            fed = now["h"] @ weight["W"] + now["y"] @ weight["F"] if "F" in weight else now["y"] @ weight["W"]
            h = torch.tanh(x[row, t] @ weight["U"] + fed + weight["b"])
            y = h @ weight["V"] + weight["c"]
            ys.append(y)
            now = {"h": h, "y": targets[row, t] if which[row, t] else y}
        outs.append(torch.stack([*ys, *[torch.zeros(OUT, dtype=torch.float64)] * (T - length)]))
        for name in state:
            last[name].append(now[name])
    return torch.stack(outs), {name: torch.stack(values) for name, values in last.items()}


WHICH: dict[str, tuple[float | Tensor, Tensor]] = {
    "forced": (1.0, torch.ones(N, T, dtype=torch.bool)),
    "free": (0.0, torch.zeros(N, T, dtype=torch.bool)),
    "mixed": (drawn(N, T, seed=9) > 0, drawn(N, T, seed=9) > 0),
}


@pytest.mark.parametrize("resets", [False, True], ids=["one sequence", "resets"])
@pytest.mark.parametrize("which", WHICH)
@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", ["Jordan", "ElmanJordan"])
def test_equations_and_gradients(name: str, machine: str, which: str, resets: bool) -> None:
    layer = layer_of(name, machine)
    x, targets = drawn(N, T, D, seed=1).requires_grad_(), drawn(N, T, OUT, seed=2).requires_grad_()
    state = {key: drawn(N, width, seed=3 + i).requires_grad_() for i, (key, width) in enumerate(layer.states.items())}
    reset = drawn(N, T, seed=5) > 0.5 if resets else torch.zeros(N, T, dtype=torch.bool)
    given, mask = WHICH[which]
    setting = {"feedback": targets, "teacher_forcing": given}
    y, final = layer(x, LENGTHS, state, reset if resets else None, **setting)
    want, last = loop(layer, x, targets, mask, state, reset)
    torch.testing.assert_close(y, want, rtol=0, atol=TOLERANCE)
    for key in state:
        torch.testing.assert_close(final[key], last[key], rtol=0, atol=TOLERANCE)
    leaves = [x, targets, *state.values(), *layer.parameters()]
    options: dict[str, Any] = {"allow_unused": True, "materialize_grads": True}
    found = torch.autograd.grad([y.sin().sum(), *(v.cos().sum() for v in final.values())], leaves, **options)
    theirs = torch.autograd.grad([want.sin().sum(), *(v.cos().sum() for v in last.values())], leaves, **options)
    for a, b in zip(found, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=4 * T * TOLERANCE * (1 + float(b.abs().max())))


@pytest.mark.parametrize("which", WHICH)
@pytest.mark.parametrize("name", ["Jordan", "ElmanJordan"])
def test_chunks_padding_and_copies(name: str, which: str) -> None:
    layer = copy.deepcopy(layer_of(name))
    x, targets = drawn(N, T, D, seed=1), drawn(N, T, OUT, seed=2)
    given, mask = WHICH[which]
    cut = (given[:, :4], given[:, 4:]) if isinstance(given, Tensor) else (given, given)
    whole, last = layer(x, LENGTHS, feedback=targets, teacher_forcing=given)
    for row, length in enumerate(LENGTHS):
        x[row, length:] = targets[row, length:] = math.nan
    first, state = layer(x[:, :4], [4, 3, 0, 1], feedback=targets[:, :4], teacher_forcing=cut[0])
    second, state = layer(x[:, 4:], [3, 0, 0, 0], state, feedback=targets[:, 4:], teacher_forcing=cut[1])
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole, rtol=0, atol=TOLERANCE)
    for key, value in last.items():
        torch.testing.assert_close(state[key], value, rtol=0, atol=TOLERANCE)
    nothing, state = layer(x[:, :0], feedback=targets[:, :0], teacher_forcing=mask[:, :0])
    assert nothing.shape == (N, 0, OUT)
    assert not any(value.any() for value in state.values())
    assert layer(x[:0], feedback=targets[:0])[0].shape == (0, T, OUT)


def test_forced_steps_wait_for_nothing() -> None:
    """A Jordan network has no loop left; of an ElmanJordan network only the one over the hidden state remains."""

    def loops(layer: Recurrent) -> list[tuple[str, ...]]:
        cell = layer.cells["l0"]
        assert isinstance(cell, Cell)
        program = Recurrent(Forced(cell)).program
        return [stage.states for stage in plan(to_text(program)).stages if stage.states]

    assert loops(layer_of("Jordan")) == []
    assert loops(layer_of("ElmanJordan")) == [("h",)]
    assert [s.states for s in plan(to_text(layer_of("Jordan").program)).stages if s.states] == [("y",)]


def test_explain_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    layer_of("Jordan").explain()
    free, forced = capsys.readouterr().out.split("Jordan with feedback: no step waits for its output")
    assert "waits for the step before" in free
    assert "waits for the step before" not in forced
    assert "y_before" in forced


def test_a_stack_that_ends_in_one() -> None:
    torch.manual_seed(0)
    below, above = Elman(D, H), Zoneout(Jordan(H, 4, output_size=OUT), 0.0)
    stack = Recurrent([below, above]).double()
    x, targets = drawn(N, T, D, seed=1), drawn(N, T, OUT, seed=2)
    y, state = stack(x, LENGTHS, feedback=targets)
    hidden, _ = Recurrent(below)(x, LENGTHS)
    want, last = Recurrent(above.cell)(hidden, LENGTHS, feedback=targets)
    torch.testing.assert_close(y, want, rtol=0, atol=2 * TOLERANCE)
    torch.testing.assert_close(state["l1.y"], last["y"], rtol=0, atol=2 * TOLERANCE)


@pytest.mark.parametrize("forcing", [1.0, 0.5])
def test_a_wrapped_one_in_training_and_out_of_it(forcing: float) -> None:
    """What a wrapper draws is drawn in training alone, whichever mode came first."""
    layer = Recurrent(Zoneout(Jordan(D, H, OUT), 0.5)).double()
    x, targets = drawn(N, T, D, seed=1), drawn(N, T, OUT, seed=2)
    mask = torch.rand(N, T) < forcing
    for training in (True, False, True):
        layer.train(training)
        first, second = (layer(x, feedback=targets, teacher_forcing=mask)[0] for _ in range(2))
        assert torch.equal(first, second) == (not training)
    cell = layer.eval().cells["l0"]
    assert isinstance(cell, Zoneout)
    inner, before = cell.cell, torch.cat([torch.zeros(N, 1, OUT), targets[:, :-1]], dim=1).double()
    h = torch.tanh(x @ inner.get_parameter("U") + before @ inner.get_parameter("W") + inner.get_parameter("b"))
    want = 0.5 * before + 0.5 * (h @ inner.get_parameter("V") + inner.get_parameter("c"))
    torch.testing.assert_close(layer(x, feedback=targets)[0], want, rtol=0, atol=TOLERANCE)


def test_another_cell_in_its_place() -> None:
    layer, x, targets = layer_of("Jordan"), drawn(N, T, D, seed=1), drawn(N, T, OUT, seed=2)
    layer(x, feedback=targets)
    other = layer.cells["l0"] = Jordan(D, H, OUT).double()
    for forcing in (1.0, drawn(N, T, seed=9) > 0):
        want, _ = Recurrent(other)(x, feedback=targets, teacher_forcing=forcing)
        assert torch.equal(layer(x, feedback=targets, teacher_forcing=forcing)[0], want)


def pickled(layer: Recurrent) -> Recurrent:
    return pickle.loads(pickle.dumps(layer))  # noqa: S301 - made here


@pytest.mark.parametrize("copied", [copy.deepcopy, pickled])
def test_copies_have_their_own_forms(copied: Callable[[Recurrent], Recurrent]) -> None:
    layer, x, targets = layer_of("ElmanJordan"), drawn(N, T, D, seed=1), drawn(N, T, OUT, seed=2)
    want, _ = layer(x, feedback=targets)
    other = copied(layer)
    assert torch.equal(other(x, feedback=targets)[0], want)
    for parameter in other.parameters():
        nn.init.zeros_(parameter)
    assert not other(x, feedback=targets)[0].any()
    assert torch.equal(layer(x, feedback=targets)[0], want)


def test_probability_of_forcing() -> None:
    """Of a network that always answers 0 and targets of 1, the state tells which steps were forced."""
    layer = Recurrent(Jordan(1, 2, output_size=100))
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    torch.manual_seed(0)
    rows = 100
    _, state = layer(torch.zeros(rows, 1, 1), feedback=torch.ones(rows, 1, 100), teacher_forcing=0.7)
    assert all(len(row.unique()) == 1 for row in state["y"])  # a step is forced as a whole
    share = float(state["y"][:, 0].detach().mean())
    assert abs(share - 0.7) < 5 * math.sqrt(0.7 * 0.3 / rows)


def test_every_kth_step() -> None:
    torch.manual_seed(0)
    mask = every(200, 12, 3)
    assert torch.equal(mask[:, 3:], mask[:, :-3])
    assert mask[:, :3].sum(dim=1).unique().tolist() == [1]
    assert all(share > 40 for share in mask[:, :3].sum(dim=0).tolist())  # of 200, each 67 expected, σ = 6.7


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda j, x, y: j(x, feedback=y[:, :-1]), "feedback has shape"),
        (lambda j, x, y: j(x, feedback=torch.zeros(N, T, dtype=torch.int64)), "one_hot"),
        (lambda j, x, y: j(x, feedback=y.float()), "feedback is of type"),
        (lambda j, x, y: j(x, feedback=y.tolist()), "feedback is a list"),
        (lambda j, x, y: j(x, feedback=y, teacher_forcing=1.5), "teacher_forcing is 1.5"),
        (lambda j, x, y: j(x, feedback=y, teacher_forcing=math.nan), "teacher_forcing is nan"),
        (lambda j, x, y: j(x, feedback=y, teacher_forcing="half"), "teacher_forcing is 'half'"),
        (lambda j, x, y: j(x, feedback=y, teacher_forcing=True), "teacher_forcing is True"),
        (lambda j, x, y: j(x, teacher_forcing=0.3), r"Write layer\(x, feedback=targets, teacher_forcing=…\)"),
        (lambda j, x, y: j(x, teacher_forcing=torch.ones(N, T, dtype=torch.bool)), "given without feedback"),
        (lambda j, x, y: Recurrent(Elman(D, H)).double()(x, teacher_forcing=1.0), "given without feedback"),
        (lambda j, x, y: every(2, 7, 0), "steps is 0"),
        (lambda j, x, y: every(2, 7.0, 3), "time is 7.0"),  # pyright: ignore[reportArgumentType]
        (lambda j, x, y: j(x, feedback=y, teacher_forcing=torch.ones(N, T)), "expected|Expected booleans"),
        (lambda j, x, y: Recurrent(Elman(D, H)).double()(x, feedback=y), "Elman does not feed its output back"),
        (lambda j, x, y: Recurrent(Jordan(D, H, OUT), layers=2), "has no layer above"),
        (lambda j, x, y: Recurrent(Jordan(D, H, OUT), bidirectional=True), "bidirectional = False"),
    ],
)
def test_what_makes_no_sense(call: Callable[[Recurrent, Tensor, Tensor], object], message: str) -> None:
    layer, x, targets = layer_of("Jordan"), drawn(N, T, D, seed=1), drawn(N, T, OUT, seed=2)
    with pytest.raises(ElmanError, match=message):
        call(layer, x, targets)


def test_trained_forced_it_goes_on_free() -> None:
    """A Jordan network sees one turn of a circle, taught its own last point, and turns on alone.

    The next point is a rotation of the last: no function of x, which says nothing. Whoever hands on the mean of all
    points is off by 1 at every step.
    """
    torch.manual_seed(0)
    layer = Recurrent(Jordan(1, 32, output_size=2))
    angle = torch.arange(61) * (2 * math.pi / 20)
    circle = torch.stack([angle.cos(), angle.sin()], dim=1).unsqueeze(0)  # (1, 61, 2): three turns
    x, start, targets = torch.ones(1, 20, 1), {"y": circle[:, 0]}, circle[:, 1:21]
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.01)
    for _ in range(600):
        y, _ = layer(x, state=start, feedback=targets)
        loss = (y - targets).square().sum(dim=2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        free, _ = layer(torch.ones(1, 60, 1), state=start)
    off = (free - circle[:, 1:]).norm(dim=2)
    assert off.max() < 0.5, off
    stream = layer.stream()
    stream.state = start
    steps = torch.stack([stream(torch.ones(1, 1)).clone() for _ in range(60)], dim=1)
    torch.testing.assert_close(steps, free, rtol=0, atol=1e-4)


@pytest.mark.parametrize("cell", [GRU, Elman])
def test_no_feedback_without_such_a_cell(cell: type[Elman] | type[GRU]) -> None:
    assert cell(2, 3).feedback is None
