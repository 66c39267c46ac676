"""A network over any number of texts: no gradients, like lengths together, the given order out."""

import numpy as np
import torch
from torch import nn

from elman.data.ragged import Ragged

_ROWS, _SYMBOLS = 256, 1 << 18  # at most so many rows, and so many symbols with their padding, at a time


def logits_of(network: nn.Module, texts: Ragged) -> np.ndarray:
    """Logits (n, classes) in float64, from a network in evaluation mode.

    Args:
        network: called with ids (m, T) and lengths (m); left in the mode it was in.
        texts: the symbols of n texts.
    """
    device = next(network.parameters()).device
    training = network.training
    network.eval()
    parts: list[np.ndarray] = []
    order: list[np.ndarray] = []
    with torch.no_grad():
        for rows in _batches(texts.lengths):
            ids, lengths = texts.batch(rows)
            parts.append(network(ids.to(device), lengths).cpu().double().numpy())
            order.append(rows)
    network.train(training)
    if not parts:
        ids, lengths = texts.batch(np.zeros(0, dtype=np.int64))
        with torch.no_grad():
            return network(ids.to(device), lengths).cpu().double().numpy()
    result = np.empty((len(texts), parts[0].shape[1]))
    result[np.concatenate(order)] = np.concatenate(parts)
    return result


def _batches(lengths: np.ndarray) -> list[np.ndarray]:
    """Rows from long to short in groups of a bounded padded size: one huge text does not need room for 256 of them."""
    order = np.argsort(-lengths, kind="stable")
    groups: list[np.ndarray] = []
    while len(order):
        longest = max(1, int(lengths[order[0]]))
        rows = max(1, min(_ROWS, _SYMBOLS // longest))
        groups.append(order[:rows])
        order = order[rows:]
    return groups


def probabilities_of(logits: np.ndarray, *, multi: bool) -> np.ndarray:
    """Softmax over the classes, or one sigmoid per class.

    Example:
        >>> probabilities_of(np.array([[0.0, 0.0], [800.0, 0.0]]), multi=False).tolist()
        [[0.5, 0.5], [1.0, 0.0]]
    """
    if multi:
        return np.exp(-np.logaddexp(0, -logits))
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
