"""elman.nn against torch.nn, whose layers it stands in for: every option, the same numbers, errors and checkpoints."""

import copy
import pickle
import runpy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch import nn as theirs
from torch.func import functional_call
from torch.nn.utils import parametrizations
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

import elman
from elman import native
from elman import nn as ours
from elman.layers import like_torch

D, H, N, T = 3, 5, 5, 7
LENGTHS = torch.tensor([4, 1, 7, 7, 2])
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "RNN": ("RNN", {}),
    "RNN relu": ("RNN", {"nonlinearity": "relu"}),
    "LSTM": ("LSTM", {}),
    "LSTM projected": ("LSTM", {"proj_size": 2}),
    "GRU": ("GRU", {}),
}
# Every pair of options, and all of them for each kind: layers, bidirectional, bias, batch_first.
OPTIONS = [(1, False, True, True), (1, True, False, False), (2, False, False, True), (2, True, True, False)]


@pytest.fixture(autouse=True)
def passes(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One entry for each pass of one layer and direction on elman's machines: a fall back to torch proves nothing."""
    done: list[None] = []

    def counted(*args: Any, **kwargs: Any) -> Any:
        done.append(None)
        return run(*args, **kwargs)

    run = like_torch.over_time
    monkeypatch.setattr(like_torch, "over_time", counted)
    if not native.available():
        pytest.skip(native.unavailable_reason())
    return done


def pair(kind: str, layers: int = 1, bidirectional: bool = False, bias: bool = True, batch_first: bool = True) -> Any:
    """A layer of torch and one of ours with the same weights, float64."""
    name, more = KINDS[kind]
    arguments = {"bidirectional": bidirectional, "bias": bias, "batch_first": batch_first, **more}
    first = getattr(theirs, name)(D, H, layers, **arguments).double()
    second = getattr(ours, name)(D, H, layers, **arguments).double()
    second.load_state_dict(first.state_dict())
    return first, second


def hidden(layer: theirs.RNNBase, *rows: int) -> Any:
    """Initial states, no two the same."""
    count = layer.num_layers * (2 if layer.bidirectional else 1)
    widths = [layer.proj_size or H] + ([H] if layer.mode == "LSTM" else [])
    dtype = layer.get_parameter("weight_ih_l0").dtype
    states = [torch.randn(count, *rows, width, dtype=dtype, requires_grad=True) for width in widths]
    return tuple(states) if layer.mode == "LSTM" else states[0]


def many(states: Any) -> tuple[Tensor, ...]:
    return states if isinstance(states, tuple) else (states,)


def close(a: Tensor, b: Tensor, sums: float) -> None:
    """Equal but for rounding: so many sums of at most d + h products and ten operations lie on top of each other."""
    assert a.shape == b.shape
    assert a.dtype == b.dtype
    size = max(1.0, float(b.detach().abs().max())) if b.numel() else 1.0
    torch.testing.assert_close(a, b, rtol=0, atol=torch.finfo(a.dtype).eps * (2 * D + 2 * H + 10) * sums * size)


def same(first: Any, second: Any, x: Tensor, hx: Any, wrap: Callable[[Tensor], Any] = lambda x: x) -> None:
    """The same outputs, final states, and gradients of the input, the initial states and every weight."""
    found: list[tuple[Tensor, ...]] = []
    leaves: list[list[Tensor]] = []
    for layer in (first, second):
        y, states = layer(wrap(x), hx)
        y = y.data if isinstance(y, PackedSequence) else y
        results = (y, *many(states))
        torch.manual_seed(3)
        losses = [(value * torch.randn(value.shape, dtype=value.dtype)).sum() for value in results]
        leaves.append([x, *(many(hx) if hx is not None else ()), *layer.parameters()])
        found.append((*results, *torch.autograd.grad(losses, leaves[-1])))
    # T steps in each layer; a gradient passes them twice, and a weight's sums up all N rows of all steps.
    sums = T * first.num_layers
    outputs = len(found[0]) - len(leaves[0])
    for i, (a, b) in enumerate(zip(*found, strict=True)):
        close(b, a, sums if i < outputs else 2 * N * T * sums)


@pytest.mark.parametrize(("layers", "bidirectional", "bias", "batch_first"), OPTIONS)
@pytest.mark.parametrize("kind", KINDS)
class TestSameNumbers:
    """Forward and all gradients."""

    def test_padded(
        self, kind: str, layers: int, bidirectional: bool, bias: bool, batch_first: bool, passes: Any
    ) -> None:
        first, second = pair(kind, layers, bidirectional, bias, batch_first)
        x = torch.randn(*((N, T) if batch_first else (T, N)), D, dtype=torch.float64, requires_grad=True)
        same(first, second, x, hidden(first, N))
        same(first, second, x, None)
        assert len(passes) == 2 * layers * (1 + bidirectional)

    @pytest.mark.parametrize("in_order", [True, False])
    def test_packed(
        self, kind: str, layers: int, bidirectional: bool, bias: bool, batch_first: bool, in_order: bool, passes: Any
    ) -> None:
        first, second = pair(kind, layers, bidirectional, bias, batch_first)
        x = torch.randn(N, T, D, dtype=torch.float64, requires_grad=True)
        lengths = LENGTHS.sort(descending=True)[0] if in_order else LENGTHS

        def packed(x: Tensor) -> PackedSequence:
            return pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=in_order)

        same(first, second, x, hidden(first, N), packed)
        assert len(passes) == layers * (1 + bidirectional)
        mine, his = second(packed(x))[0], first(packed(x))[0]
        assert isinstance(mine, PackedSequence)
        for a, b in zip(mine[1:], his[1:], strict=True):  # batch sizes, the rows' order, and the way back
            assert torch.equal(a, b) if isinstance(a, Tensor) and isinstance(b, Tensor) else a is b

    def test_one_row(
        self, kind: str, layers: int, bidirectional: bool, bias: bool, batch_first: bool, passes: Any
    ) -> None:
        first, second = pair(kind, layers, bidirectional, bias, batch_first)
        x = torch.randn(T, D, dtype=torch.float64, requires_grad=True)
        same(first, second, x, hidden(first))
        assert len(passes) == layers * (1 + bidirectional)


