"""Calls timed turn and turn about in one process, each for as long as the others, and the page of their medians."""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from benchmarks.record import heading, write

Call = Callable[[], Any]


@dataclass(frozen=True)
class InTurn:
    """How a benchmark is timed, as its command asks for it.

    Args:
        name: of the benchmark.
        quick: a first look, which is not written.
        threads: of torch, each on a core of its own.
    """

    name: str
    quick: bool
    threads: int

    @classmethod
    def asked(cls, name: str, what: str) -> "InTurn":
        """From the command line; from now on this process has so many threads and cores."""
        parser = argparse.ArgumentParser(f"python -m benchmarks.{name}", description=what)
        parser.add_argument("--quick", action="store_true", help="3 short turns: figures for a first look")
        parser.add_argument("--threads", type=int, default=2)
        chosen = parser.parse_args()
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: chosen.threads])
        torch.set_num_threads(chosen.threads)
        return cls(name, chosen.quick, chosen.threads)

    def medians(self, calls: list[Call]) -> list[float]:
        """Seconds of one call of each."""
        rounds, turn = self._turns()
        times: list[list[float]] = [[] for _ in calls]
        counts: list[int] = []
        for call in calls:
            call()
            counts.append(max(1, int(turn / _timed(call, 1))))
        for _ in range(rounds):
            for call, count, found in zip(calls, counts, times, strict=True):
                found.append(_timed(call, count))
        return [statistics.median(found) for found in times]

    def tell(self, title: str, note: str, lines: list[str], **more: Any) -> None:
        """Print the page; a whole run writes it.

        Args:
            title: of the page.
            note: what stands before the table, with {rounds}, {turn} in milliseconds, {threads} and what is in `more`.
            lines: of the table.
            **more: other values for the note.
        """
        rounds, turn = self._turns()
        note = note.format(rounds=rounds, turn=1000 * turn, threads=self.threads, **more)
        text = "\n".join([heading(title, f"python -m benchmarks.{self.name}"), note, *lines])
        print(text)
        if not self.quick:
            write(self.name, text)

    def _turns(self) -> tuple[int, float]:
        """How many, and how many seconds each."""
        return (3, 0.02) if self.quick else (7, 0.06)


def _timed(call: Call, count: int) -> float:
    """Seconds of one call, from so many in a row."""
    begin = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - begin) / count
