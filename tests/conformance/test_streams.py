"""A stream takes one step after another and has the numbers of the whole sequence."""

import numpy as np
import pytest
import torch
from tests.conformance.laws import CELLS, all_close, close, inputs, layer_of, set_machine, states
from torch import Tensor

from elman.cells import LSTM, Conditioned, Elman, Wrapper
from elman.errors import ElmanError
from elman.layers import Recurrent
from elman.run.stream import NativeStream, Stream

STEPS = 6


def told(stream: object, x: Tensor) -> Tensor:
    """One step of a stream; its output is copied, since the memory is used again."""
    return torch.as_tensor(stream(x)).detach().clone()  # pyright: ignore[reportCallIssue]


# both depths and both dtypes, which do not meet: a stack is a matter of the program, a dtype of the kernels
@pytest.mark.parametrize(("layers", "dtype"), [(1, torch.float32), (2, torch.float64)], ids=["one layer", "two layers"])
def test_stream_is_sequence(cell: str, machine: str, layers: int, dtype: torch.dtype) -> None:
    layer = layer_of(cell, machine, layers=layers, dtype=dtype)
    for batch in (1, 3, 7):
        x = inputs(layer, batch, STEPS)
        expected, final = layer(x)
        stream = layer.stream(batch=batch)
        y = torch.stack([told(stream, x[:, t]) for t in range(STEPS)], dim=1)
        close(y, expected.detach(), layer, STEPS * layers)
        for name, value in stream.state.items():
            close(torch.as_tensor(value), final[name].detach(), layer, STEPS * layers)


def test_numpy_in_numpy_out(cell: str, machine: str) -> None:
    layer = layer_of(cell, machine)
    x = inputs(layer, 2, STEPS)
    expected = layer(x)[0].detach()
    stream = layer.stream(batch=2)
    for t in range(STEPS):
        y = stream(x[:, t].numpy())
        assert isinstance(y, np.ndarray)
        close(torch.from_numpy(y.copy()), expected[:, t], layer, STEPS)


def test_reset_of_some_rows(cell: str, machine: str) -> None:
    layer = layer_of(cell, machine)
    x = inputs(layer, 4, STEPS)
    stream = layer.stream(batch=4)
    whole, again = layer(x)[0].detach(), layer(x[:, 2:])[0].detach()
    for t in range(STEPS):
        if t == 2:
            stream.reset(rows=[0, 3])
        y = told(stream, x[:, t])
        for row in range(4):
            expected = again[row, t - 2] if row in (0, 3) and t >= 2 else whole[row, t]
            close(y[row], expected, layer, STEPS)
    stream.reset()
    close(told(stream, x[:, 0]), whole[:, 0], layer, 1)


def test_reorder_rows(cell: str, machine: str) -> None:
    """As a beam search does: rows go on from the state of another, one of them twice, one of them lost."""
    layer = layer_of(cell, machine)
    x, rows = inputs(layer, 3, STEPS), [2, 0, 2]
    stream = layer.stream(batch=3)
    for t in range(3):
        told(stream, x[:, t])
    stream.reorder(rows)
    _, state = layer(x[:, :3])
    expected, _ = layer(x[:, 3:], state={name: value[rows] for name, value in state.items()})
    for t in range(3, STEPS):
        close(told(stream, x[:, t]), expected[:, t - 3].detach(), layer, STEPS)


def test_state_saved_and_restored(cell: str, machine: str) -> None:
    layer = layer_of(cell, machine)
    x = inputs(layer, 2, STEPS)
    stream = layer.stream(batch=2)
    for t in range(2):
        told(stream, x[:, t])
    saved = {name: torch.as_tensor(value).clone() for name, value in stream.state.items()}
    first = [told(stream, x[:, t]) for t in range(2, STEPS)]
    stream.state = saved
    second = [told(stream, x[:, t]) for t in range(2, STEPS)]
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    other = layer.stream(batch=2)
    other.state = saved
    assert torch.equal(told(other, x[:, 2]), first[0])


