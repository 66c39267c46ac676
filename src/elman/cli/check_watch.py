"""What `elman check --task watch` prints about files of numbers recorded step by step."""

from typing import Any

from elman.cli import show
from elman.cli.findings import remarks_on, tell_plain


def check_watch(files: list[str], options: dict[str, Any], *, json: bool) -> int:
    """Print what is in the files; returns the exit code: 2 if training would refuse one."""
    from elman.data.config_file import merge
    from elman.data.series.recording import read_recording
    from elman.data.series.recording_options import RecordingOptions

    chosen, _ = merge(RecordingOptions, overrides=options)
    return tell_plain(files, lambda file: _report(read_recording(file, chosen)), _print, json=json)


def _report(data: Any) -> dict[str, Any]:
    """One file as plain values."""
    return {
        "path": data.path,
        "steps": len(data),
        "series": len(data.names) if data.series else 1,
        "columns": list(data.columns),
        "time": data.time,
        "frequency": data.frequency,
        "season": data.season,
        "from": data.times[0] if data.times else "",
        "to": data.times[-1] if data.times else "",
        "anomalies": None if data.labels is None else int(data.labels.sum()),
        "noticed": [{"kind": p.kind, "count": p.count, "sentence": p.sentence} for p in data.problems],
        "notes": data.notes,
    }


def _print(report: dict[str, Any]) -> None:
    series = f", {report['series']:,} series" if report["series"] > 1 else ""
    times = f", {report['frequency']}" if report["frequency"] else ""
    show.line(f"{report['path']}: {report['steps']:,} steps{series}{times}")
    more = f", … ({len(report['columns']) - 12:,} more)" if len(report["columns"]) > 12 else ""
    facts = [("watched", ", ".join(report["columns"][:12]) + more)]
    facts += [("time", f"{report['time']}: {report['from']} to {report['to']}")] if report["time"] else []
    facts += [("season", str(report["season"]))] if report["season"] > 1 else []
    facts += [("anomalies", f"{report['anomalies']:,}")] if report["anomalies"] is not None else []
    show.table(facts, left=(0, 1))
    remarks_on(report)
