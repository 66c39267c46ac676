"""What `elman check` prints about files of labelled numeric series."""

from collections import Counter
from typing import Any

import numpy as np

from elman.cli import show
from elman.cli.findings import remarks, tell_plain

MOST_CLASSES = 40


def check_series(files: list[str], options: dict[str, Any], *, json: bool) -> int:
    """Print what is in the files; returns the exit code: 2 if training would refuse one."""
    from elman.data.config_file import merge
    from elman.data.series.collection_options import CollectionOptions
    from elman.data.series.labelled_series import read_collection

    chosen, _ = merge(CollectionOptions, overrides=options)
    return tell_plain(files, lambda file: _report(read_collection(file, chosen, need_label=False)), _print, json=json)


def _report(data: Any) -> dict[str, Any]:
    """One file as plain values."""
    lengths = data.lengths
    seen = Counter(data.row(i).tobytes() for i in range(len(data)))
    constant = [
        i
        for i in range(len(data))
        if len(data.row(i)) and (np.fmax.reduce(data.row(i), 0) == np.fmin.reduce(data.row(i), 0)).all()
    ]
    return {
        "path": data.path,
        "series": len(data),
        "channels": list(data.channels),
        "shortest": int(lengths.min()) if len(data) else 0,
        "longest": int(lengths.max(initial=0)),
        "missing": int(np.isnan(data.values).sum()),
        "empty": int((lengths == 0).sum()),
        "constant": len(constant),
        "repeated": sum(count - 1 for count in seen.values()),
        "labels": dict(Counter(data.targets).most_common()) if data.targets is not None else {},
        "notes": data.notes,
    }


def _print(report: dict[str, Any]) -> None:
    show.line(f"{report['path']}: {report['series']:,} series, {len(report['channels'])} channels")
    steps = f"{report['shortest']:,} to {report['longest']:,}"
    show.table([("steps", steps), ("missing", f"{report['missing']:,} values")], left=(0, 1))
    if report["labels"]:
        print()
        rows = [(name, f"{count:,}", f"{count / report['series']:.1%}") for name, count in report["labels"].items()]
        show.table(rows[:MOST_CLASSES], header=("class", "series", "share"))
        if len(rows) > MOST_CLASSES:
            print(f"… and {len(rows) - MOST_CLASSES:,} other classes, or these are numbers")
    for kind, what in (
        ("empty", "have no steps"),
        ("constant", "never vary"),
        ("repeated", "stand in the file before"),
    ):
        if report[kind]:
            show.line(f"warning: {report[kind]:,} series {what}")
    remarks(note=report["notes"])
