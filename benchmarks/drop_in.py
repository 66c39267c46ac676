"""elman.nn beside torch.nn, layer by layer: `python -m benchmarks.drop_in` (about two minutes; writes the table).

    python -m benchmarks.drop_in --quick       # a few rounds, to the screen

Both run in one process, turn and turn about, with the same weights and data; results are compared before the clock
starts.
"""

import sys
from functools import partial

import torch
from torch import Tensor
from torch import nn as theirs
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from benchmarks.in_turn import Call, InTurn
from elman import nn as ours

SIZES = [(128, 500, 32, 32), (32, 100, 64, 128), (64, 100, 256, 256)]
CELLS = [(1, 32, 64), (64, 256, 256)]  # rows, input, hidden
NOTE = """Medians of {rounds} turns of at least {turn:.0f} ms, turn and turn about in one process of {threads} threads;
float32, batch_first. "train" is forward and backward with the gradients of x and of all weights; "packed": lengths
uniform in [T/4, T], unsorted, as a PackedSequence in and out. Milliseconds; "ratio": how many times faster elman.nn is.
"""


def main() -> None:
    """Measure and print; a whole run writes the table."""
    timing = InTurn.asked("drop_in", "Time elman.nn beside torch.nn.")
    lines = ["| n, T, d, h | layer | | torch.nn | elman.nn | ratio |", "|---|---|---|---|---|---|"]
    for size in SIZES:
        for name in ("RNN", "LSTM", "GRU"):
            for what, calls in layer_calls(name, *size).items():
                lines.append(row(size, name, what, timing.medians(calls)))
                print(lines[-1], file=sys.stderr)
    lines += ["", "## One step", "", "elman.nn.RNNCell, LSTMCell and GRUCell are torch's own classes: a single step of"]
    lines += ["elman's native machine in their place, from Python, without gradients:", ""]
    lines += ["| n, d, h | cell | torch.nn | elman's machine | ratio |", "|---|---|---|---|---|"]
    for n, d, h in CELLS:
        for name in ("RNN", "LSTM", "GRU"):
            a, b = timing.medians(cell_calls(name, n, d, h))
            lines.append(f"| {n}, {d}, {h} | {name}Cell | {1000 * a:.4f} | {1000 * b:.4f} | {a / b:.2f} |")
    timing.tell("elman.nn beside torch.nn", NOTE, lines)


def layer_calls(name: str, n: int, steps: int, d: int, h: int) -> dict[str, list[Call]]:
    """Title → the call of torch.nn and that of elman.nn."""
    torch.manual_seed(0)
    layers = [getattr(home, name)(d, h, batch_first=True) for home in (theirs, ours)]
    layers[1].load_state_dict(layers[0].state_dict())
    x = torch.randn(n, steps, d)
    lengths = torch.randint(steps // 4, steps + 1, (n,))
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    found: dict[str, list[Call]] = {}
    for title, batch in (("padded", x), ("packed", packed)):
        compare(*(layer(batch)[0] for layer in layers))
        found[f"{title}, forward"] = [partial(forward, layer, batch) for layer in layers]
        found[f"{title}, train"] = [partial(train, layer, batch) for layer in layers]
        for a, b in zip(*(train(layer, batch) for layer in layers), strict=True):
            compare(a, b)
    return found


def forward(layer: theirs.Module, batch: Tensor | PackedSequence) -> None:
    """Without gradients."""
    with torch.no_grad():
        layer(batch)


def train(layer: theirs.Module, batch: Tensor | PackedSequence) -> tuple[Tensor, ...]:
    """The gradients of the sum of squares of y, for x and all weights."""
    x = data_of(batch).detach().requires_grad_()
    y = data_of(layer(x if isinstance(batch, Tensor) else PackedSequence(x, *batch[1:]))[0])
    return torch.autograd.grad(y, [x, *layer.parameters()], y.detach())


def data_of(batch: Tensor | PackedSequence) -> Tensor:
    """The numbers of a batch or of its results."""
    return batch.data if isinstance(batch, PackedSequence) else batch


def cell_calls(name: str, n: int, d: int, h: int) -> list[Call]:
    """One step of torch's cell, and one of elman's machine with the same weights."""
    cell = getattr(theirs, f"{name}Cell")(d, h)
    layer = getattr(ours, name)(d, h, batch_first=True)
    x, states = torch.randn(n, d), [torch.randn(n, h) for _ in range(2 if name == "LSTM" else 1)]
    hx = tuple(states) if name == "LSTM" else states[0]
    more = tuple(s.unsqueeze(0) for s in states)
    weights = [layer._weights(names) for names in layer._all_weights]  # `_run`: the layer would hand one step to torch

    def step() -> None:
        with torch.no_grad():
            layer._run(weights, x.unsqueeze(1), torch.ones(n, dtype=torch.int64), more)

    def plain() -> None:
        with torch.no_grad():
            cell(x, hx)

    return [plain, step]


def compare(a: Tensor | PackedSequence, b: Tensor | PackedSequence) -> None:
    """Stop where the results differ by more than rounding."""
    a, b = data_of(a).detach(), data_of(b).detach()
    size = float(a.abs().max())
    torch.testing.assert_close(b, a, rtol=0, atol=1e-4 * size)


def row(size: tuple[int, ...], name: str, what: str, seconds: list[float]) -> str:
    """One line of the table."""
    a, b = seconds
    faster = f"**{a / b:.2f}**" if a > b else f"{a / b:.2f}"
    return f"| {', '.join(map(str, size))} | {name} | {what} | {1000 * a:.2f} | {1000 * b:.2f} | {faster} |"


if __name__ == "__main__":
    main()
