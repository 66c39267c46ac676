"""What `elman check --task forecast` prints about files of series to be continued."""

from typing import Any

from elman.cli import show
from elman.cli.findings import remarks_on, tell_plain


def check_forecast(files: list[str], options: dict[str, Any], *, json: bool) -> int:
    """Print what is in the files; returns the exit code: 2 if training would refuse one."""
    from elman.data.config_file import merge
    from elman.data.series.options import SeriesDataOptions
    from elman.data.series.reading import read_series

    chosen, _ = merge(SeriesDataOptions, overrides=options)
    return tell_plain(files, lambda file: _report(read_series(file, chosen)), _print, json=json)


def _report(table: Any) -> dict[str, Any]:
    """One file as plain values."""
    seen, roles = table.seen, table.roles
    ends = [int(i) for i in (table.first + seen)]
    last = max(range(len(table)), key=lambda i: ends[i]) if len(table) else 0
    return {
        "path": table.path,
        "series": len(table),
        "layout": roles.layout,
        "columns": {
            "time": roles.time,
            "series": list(roles.series),
            "target": list(roles.targets) if roles.layout != "rows" else [],
            "past": list(roles.past),
            "future": list(roles.future),
            "static": list(roles.static),
        },
        "why": roles.why,
        "frequency": table.frequency.name,
        "season": table.season,
        "shortest": int(seen.min(initial=0) if not len(seen) else seen.min()),
        "longest": int(seen.max(initial=0)),
        "from": table.frequency.text(int(table.first.min())) if len(table) else "",
        "to": table.time(last, max(0, int(seen[last]) - 1)) if len(table) else "",
        "noticed": [{"kind": p.kind, "count": p.count, "sentence": p.sentence} for p in table.problems],
        "notes": table.notes,
    }


def _print(report: dict[str, Any]) -> None:
    show.line(f"{report['path']}: {report['series']:,} series, {report['frequency']}")
    steps = f"{report['shortest']:,} to {report['longest']:,}"
    facts = [("steps", steps), ("times", f"{report['from']} to {report['to']}"), ("season", str(report["season"]))]
    for role, column in report["columns"].items():
        names = [column] if isinstance(column, str) else column or []
        if names:
            more = f", … ({len(names) - 6:,} more)" if len(names) > 6 else ""
            why = f" ({report['why'][role]})" if role in report["why"] else ""
            facts.append((role, ", ".join(names[:6]) + more + why))
    show.table(facts, left=(0, 1))
    remarks_on(report)
