"""What `elman predict` writes for a forecaster: every step to come of every series."""

import sys
from pathlib import Path
from typing import Any

from elman.cli.answers import form_of, write
from elman.cli.show import printable


def predict_forecast(model: Any, file: str, out: Path | None, options: dict[str, Any]) -> None:
    """Write one row per series and step: `series`, `time`, `forecast`, and `quantile_Q` per level."""
    form = form_of(out)
    table = model.read(file, **options)
    for sentence in [*table.notes, *(problem.sentence for problem in table.problems)]:
        print(printable(sentence), file=sys.stderr)
    found = model.predict(table)
    names = [f"quantile_{level:g}" for level in found.levels]
    rows = [
        {
            "series": found.names[i],
            "time": found.times[i][k],
            "forecast": _short(found.points[i, k]),
            **{name: _short(value) for name, value in zip(names, found.quantiles[i, k], strict=True)},
        }
        for i in range(len(found))
        for k in range(model.horizon)
    ]
    write(form(rows, ["series", "time", "forecast", *names], ","), len(rows), out)


def _short(value: float) -> float:
    return float(f"{value:.7g}")
