"""The simple models that a language model is compared with: runs of one, two and a few symbols, counted."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from elman.data.corpus import Corpus
from elman.tasks.generate.ngrams import KneserNey

MOST = 3_000_000  # symbols of the training text that are counted
_PART = 1 << 20  # symbols measured at a time
FILE = "ngrams.safetensors"


def orders(tokens: str) -> tuple[int, ...]:
    """How many symbols a run has in each contrast: of characters more are needed for the same stretch of text."""
    return (1, 3, 6) if tokens == "character" else (1, 2, 3)


class Contrasts:
    """Kneser–Ney models of several orders, of the training text.

    Args:
        models: by their order.
    """

    def __init__(self, models: Mapping[int, KneserNey]) -> None:
        self.models = dict(models)

    @classmethod
    def fit(cls, corpus: Corpus, symbols: int, tokens: str) -> "Contrasts":
        """Count the runs in a corpus, of a long one those in its first three million symbols."""
        ids = np.asarray(corpus.ids[: MOST + 1])
        return cls({n: KneserNey(symbols, n).fit(ids) for n in orders(tokens)})

    def losses(self, corpus: Corpus) -> dict[str, float]:
        """The mean of -log p of a corpus, by the names of the models: "1-gram", …"""
        found: dict[str, float] = {}
        for n, model in self.models.items():
            found[f"{n}-gram"] = -math.fsum(_sums(model, corpus, n)) / max(len(corpus), 1)
        return found

    def files(self) -> dict[str, bytes]:
        """All that was counted, as a file of the run."""
        from safetensors.numpy import save

        return {
            FILE: save({f"{n}.{name}": v for n, model in self.models.items() for name, v in model.arrays().items()})
        }

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], symbols: int) -> "Contrasts":
        """What `files` gave."""
        from safetensors.numpy import load

        by_order: dict[int, dict[str, Any]] = {}
        for name, value in load(files[FILE]).items():
            n, _, own = name.partition(".")
            by_order.setdefault(int(n), {})[own] = value
        return cls({n: KneserNey(symbols, n).restore(by_order[n]) for n in sorted(by_order)})


def _sums(model: KneserNey, corpus: Corpus, order: int) -> Iterator[float]:
    """The sums of log p over parts of a corpus; each part is given the symbols that stand before it."""
    for begin in range(1, len(corpus.ids), _PART):
        before = min(order - 1, begin)
        ids = np.asarray(corpus.ids[begin - before : begin + _PART])
        yield float(model.log_probabilities(ids)[before:].sum())
