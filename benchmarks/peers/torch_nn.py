"""torch.nn: nn.RNN, nn.LSTM, nn.GRU; packed sequences where lengths are unequal."""

import torch
from torch import Tensor, nn

from benchmarks.case import GATES, Case
from benchmarks.peers import Run, settled, threads
from benchmarks.peers.torch_layers import epoch_of, packed, run_of

KINDS = {"elman": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


def build(case: Case) -> Run | None:
    """The case on torch.nn."""
    if case.mode == "epoch":
        return epoch_of(nn.RNN(16, 32, num_layers=3, nonlinearity="relu", batch_first=True))
    if case.cell not in GATES:
        return None
    layer = KINDS[case.cell](case.d, case.h, batch_first=True)
    data = {name: torch.from_numpy(value) for name, value in case.data().items()}
    layer.weight_ih_l0.data = data["U"].T.contiguous()
    layer.weight_hh_l0.data = data["W"].T.contiguous()
    layer.bias_ih_l0.data = data["b"]
    layer.bias_hh_l0.data = torch.zeros_like(data["b"])
    if case.cell == "gru":
        layer.bias_hh_l0.data[2 * case.h :] = data["c"]
    if case.mode == "step":
        return stream(layer, case)
    shared = {"U": layer.weight_ih_l0, "W": layer.weight_hh_l0}
    over = packed(layer, torch.from_numpy(case.lengths)) if case.unequal else lambda x: layer(x)[0]
    return run_of(over, case, shared, (layer.bias_ih_l0, layer.bias_hh_l0))


def stream(layer: nn.RNNBase, case: Case) -> Run:
    """One step after another: the layer over one step, faster than nn.RNNCell; the state is handed on."""
    torch.set_num_threads(threads())
    x = case.data()["x"][:, :1]
    state: Tensor | tuple[Tensor, ...] | None = None

    def call() -> Tensor:
        nonlocal state
        with torch.inference_mode():
            y, state = layer(torch.from_numpy(x), state)
        return y

    return settled(call)
