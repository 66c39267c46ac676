"""The results of the papers' experiments as tables: what was measured here, what is possible at best, and the paper's.

What the papers report in words stands as it is; figures marked "from memory" are not checked against the printed page.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from elman.data import elman1990 as data
from elman.tasks.papers.elman1990 import Letters, WordClasses, Words, Xor
from elman.tasks.papers.elman1991 import Grammatical
from elman.tasks.papers.measures import Likeness, Segmentation, peaks, rms, segmentation

BESIDE = ("", "here", "best possible", "the paper")
GRAMMAR = ("", "untrained", "word frequencies", "squared error", "cross-entropy", "the paper")
MEMORY = "from memory"


class Table(NamedTuple):
    """Measures beside those of a paper.

    Args:
        header: names of the columns, the first one of the measures.
        rows: cells as text, "" where there is nothing to say.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]


def xor_table(result: Xor) -> Table:
    """RMS errors by position; nobody can foresee the bits that are drawn."""
    first, second, third = result.by_position[:3]
    others = ", ".join(f"{value:.2f}" for value in sorted(result.starts[:, 2]))
    return Table(
        BESIDE,
        [
            ("RMS error, first bit of three", f"{first:.3f}", "0.500", "high"),
            ("RMS error, second bit", f"{second:.3f}", "0.500", "high"),
            ("RMS error, third bit, the XOR of both", f"{third:.3f}", "0.000", "low"),
            (f"  all {len(result.starts)} networks", others, "", ""),
        ],
    )


def letters_table(result: Letters) -> Table:
    """RMS errors at consonants and vowels, over all features and for two of them."""
    at = result.consonant
    spread = data.features("".join(data.SYLLABLES)).std(axis=0)  # of consonants, which come with equal probability
    rows = [
        ("RMS error at consonants", f"{rms(result.errors[at]):.3f}", f"{rms(spread):.3f}", "high"),
        ("RMS error at vowels", f"{rms(result.errors[~at]):.3f}", "0.000", "low"),
    ]
    for name, paper in (("consonant", "low"), ("high", "high")):
        which = data.FEATURES.index(name)
        here = rms(result.errors[at][:, which])
        rows.append((f'  feature "{name}" at consonants', f"{here:.3f}", f"{spread[which]:.3f}", paper))
    return Table(BESIDE, rows)


def words_table(result: Words) -> Table:
    """Errors at the beginnings of words and within, and how well they show the beginnings."""
    at, errors, possible = result.begins, result.errors, result.possible
    peak, high = peaks(possible), possible > possible.mean()
    by_peaks, by_level, by_both = (segmentation(found, at) for found in (peak, high, peak & high))
    return Table(
        BESIDE,
        [
            ("mean error, first letter of a word", f"{errors[at].mean():.3f}", f"{possible[at].mean():.3f}", "high"),
            ("mean error, other letters", f"{errors[~at].mean():.3f}", f"{possible[~at].mean():.3f}", "falls"),
            ("beginnings found where it peaks", _scores(result.by_peaks()), _scores(by_peaks), "no figure"),
            ("  where it is above its mean", _scores(result.by_level()), _scores(by_level), "no figure"),
            ("  where it peaks above its mean", _scores(result.by_high_peaks()), _scores(by_both), "no figure"),
            ("  every letter taken for one", _scores(segmentation(np.ones_like(at), at)), "", ""),
        ],
    )


def classes_table(result: WordClasses) -> Table:
    """Errors against the exact probabilities, and what the tree shows."""
    verbs = {word for name, members in data.CLASSES.items() if name.startswith("VERB") for word in members}
    sides = sorted((sum(word in verbs for word in side) / len(side), len(side)) for side in result.halves())
    fork = " | ".join(f"{count} words, {share:.0%} verbs" for share, count in sides)
    near, chance = result.near, result.chance
    return Table(
        BESIDE,
        [
            ("words of 10,000 sentences", f"{result.count:,}", "", "27,534"),
            ("squared error in the last pass", f"{result.loss:.2f}", "", f"0.88 ({MEMORY})"),
            ("RMS error against the probabilities", _rms(near), "0", f"0.053 ± 0.100 ({MEMORY})"),
            ("  of the words' frequencies", _rms(chance), "", ""),
            ("cosine with the probabilities", _cosine(near), "1", f"0.916 ± 0.123 ({MEMORY})"),
            ("  of the words' frequencies", _cosine(chance), "", ""),
            ("first fork of the tree", fork, "", "nouns | verbs"),
            ('nearest to "zog"', ", ".join(result.nearest()[:6]), "", f"as man was ({MEMORY})"),
        ],
    )


def grammar_table(result: Grammatical) -> Table:
    """Both networks, an untrained one and the words' frequencies against the exact probabilities."""
    readings = [result.readings[name] for name in ("untrained", "frequencies", "squared", "entropy")]
    return Table(
        GRAMMAR,
        [
            ("RMS error against the probabilities", *(_rms(r.near) for r in readings), f"0.177 ± 0.463 ({MEMORY})"),
            ("cosine with the probabilities", *(_cosine(r.near) for r in readings), f"0.852 ± 0.259 ({MEMORY})"),
            ("verb in the right number, after its noun", *(_share(r.beside) for r in readings), ""),
            ("  with a clause between", *(_share(r.beyond) for r in readings), ""),
        ],
    )


def _rms(near: Likeness) -> str:
    return f"{near.rms:.3f} ± {near.rms_sd:.3f}"


def _cosine(near: Likeness) -> str:
    return f"{near.cosine:.3f} ± {near.cosine_sd:.3f}"


def _share(share: float) -> str:
    return "" if np.isnan(share) else f"{share:.1%}"


def _scores(found: Segmentation) -> str:
    return f"P {found.precision:.2f}  R {found.recall:.2f}  F1 {found.f1:.2f}"
