"""elman beside other libraries, in one run: `python -m benchmarks.layers`.

    python -m benchmarks.layers                                               # everything; writes the table
    python -m benchmarks.layers --quick --configs 100,228,16,32 --cells lstm  # one corner, a few rounds, to the screen
    python -m benchmarks.layers --sections stream memory --peers elman torch.nn

The peers are installed with `pip install 'elman[bench]'`; those that are not there are left out with a line that says
so. `benchmarks/peers/` says how each is driven, `benchmarks/turns.py` how they take turns.
"""

import argparse
import os
import sys

from benchmarks import sections
from benchmarks.peers import PEERS
from benchmarks.record import heading, write
from benchmarks.turns import Worker

NOTE = """Medians of {rounds} turns of at least {turn:.0f} ms, peers turn and turn about, each in a process of its own,
all bound to the same {threads} processors; float32. The peers' results were compared before the clock started. "train"
is forward and backward with the gradients of x and of all weights. "x / elman": how many times faster elman is;
**bold**: the fastest peer.
"""


def main() -> None:
    """Measure what was asked for and print it; a whole run writes the table."""
    chosen = arguments()
    processors = sorted(os.sched_getaffinity(0))[: chosen.threads]
    os.sched_setaffinity(0, processors)  # the workers inherit it
    absent = {name: PEERS[name].missing for name in chosen.peers if PEERS[name].missing}
    for name, libraries in absent.items():
        print(f"left out: {name} ({', '.join(libraries)} not installed: pip install 'elman[bench]')", file=sys.stderr)
    names = [name for name in chosen.peers if name not in absent]
    workers = {name: Worker(name, len(processors)) for name in names}
    plan = sections.Plan(workers, 3 if chosen.quick else 9, 0.03 if chosen.quick else 0.1, chosen.machine)
    parts: list[str] = []
    try:
        for section in chosen.sections:
            print(f"… {section}", file=sys.stderr)
            parts += ["", *sections.SECTIONS[section](plan, chosen.configs, chosen.cells)]
            print("\n".join(parts[-1:] if section == "epoch" else []), file=sys.stderr)
    finally:
        for worker in workers.values():
            worker.close()
    note = NOTE.format(rounds=plan.rounds, turn=1000 * plan.turn, threads=len(processors))
    text = heading("Recurrent layers beside other libraries", "python -m benchmarks.layers " + " ".join(sys.argv[1:]))
    text = "\n".join([text, note, *parts])
    print(text)
    if len(sys.argv) == 1 or chosen.write:
        write("layers", text)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser("python -m benchmarks.layers", description="Time elman beside other libraries.")
    parser.add_argument(
        "--configs", nargs="+", default=sections.CONFIGS, type=config, help="n,T,d,h, such as 100,228,16,32"
    )
    parser.add_argument("--cells", nargs="+", default=["elman", "lstm", "gru"], choices=["elman", "lstm", "gru"])
    parser.add_argument("--sections", nargs="+", default=list(sections.SECTIONS), choices=list(sections.SECTIONS))
    parser.add_argument("--peers", nargs="+", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--machine", default="auto", help="elman's machine: auto, native or reference")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="3 short turns instead of 9: figures for a first look")
    parser.add_argument(
        "--write", action="store_true", help="write benchmarks/results/layers.md though not everything ran"
    )
    return parser.parse_args()


def config(text: str) -> tuple[int, int, int, int]:
    """Sizes from the command line: n,T,d,h."""
    n, time, d, h = (int(part) for part in text.split(","))
    return n, time, d, h


if __name__ == "__main__":
    main()
