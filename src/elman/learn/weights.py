"""The weights of a network: drawn with a seed, counted, and as a file takes them."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Inside, torch draws on the processor what it draws after this seed; afterwards it draws as if nothing had been.

    Args:
        seed: of the draws.

    Example:
        >>> def drawn():
        ...     with seeded(3):
        ...         return nn.Linear(2, 2).weight
        >>> torch.equal(drawn(), drawn())
        True
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def count_weights(network: nn.Module) -> int:
    """How many weights a network has; one that stands in several places counts once.

    Example:
        >>> count_weights(nn.Linear(3, 2))
        8
    """
    return sum(p.numel() for p in network.parameters())


def tensors_of(network: nn.Module) -> dict[str, Tensor]:
    """The weights by their names, as a file takes them."""
    return {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
