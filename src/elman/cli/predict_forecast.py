"""What `elman predict` writes for a forecaster: every step to come of every series."""

import sys
from pathlib import Path
from typing import Any

from elman.cli.answers import form_of, write
from elman.cli.show import printable

MOST = 12  # series in a picture


def predict_forecast(model: Any, file: str, out: Path | None, options: dict[str, Any]) -> None:
    """Write one row per series and step: `series`, `time`, `forecast`, and `quantile_Q` per level; or a picture."""
    picture = out is not None and out.suffix.lower() in (".png", ".svg", ".pdf")
    form = form_of(None if picture else out)
    table = model.read(file, **options)
    for sentence in [*table.notes, *(problem.sentence for problem in table.problems)]:
        print(printable(sentence), file=sys.stderr)
    found = model.predict(table)
    if picture:
        _draw(table, found, out)
        return
    names = [f"quantile_{level:g}" for level in found.levels]
    rows = (
        {
            "series": found.names[i],
            "time": found.times[i][k],
            "forecast": _short(found.points[i, k]),
            **{name: _short(value) for name, value in zip(names, found.quantiles[i, k], strict=True)},
        }
        for i in range(len(found))
        for k in range(model.horizon)
    )
    write(form(rows, ["series", "time", "forecast", *names], ","), found.points.size, out)


def _short(value: float) -> float:
    return float(f"{value:.7g}")


def _draw(table: Any, found: Any, out: Any) -> None:
    """The newest values of each series, and what follows."""
    from elman.plots.figure import save_figure
    from elman.plots.forecasts import Panel, draw_forecasts

    seen = table.seen
    panels = [
        Panel(name, table.of(i)[: seen[i]], found.points[i], found.times[i], found.levels, found.quantiles[i])
        for i, name in enumerate(found.names)
    ]
    save_figure(draw_forecasts(panels, MOST), out)
    print(f"{out}: {min(MOST, len(panels))} of {len(panels):,} series", file=sys.stderr)