def test_two_streams_of_a_layer_do_not_meet(cell: str, machine: str) -> None:
    layer = layer_of(cell, machine)
    x = inputs(layer, 2, STEPS)
    expected = layer(x)[0].detach()
    a, b = layer.stream(batch=1), layer.stream(batch=1)
    for t in range(STEPS):
        close(told(a, x[:1, t]), expected[:1, t], layer, STEPS)
        close(told(b, x[1:, t]), expected[1:, t], layer, STEPS)


def test_a_learned_initial_state(machine: str) -> None:
    layer = set_machine(Recurrent(Elman(3, 5), layers=2, initial="learned").double(), machine)
    with torch.no_grad():
        for value in layer.initial.values():
            value += torch.randn_like(value)
    x = inputs(layer, 2, STEPS)
    expected = layer(x)[0].detach()
    stream = layer.stream(batch=2)
    for _ in range(2):
        for t in range(STEPS):
            close(told(stream, x[:, t]), expected[:, t], layer, 2 * STEPS)
        stream.reset()


def test_any_strides(machine: str) -> None:
    layer = layer_of("LSTM", machine)
    x = inputs(layer, 2, STEPS)
    expected = layer(x)[0].detach()
    stream, turned = layer.stream(batch=2), x.permute(2, 1, 0).contiguous().permute(2, 1, 0)
    for t in range(STEPS):
        close(told(stream, turned[:, t]), expected[:, t], layer, STEPS)


def obeys_the_laws(layer: Recurrent, given: dict[str, Tensor] | None, state: dict[str, Tensor] | None) -> Stream:
    """A stream is the sequence; it is set back to where it began; rows go on from another with all that is theirs."""
    x, order = inputs(layer, 4, STEPS), [2, 0, 2, 3]
    steps = STEPS * layer.layers

    def run(x: Tensor, rows: list[int], state: dict[str, Tensor] | None) -> tuple[Tensor, dict[str, Tensor]]:
        own = None if given is None else {name: value[rows] for name, value in given.items()}
        y, final = layer(x, inputs=own, state=None if state is None else {k: v[rows] for k, v in state.items()})
        return y.detach(), {name: value.detach() for name, value in final.items()}

    rows = [0, 1, 2, 3]
    whole, final = run(x, rows, state)
    stream = layer.stream(batch=4, inputs=given, state=state)
    for _ in range(2):
        for t in range(STEPS):
            close(told(stream, x[:, t]), whole[:, t], layer, steps)
        all_close({name: torch.as_tensor(value) for name, value in stream.state.items()}, final, layer, steps)
        stream.reset()
    for t in range(2):
        told(stream, x[:, t])
    stream.reorder(order)
    expected, _ = run(x[:, 2:], order, run(x[:, :2], rows, state)[1])
    for t in range(2, STEPS):
        close(torch.from_numpy(stream(x[:, t].numpy()).copy()), expected[:, t - 2], layer, steps)
    stream.reset(rows=[0, 2])
    anew, _ = run(x, order, state)
    for t in range(2):
        close(told(stream, x[:, t])[[0, 2]], anew[[0, 2], t], layer, steps)
    return stream


@pytest.mark.parametrize("kind", ["LSTM", "SCRN", "apart", "stateless"])
@pytest.mark.parametrize("connections", ["residual", "dense"])
def test_connections(kind: str, connections: str, machine: str) -> None:
    torch.manual_seed(0)
    layer = set_machine(Recurrent(CELLS[kind](3, 5), layers=3, connections=connections).double(), machine)
    stream = obeys_the_laws(layer, None, states(layer, 4))
    assert isinstance(stream, NativeStream) == (machine == "native")