@pytest.mark.parametrize("kind", KINDS)
def test_float32(kind: str, passes: list[None]) -> None:
    first, second = (layer.float() for layer in pair(kind, layers=2, bidirectional=True))
    x = torch.randn(N, T, D, requires_grad=True)
    same(first, second, x, hidden(first, N))
    assert len(passes) == 4


@pytest.mark.parametrize("kind", KINDS)
def test_second_derivatives(kind: str) -> None:
    found: list[Tensor] = []
    x = torch.randn(2, 4, D, dtype=torch.float64, requires_grad=True)
    for layer in pair(kind):
        with torch.backends.mkldnn.flags(enabled=False):  # torch has none there
            (g,) = torch.autograd.grad(layer(x)[0].square().sum(), x, create_graph=True)
            found += torch.autograd.grad(g.square().sum(), x)
    close(found[1], found[0], 4 * 4 * 4)  # four passes of four steps, four times


def test_time_major_output_is_laid_out_as_torchs() -> None:
    x = torch.randn(T, N, D, dtype=torch.float64)
    for bidirectional in (False, True):
        for layer in pair("GRU", bidirectional=bidirectional, batch_first=False):
            assert layer(x)[0].view(T * N, -1).shape[0] == T * N  # a view: nothing is copied, or it is an error


