"""The reference loop beside torch.nn.RNN, in one run: `python -m benchmarks.layers`.

Each configuration is run forward + backward, turn and turn about with its peer, and the medians are compared; lengths
are all full, or uniform in [T/4, T] (then `nn.RNN` gets a packed sequence). Peak memory is that of one process per
layer and configuration, less that of the same process before its first step.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

import elman
from benchmarks.record import heading, write

CONFIGS = [(100, 228, 16, 32), (128, 500, 32, 32), (32, 100, 64, 128), (64, 100, 256, 256), (1, 1000, 32, 64)]
ROUNDS = 7


def step_of(name: str, n: int, time_steps: int, d: int, h: int, unequal: bool) -> Callable[[], None]:
    """One forward + backward pass of a layer, ready to be called."""
    torch.manual_seed(0)
    x = torch.randn(n, time_steps, d, requires_grad=True)
    lengths = torch.randint(time_steps // 4, time_steps + 1, (n,)) if unequal else torch.full((n,), time_steps)
    layer = elman.Recurrent(elman.cells.Elman(d, h)) if name == "elman" else nn.RNN(d, h, batch_first=True)

    def run() -> None:
        if name == "elman":
            y: Tensor = layer(x, lengths)[0]
        elif unequal:
            packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
            y = nn.utils.rnn.pad_packed_sequence(layer(packed)[0], batch_first=True)[0]
        else:
            y = layer(x)[0]
        y.sum().backward()

    return run


def milliseconds(run: Callable[[], None]) -> float:
    """Time of one call."""
    begin = time.perf_counter()
    run()
    return 1000 * (time.perf_counter() - begin)


def peak_megabytes(name: str, config: tuple[int, ...], unequal: bool) -> float:
    """Memory that one pass adds, measured in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.layers", name, *map(str, config), str(int(unequal))]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main() -> None:
    """Measure all configurations and write the table."""
    torch.set_num_threads(2)
    lines = [
        "| n, T, d, h | lengths | elman ms | nn.RNN ms | nn.RNN / elman | elman MB | nn.RNN MB |",
        "|---|---|---|---|---|---|---|",
    ]
    for config in CONFIGS:
        for unequal in (False, True) if config[0] > 1 else (False,):
            runs = {name: step_of(name, *config, unequal) for name in ("elman", "nn.RNN")}
            times: dict[str, list[float]] = {name: [] for name in runs}
            for _ in range(ROUNDS + 1):
                for name, run in runs.items():
                    times[name].append(milliseconds(run))
            ours, theirs = (statistics.median(times[name][1:]) for name in runs)
            memory = [peak_megabytes(name, config, unequal) for name in runs]
            kind = "T/4 to T" if unequal else "all T"
            lines.append(
                f"| {', '.join(map(str, config))} | {kind} | {ours:.1f} | {theirs:.1f} | {theirs / ours:.2f} "
                f"| {memory[0]:.0f} | {memory[1]:.0f} |"
            )
            print(lines[-1], file=sys.stderr)
    text = heading("The reference loop beside torch.nn.RNN, forward + backward", "python -m benchmarks.layers")
    note = f"Medians of {ROUNDS} passes, turn and turn about, float32. Unequal lengths are packed for `nn.RNN`.\n"
    write("layers", "\n".join([text, note, *lines]))


def one(name: str, *numbers: str) -> None:
    """Print the megabytes one pass adds to this process."""
    *config, unequal = map(int, numbers)
    n, time_steps, d, h = config
    run = step_of(name, n, time_steps, d, h, bool(unequal))
    before = peak_kilobytes()
    run()
    print((peak_kilobytes() - before) / 1024)


def peak_kilobytes() -> int:
    """The most memory this process ever held; not ru_maxrss, which begins with that of the parent process."""
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("VmHWM")).split()[1])


if __name__ == "__main__":
    one(*sys.argv[1:]) if len(sys.argv) > 1 else main()