@pytest.mark.parametrize("connections", ["plain", "residual", "dense"])
def test_values_per_row(connections: str, machine: str) -> None:
    torch.manual_seed(0)
    cell = Conditioned(LSTM(3 + 2, 5), context_size=2)
    layer = set_machine(Recurrent(cell, layers=2, connections=connections).double(), machine)
    given = {f"l{i}.context": torch.randn(4, 2, dtype=torch.float64) for i in range(2)}
    for state in (None, states(layer, 4)):
        stream = obeys_the_laws(layer, given, state)
        assert isinstance(stream, NativeStream) == (machine == "native")
        assert set(stream.state) == set(layer.states)
    before = {name: value.clone() for name, value in given.items()}
    stream = layer.stream(4, inputs=given)
    for value in given.values():
        value.zero_()  # a stream has a copy of its own
    x = inputs(layer, 4, 1)
    close(told(stream, x[:, 0]), layer(x, inputs=before)[0][:, 0].detach(), layer, 2)


def test_values_per_row_that_the_cell_draws(machine: str) -> None:
    """They are drawn once for all steps, also where it is not training; what is given stands in for them."""

    class Gained(Wrapper):
        @property
        def rows(self) -> dict[str, int]:
            return {"gain": 1}

        def draw(self, n: int, time: int, *, dtype: torch.dtype, device: torch.device | str) -> dict[str, Tensor]:
            return {"gain": torch.rand(n, 1, dtype=dtype, device=device)}

        def step(self, x: Tensor, **given: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
            return self.cell.step(given.pop("gain") * x, **given)

    layer = set_machine(Recurrent(Gained(Elman(3, 5))).double(), machine)
    x = inputs(layer, 4, STEPS)
    gain = torch.tensor([[0.5], [0.0], [2.0], [1.0]], dtype=torch.float64)
    obeys_the_laws(layer, {"gain": gain}, None)
    torch.manual_seed(1)
    expected = layer(x)[0].detach()
    torch.manual_seed(1)
    stream = layer.stream(batch=4)
    for t in range(STEPS):
        close(told(stream, x[:, t]), expected[:, t], layer, STEPS)


def test_wrong_values_per_row(machine: str) -> None:
    layer = set_machine(Recurrent(Conditioned(Elman(3 + 2, 5), 2)), machine)
    for wrong, message in (
        (None, r"inputs has the names \(none\)"),
        ({"z": torch.zeros(3, 2)}, "inputs has the names z.*exactly context"),
        ({"context": torch.zeros(2, 2)}, r"has shape \(2, 2\)"),
        ({"context": torch.zeros(3, 1, 2)}, r"has shape \(3, 1, 2\)"),
        ({"context": torch.zeros(3, 2).double()}, "is of type torch.float64"),
        ({"context": [[0.0, 0.0]] * 3}, "is a list"),
        (torch.zeros(3, 2), "inputs is a Tensor"),
    ):
        with pytest.raises(ElmanError, match=message):
            layer.stream(3, inputs=wrong)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ElmanError, match=r"exactly \(none\)"):
        layer_of("Elman", machine).stream(inputs={"context": torch.zeros(1, 2).double()})
    stream = layer.stream(3, inputs={"context": torch.zeros(3, 2)})
    with pytest.raises(ElmanError, match="exactly h"):  # what was given is no state
        stream.state = {"h": torch.zeros(3, 5), "context": torch.zeros(3, 2)}
    with pytest.raises(ElmanError, match=r"state\['h'\] has shape"):
        layer.stream(2, inputs={"context": torch.zeros(2, 2)}, state={"h": torch.zeros(3, 5)})


def test_what_a_stream_cannot_do(machine: str) -> None:
    with pytest.raises(ElmanError, match="direction"):
        layer_of("Elman", machine, bidirectional=True).stream()
    stream = layer_of("Elman", machine).stream(batch=2)
    for wrong in (torch.zeros(1, 3), torch.zeros(2, 4), torch.zeros(2, 1, 3)):
        with pytest.raises(ElmanError, match=r"\(2, 3\)"):
            stream(wrong.double())
