"""The native machine gives the same bits with any number of threads, from several at once, and in any memory."""

import hashlib
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.conformance.laws import CELLS, gradients, inputs, layer_of, states
from torch import Tensor

ROOT = Path(__file__).parents[2]


def everything(cell: str, n: int = 29, time: int = 23) -> list[Tensor]:
    """y, final states and all gradients of a batch large enough to be shared among threads."""
    layer = layer_of(cell, "native", 6, 17, dtype=torch.float32)
    x, state = inputs(layer, n, time, grad=True), states(layer, n, grad=True)
    lengths = torch.randint(0, time + 1, (n,), generator=torch.Generator().manual_seed(5))
    y, final = layer(x, lengths, state)
    return [y, *(final[name] for name in layer.states), *gradients(layer, y, final, [x, *state.values()])]


def digest(values: list[Tensor]) -> str:
    """A fingerprint of all bits."""
    return hashlib.sha256(b"".join(value.detach().contiguous().numpy().tobytes() for value in values)).hexdigest()


@contextmanager
def threads(count: int) -> Iterator[None]:
    """So many threads for torch and for elman."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def test_any_number_of_threads(cell: str, native: str) -> None:
    found = set()
    for count in (1, 2, 3, 8):
        with threads(count):
            found.add(digest(everything(cell)))
    assert len(found) == 1


def test_a_repetition(cell: str, native: str) -> None:
    assert digest(everything(cell)) == digest(everything(cell))


def test_several_python_threads_at_once(cell: str, native: str) -> None:
    layer = layer_of(cell, "native", 6, 17, dtype=torch.float32)
    batches = [inputs(layer, 29, 23, seed=seed) for seed in range(8)]

    def run(x: Tensor) -> str:
        x = x.clone().requires_grad_()
        y, final = layer(x)
        return digest([y, *gradients(layer, y, final, [x])])

    alone = [run(x) for x in batches]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(run, batches)) == alone


def test_memory_that_torch_gives_full_of_nan(cell: str, native: str) -> None:
    expected = digest(everything(cell))
    settings: Any = torch.utils.deterministic
    filled, deterministic = settings.fill_uninitialized_memory, torch.are_deterministic_algorithms_enabled()
    try:
        settings.fill_uninitialized_memory = True
        torch.use_deterministic_algorithms(True)
        assert torch.empty(3).isnan().all()
        assert digest(everything(cell)) == expected
    finally:
        torch.use_deterministic_algorithms(deterministic)
        settings.fill_uninitialized_memory = filled


def test_memory_that_the_system_gives_full_of_anything(native: str) -> None:
    """glibc fills what malloc gives and what free takes back, with bytes that make huge numbers, or NaN."""
    code = "from tests.conformance.test_same_bits import CELLS, digest, everything\n"
    code += "print([digest(everything(cell)) for cell in CELLS])"
    found = set()
    for byte in ("0", "1", "254"):
        environment = {**os.environ, "MALLOC_PERTURB_": byte}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        found.add(done.stdout)
    assert len(found) == 1
    assert len(CELLS) == found.pop().count(",") + 1


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
def test_a_process_that_was_forked_after_threads_ran(native: str) -> None:
    layer = layer_of("Elman", native, 6, 17, dtype=torch.float32)
    x = inputs(layer, 29, 23, grad=True)

    def run() -> str:
        y, final = layer(x)
        return digest([y, *gradients(layer, y, final, [x])])

    with threads(2):
        expected = run()
        context = multiprocessing.get_context("fork")  # what is run in the child was made here: torch's own
        queue = context.Queue()  # linear algebra does not survive a fork
        child = context.Process(target=lambda: queue.put(run()))
        child.start()
        try:
            assert queue.get(timeout=60) == expected
            child.join(timeout=60)
            assert child.exitcode == 0
        finally:
            child.kill()
