"""From files to the pairs that a translator is trained, validated and tested on."""

from dataclasses import dataclass, replace

import numpy as np

from elman.data.parallel import Pairs, read_pairs
from elman.data.parallel_options import PairDataOptions
from elman.errors import DataError
from elman.learn.report import Report

_SHOWN = 5


@dataclass(frozen=True)
class Parts:
    """The pairs of a training.

    Args:
        train: pairs to learn from.
        validation: pairs that choose the epoch.
        test: pairs to measure once at the end, if there are any.
        hashes: "train", "validation", "test" → SHA-256 of what each was read from.
    """

    train: Pairs
    validation: Pairs
    test: Pairs | None
    hashes: dict[str, str]


def prepare(source: str | Pairs, options: PairDataOptions, seed: int, report: Report) -> Parts:
    """Read everything that the options name, take shares of the training pairs for the rest, say what was found.

    Raises:
        DataError: what is wrong in a file, with its line.
        StorageError: a file cannot be read.
    """
    whole = source if isinstance(source, Pairs) else read_pairs(source, options)
    _tell(whole, report)
    hashes, others = {"train": whole.sha256}, dict[str, Pairs]()
    for name, path in (("validation", options.validation), ("test", options.test)):
        if path is not None:
            others[name] = read_pairs(path, replace(options, header=None), names=whole.names)
            hashes[name] = others[name].sha256
            _tell(others[name], report)
    shares = {
        "test": options.test_share if "test" not in others else 0.0,
        "validation": options.validation_share if "validation" not in others else 0.0,
    }
    taken = by_source(whole, shares, seed)
    train = _filled(whole.take(taken["train"]), report)
    parts = {name: others.get(name) or whole.take(rows) for name, rows in taken.items() if name != "train"}
    parts |= others
    test = parts["test"] if len(parts.get("test", ())) else None
    counts = f"{len(train):,} pairs for training, {len(parts['validation']):,} for validation"
    report.say(counts + (f", {len(test):,} for the test" if test else ""))
    seen = set(zip(train.sources, train.targets or (), strict=True))
    for name, part in parts.items():
        if both := sum(pair in seen for pair in zip(part.sources, part.targets or (), strict=True)):
            report.say(f"  note: {both:,} of the {name} pairs are also among the training pairs")
    return Parts(train, parts["validation"], test, hashes)


def by_source(pairs: Pairs, shares: dict[str, float], seed: int) -> dict[str, list[int]]:
    """Rows of each part, drawn so that all pairs with the same source are in the same part; the rest is "train".

    Args:
        pairs: all of them.
        shares: name of a part → its share of the different sources; at least one, unless it is 0.
        seed: the same arguments always give the same parts.

    Raises:
        DataError: there are not enough different sources.

    Example:
        >>> from elman.data.parallel import pairs_of
        >>> parts = by_source(pairs_of(["a", "b", "a", "c"], ["1", "2", "3", "4"]), {"validation": 0.1}, seed=0)
        >>> sorted(len(rows) for rows in parts.values())
        [1, 3]
    """
    groups: dict[str, list[int]] = {}
    for row, text in enumerate(pairs.sources):
        groups.setdefault(text, []).append(row)
    wanted = {name: max(1, round(share * len(groups))) if share else 0 for name, share in shares.items()}
    if sum(wanted.values()) >= len(groups):
        raise DataError(
            f"there {'is' if len(groups) == 1 else 'are'} {len(groups)} different source{'s' * (len(groups) != 1)}",
            expected=f"at least {sum(wanted.values()) + 1}: some to learn from, others to measure",
            path=pairs.path,
        )
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(groups))
    every, found, begin = list(groups.values()), dict[str, list[int]](), 0
    for name, count in [*wanted.items(), ("train", len(groups))]:
        found[name] = sorted(row for i in order[begin : begin + count] for row in every[i])
        begin += count
    return found


def _filled(pairs: Pairs, report: Report) -> Pairs:
    """The pairs without those that lack one side: nothing can be learned from them."""
    assert pairs.targets is not None
    both = zip(pairs.sources, pairs.targets, strict=True)
    bad = {row for row, (source, target) in enumerate(both) if not source.strip() or not target.strip()}
    if bad:
        more = ", …" if len(bad) > _SHOWN else ""
        places = ", ".join(pairs.place(row) for row in sorted(bad)[:_SHOWN])
        report.say(f"  note: {len(bad):,} training pairs with an empty side are left out ({places}{more})")
    kept = [row for row in range(len(pairs)) if row not in bad]
    if not kept:
        raise DataError("no training pair has texts on both sides", expected="pairs of texts", path=pairs.path)
    return pairs.take(kept) if bad else pairs


def _tell(pairs: Pairs, report: Report) -> None:
    report.say(f"{pairs.path}: {len(pairs):,} pairs, from {pairs.names[0]!r} to {pairs.names[1]!r}")
    for note in pairs.notes:
        report.say(f"  note: {note}")
