"""What is measured: each section gives the lines of its table."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.case import Case, Mode
from benchmarks.peak import multiply_adds_per_second
from benchmarks.turns import Worker, measure

Config = tuple[int, int, int, int]
Lines = list[str]

CONFIGS: list[Config] = [
    (100, 228, 16, 32),
    (128, 500, 32, 32),
    (32, 100, 64, 128),
    (64, 100, 256, 256),
    (16, 64, 512, 512),
    (1, 1000, 32, 64),
]
# How many times faster than the fastest peer elman means to be: (forward, train).
GOALS: dict[tuple[Config, str], tuple[float, float]] = {
    (config, cell): pair
    for config, row in zip(
        CONFIGS,
        [
            [(5, 3.5), (1.3, 2.5), (2.5, 5)],
            [(5, 4.5), (1.3, 2.2), (2.5, 4.5)],
            [(3, 3), (1.1, 1.5), (2, 2.5)],
            [(2.2, 2.7), (1.0, 1.3), (1.2, 1.5)],
            [(1.4, 1.6), (1.0, 1.1), (1.1, 1.6)],
            [(2.5, 4), (1.6, 4), (2, 10)],
        ],
        strict=True,
    )
    for cell, pair in zip(("elman", "lstm", "gru"), row, strict=True)
}


@dataclass(frozen=True)
class Plan:
    """How it is measured.

    Args:
        workers: the peers, by name.
        rounds: turns of each.
        turn: seconds of a turn.
        machine: elman's machine.
    """

    workers: dict[str, Worker]
    rounds: int
    turn: float
    machine: str

    def times(self, case: Case, peers: list[str] | None = None) -> dict[str, float]:
        """Median seconds of each peer that has the case."""
        chosen = {name: worker for name, worker in self.workers.items() if peers is None or name in peers}
        return measure(chosen, case, self.rounds, self.turn, self.machine)


def layers(plan: Plan, configs: list[Config], cells: list[str]) -> Lines:
    """Forward and forward + backward of the three cells that all peers have, at full length."""
    peak, how = multiply_adds_per_second()
    others = [name for name in plan.workers if name not in ("elman", "Keras on torch", "ONNX Runtime, bound")]
    lines = [
        "## Layers at full length",
        "",
        f"Milliseconds. FMA peak of these processors: {2e-9 * peak:.0f} GFLOP/s ({how}).",
        "",
        f"| n, T, d, h | cell | | elman | of peak | {' | '.join(others)} | best / elman | goal |",
        "|" + "---|" * (len(others) + 7),
    ]
    for config in configs:
        for cell in cells:
            for index, mode in enumerate(MODES):
                case = Case(cell, mode, *config)
                times = plan.times(case)
                best = min((name for name in others if name in times), key=times.__getitem__, default="")
                columns = [f"**{ms(times, name)}**" if name == best else ms(times, name) for name in others]
                share = f"{case.multiply_adds() / times['elman'] / peak:.0%}" if "elman" in times else "–"
                goal = f"{GOALS[config, cell][index]:g}" if (config, cell) in GOALS else "–"
                lines.append(
                    f"| {', '.join(map(str, config))} | {cell} | {mode} | {ms(times, 'elman')} "
                    f"| {share} | {' | '.join(columns)} | {ratio(times, best, 'elman')} | {goal} |"
                )
                print(lines[-1], flush=True)
    return lines


MODES: tuple[Mode, ...] = ("forward", "train")


def unequal(plan: Plan, configs: list[Config], cells: list[str]) -> Lines:
    """Lengths uniform in [T/4, T]: beside packed sequences, and beside elman's own padded batch."""
    lines = [
        "## Lengths uniform in [T/4, T], train",
        "",
        "Milliseconds; the peers get packed sequences. The last column: elman's time over its time for full rows.",
        "",
        "| n, T, d, h | cell | elman | torch.nn, packed | torch.nn / elman | goal | of full length |",
        "|---|---|---|---|---|---|---|",
    ]
    for config in configs:
        for cell in cells if config[0] > 1 else ():
            times = plan.times(Case(cell, "train", *config, unequal=True))
            full = plan.times(Case(cell, "train", *config), ["elman"])
            times |= {f"{name}, full": seconds for name, seconds in full.items()}
            goal = {"elman": "15", "lstm": "20"}.get(cell, "") if config == CONFIGS[1] else ""
            lines.append(
                f"| {', '.join(map(str, config))} | {cell} | {ms(times, 'elman')} | {ms(times, 'torch.nn')} "
                f"| {ratio(times, 'torch.nn', 'elman')} | {goal} | {ratio(times, 'elman', 'elman, full')} |"
            )
            print(lines[-1], flush=True)
    return lines