def test_no_rows(passes: list[None]) -> None:
    for kind in KINDS:
        first, second = pair(kind, bidirectional=True)
        y, states = second(torch.randn(0, T, D, dtype=torch.float64))
        expected, others = first(torch.randn(0, T, D, dtype=torch.float64))
        assert y.shape == expected.shape
        assert [s.shape for s in many(states)] == [s.shape for s in many(others)]
    assert passes


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "LSTM projected", "GRU"])
def test_errors_are_torchs(kind: str) -> None:
    first, second = pair(kind, layers=2)
    x = torch.randn(N, T, D, dtype=torch.float64)
    good = many(hidden(first, N))

    def states(*change: Callable[[Tensor], Tensor]) -> Any:
        changed = tuple(f(s) for f, s in zip(change * 2, good, strict=False))
        return changed if first.mode == "LSTM" else changed[0]

    packed = pack_padded_sequence(x, LENGTHS, batch_first=True, enforce_sorted=False)
    calls: Sequence[tuple[Any, ...]] = [
        (x[:, :0],),
        (x[:, :0], states(lambda s: s)),
        (x[..., :2],),
        (x[0, 0],),
        (x[0, 0, 0],),
        (x.unsqueeze(0),),
        (x.float(),),
        (x.long(),),
        (x, states(lambda s: s[:1])),
        (x, states(lambda s: s[:, :1])),
        (x, states(lambda s: s[..., :1])),
        (x, states(lambda s: s[0])),
        (x, states(lambda s: s.float())),
        (x[0], states(lambda s: s)),
        (x[0], states(lambda s: s[:, 0, :1])),
        (packed, states(lambda s: s[:, :1])),
        (packed, states(lambda s: s[0, 0, 0])),
        (PackedSequence(packed.data[:, :2], packed.batch_sizes),),
        (PackedSequence(packed.data[:, 0], packed.batch_sizes),),
        (x.tolist(),),
        (None,),
        (x, "state"),
        (x, tuple(good) if len(good) == 1 else good[0]),  # the tuple is for an LSTM alone
    ]
    for arguments in calls:
        with pytest.raises(Exception) as expected:  # noqa: PT011 - whatever it is
            first(*arguments)
        with pytest.raises(expected.type) as found:
            second(*arguments)
        assert str(found.value) == str(expected.value)
    for arguments in ({"num_layers": 0}, {"dropout": 2}, {"proj_size": H + 1}, {"nonlinearity": "sine"}):
        name = KINDS[kind][0]
        with pytest.raises(Exception) as expected:  # noqa: PT011 - whatever it is
            getattr(theirs, name)(D, H, **arguments)
        with pytest.raises(expected.type):
            getattr(ours, name)(D, H, **arguments)


@pytest.mark.parametrize("kind", KINDS)
def test_checkpoints_move_both_ways(kind: str) -> None:
    first, second = pair(kind, layers=2, bidirectional=True)
    x = torch.randn(N, T, D, dtype=torch.float64)
    assert list(first.state_dict()) == list(second.state_dict())
    with torch.no_grad():
        for parameter in second.parameters():
            parameter.mul_(1.5)  # in place: seen at the next call
    assert not torch.allclose(second(x)[0], first(x)[0])
    first.load_state_dict(second.state_dict(), strict=True)
    close(second(x)[0], first(x)[0], 2 * T)
    third = getattr(ours, KINDS[kind][0])(D, H, 2, bidirectional=True, batch_first=True, **KINDS[kind][1]).double()
    third.load_state_dict(copy.deepcopy(first.state_dict()), strict=True, assign=True)
    assert torch.equal(third(x)[0], second(x)[0])


@pytest.mark.parametrize("kind", KINDS)
def test_copies_are_independent(kind: str) -> None:
    _, layer = pair(kind, layers=2)
    x = torch.randn(N, T, D, dtype=torch.float64)
    before = layer(x)[0]
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):  # noqa: S301 - made here
        assert torch.equal(other(x)[0], before)
        with torch.no_grad():
            other.weight_hh_l1.zero_()
        assert not torch.equal(other(x)[0], before)
        assert torch.equal(layer(x)[0], before)


def test_weights_that_come_from_elsewhere(passes: list[None]) -> None:
    x = torch.randn(N, T, D, dtype=torch.float64)
    for kind in KINDS:
        first, second = pair(kind)
        other = {name: 2 * value.detach() for name, value in first.named_parameters()}
        close(functional_call(second, other, (x,))[0], functional_call(first, other, (x,))[0], T)
        found: list[list[Tensor]] = []
        for layer in (first, second):
            parametrizations.weight_norm(layer, "weight_hh_l0")
            y = layer(x)[0]
            found.append([y, *torch.autograd.grad(y.sum(), list(layer.parameters()))])
        for a, b in zip(*found, strict=True):
            close(b, a, 2 * N * T * T)
    assert len(passes) == 2 * len(KINDS)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_first_call_inside_of_torch_func(kind: str, packed: bool, passes: list[None]) -> None:
    like_torch._template.cache_clear()  # nothing is known of the layer yet
    first, second = pair(kind)
    batch = torch.randn(N, T, D, dtype=torch.float64)
    pack = pack_padded_sequence(batch, LENGTHS, batch_first=True, enforce_sorted=False)
    x = pack.data if packed else batch

    def loss(layer: Any, weights: dict[str, Tensor], x: Tensor) -> Tensor:
        y = functional_call(layer, weights, (PackedSequence(x, *pack[1:]) if packed else x,))[0]
        return (y.data if packed else y).square().sum()

    weights = {name: value.detach().clone().requires_grad_() for name, value in first.named_parameters()}
    leaves = [x.clone().requires_grad_(), *weights.values()]  # torch's own takes no packed sequences in torch.func
    expected = torch.autograd.grad(loss(first, weights, leaves[0]), leaves)
    of_x = torch.func.grad(loss, 2)(second, dict(second.named_parameters()), x)
    of_weights = torch.func.grad(loss, 1)(second, dict(second.named_parameters()), x)
    for a, b in zip((of_x, *of_weights.values()), expected, strict=True):
        close(a, b, 2 * N * T * T)
    assert len(passes) == 2


