"""How well a network predicts a text: read once, from its first symbol to its last, in one stream."""

import math
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from elman.data.corpus import Corpus
from elman.tasks.generate.network import Network

CHUNK = 2048  # symbols at a time: the numbers do not depend on it


@torch.no_grad()
def log_probabilities(network: Network, chunks: Iterable[tuple[Tensor, Tensor]]) -> Iterator[Tensor]:
    """log p of every symbol of a text, chunk after chunk (n, T), the state carried from one to the next.

    Args:
        network: in evaluation mode.
        chunks: what is read and what follows it, both (n, T), of one text in order.
    """
    state, device = None, network.vectors.device
    for ids, targets in chunks:
        y, state = network.recurrent(network.read(ids.to(device)), state=state)
        yield network.softmax.log_probability(network.shown(y), targets.to(device)).cpu()


def mean_loss(network: Network, corpus: Corpus) -> float:
    """The mean of -log p over all symbols of a corpus, in nats."""
    total = sum(float(part.double().sum()) for part in log_probabilities(network, corpus.chunks(CHUNK)))
    return -total / len(corpus)


def numbers(loss: float, corpus: Corpus) -> dict[str, Any]:
    """A mean loss as people compare it: nats and perplexity per symbol, bits per character.

    Example:
        >>> import numpy as np
        >>> numbers(math.log(8), Corpus(np.zeros(11), characters=30, unknown=0, name=""))["bits_per_character"]
        1.0
    """
    bits = loss * len(corpus) / math.log(2) / max(corpus.characters, 1)
    return {
        "loss": loss,
        "perplexity": math.exp(min(loss, 700.0)),
        "bits_per_character": bits,
        "tokens": len(corpus),
        "characters": corpus.characters,
        "unknown": corpus.unknown,
    }
