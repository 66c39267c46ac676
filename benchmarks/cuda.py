"""Layers on a CUDA device: `python -m benchmarks.cuda` (half a minute; writes the table).

    python -m benchmarks.cuda --quick          # a few rounds, to the screen

torch.nn, elman on cuDNN and elman in torch operations, turn and turn about in one process, forward and backward with
the gradients of all weights; results are compared before the clock starts.
"""

import sys
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from benchmarks.in_turn import Call, InTurn
from elman.layers import Recurrent
from elman.layers.torch_conversion import from_torch

DEVICE, MACHINES = "cuda", ("cudnn", "torch")
SIZES = [(32, 100, 64, 128), (64, 100, 256, 256), (128, 500, 32, 32)]
NOTE = """Device: {device}, cuDNN {version}.

Medians of {rounds} turns of at least {turn:.0f} ms, milliseconds; float32 with cuDNN's TF32, batch first, forward and
backward with the gradients of all weights. "unequal": lengths uniform in [T/4, T], as a PackedSequence for torch.nn.
The machine "torch" runs the same steps as single operations: it is what all cells but the plain Elman, LSTM and GRU get
on such a device.
"""


def main() -> None:
    """Measure and print; a whole run writes the table."""
    timing = InTurn.asked("cuda", "Time layers on a CUDA device.")
    if not torch.cuda.is_available():
        raise SystemExit("there is no CUDA device")
    lines = [
        "| n, T, d, h | layer | lengths | torch.nn | cudnn | torch | torch.nn / cudnn |",
        "|---|---|---|---|---|---|---|",
    ]
    for size in SIZES:
        for name in ("RNN", "LSTM", "GRU"):
            for lengths in ("full", "unequal"):
                found = timing.medians(calls(name, *size, lengths == "unequal"))
                theirs, ours, slow = (1000 * one for one in found)
                row = f"| {', '.join(map(str, size))} | {name} | {lengths} | {theirs:.2f} | {ours:.2f} | {slow:.1f} |"
                lines.append(f"{row} {theirs / ours:.2f} |")
                print(lines[-1], file=sys.stderr)
    device, version = torch.cuda.get_device_name(), torch.backends.cudnn.version()
    timing.tell("Layers on a CUDA device", NOTE, lines, device=device, version=version)


def calls(name: str, n: int, time: int, d: int, h: int, unequal: bool) -> list[Call]:
    """One training step each: of torch.nn, and of elman on both machines with the same weights."""
    torch.manual_seed(0)
    layer = getattr(nn, name)(d, h, batch_first=True)
    mine = [from_torch(layer) for _ in range(2)]
    for one, machine in zip(mine, MACHINES, strict=True):
        one.to(DEVICE).machine = machine
    layer.to(DEVICE)
    x = torch.randn(n, time, d, device=DEVICE)
    lengths = torch.randint(time // 4, time + 1, (n,)) if unequal else torch.full((n,), time)
    lengths[0] = time

    def theirs() -> Tensor:
        if not unequal:
            return layer(x)[0]
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(layer(packed)[0], batch_first=True)[0]

    def ours(one: Recurrent) -> Callable[[], Tensor]:
        return lambda: one(x, lengths)[0]

    forward = [theirs, *map(ours, mine)]
    for other in forward[1:]:
        torch.testing.assert_close(other(), theirs(), rtol=0, atol=1e-2)
    return [partial(train, one) for one in forward]


def train(forward: Callable[[], Tensor]) -> None:
    """Forward and backward, to the end: the device works behind Python's back."""
    forward().square().sum().backward()
    torch.cuda.synchronize()


if __name__ == "__main__":
    main()
