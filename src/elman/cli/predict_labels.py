"""What `elman predict` writes for a classifier: a label and its probabilities for every text of a file."""

import sys
from pathlib import Path
from typing import Any

from elman.cli.answers import form_of, write
from elman.cli.show import printable


def predict_labels(model: Any, file: str, out: Path | None, options: dict[str, Any]) -> None:
    """Write one row per text, in the same order: the column `label`, and a column `probability_CLASS` per class."""
    form = form_of(out)
    if file == "-" and sys.stdin.isatty():
        print("One text per line; Ctrl-D ends.", file=sys.stderr)
    data = model.read(file, need_label=False, **options)
    for note in data.notes:
        print(printable(note), file=sys.stderr)
    probabilities = model.probabilities(data.texts)
    names = [f"probability_{name}" for name in model.classes]
    rows = [
        {"label": label, **{name: float(f"{p:.6g}") for name, p in zip(names, row, strict=True)}}
        for label, row in zip(model.labels_from(probabilities), probabilities.tolist(), strict=True)
    ]
    content = form(rows, ["label", *names], model.options.data.label_separator or ",")
    write(content, len(rows), out)