def written(plan: Plan, configs: list[Config], cells: list[str]) -> Lines:
    """Cells that a user wrote: beside their own Python loop, and beside a built-in cell of the same operations."""
    from tests.conformance.written_cells import SAME_AS, WRITTEN

    lines = [
        "## Cells a user wrote, train",
        "",
        "Milliseconds. Goals: ten times the speed of the cell's own Python loop; within 1.25 of the built-in cell with "
        "the same operations.",
        "",
        "| n, T, d, h | cell | elman | Python loop | loop / elman | built-in | elman / built-in |",
        "|---|---|---|---|---|---|---|",
    ]
    for config in [config for config in configs if config in CONFIGS[:2]]:
        for cell in WRITTEN:
            times = plan.times(Case(cell, "train", *config), ["elman", "Python loop"])
            like = SAME_AS.get(cell)
            same = plan.times(Case(like, "train", *config), ["elman"]) if like else {}
            times |= {f"{name}, built-in": seconds for name, seconds in same.items()}
            beside = (
                f"| {like}: {ms(times, 'elman, built-in')} | {ratio(times, 'elman', 'elman, built-in')}"
                if like
                else "| |"
            )
            lines.append(
                f"| {', '.join(map(str, config))} | {cell} | {ms(times, 'elman')} | {ms(times, 'Python loop')} "
                f"| {ratio(times, 'Python loop', 'elman')} {beside} |"
            )
            print(lines[-1], flush=True)
    return lines


def stream(plan: Plan, configs: list[Config], cells: list[str]) -> Lines:
    """One step of a stream, state carried, called from Python with a NumPy array."""
    others = [name for name in plan.workers if name in ("torch.nn", "JAX", "ONNX Runtime", "ONNX Runtime, bound")]
    lines = [
        "## One step of a stream (1, 1, 32, 64)",
        "",
        "Microseconds from Python, on a new NumPy array, the state handed on. Goals: 4 µs; six times the speed of ONNX "
        "Runtime, called as usual (`run`). Bound: the same session on memory that was bound to it beforehand, which "
        "the caller has to fill.",
        "",
        f"| cell | elman | {' | '.join(others)} | ONNX Runtime / elman |",
        "|" + "---|" * (len(others) + 3),
    ]
    for cell in cells:
        times = plan.times(Case(cell, "step", 1, 1, 32, 64), ["elman", *others])
        columns = [f"{1e6 * times[name]:.1f}" if name in times else "–" for name in ("elman", *others)]
        lines.append(f"| {cell} | {' | '.join(columns)} | {ratio(times, 'ONNX Runtime', 'elman')} |")
        print(lines[-1], flush=True)
    return lines


def memory(plan: Plan, configs: list[Config], cells: list[str]) -> Lines:
    """Peak memory of a training pass, in fresh processes."""
    lines = [
        "## Peak memory of one pass, train",
        "",
        "Megabytes over what the process held before the pass, which was not its first.",
        "",
        "| n, T, d, h | cell | lengths | elman | torch.nn |",
        "|---|---|---|---|---|",
    ]
    names = [name for name in ("elman", "torch.nn") if name in plan.workers]
    for config in configs:
        for cell in cells:
            for uneven in (False, True) if config[0] > 1 else (False,):
                case = Case(cell, "train", *config, unequal=uneven, machine=plan.machine)
                found = [f"{fresh_peak(name, case):.1f}" if name in names else "–" for name in ("elman", "torch.nn")]
                kind = "T/4 to T" if uneven else "all T"
                lines.append(f"| {', '.join(map(str, config))} | {cell} | {kind} | {' | '.join(found)} |")
                print(lines[-1], flush=True)
    return lines


def fresh_peak(name: str, case: Case) -> float:
    """Megabytes of a pass in a process of its own, after a pass over a batch that is too small to leave much behind."""
    worker = Worker(name, threads=2)
    try:
        worker.ask("prepare", Case(**{**vars(case), "n": 2, "time": 8}))
        worker.ask("build", case)
        return worker.ask("memory")
    finally:
        worker.close()


def epoch(plan: Plan, configs: list[Config], cells: list[str]) -> Lines:
    """An epoch of the tutorial's three-layer network, from some of its batches."""
    times = plan.times(
        Case("elman", "epoch", 100, 228, 16, 32), ["elman", "torch.nn", "Keras on JAX", "Keras on torch"]
    )
    lines = [
        "## One epoch of the tutorial's network",
        "",
        "Seconds for 18,750 reviews of 228 symbols in batches of 100: an embedding of 16 for 15,000 symbols, three "
        "ReLU layers of 32, the last state, one output, RMSprop; from 20 batches (Keras on torch: from 5).",
        "",
        "| | seconds | / elman |",
        "|---|---|---|",
    ]
    return lines + [f"| {name} | {seconds:.1f} | {ratio(times, name, 'elman')} |" for name, seconds in times.items()]


def ms(times: dict[str, float], name: str) -> str:
    """Milliseconds of a peer, or a dash."""
    return f"{1000 * times[name]:.{2 if times[name] > 0.001 else 3}f}" if name in times else "–"


def ratio(times: dict[str, float], above: str, below: str) -> str:
    """How many times faster one is than the other."""
    return f"{times[above] / times[below]:.2f}" if above in times and below in times else "–"


SECTIONS: dict[str, Callable[[Plan, list[Config], list[str]], Lines]] = {
    "layers": layers,
    "unequal": unequal,
    "written": written,
    "stream": stream,
    "memory": memory,
    "epoch": epoch,
}
