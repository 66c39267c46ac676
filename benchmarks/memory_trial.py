"""One trial of `benchmarks.memory`: a cell is trained on a task of one length, at one rate of learning."""

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, nn

from benchmarks.memory_tasks import TASKS, Rows, Task
from elman import Recurrent, cells
from elman.layers import Pooling, Readout

HIDDEN, BATCH, CLIP, SEED, CHECK, FRESH = 64, 50, 1.0, 0, 100, 1000


def _layer(make: Callable[..., cells.Cell], layers: int = 1, **options: Any) -> Callable[[int], Recurrent]:
    return lambda d: Recurrent(make(d, HIDDEN, **options), layers)


def _around(wrapper: Callable[..., cells.Cell], **options: Any) -> Callable[[int], Recurrent]:
    return lambda d: Recurrent(wrapper(cells.GRU(d, HIDDEN), **options))


# A new cell is one line: its name in the tables, and how to make a layer of it.
CELLS: dict[str, Callable[[int], Recurrent]] = {
    "Elman": _layer(cells.Elman),
    "Elman, ReLU": _layer(cells.Elman, activation="relu"),
    "IRNN": _layer(cells.Elman, activation="relu", start="identity"),
    "Elman, layer norm": _layer(cells.Elman, layer_norm=True),
    "Elman, identity as activation": _layer(cells.Elman, activation="identity"),
    "Leaky, 0.1": _layer(cells.Leaky, leak=0.1),
    "Leaky, learned": _layer(cells.Leaky, leak=0.1, learn_leak=True),
    "CTRNN, tau 20": _layer(cells.CTRNN, tau=20.0),
    "Clockwork, periods to 128": _layer(cells.Clockwork, periods=(1, 2, 4, 8, 16, 32, 64, 128)),
    "SCRN": _layer(cells.SCRN),
    "SCRN, learned": _layer(cells.SCRN, alpha=0.99, learn_alpha=True),
    "IndRNN, 2 layers": _layer(cells.IndRNN, layers=2),
    "Echo state": _layer(cells.EchoState),
    "Jordan": _layer(cells.Jordan, output_size=HIDDEN),
    "Elman and Jordan": _layer(cells.ElmanJordan, output_size=HIDDEN),
    "Deep transition": _layer(cells.Deep, transition_layers=(HIDDEN,)),
    "RHN, depth 3": _layer(cells.RHN),
    "LSTM": _layer(cells.LSTM),
    "LSTM, forget bias 5": _layer(cells.LSTM, forget_bias=5.0),
    "LSTM, peepholes": _layer(cells.LSTM, peepholes=True),
    "LSTM, coupled gates": _layer(cells.LSTM, coupled=True),
    "LSTM, layer norm": _layer(cells.LSTM, layer_norm=True),
    "Multiplicative LSTM": _layer(cells.MultiplicativeLSTM),
    "GRU": _layer(cells.GRU),
    "GRU, layer norm": _layer(cells.GRU, layer_norm=True),
    "GRU, zoneout": _around(cells.Zoneout),
    "GRU, weight drop": _around(cells.WeightDrop, p=0.2),
    "MGU": _layer(cells.MGU),
    "MinGRU, 2 layers": _layer(cells.MinGRU, layers=2),
    "MinLSTM, 2 layers": _layer(cells.MinLSTM, layers=2),
    "SRU, 2 layers": _layer(cells.SRU, layers=2),
    "QRNN, 2 layers": _layer(cells.QRNN, layers=2),
}


class Network(nn.Module):
    """A recurrent layer and a readout, after the last real step or at each."""

    def __init__(self, layer: Recurrent, task: Task) -> None:
        super().__init__()
        self.layer, self.readout = layer, Readout(layer.output_size, task.outputs)
        self.pool = None if task.each_step else Pooling("last")

    def forward(self, x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """o (n, T, o) or (n, o)."""
        y, _ = self.layer(x, lengths)
        return self.readout(y if self.pool is None else self.pool(y, lengths))


def measure(network: Network, task: Task, rows: Rows) -> float:
    """The share of right answers."""
    x, lengths, targets = rows
    network.eval()
    with torch.no_grad():
        parts = zip(x.split(250), lengths.split(250), targets.split(250), strict=True)
        right = torch.cat([task.right(network(a, b), c) for a, b, c in parts]).float().mean().item()
    network.train()
    return right


def update(network: Network, optimizer: torch.optim.Optimizer, task: Task, rows: Rows) -> float:
    """One step of training; the loss before it."""
    x, lengths, targets = rows
    loss = task.loss(network(x, lengths), targets)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_([p for p in network.parameters() if p.requires_grad], CLIP)
    optimizer.step()
    for module in network.modules():
        if isinstance(module, cells.IndRNN):
            module.clip_(steps=x.shape[1])  # as its paper does
    return loss.item()


def trial(name: str, cell: str, length: int, rate: float, budget: int, deadline: float) -> dict[str, Any] | None:
    """Train until the task is solved or the budget of steps is spent.

    Returns:
        What happened, to be written down; None where the deadline came first.
    """
    task, begun = TASKS[name], time.perf_counter()
    torch.manual_seed(SEED)
    network = Network(CELLS[cell](task.inputs), task)
    weights = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(weights, lr=rate)
    drawn, fresh = Generator().manual_seed(SEED), Generator().manual_seed(SEED + 1)
    step, losses, right, solved = 0, [], 0.0, False
    while step < budget and not solved:
        if time.time() > deadline:
            return None
        losses.append(update(network, optimizer, task, task.draw(BATCH, length, drawn, "train")))
        step += 1
        if not torch.isfinite(torch.tensor(losses[-1])):
            break
        if task.solved is not None and step % CHECK == 0:
            right = measure(network, task, task.draw(FRESH, length, fresh, "test"))
            solved = right >= task.solved
    found = {"solved": solved, "steps": step, "loss": sum(losses[-CHECK:]) / len(losses[-CHECK:]), "right": right}
    if task.solved is None:
        found |= {part: measure(network, task, task.draw(0, length, fresh, part)) for part in ("validation", "test")}
    return found | {"seconds": round(time.perf_counter() - begun, 1), "weights": sum(p.numel() for p in weights)}
