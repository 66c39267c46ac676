"""From files to the series that a model is trained, validated and tested on."""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from elman.data.labelled import in_order
from elman.data.series.collection import Collection
from elman.data.series.labelled_series import read_collection
from elman.data.split import stratified
from elman.errors import DataError, TrainingError
from elman.learn.report import Report
from elman.tasks.series.options import SeriesOptions

FEW = 300  # of fewer training series none is kept for validation unless a share is asked for


@dataclass(frozen=True)
class Parts:
    """The series of a training.

    Args:
        train, validation: to learn from, and to choose the epoch by.
        same: whether both are the same series.
        test: to measure once at the end, if there are any.
        hashes: "train", "validation", "test" → SHA-256 of the file each was read from.
    """

    train: Collection
    validation: Collection
    same: bool
    test: Collection | None
    hashes: dict[str, str]


def prepare(source: str | Path | Collection, options: SeriesOptions, report: Report) -> Parts:
    """Read everything that the options name, split where that is due, and say what was found.

    Raises:
        DataError: what is wrong in a file, with its line; or a single class.
        StorageError: a file cannot be read.
    """
    data, numbers = options.data, options.model.learn == "number"
    whole = source if isinstance(source, Collection) else read_collection(source, data)
    if whole.targets is None:
        raise DataError("there are no labels", "a class or a number for every series", path=whole.path)
    _tell(whole, report, numbers)
    if not numbers and len(set(whole.targets)) < 2:
        raise DataError(f"every series has the class {whole.targets[0]!r}", "at least two classes", path=whole.path)
    hashes = {"train": whole.sha256}
    others: dict[str, Collection] = {}
    for name, path in (("validation", data.validation), ("test", data.test)):
        if path is not None:
            others[name] = read_collection(path, replace(data, format=None))
            hashes[name] = others[name].sha256
            _tell(others[name], report, numbers)
            _check_part(others[name], whole, numbers, name)
    train, validation, same = whole, others.get("validation", whole), "validation" not in others
    share = data.validation_share or (0.1 if len(whole) >= FEW else None)
    if same and share is not None:
        train, validation = _split(whole, share, options.training.seed, numbers)
        same = False
    how = ", the training loss chooses the epoch" if same else f", {len(validation):,} for validation"
    report.say(f"{len(train):,} series for training{how}")
    return Parts(train, validation, same, others.get("test"), hashes)


def _split(whole: Collection, share: float, seed: int, numbers: bool) -> tuple[Collection, Collection]:
    """A share of each class (or of all), the same series never on both sides."""
    assert whole.targets is not None
    if numbers:
        order = np.random.Generator(np.random.PCG64(seed)).permutation(len(whole))
        held = max(1, round(share * len(whole)))
        return whole.take(np.sort(order[held:])), whole.take(np.sort(order[:held]))
    texts = [whole.row(i).tobytes().hex() for i in range(len(whole))]
    train, validation = stratified([(t,) for t in whole.targets], texts, share, seed, place=whole.place)
    return whole.take(train), whole.take(validation)


def _check_part(part: Collection, whole: Collection, numbers: bool, name: str) -> None:
    if part.values.shape[1] != whole.values.shape[1]:
        raise DataError(
            f"the series have {part.values.shape[1]} channels", f"{whole.values.shape[1]}, as in {whole.path}",
            path=part.path,
        )  # fmt: skip
    if not numbers and name == "validation" and not set(part.targets or []) & set(whole.targets or []):
        raise TrainingError(f"no series of {part.path} has a class of the training series")


def _tell(data: Collection, report: Report, numbers: bool) -> None:
    lengths = data.lengths
    least, most = int(lengths.min(initial=10**9)), int(lengths.max(initial=0))
    steps = f"{most} steps" if least == most else f"{least} to {most} steps"
    names = ", ".join(data.channels[:6]) + (", …" if len(data.channels) > 6 else "")
    report.say(f"{data.path}: {len(data):,} series of {steps}, {len(data.channels)} channels ({names})")
    if not numbers:
        counts = Counter(data.targets)
        shown = ", ".join(f"{name} ({counts[name]:,})" for name in in_order(counts)[:8])
        report.say(f"  {len(counts)} classes: {shown}{', …' if len(counts) > 8 else ''}")
    gaps = int(np.isnan(data.values).sum())
    if gaps:
        report.say(f"  note: {gaps:,} of {data.values.size:,} values are missing; the network is told where")
    if not most:
        raise DataError("every series is empty", "at least one step", path=data.path)
    for note in data.notes:
        report.say(f"  note: {note}")
