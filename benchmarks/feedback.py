"""Teacher forcing beside free running, where the output is fed back: `python -m benchmarks.feedback` (under a minute).

    python -m benchmarks.feedback --quick       # a few rounds, to the screen

Given the targets, no step of a Jordan network waits for the one before; an ElmanJordan network still waits for its
hidden units. The layer with targets, the same layer running free, and a loop in Python with the same targets take
turns in one process; results and gradients of the first and the last are compared before the clock starts.
"""

import argparse
import os
import sys
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from benchmarks.drop_in import Call, compare, medians
from benchmarks.record import heading, write
from elman import Recurrent
from elman.cells import Cell, ElmanJordan, Jordan

SIZES = [(100, 228, 16, 32, 8), (32, 100, 64, 128, 32), (16, 1000, 32, 64, 16)]  # n, T, d, h, o
CELLS: list[type[Jordan] | type[ElmanJordan]] = [Jordan, ElmanJordan]
NOTE = """Medians of {rounds} turns of at least {turn:.0f} ms, turn and turn about in one process of {threads} threads;
float32, full rows. "train" is forward and backward with the gradients of x and of all weights. "forced":
`layer(x, feedback=targets)`; "free": `layer(x)`; "loop": the cell's step in a Python loop that is handed the same
targets. Milliseconds; the ratios say how many times faster "forced" is.
"""
Run = Callable[[Tensor], Tensor]


def main() -> None:
    """Measure and print; a whole run writes the table."""
    parser = argparse.ArgumentParser("python -m benchmarks.feedback", description="Time teacher forcing.")
    parser.add_argument("--quick", action="store_true", help="3 short turns: figures for a first look")
    parser.add_argument("--threads", type=int, default=2)
    chosen = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: chosen.threads])
    torch.set_num_threads(chosen.threads)
    rounds, turn = (3, 0.02) if chosen.quick else (9, 0.06)
    lines = ["| n, T, d, h, o | cell | | forced | free | loop | free / forced | loop / forced |"]
    lines.append("|---|---|---|---|---|---|---|---|")
    for size in SIZES:
        for kind in CELLS:
            for what, calls in calls_of(kind, *size).items():
                forced, free, loop = (1000 * seconds for seconds in medians(calls, rounds, turn))
                sizes, ratios = ", ".join(map(str, size)), f"{free / forced:.1f} | {loop / forced:.1f}"
                lines.append(
                    f"| {sizes} | {kind.__name__} | {what} | {forced:.2f} | {free:.2f} | {loop:.2f} | {ratios} |"
                )
                print(lines[-1], file=sys.stderr)
    note = NOTE.format(rounds=rounds, turn=1000 * turn, threads=chosen.threads)
    text = "\n".join([heading("Teacher forcing beside free running", "python -m benchmarks.feedback"), note, *lines])
    print(text)
    if not chosen.quick:
        write("feedback", text)


def calls_of(
    kind: type[Jordan] | type[ElmanJordan], n: int, steps: int, d: int, h: int, o: int
) -> dict[str, list[Call]]:
    """Title → the layer with targets, the layer without, the loop with targets."""
    torch.manual_seed(0)
    cell = kind(d, h, output_size=o)
    layer = Recurrent(cell)
    x, targets = torch.randn(n, steps, d), torch.randn(n, steps, o)

    def forced(x: Tensor) -> Tensor:
        return layer(x, feedback=targets)[0]

    def free(x: Tensor) -> Tensor:
        return layer(x)[0]

    def loop(x: Tensor) -> Tensor:
        return python_loop(cell, x, targets)

    for a, b in zip(train(loop, cell, x), train(forced, cell, x), strict=True):
        compare(a, b)
    runs: list[Run] = [forced, free, loop]
    return {
        "forward": [partial(forward, run, x) for run in runs],
        "train": [partial(train, run, cell, x) for run in runs],
    }


def python_loop(cell: Cell, x: Tensor, targets: Tensor) -> Tensor:
    """y (n, T, o): one step after another, each handed the target of the step before."""
    state, outputs = cell.initial_state(len(x)), list[Tensor]()
    for x_t, target in zip(x.unbind(1), targets.unbind(1), strict=True):
        y, state = cell.step(x_t, **state)
        state = {**state, "y": target}
        outputs.append(y)
    return torch.stack(outputs, dim=1)


def forward(run: Run, x: Tensor) -> None:
    """Without gradients."""
    with torch.no_grad():
        run(x)


def train(run: Run, cell: Cell, x: Tensor) -> tuple[Tensor, ...]:
    """y, and the gradients of half the sum of its squares, for x and all weights."""
    x = x.detach().requires_grad_()
    y = run(x)
    return y, *torch.autograd.grad(y, [x, *cell.parameters()], y.detach())


if __name__ == "__main__":
    main()
