"""How varied a set of answers is."""

from collections.abc import Iterable, Sequence


def distinct(texts: Iterable[str], n: int) -> float:
    """The share of different runs of n words among all runs of n words; 0 where there are none.

    It falls as more texts are looked at: only sets of one size can be compared.

    Example:
        >>> distinct(["I do not know .", "I do not think so ."], 1)
        0.6363636363636364

    Source: J. Li et al., "A diversity-promoting objective function for neural conversation models", NAACL 2016.
    """
    runs = [run for text in texts for run in _runs(text.split(), n)]
    return len(set(runs)) / len(runs) if runs else 0.0


def _runs(words: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]
