"""From files to the rows that a classifier is trained, validated and tested on."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from elman.data.columns import Columns
from elman.data.labelled import Labelled, in_order, one_label_each, read_labelled, select
from elman.data.options import DataOptions
from elman.data.split import stratified
from elman.errors import DataError, TrainingError
from elman.learn.label_scores import known
from elman.learn.report import Report


@dataclass(frozen=True)
class Parts:
    """The rows of a training.

    Args:
        train: rows to learn from.
        validation: rows that choose the epoch.
        test: rows to measure once at the end, if there are any.
        classes: the labels of the training rows, in order.
        multi: whether a row may have several.
        hashes: "train", "validation", "test" → SHA-256 of the file each was read from.
    """

    train: Labelled
    validation: Labelled
    test: Labelled | None
    classes: tuple[str, ...]
    multi: bool
    hashes: dict[str, str]


def prepare(source: str | Labelled, options: DataOptions, seed: int, report: Report) -> Parts:
    """Read everything that the options name, split where no validation file is given, and say what was found.

    Raises:
        DataError: what is wrong in a file, with its line.
        TrainingError: fewer than two classes.
        StorageError: a file cannot be read.
    """
    whole = source if isinstance(source, Labelled) else read_labelled(source, options)
    _tell(whole, report)
    _check_classes(whole)
    hashes = {"train": whole.sha256}
    others: dict[str, Labelled] = {}
    for name, path in (("validation", options.validation), ("test", options.test)):
        if path is not None:
            others[name] = read_labelled(path, replace(options, text=None, label=None), columns=whole.columns)
            hashes[name] = others[name].sha256
            _tell(others[name], report, whole.columns)
            if not whole.multi:
                one_label_each(others[name])
    train, validation = (whole, others["validation"]) if "validation" in others else _split(whole, options, seed)
    assert train.labels is not None
    classes = in_order(name for row in train.labels for name in row)
    parts = Parts(train, validation, others.get("test"), classes, whole.multi, hashes)
    _tell_parts(parts, report, split="validation" not in others)
    return parts


def _split(whole: Labelled, options: DataOptions, seed: int) -> tuple[Labelled, Labelled]:
    assert whole.labels is not None
    train, validation = stratified(
        whole.labels, whole.texts, share=options.validation_share, seed=seed, place=whole.place
    )
    return select(whole, train.tolist()), select(whole, validation.tolist())


def _check_classes(whole: Labelled) -> None:
    fewest = 1 if whole.multi else 2
    if len(whole.classes) < fewest:
        only = f"every row has the label {whole.classes[0]!r}" if whole.classes else "no row has a label"
        raise DataError(
            only,
            expected="at least two classes to tell apart",
            fix="Give a file with rows of each class, or name another column with --label.",
            path=whole.path,
            column=whole.columns.label,
        )


def _tell(data: Labelled, report: Report, told: Columns | None = None) -> None:
    """Rows, columns and why (unless they are those told before), classes, notes."""
    assert data.labels is not None
    counts = Counter(name for row in data.labels for name in row)
    columns = data.columns
    report.say(f"{data.path}: {len(data):,} rows")
    same = told is not None and (told.text, told.label) == (columns.text, columns.label)
    for role, column in () if same else (("text", columns.text), ("label", columns.label)):
        why = f" ({columns.why[role]})" if role in columns.why else ""
        report.say(f"  {role}: column {column!r}{why}")
    report.say(f"  {len(counts)} classes: {_few([f'{name} ({counts[name]:,})' for name in data.classes])}")
    for note in data.notes:
        report.say(f"  note: {note}")


def _tell_parts(parts: Parts, report: Report, *, split: bool) -> None:
    """How many rows each part has, and what a reader of the results should know about them."""
    how = " (a share of each class, taken from the training file)" if split else ""
    sizes = f"{len(parts.train):,} rows for training, {len(parts.validation):,} for validation{how}"
    report.say(sizes + (f", {len(parts.test):,} for the test" if parts.test else ""))
    seen = set(parts.train.texts)
    for name, part in (("validation", parts.validation), ("test", parts.test)):
        if part is None:
            continue
        assert part.labels is not None
        told = known(part.labels, parts.classes)
        if not told.all():
            unseen = in_order(label for row in part.labels for label in row if label not in parts.classes)
            report.say(
                f"  note: {int((~told).sum()):,} {name} rows have labels that no training row has, "
                f"{_few([repr(label) for label in unseen])}; they count as wrong"
            )
        if name == "validation" and not told.any():
            raise TrainingError(
                f"no row of {part.path} has a label of the training rows",
                expected=f"labels such as {_few([repr(label) for label in parts.classes])}",
            )
        if both := sum(text in seen for text in part.texts):
            report.say(f"  note: {both:,} of the {name} texts are also among the training texts")


def _few(names: Sequence[str], most: int = 8) -> str:
    more = f", … ({len(names) - most} more)" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def class_weights(labels: Sequence[tuple[str, ...]], classes: Sequence[str], *, multi: bool) -> np.ndarray:
    """Weights that let every class count the same in the loss (classes), float32.

        one label: rows / (classes · rows of the class)        several: rows without the class / rows with it

    Example:
        >>> class_weights([("a",), ("a",), ("a",), ("b",)], ["a", "b"], multi=False).tolist()
        [0.6666666865348816, 2.0]
    """
    counts = Counter(name for row in labels for name in row)
    rows = np.array([counts[name] for name in classes], dtype=np.float32)
    return (len(labels) - rows).clip(1) / rows if multi else len(labels) / (len(classes) * rows)
