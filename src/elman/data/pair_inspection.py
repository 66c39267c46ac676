"""What is in files of pairs of texts, and what is wrong with them, before any training."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from elman.data.findings import Findings, Report
from elman.data.parallel import Pairs, read_pairs
from elman.data.parallel_options import PairDataOptions
from elman.errors import ElmanError

SHOWN = 5
FAR = 4.0  # of a pair whose lengths differ from the usual ratio by this factor the sides are hardly translations
LEAST = 20  # characters of the longer side, below which lengths tell nothing


@dataclass(frozen=True)
class PairReport(Report):
    """What one file, or two, hold.

    Args:
        pairs: how many.
        names: of both sides.
        medians: characters of a text, on either side.
        longest: the same of the longest text.
    """

    pairs: int = 0
    names: tuple[str, str] = ("", "")
    medians: tuple[int, int] = (0, 0)
    longest: tuple[int, int] = (0, 0)


def inspect_pairs(files: Sequence[str], options: PairDataOptions | None = None) -> Findings[PairReport]:
    """Look through files of pairs; problems are reported, not raised.

    Args:
        files: as `read_pairs` takes them.
        options: how to read them.

    Example:
        >>> path = getfixture("tmp_path") / "a.tsv"
        >>> _ = path.write_text("A house.\\tEin Haus.\\nA tree.\\t\\nA tree.\\t\\n")
        >>> report = inspect_pairs([str(path)]).files[0]
        >>> report.pairs, [warning.split(" (")[0] for warning in report.warnings]
        (3, ['2 pairs have an empty side', '1 pair stands there before, word for word'])
    """
    reports, read = list[PairReport](), dict[str, Pairs]()
    for name in files:
        try:
            pairs = read[name] = read_pairs(name, options)
        except ElmanError as error:
            reports.append(PairReport(name, error=str(error), exit_code=error.exit_code))
            continue
        reports.append(_report(pairs))
    first = read.get(files[0]) if files else None
    shared: list[str] = []
    for pairs in read.values():
        if first is not None and pairs is not first:
            own = set(first.sources)
            if both := sum(text in own for text in pairs.sources):
                shared.append(f"{both:,} of {len(pairs):,} sources of {pairs.path} are also in {first.path}")
    return Findings(reports, shared)


def _report(pairs: Pairs) -> PairReport:
    assert pairs.targets is not None
    both = list(zip(pairs.sources, pairs.targets, strict=True))
    lengths = np.array([[len(source.strip()), len(target.strip())] for source, target in both])
    seen = Counter[tuple[str, str]]()
    again: list[int] = []
    for row, pair in enumerate(both):
        if seen[pair]:
            again.append(row)
        seen[pair] += 1
    same = [row for row, (source, target) in enumerate(both) if source.strip() and source.strip() == target.strip()]
    found = (
        (np.flatnonzero((lengths == 0).any(axis=1)), "have an empty side", "has an empty side"),
        (same, "have the same text on both sides", "has the same text on both sides"),
        (again, "stand there before, word for word", "stands there before, word for word"),
        (
            _far(lengths),
            "are of very different lengths: are they translations of each other?",
            "is of very different lengths: are they translations of each other?",
        ),
    )
    medians, longest = np.median(lengths, axis=0), lengths.max(axis=0)
    problems: list[str] = []
    if len(set(pairs.sources)) < 2:
        problems.append("only one source: there must be one to learn from and one to validate with")
    if not (lengths > 0).all(axis=1).any():
        problems.append("no pair has texts on both sides")
    return PairReport(
        path=pairs.path,
        pairs=len(pairs),
        names=pairs.names,
        medians=(int(medians[0]), int(medians[1])),
        longest=(int(longest[0]), int(longest[1])),
        problems=problems,
        warnings=[_warning(rows, many, one, pairs.place) for rows, many, one in found if len(list(rows))],
        notes=list(pairs.notes),
    )


def _far(lengths: np.ndarray) -> np.ndarray:
    """Rows whose ratio of lengths is far from the usual one."""
    full = (lengths > 0).all(axis=1)
    if not full.any():
        return np.zeros(0, dtype=np.int64)
    ratio = np.ones(len(lengths))
    ratio[full] = lengths[full, 1] / lengths[full, 0]
    distance = np.abs(np.log(ratio / np.median(ratio[full])))
    return np.flatnonzero(full & (distance > np.log(FAR)) & (lengths.max(axis=1) >= LEAST))


def _warning(rows: Iterable[int], many: str, one: str, place: Callable[[int], str]) -> str:
    chosen = [int(row) for row in rows]
    more = f" and {len(chosen) - SHOWN:,} more" if len(chosen) > SHOWN else ""
    places = f"({', '.join(place(row) for row in chosen[:SHOWN])}{more})"
    return f"{len(chosen):,} pair{'s' if len(chosen) > 1 else ''} {many if len(chosen) > 1 else one} {places}"