def test_many_models_at_once(passes: list[None]) -> None:
    like_torch._template.cache_clear()
    _, layer = pair("GRU")
    x = torch.randn(2, N, T, D, dtype=torch.float64)
    close(torch.func.vmap(lambda x: layer(x)[0])(x), torch.stack([layer(part)[0] for part in x]), T)
    assert len(passes) == 3


def test_training_goes_the_same_way(passes: list[None]) -> None:
    losses: list[list[float]] = []
    x, target = torch.randn(N, T, D, dtype=torch.float64), torch.randn(N, T, H, dtype=torch.float64)
    for layer in pair("LSTM"):
        optimizer = torch.optim.Adam(layer.parameters(), lr=0.05)
        losses.append([])
        for _ in range(10):
            optimizer.zero_grad()
            loss = (layer(x)[0] - target).square().mean()
            loss.backward()
            optimizer.step()
            losses[-1].append(loss.item())
    assert losses[0][-1] < 0.9 * losses[0][0]
    # Ten steps of 0.05, each of which may make a gradient's rounding error (2e-13, see `same`) some ten times as large.
    assert losses[1] == pytest.approx(losses[0], rel=1e-9)
    assert len(passes) == 10


@pytest.mark.parametrize("packed", [False, True])
def test_dropout_has_the_right_law(packed: bool, passes: list[None]) -> None:
    # Both layers hand on what they get (identity, relu of what is positive), so the output is x after dropout.
    layer = ours.RNN(4, 4, 2, nonlinearity="relu", bias=False, batch_first=True, dropout=0.25)
    with torch.no_grad():
        for name, weight in layer.named_parameters():
            weight.copy_(torch.eye(4) if "ih" in name else torch.zeros(4, 4))
    x = 1 + torch.rand(64, 50, 4)
    given: Any = pack_padded_sequence(x, torch.full((64,), 50), batch_first=True) if packed else x
    real = given.data if packed else x

    def output() -> Tensor:
        y = layer(given)[0]
        return y.data if packed else y

    torch.manual_seed(1)
    y = output()
    dropped = y == 0
    torch.testing.assert_close(y, torch.where(dropped, 0, real / 0.75))  # each value is dropped, or kept at 4/3
    count = x.numel()  # 12,800 draws: the share has a standard deviation of 0.0038; five of them are 2e-6 likely
    assert abs(dropped.double().mean().item() - 0.25) < 5 * (0.25 * 0.75 / count) ** 0.5
    assert not torch.equal(output() == 0, dropped)
    torch.manual_seed(1)
    assert torch.equal(output() == 0, dropped)  # drawn from torch's generator
    layer.eval()
    torch.testing.assert_close(output(), real)
    layer.train().dropout = 1.0
    assert not output().any()
    assert len(passes) == 10


def test_construction_draws_what_torchs_draws() -> None:
    for name, more in KINDS.values():
        torch.manual_seed(5)
        first = getattr(theirs, name)(D, H, 2, **more)
        torch.manual_seed(5)
        second = getattr(ours, name)(D, H, 2, **more)
        second(torch.randn(T, N, D))  # a first call draws nothing
        after = torch.rand(1)
        torch.manual_seed(5)
        getattr(theirs, name)(D, H, 2, **more)
        torch.randn(T, N, D)
        assert torch.equal(after, torch.rand(1))
        for a, b in zip(first.parameters(), second.parameters(), strict=True):
            assert torch.equal(a, b)


