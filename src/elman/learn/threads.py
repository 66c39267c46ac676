"""How many processor threads torch uses."""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import torch

QUOTA = Path("/sys/fs/cgroup/cpu.max")


def cores() -> int:
    """The processor cores that this process may use; a container's share counts, not the machine's number.

    Example:
        >>> cores() >= 1
        True
    """
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):
        quota, period = QUOTA.read_text().split()
        count = min(count, max(1, math.ceil(int(quota) / int(period))))  # "max" for no quota is a ValueError
    return count


@contextmanager
def use_threads(threads: int) -> Iterator[None]:
    """Let torch use so many processor threads, as long as the context lasts; 0: all cores, shared fairly with the
    other processes of the same training on this machine.

    Example:
        >>> with use_threads(1):
        ...     torch.get_num_threads()
        1
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads or max(1, cores() // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))))
    try:
        yield
    finally:
        torch.set_num_threads(before)
