"""From files to the sentences that a tagger is trained, validated and tested on."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from elman.data.labelled import in_order
from elman.data.sentences import Tagged, select
from elman.data.split import small_enough
from elman.data.tagged import read_tagged
from elman.data.tagged_options import TagDataOptions
from elman.errors import DataError, TrainingError
from elman.learn.report import Report
from elman.learn.spans import invalid, scheme_of


@dataclass(frozen=True)
class Parts:
    """The sentences of a training.

    Args:
        train: sentences to learn from.
        validation: sentences that choose the epoch.
        test: sentences to measure once at the end, if there are any.
        classes: the tags of the training sentences, in order.
        labels: the labels of the training sentences, in order; empty where there are none.
        scheme: how the tags tell entities: "bio", "iob1", "bioes", or "".
        hashes: "train", "validation", "test" → SHA-256 of the file each was read from.
    """

    train: Tagged
    validation: Tagged
    test: Tagged | None
    classes: tuple[str, ...]
    labels: tuple[str, ...]
    scheme: str
    hashes: dict[str, str]


def prepare(source: str | Tagged, options: TagDataOptions, seed: int, report: Report) -> Parts:
    """Read everything that the options name, split where no validation file is given, and say what was found.

    Raises:
        DataError: what is wrong in a file, with its line.
        TrainingError: validation sentences without a single known tag.
        StorageError: a file cannot be read.
    """
    whole = source if isinstance(source, Tagged) else read_tagged(source, options)
    assert whole.tags is not None
    scheme = scheme_of(whole.tags)
    _tell(whole, scheme, report)
    _check_tags(whole)
    hashes = {"train": whole.sha256}
    others: dict[str, Tagged] = {}
    for name, path in (("validation", options.validation), ("test", options.test)):
        if path is not None:
            own = replace(options, word=None, tag=None, sentence=None)
            others[name] = read_tagged(path, own, columns=whole.columns)
            hashes[name] = others[name].sha256
            _tell(others[name], scheme, report)
    train, validation = (whole, others["validation"]) if "validation" in others else _split(whole, options, seed)
    train = select(train, [i for i, row in enumerate(train.words) if row])  # nothing is learned from no words
    assert train.tags is not None
    classes = in_order(tag for row in train.tags for tag in row)
    labels = in_order(train.labels or ())
    parts = Parts(train, validation, others.get("test"), classes, labels, scheme, hashes)
    _tell_parts(parts, report, split="validation" not in others)
    return parts


def split_rows(words: Sequence[Sequence[str]], share: float, seed: int) -> tuple[list[int], list[int]]:
    """Rows for training and for validation, drawn; the same sentence never stands on both sides.

    Example:
        >>> train, validation = split_rows([["a"], ["b"], ["a"], ["c"]], 0.25, seed=0)
        >>> sorted(train + validation), len(validation) >= 1
        ([0, 1, 2, 3], True)
    """
    rows_of: dict[tuple[str, ...], list[int]] = {}
    for row, sentence in enumerate(words):
        rows_of.setdefault(tuple(sentence), []).append(row)
    groups = list(rows_of.values())
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(groups))
    wanted = share * len(words)
    chosen: list[int] = []
    for rows in small_enough([groups[k] for k in order], wanted):
        if chosen and len(chosen) + len(rows) / 2 > wanted:
            break
        chosen += rows
    held = set(chosen)
    return [row for row in range(len(words)) if row not in held], sorted(chosen)


def _split(whole: Tagged, options: TagDataOptions, seed: int) -> tuple[Tagged, Tagged]:
    train, validation = split_rows(whole.words, options.validation_share, seed)
    if not train or not validation:
        raise DataError(
            "there is one sentence only, again and again" if len(whole) > 1 else "there is a single sentence",
            expected="two different ones at least, one to learn from and one to validate with",
            fix="Is an empty line missing between sentences? Validation sentences may have a file of their own "
            "(--validation).",
            path=whole.path,
        )
    return select(whole, train), select(whole, validation)


def _check_tags(whole: Tagged) -> None:
    different = {tag for row in whole.tags or () for tag in row}
    if len(different) < 2:
        raise DataError(
            f"every word has the tag {next(iter(different))!r}" if different else "there is not a single word",
            expected="two different tags at least",
            fix="Name another column with --tag.",
            path=whole.path,
        )


def _tell(data: Tagged, scheme: str, report: Report) -> None:
    """Sentences, columns, tags, labels, and what is wrong with the entities."""
    assert data.tags is not None
    report.say(f"{data.path}: {len(data):,} sentences, {data.tokens:,} words ({data.format})")
    if data.columns:
        report.say(f"  {', '.join(f'{role}: column {name!r}' for role, name in data.columns.items())}")
    counts = Counter(tag for row in data.tags for tag in row)
    report.say(f"  {len(counts)} tags: {few([f'{name} ({number:,})' for name, number in counts.most_common()])}")
    if data.labels is not None:
        of = Counter(data.labels)
        report.say(f"  {len(of)} labels: {few([f'{name} ({number:,})' for name, number in of.most_common()])}")
    if scheme:
        report.say(f"  the tags tell entities ({scheme.upper()})")
        wrong = [(i, j) for i, row in enumerate(data.tags) for j in invalid(row, scheme)]
        if wrong:
            i, j = wrong[0]
            report.say(
                f"  note: {len(wrong):,} tags may not stand where they do in {scheme.upper()}, "
                f"the first, {data.tags[i][j]!r}, on line {data.lines[i][j]}"
            )
    for note in data.notes:
        report.say(f"  note: {note}")


def _tell_parts(parts: Parts, report: Report, *, split: bool) -> None:
    """How many sentences each part has, and what a reader of the results should know about them."""
    how = " (drawn from the training file)" if split else ""
    sizes = f"{len(parts.train):,} sentences for training, {len(parts.validation):,} for validation{how}"
    report.say(sizes + (f", {len(parts.test):,} for the test" if parts.test else ""))
    seen = {tuple(row) for row in parts.train.words}
    for name, part in (("validation", parts.validation), ("test", parts.test)):
        if part is None:
            continue
        assert part.tags is not None
        unseen = Counter(tag for row in part.tags for tag in row if tag not in parts.classes)
        if unseen:
            names = few([repr(tag) for tag in in_order(unseen)])
            report.say(
                f"  note: {unseen.total():,} {name} words have tags that the training does not have, {names}; "
                "they count as wrong"
            )
        if name == "validation" and unseen.total() == part.tokens:
            raise TrainingError(
                f"no word of {part.path} has a tag of the training sentences",
                expected=f"tags such as {few([repr(tag) for tag in parts.classes])}",
            )
        if both := sum(tuple(row) in seen for row in part.words):
            report.say(f"  note: {both:,} of the {name} sentences are also among the training sentences")


def few(names: Sequence[str], most: int = 8) -> str:
    """The first names, and how many more there are."""
    more = f", … ({len(names) - most} more)" if len(names) > most else ""
    return ", ".join(names[:most]) + more
