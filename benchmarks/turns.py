"""Timing peers turn and turn about: each lives in a process of its own, and only one of them runs at a time.

One process per peer, because their thread pools would disturb each other within one: a pool that waits busily takes
a processor from whoever comes next. All processes are bound to the same processors, which also is what tells JAX how
many threads to have. Before each turn there is a pause, so that the threads of the peer before have gone to sleep.
"""

import gc
import math
import multiprocessing
import os
import statistics
import time
import traceback
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.case import Case
from benchmarks.peers import PEERS, Run

PAUSE = 0.005  # seconds


class Worker:
    """A process that makes cases of one peer ready and times them.

    Args:
        name: of the peer, in `benchmarks.peers.PEERS`.
        threads: processors that it is bound to already, for libraries that ask the environment.
    """

    def __init__(self, name: str, threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.name = name
        self.connection, other = context.Pipe()
        before = dict(os.environ)
        os.environ.update(PEERS[name].environment, OMP_NUM_THREADS=str(threads), TF_CPP_MIN_LOG_LEVEL="3")
        self.process = context.Process(target=serve, args=(name, other), daemon=True)
        self.process.start()
        os.environ.clear()
        os.environ.update(before)
        other.close()

    def ask(self, what: str, *arguments: object) -> Any:
        """Send a request and wait for its answer; what went wrong there is raised here."""
        self.connection.send((what, arguments))
        answer = self.connection.recv()
        if isinstance(answer, str):
            raise RuntimeError(f"{self.name}: {what} {arguments}:\n{answer}")
        return answer

    def close(self) -> None:
        """End the process."""
        self.connection.close()
        self.process.join(timeout=10)
        if self.process.is_alive():
            self.process.terminate()


def serve(name: str, connection: Connection) -> None:
    """In the process: build a case (prepare: and run it), time calls of it, report the memory of a call."""
    run: Run | None = None
    while True:
        try:
            what, arguments = connection.recv()
        except EOFError:
            return
        try:
            if what in ("build", "prepare"):
                run = None
                gc.collect()
                run = PEERS[name].build(*arguments)
                answer: object = prepared(run) if what == "prepare" else run is not None
            elif run is None:
                raise RuntimeError("nothing is prepared")
            elif what == "time":
                answer = timed(run, *arguments)
            else:
                answer = megabytes(run)
        except Exception:  # told to the parent, which decides
            answer = traceback.format_exc()
        connection.send(answer)


def prepared(run: Run | None) -> tuple[bool, float, list[float]]:
    """Whether the peer has such a thing; seconds of a call after a first one; the figures of its result."""
    if run is None:
        return False, 0.0, []
    run.call()
    return True, timed(run, 1) / run.scale, run.numbers()


def timed(run: Run, calls: int) -> float:
    """Seconds of one call, from so many in a row, times the case's scale; one more before them where they are short."""
    if calls > 1:
        run.call()
    begin = time.perf_counter()
    for _ in range(calls):
        run.call()
    return (time.perf_counter() - begin) / calls * run.scale


def megabytes(run: Run) -> float:
    """Memory that a call needs at its peak, over what the process holds before it (Linux)."""
    gc.collect()
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # the peak begins anew
    before = kilobytes("VmRSS")
    run.call()
    return (kilobytes("VmHWM") - before) / 1024


def kilobytes(what: str) -> int:
    """A figure of /proc/self/status."""
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith(what)).split()[1])


def measure(
    workers: dict[str, Worker], case: Case, rounds: int, turn: float, machine: str = "auto"
) -> dict[str, float]:
    """Median seconds of a call for every peer that has the case, measured turn and turn about.

    Args:
        workers: by the name of the peer.
        case: what is timed.
        rounds: turns of each peer.
        turn: seconds that a turn should take; at least one call is made.
        machine: elman's machine.

    Raises:
        RuntimeError: two peers do not compute the same thing.
    """
    calls: dict[str, int] = {}
    figures: dict[str, list[float]] = {}
    for name, worker in workers.items():
        own = Case(**{**vars(case), "machine": machine}) if name == "elman" else case
        has, seconds, figures[name] = worker.ask("prepare", own)
        if has:
            calls[name] = max(1, math.ceil(turn / seconds)) if seconds < turn / 2 else 1
    agree(case, figures)
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, count in calls.items():
            time.sleep(PAUSE)
            times[name].append(workers[name].ask("time", count))
    return {name: statistics.median(values) for name, values in times.items()}


def agree(case: Case, figures: dict[str, list[float]]) -> None:
    """See that all peers got the same result, to a part in a thousand of its size."""
    known = {name: values for name, values in figures.items() if values}
    for name, values in known.items():
        first, expected = next(iter(known.items()))
        for a, b in zip(values, expected, strict=True):
            if not math.isclose(a, b, rel_tol=2e-3, abs_tol=1e-3 * math.sqrt(case.n * case.time * case.h)):
                raise RuntimeError(f"{case}: {name} computes {values}, {first} {expected}")
