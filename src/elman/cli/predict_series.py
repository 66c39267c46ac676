"""What `elman predict` writes for a model of series: a class and its probabilities, or a number, for every series."""

import sys
from pathlib import Path
from typing import Any

from elman.cli.answers import form_of, write
from elman.cli.show import printable


def predict_series(model: Any, file: str, out: Path | None, options: dict[str, Any]) -> None:
    """Write one row per series, in the same order: `label` and `probability_CLASS` per class, or `number`."""
    form = form_of(out)
    data = model.read(file, need_label=False, **options)
    for note in data.notes:
        print(printable(note), file=sys.stderr)
    if model.classes is None:
        names, rows = ["number"], [{"number": float(f"{value:.6g}")} for value in model.predict(data)]
    else:
        names = ["label", *(f"probability_{name}" for name in model.classes)]
        rows = [
            {
                "label": model.classes[row.argmax()],
                **{n: float(f"{p:.6g}") for n, p in zip(names[1:], row, strict=True)},
            }
            for row in model.probabilities(data)
        ]
    write(form(rows, names, ","), len(rows), out)
