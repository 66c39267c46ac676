"""Teacher forcing beside free running, where the output is fed back: `python -m benchmarks.feedback` (under a minute).

    python -m benchmarks.feedback --quick       # a few rounds, to the screen

Given the targets, no step of a Jordan network waits for the one before; an ElmanJordan network still waits for its
hidden units. The layer with targets, the same layer running free, both again on the machine "torch", and a loop in
Python with the same targets take turns in one process; results and gradients with targets are compared before the clock
starts.
"""

import sys
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from benchmarks.drop_in import compare
from benchmarks.in_turn import Call, InTurn
from elman import Recurrent
from elman.cells import Cell, ElmanJordan, Jordan

SIZES = [(100, 228, 16, 32, 8), (32, 100, 64, 128, 32), (16, 1000, 32, 64, 16)]  # n, T, d, h, o
CELLS: list[type[Jordan] | type[ElmanJordan]] = [Jordan, ElmanJordan]
NOTE = """Medians of {rounds} turns of at least {turn:.0f} ms, turn and turn about in one process of {threads} threads;
float32, full rows. "train" is forward and backward with the gradients of x and of all weights. "forced":
`layer(x, feedback=targets)`; "free": `layer(x)`; "loop": the cell's step in a Python loop that is handed the same
targets; "on torch": the layer on the machine "torch", which computes what waits for no step in a few operations over
all of them. Milliseconds; the ratios say how many times faster "forced" is, on the same machine.
"""
Run = Callable[[Tensor], Tensor]


def main() -> None:
    """Measure and print; a whole run writes the table."""
    timing = InTurn.asked("feedback", "Time teacher forcing.")
    titles = ["n, T, d, h, o", "cell", "", "forced", "free", "loop", "free / forced", "loop / forced"]
    titles += ["forced, on torch", "free, on torch", "free / forced"]
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    for size in SIZES:
        for kind in CELLS:
            for what, calls in calls_of(kind, *size).items():
                forced, free, loop, other, slow = (1000 * seconds for seconds in timing.medians(calls))
                cells = [", ".join(map(str, size)), kind.__name__, what, *(f"{t:.2f}" for t in (forced, free, loop))]
                cells += [f"{free / forced:.1f}", f"{loop / forced:.1f}", f"{other:.2f}", f"{slow:.2f}"]
                lines.append(f"| {' | '.join([*cells, f'{slow / other:.1f}'])} |")
                print(lines[-1], file=sys.stderr)
    timing.tell("Teacher forcing beside free running", NOTE, lines)


def calls_of(
    kind: type[Jordan] | type[ElmanJordan], n: int, steps: int, d: int, h: int, o: int
) -> dict[str, list[Call]]:
    """Title → the layer with targets and without, the loop with targets, and the layer again on the machine "torch"."""
    torch.manual_seed(0)
    cell = kind(d, h, output_size=o)
    x, targets = torch.randn(n, steps, d), torch.randn(n, steps, o)
    here, there = (partial(run, Recurrent(cell, machine=machine)) for machine in ("auto", "torch"))
    runs: list[Run] = [partial(here, targets), partial(here, None), partial(python_loop, cell, targets)]
    runs += [partial(there, targets), partial(there, None)]
    for other in (runs[0], runs[3]):
        for a, b in zip(train(runs[2], cell, x), train(other, cell, x), strict=True):
            compare(a, b)
    return {
        "forward": [partial(forward, one, x) for one in runs],
        "train": [partial(train, one, cell, x) for one in runs],
    }


def run(layer: Recurrent, targets: Tensor | None, x: Tensor) -> Tensor:
    """y (n, T, o)."""
    return layer(x, feedback=targets)[0]


def python_loop(cell: Cell, targets: Tensor, x: Tensor) -> Tensor:
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
