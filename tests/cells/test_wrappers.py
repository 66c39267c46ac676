"""Zoneout, StateDropout, WeightDrop, Clipped and Noisy: their equations with given draws, in training and after it."""

import copy

import pytest
import torch
from torch import Tensor

from elman import Recurrent
from elman.cells import (
    LSTM,
    Cell,
    Clipped,
    ClippedGradient,
    Conditioned,
    Elman,
    Jordan,
    Noisy,
    StateDropout,
    WeightDrop,
    Wrapper,
    Zoneout,
)
from elman.errors import ElmanError
from elman.run.choice import choose

MACHINES = ("reference", "torch", "native")
D, H, N, T = 3, 5, 4, 6
EPS = 2.3e-16


def plain(cell: LSTM, x: Tensor, h: Tensor, c: Tensor, W: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """One step of an LSTM, written out: new h and c."""
    W = cell.W if W is None else W
    assert cell.b is not None
    a = x @ cell.U + h @ W + cell.b
    i, f, g, o = (a[:, k * H : (k + 1) * H] for k in range(4))
    c = c / (1 + torch.exp(-f)) + torch.tanh(g) / (1 + torch.exp(-i))
    return torch.tanh(c) / (1 + torch.exp(-o)), c


def drawn(*shape: int, p: float | None = None, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    if p is None:
        return torch.randn(*shape, dtype=torch.float64, generator=generator)
    return (torch.rand(*shape, dtype=torch.float64, generator=generator) < p).double()


def expected(wrapper: Wrapper, x: Tensor, state: dict[str, Tensor], more: dict[str, Tensor]) -> dict[str, Tensor]:
    """y of every step and the last states by the equations of the wrappers' docstrings, in a plain loop."""
    cell, h, c, ys = wrapper.cell, state["h"], state["c"], []
    assert isinstance(cell, LSTM)
    for t in range(x.shape[1]):
        seen, W = h, cell.W
        if isinstance(wrapper, StateDropout) and wrapper.training:
            seen = h * more["h_mask"]
        if isinstance(wrapper, WeightDrop) and wrapper.training:
            W = cell.W * wrapper.get_buffer("mask_W")
        new_h, new_c = plain(cell, x[:, t], seen, c, W)
        if isinstance(wrapper, Zoneout):
            keep_h, keep_c = (more["h_kept"][:, t], more["c_kept"][:, t]) if wrapper.training else (0.3, 0.6)
            new_h, new_c = keep_h * h + (1 - keep_h) * new_h, keep_c * c + (1 - keep_c) * new_c
        if isinstance(wrapper, Clipped):
            new_h, new_c = new_h.clamp(-0.2, 0.2), new_c.clamp(-0.4, 0.4)
        if isinstance(wrapper, Noisy) and wrapper.training:
            new_h, new_c = new_h + more["h_noise"][:, t], new_c + more["c_noise"][:, t]
        h, c = new_h, new_c
        ys.append(h)
    return {"y": torch.stack(ys, dim=1), "h": h, "c": c}


WRAPPERS = {
    "Zoneout": (
        lambda cell: Zoneout(cell, {"h": 0.3, "c": 0.6}),
        {"h_kept": drawn(N, T, H, p=0.3), "c_kept": drawn(N, T, H, p=0.6, seed=1)},
    ),
    "StateDropout": (lambda cell: StateDropout(cell, 0.4), {"h_mask": drawn(N, H, p=0.6) / 0.6}),
    "WeightDrop": (lambda cell: WeightDrop(cell, 0.4), {}),
    "Clipped": (lambda cell: Clipped(cell, {"h": 0.2, "c": 0.4}), {}),
    "Noisy": (lambda cell: Noisy(cell, 0.5), {"h_noise": drawn(N, T, H), "c_noise": drawn(N, T, H, seed=1)}),
}


@pytest.mark.parametrize("training", [True, False], ids=["training", "after it"])
@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", WRAPPERS)
def test_equations(name: str, machine: str, training: bool) -> None:
    make, more = WRAPPERS[name]
    torch.manual_seed(0)
    layer = Recurrent(make(LSTM(D, H)), machine=machine).double().train(training)
    wrapper = layer.cells["l0"]
    assert isinstance(wrapper, Wrapper)
    if name == "WeightDrop":
        wrapper.draw = lambda *_, **__: {}  # the masks stay as they are
        wrapper.mask_W = drawn(H, 4 * H, p=0.6) / 0.6
    x = drawn(N, T, D, seed=2).requires_grad_()
    state = {key: drawn(N, H, seed=3 + i).requires_grad_() for i, key in enumerate("hc")}
    y, final = layer(x, state=state, inputs=more if training else None)
    want = expected(wrapper, x, state, more)
    leaves = [x, *state.values(), *layer.parameters()]
    found = [y, final["h"], final["c"]]
    # Sums of some 20 terms of size 1, six steps deep, forward and back: each rounds by half a unit in the last place.
    for a, b in zip(found, want.values(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=20 * 6 * EPS)
    theirs = torch.autograd.grad([k * v.square().sum() for k, v in enumerate(want.values(), 1)], leaves)
    mine = torch.autograd.grad([k * v.square().sum() for k, v in enumerate(found, 1)], leaves)
    for a, b in zip(mine, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=40 * 36 * EPS * (1 + float(b.abs().max())))


@pytest.mark.parametrize("name", WRAPPERS)
def test_they_run_at_native_speed(name: str) -> None:
    wrapper = WRAPPERS[name][0](LSTM(D, H))
    for mode in (True, False):
        assert choose(wrapper.train(mode), torch.float32, "cpu", "auto").machine == "native"


@pytest.mark.parametrize("name", WRAPPERS)
def test_padding_and_chunks_after_training(name: str) -> None:
    torch.manual_seed(0)
    layer = Recurrent(WRAPPERS[name][0](LSTM(D, H)), layers=2).double().eval()
    x = drawn(N, T, D)
    whole, last = layer(x, [T, 2, 0, 5])
    x[1, 2:] = torch.nan
    first, state = layer(x[:, :3], [3, 2, 0, 3])
    second, state = layer(x[:, 3:], [3, 0, 0, 2], state)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole, rtol=0, atol=20 * 6 * EPS)
    for key, value in last.items():
        torch.testing.assert_close(state[key], value, rtol=0, atol=20 * 6 * EPS)
    stream = layer.stream(batch=N)
    steps = torch.stack([torch.as_tensor(stream(step)).clone() for step in drawn(N, T, D).unbind(1)], dim=1)
    torch.testing.assert_close(steps[0], whole[0], rtol=0, atol=20 * 6 * EPS)


def test_a_stream_is_that_of_evaluation() -> None:
    layer = Recurrent(Zoneout(Elman(D, H), 0.5))
    stream, x = layer.stream(), torch.randn(1, 3, D)
    assert layer.training
    steps = torch.stack([stream(step).clone() for step in x.unbind(1)], dim=1)
    torch.testing.assert_close(steps, layer.eval()(x)[0], rtol=0, atol=1e-6)


def test_shares_of_what_is_drawn() -> None:
    """Shares of 40,000 draws: five standard deviations are 0.0125 at the most."""
    torch.manual_seed(0)
    like = {"dtype": torch.float32, "device": "cpu"}
    zoned = Zoneout(LSTM(1, 100), {"h": 0.1, "c": 0.5}).draw(20, 20, **like)
    assert abs(float(zoned["h_kept"].mean()) - 0.1) < 0.0125
    assert abs(float(zoned["c_kept"].mean()) - 0.5) < 0.0125
    mask = StateDropout(Elman(1, 100), 0.25).draw(400, 7, **like)["h_mask"]
    assert mask.shape == (400, 100)  # one for all steps
    assert sorted(mask.unique().tolist()) == [0.0, pytest.approx(4 / 3)]
    assert abs(float(mask.mean()) - 1) < 0.0125 * 4 / 3
    noise = Noisy(Elman(1, 100), 0.5).draw(20, 20, **like)["h_noise"]
    assert abs(float(noise.std()) - 0.5) < 0.5 * 5 / (2 * 40_000) ** 0.5
    dropped = WeightDrop(Elman(1, 200), 0.3)
    dropped.draw(1, 1, **like)
    assert abs(float((dropped.get_buffer("mask_W") == 0).float().mean()) - 0.3) < 0.0125
    assert Zoneout(LSTM(1, 2)).eval().draw(1, 1, **like) == {}


def test_every_run_draws_anew_and_older_runs_keep_theirs() -> None:
    torch.manual_seed(0)
    layer, x = Recurrent(WeightDrop(Elman(D, 40), 0.5)), torch.randn(N, T, D)
    first, second = layer(x)[0], layer(x)[0]
    assert not torch.equal(first, second)
    mask = layer.cells["l0"].get_buffer("mask_W")
    (gradient,) = torch.autograd.grad(second.sum(), layer.cells["l0"].get_parameter("cell.W"))
    assert torch.equal(gradient == 0, mask == 0)
    (older,) = torch.autograd.grad(first.sum(), layer.cells["l0"].get_parameter("cell.W"))
    assert 0.3 < float((older == 0).float().mean()) < 0.7
    assert not torch.equal(older == 0, mask == 0)
    assert sorted(layer.state_dict()) == ["cells.l0.cell.U", "cells.l0.cell.W", "cells.l0.cell.b"]


def test_dropped_weights_within_torch_func() -> None:
    """Weights that stand in for the cell's are dropped too."""
    layer, x = Recurrent(WeightDrop(Elman(D, H), 0.5)).double(), drawn(N, T, D)

    def loss(weights: dict[str, Tensor]) -> Tensor:
        torch.manual_seed(1)
        return torch.func.functional_call(layer, weights, (x,))[0].square().sum()

    found = torch.func.grad(loss)({name: value.detach() for name, value in layer.named_parameters()})
    torch.manual_seed(1)
    layer(x)[0].square().sum().backward()
    assert torch.equal(found["cells.l0.cell.W"] == 0, layer.cells["l0"].get_buffer("mask_W") == 0)
    for name, parameter in layer.named_parameters():
        torch.testing.assert_close(found[name], parameter.grad, rtol=0, atol=N * T * 20 * 4 * EPS)


def test_siblings_and_copies() -> None:
    wrapper = Zoneout(StateDropout(LSTM(D, H), 0.2), {"c": 0.5})
    sibling = wrapper.like(input_size=9, p={"h": 0.1})
    assert (sibling.input_size, sibling.p) == (9, {"h": 0.1})
    assert isinstance(sibling.cell, StateDropout)
    assert sibling.cell.p == {"h": 0.2}
    assert sibling.get_parameter("cell.cell.U").shape == (9, 4 * H)
    assert not {id(p) for p in sibling.parameters()} & {id(p) for p in wrapper.parameters()}
    assert Zoneout(Jordan(3, 5, 2)).feedback == "y"
    copied = copy.deepcopy(Recurrent(wrapper, layers=2))
    assert copied(torch.randn(2, 3, D))[0].shape == (2, 3, H)
    assert copied.states == {"l0.h": H, "l0.c": H, "l1.h": H, "l1.c": H}


@pytest.mark.parametrize("inner", [Zoneout, StateDropout, Noisy, WeightDrop], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("outer", [Zoneout, StateDropout, Noisy, Clipped], ids=lambda kind: kind.__name__)
def test_one_around_another(outer: type[Zoneout], inner: type[Zoneout]) -> None:
    """What two wrappers draw is drawn in training alone: evaluation and streams take x and nothing else."""
    layer, x = Recurrent(outer(inner(Elman(D, H)))), torch.randn(N, T, D)
    if outer is inner:
        with pytest.raises(ElmanError, match="one around the other"):
            layer(x)
        return
    assert torch.equal(layer.eval()(x)[0], layer(x)[0])
    steps = torch.stack([torch.as_tensor(step).clone() for step in map(layer.stream(N), x.unbind(1))], dim=1)
    torch.testing.assert_close(steps, layer(x)[0], rtol=0, atol=T * 20 * 1.2e-7)
    assert not torch.equal(layer.train()(x)[0], layer(x)[0])


def test_what_makes_no_sense() -> None:
    with pytest.raises(ElmanError, match="cell is 3"):
        Zoneout(3)  # pyright: ignore[reportArgumentType]
    for p in (-0.1, 1.0, float("nan")):
        with pytest.raises(ElmanError, match="p is"):
            StateDropout(Elman(2, 2), p)
    with pytest.raises(ElmanError, match="p has the name 'c'"):
        Zoneout(Elman(2, 2), {"c": 0.5})
    with pytest.raises(ElmanError, match="'V' is no parameter of Elman"):
        WeightDrop(Elman(2, 2), weights=("V",))
    with pytest.raises(ElmanError, match="bound is 0"):
        Clipped(Elman(2, 2), 0)
    with pytest.raises(ElmanError, match="std is -1"):
        Noisy(Elman(2, 2), -1)


def test_print_shows_what_a_wrapper_was_made_with() -> None:
    sizes = "2 → 3, states {h: 3}"
    shown = [
        (Zoneout(Elman(2, 3), 0.2), "p={'h': 0.2}"),
        (StateDropout(Elman(2, 3), {"h": 0.5}), "p={'h': 0.5}"),
        (WeightDrop(Elman(2, 3), 0.25, "W"), "p={'W': 0.25}, weights=('W',)"),
        (Noisy(Elman(2, 3), 1), "std=1.0"),
        (Clipped(Elman(2, 3), 9), "bound={'h': 9.0}"),
        (ClippedGradient(Elman(2, 3), {"h": 2}), "bound={'h': 2.0}"),
        (Conditioned(Elman(4, 3), 2), "context_size=2"),
    ]
    for cell, words in shown:
        assert repr(cell).split("\n")[0] == f"{type(cell).__name__}("
        assert f"\n  {sizes}, {words}\n" in repr(cell)


class Context(Cell):
    """h_t = tanh(x_t U + h_{t-1} W + z): a cell with one value per sequence and one per step, both given."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(
            input_size=input_size,
            output_size=hidden_size,
            states={"h": hidden_size},
            rows={"z": hidden_size},
            steps={"scale": 1},
        )
        self.U = torch.nn.Parameter(torch.randn(input_size, hidden_size) / 2)

    def step(self, x: Tensor, *, h: Tensor, z: Tensor, scale: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        h = torch.tanh(x @ self.U + scale * h + z)
        return h, {"h": h}


@pytest.mark.parametrize("machine", MACHINES)
def test_what_a_caller_gives(machine: str) -> None:
    torch.manual_seed(0)
    layer = Recurrent(Context(D, H), layers=2, machine=machine).double()
    x = drawn(N, T, D)
    given = {f"l{i}.z": drawn(N, H, seed=i).requires_grad_() for i in range(2)}
    given |= {f"l{i}.scale": drawn(N, T, 1, seed=7 + i).requires_grad_() for i in range(2)}
    y, _ = layer(x, [T, 3, 0, 1], inputs=given)
    below = x
    for i in range(2):
        h, outs, weight = torch.zeros(N, H, dtype=torch.float64), [], layer.cells[f"l{i}"].get_parameter("U")
        for t in range(T):
            h = torch.tanh(below[:, t] @ weight + given[f"l{i}.scale"][:, t] * h + given[f"l{i}.z"])
            outs.append(h)
        below = torch.stack(outs, dim=1)
    real = torch.arange(T) < torch.tensor([T, 3, 0, 1]).unsqueeze(1)
    want = below * real.unsqueeze(2)
    torch.testing.assert_close(y, want, rtol=0, atol=20 * 12 * EPS)
    weights = drawn(N, T, H, seed=11)
    mine = torch.autograd.grad((y * weights).sum(), list(given.values()))
    theirs = torch.autograd.grad((want * weights).sum(), list(given.values()))
    for a, b in zip(mine, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=20 * 24 * EPS * (1 + float(b.abs().max())))
    for wrong, message in (
        ({**given, "z": given["l0.z"]}, "has the name 'z'"),
        ({"l0.z": given["l0.z"]}, "takes 'scale' beside x"),
        ({**given, "l0.z": given["l0.z"][:2]}, "has shape"),
        ({**given, "l0.z": given["l0.z"].float()}, "is of type"),
    ):
        with pytest.raises(ElmanError, match=message):
            layer(x, inputs=wrong)
    with pytest.raises(ElmanError, match="takes scale at each step beside x"):
        layer.stream()


def test_a_name_stands_for_one_thing() -> None:
    class Twice(Cell):
        def __init__(self) -> None:
            super().__init__(input_size=1, output_size=1, states={"h": 1}, rows={"h": 1})

    with pytest.raises(ElmanError, match="'h' is named twice"):
        Twice()