def test_where_torchs_own_forward_runs(passes: list[None]) -> None:
    first, second = pair("LSTM")
    x = torch.randn(N, T, D, dtype=torch.float64)
    assert torch.equal(second(x[:, :3])[0], first(x[:, :3])[0])  # few steps
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert second.float()(x.float())[0].dtype == first.float()(x.float())[0].dtype == torch.bfloat16
    half = second.to(torch.bfloat16)(x.bfloat16())[0]
    assert torch.equal(half, first.to(torch.bfloat16)(x.bfloat16())[0])
    assert second.to("meta")(x.to("meta", torch.bfloat16))[0].shape == (N, T, H)
    assert not passes


def test_graphs_of_torch_hold_torchs_operator(passes: list[None]) -> None:
    x = torch.randn(N, T, D)
    layer = ours.LSTM(D, H, batch_first=True).eval()
    graph = torch.export.export(layer, (x,)).graph
    assert any("aten.lstm" in str(node.target) for node in graph.nodes)
    traced: Any = torch.jit.trace(layer, x, check_trace=False)
    assert "aten::lstm" in str(traced.graph)
    assert not passes
    torch.testing.assert_close(traced(x)[0], layer(x)[0])
    # A model is compiled around the layer, as around torch's.
    model = theirs.Sequential(layer).eval()
    expected = model(x)[0]
    before = len(passes)
    assert torch.equal(torch.compile(model, backend="eager")(x)[0], expected)
    assert len(passes) == before + 1


def test_forward_mode_is_torchs() -> None:
    first, second = pair("GRU")
    x = torch.randn(N, T, D, dtype=torch.float64)
    v = torch.randn_like(x)
    assert torch.equal(*(torch.func.jvp(lambda x, f=f: f(x)[0], (x,), (v,))[1] for f in (first, second)))


def test_without_the_native_machine_it_is_torch(monkeypatch: pytest.MonkeyPatch, passes: list[None]) -> None:
    monkeypatch.setattr(like_torch.native, "available", lambda: False)
    first, second = pair("GRU")
    x = torch.randn(N, T, D, dtype=torch.float64)
    assert torch.equal(second(x)[0], first(x)[0])
    assert not passes


MODEL = """
import torch
from torch import nn


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(11, 4)
        self.lstm = nn.LSTM(4, 6, num_layers=2, bidirectional=True, batch_first=True, dropout=0.1)
        self.readout = nn.Sequential(nn.Linear(12, 3), nn.LogSoftmax(dim=-1))

    def forward(self, ids, lengths):
        x = nn.utils.rnn.pack_padded_sequence(self.embedding(ids), lengths, batch_first=True, enforce_sorted=False)
        y, (h, c) = self.lstm(x)
        y, _ = nn.utils.rnn.pad_packed_sequence(y, batch_first=True)
        return self.readout(nn.functional.relu(y)), h, c
"""


def test_a_model_file_with_one_import_changed(tmp_path: Path, passes: list[None]) -> None:
    models: list[Any] = []
    for home in ("torch", "elman"):
        path = tmp_path / f"model_{home}.py"
        path.write_text(MODEL.replace("from torch import nn", f"from {home} import nn"))
        models.append(runpy.run_path(str(path))["Tagger"]().double().eval())
    models[1].load_state_dict(models[0].state_dict(), strict=True)
    ids = torch.randint(11, (N, T))
    for a, b in zip(*(model(ids, LENGTHS) for model in models), strict=True):
        close(b, a, 2 * T * 3)
    assert len(passes) == 4


def test_all_else_is_torchs_own() -> None:
    names = [name for name in vars(theirs) if not name.startswith("_")]
    assert {name for name in names if getattr(ours, name) is not getattr(theirs, name)} == {"RNN", "LSTM", "GRU"}
    assert elman.nn is ours
    for name in ("RNN", "LSTM", "GRU"):
        assert issubclass(getattr(ours, name), getattr(theirs, name))


@pytest.mark.parametrize("name", ["RNNCell", "LSTMCell", "GRUCell"])
def test_a_cell_is_one_step_of_the_layer(name: str) -> None:
    cell = getattr(ours, name)(D, H).double()
    layer = getattr(ours, name.removesuffix("Cell"))(D, H, batch_first=True).double()
    layer.load_state_dict({f"{key}_l0": value for key, value in cell.state_dict().items()})
    x = torch.randn(N, T, D, dtype=torch.float64)
    state = None
    for t in range(T):
        state = cell(x[:, t], state)
    for a, b in zip(many(layer(x)[1]), many(state), strict=True):
        close(a[0], b, T)
