"""Elman, LSTM and GRU against torch.nn on packed sequences: numbers that owe nothing to this library."""

import pytest
import torch
from tests.conformance.laws import close, set_machine
from torch import Tensor, nn

from elman.cells import GRU, LSTM, Cell, Elman
from elman.layers import Recurrent

KINDS = {"Elman": (Elman, nn.RNN), "LSTM": (LSTM, nn.LSTM), "GRU": (GRU, nn.GRU)}
LENGTHS = [4, 1, 7, 7, 2, 6, 7]  # torch takes none of length 0
NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def copy_weights(cell: Cell, module: nn.Module, suffix: str) -> None:
    """Put the weights of one layer and direction of a torch module into a cell; torch adds both biases, but for n."""
    U, W, b, c = (getattr(module, f"{name}_{suffix}").detach() for name in NAMES)
    h = cell.output_size
    values = {"U": U.T, "W": W.T, "b": b + c}
    if isinstance(cell, GRU):
        values |= {"b": torch.cat([(b + c)[: 2 * h], b[2 * h :]]), "c": c[2 * h :]}
    for name, parameter in cell.named_parameters():
        parameter.data = values[name].clone()


def pair(kind: str, machine: str, layers: int, bidirectional: bool) -> tuple[Recurrent, nn.RNNBase]:
    """An elman layer and a torch layer with the same weights, biases not zero, float64."""
    torch.manual_seed(0)
    cell, module = KINDS[kind]
    theirs = module(3, 5, layers, batch_first=True, bidirectional=bidirectional).double()
    ours = set_machine(Recurrent(cell(3, 5), layers, bidirectional).double(), machine)
    for name, own in ours.cells.items():
        assert isinstance(own, Cell)
        copy_weights(own, theirs, name.replace("_backward", "_reverse"))
    return ours, theirs


def stacked(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """States by name as torch has them: of one kind, (passes, n, h)."""
    kinds = dict.fromkeys(name.rsplit(".")[-1] for name in state)
    return {
        kind: torch.stack([value for name, value in state.items() if name.rsplit(".")[-1] == kind]) for kind in kinds
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("layers", "bidirectional"), [(1, False), (1, True), (2, False), (2, True)])
def test_equals_torch_on_packed_sequences(kind: str, machine: str, layers: int, bidirectional: bool) -> None:
    layer, module = pair(kind, machine, layers, bidirectional)
    x = torch.randn(7, 7, 3, dtype=torch.float64, requires_grad=True)
    state = {name: torch.randn(7, width, dtype=torch.float64) for name, width in layer.states.items()}
    y, final = layer(x, LENGTHS, state)

    packed = nn.utils.rnn.pack_padded_sequence(x, torch.tensor(LENGTHS), batch_first=True, enforce_sorted=False)
    start = tuple(stacked(state).values())
    out, last = module(packed, start if kind == "LSTM" else start[0])
    expected = nn.utils.rnn.pad_packed_sequence(out, batch_first=True)[0]

    close(y, expected, layer, 7 * layers)
    lasts = last if kind == "LSTM" else (last,)
    for mine, theirs in zip(stacked(final).values(), lasts, strict=True):
        close(mine, theirs, layer, 7 * layers)

    weight = torch.randn_like(y)
    leaves = [x, *(cell.get_parameter(name) for cell in layer.cells.values() for name in ("U", "W"))]
    names = [name.replace("_backward", "_reverse") for name in layer.cells]
    others = [x, *(getattr(module, f"{kind_}_{name}") for name in names for kind_ in NAMES[:2])]
    mine = torch.autograd.grad((y * weight).sum(), leaves)
    theirs = torch.autograd.grad((expected * weight).sum(), others)
    for a, b in zip(mine, theirs, strict=True):
        close(a if a.dim() == 3 else a.T, b, layer, 7 * layers, times=14)
