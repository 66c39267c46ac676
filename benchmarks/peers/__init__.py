"""Every way of running a recurrent layer that elman is compared with: one small file each.

Each peer gets what is best for it: its own layout (time first for JAX and ONNX Runtime, so that nothing is
transposed), its inputs already in its own arrays, everything compiled and run once before the clock starts, and as
many threads as the others. A call ends when its results are there (JAX only queues work; `block_until_ready` waits).
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from benchmarks.case import Case


@dataclass(frozen=True)
class Run:
    """Something ready to be timed.

    Args:
        call: does it once and returns when it is done.
        numbers: figures of its result (a projection of y; then norms of the gradients of x, U, W), by which
            peers are seen to compute the same thing; empty where there is nothing to compare.
        scale: what a call's time is multiplied with for the figure that is reported.
    """

    call: Callable[[], object]
    numbers: Callable[[], list[float]] = list
    scale: float = 1.0


@dataclass(frozen=True)
class Peer:
    """A library, and the file that drives it.

    Args:
        module: the file in `benchmarks.peers`.
        libraries: what has to be installed.
        environment: variables that have to be set before it is imported.
    """

    module: str
    libraries: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def missing(self) -> list[str]:
        """Libraries that are not installed."""
        return [library for library in self.libraries if find_spec(library) is None]

    def build(self, case: Case) -> Run | None:
        """The case made ready, or None where this peer has no such thing."""
        return import_module(f"benchmarks.peers.{self.module}").build(case)


PEERS = {
    "elman": Peer("elman_layer", ("torch",)),
    "torch.nn": Peer("torch_nn", ("torch",)),
    "Python loop": Peer("python_loop", ("torch",)),
    "JAX": Peer("jax_scan", ("jax",), {"JAX_PLATFORMS": "cpu"}),
    "Keras on JAX": Peer("keras_layer", ("keras", "jax"), {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}),
    "Keras on torch": Peer("keras_layer", ("keras", "torch"), {"KERAS_BACKEND": "torch"}),
    "ONNX Runtime": Peer("onnx_runtime", ("onnx", "onnxruntime")),
    "ONNX Runtime, bound": Peer("onnx_bound", ("onnx", "onnxruntime")),
}


def settled(call: Callable[[], Any]) -> Run:
    """A stream as something to be timed. Its x never changes, so after many steps all peers show the same output."""

    def numbers() -> list[float]:
        for _ in range(300):
            call()
        return [float(value) for value in call().ravel()[:3]]

    return Run(call, numbers)


def library(name: str) -> Any:
    """An optional library, imported where it is needed."""
    return import_module(name)


def threads() -> int:
    """How many threads every peer may use: as many as this process has processors."""
    return len(os.sched_getaffinity(0))
