"""`elman watch`: a line in, a score out, for as long as lines come."""

import csv
import json
import sys
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from elman.cli.by_task import load_for
from elman.cli.show import printable
from elman.data.files import STDIN, shown
from elman.errors import ConfigError, DataError

Flag = Annotated[bool, Parameter(negative=(), show_default=False)]
Write = Callable[[dict[str, Any]], None]


def watch(
    run: Path,
    file: Annotated[str, Parameter(allow_leading_hyphen=True)] = STDIN,
    /,
    *,
    alarms: float | None = None,
    threshold: float | None = None,
    smoothing: float | None = None,
    hold: int | None = None,
    only_alarms: Flag = False,
    skip_bad: Flag = False,
    format: Literal["csv", "jsonl"] = "csv",
    picture: Annotated[Path | None, Parameter(alias="-p")] = None,
) -> None:
    """Watch numbers line by line: writes how unlike its forecast each step is, as soon as its line is there.

    A line is a row of CSV (after a header, or in the order of the training's file) or a JSON object. What is written:
    time, series (of those that the training had), score, threshold, alarm (0 or 1), event (its number, where there is
    alarm), column (the one most unlike its forecast), forecast and observed value. Ctrl-C ends it.

    Args:
        run: the run folder of a trained watcher.
        file: a file; - for the standard input.
        alarms: share of normal steps that may give alarm; that of the training if not given.
        threshold: score above which there is alarm, in the place of --alarms.
        smoothing: share of the score that is the one before; that of the training if not given.
        hold: the values of an alarm are read as missing, so many steps in a row; that of the training if not given.
        only_alarms: write the steps with alarm only.
        skip_bad: name wrong lines on the standard error and go on, instead of ending.
        format: of what is written.
        picture: draw the whole file instead, with what was expected, into a .png, .svg or .pdf file.
    """
    import numpy as np

    from elman.data.series.lines import StepLines, read_lines

    np.seterr(over="ignore")  # a value beyond all bounds is an alarm, not a warning
    model = load_for("watch", run)
    _check(alarms, threshold, smoothing, hold)
    if picture is not None:
        _draw(model, file, picture, model.threshold(alarms, smoothing) if threshold is None else threshold)
        return
    roles = model.roles
    lines = StepLines(model.columns, roles["time"], roles["series"], roles["header"], shown(file), _say)
    names = [role for role in ("time", "series") if roles[role]]
    names += ["score", "threshold", "alarm", "event", "column", "forecast", "observed"]
    write = _as_json if format == "jsonl" else _csv(names)
    how = {"alarms": alarms, "threshold": threshold, "smoothing": smoothing, "hold": hold}
    streams = defaultdict[str, Any](lambda: model.stream(**how))  # one of each series
    with suppress(KeyboardInterrupt):
        for reading in read_lines(file, lines, _skipped if skip_bad else None):
            step = streams[reading.series](reading.values)
            if step.alarm or not only_alarms:
                write(_row(reading, step, names))


def _check(alarms: float | None, threshold: float | None, smoothing: float | None, hold: int | None) -> None:
    if alarms is not None and threshold is not None:
        raise ConfigError("--alarms and --threshold are given", expected="one of them")
    if alarms is not None and not 0 < alarms < 1:
        raise ConfigError(f"--alarms is {alarms:g}", expected="a number, more than 0 and less than 1")
    if threshold is not None and not 0 <= threshold < float("inf"):
        raise ConfigError(f"--threshold is {threshold:g}", expected="a number, at least 0")
    if smoothing is not None and not 0 <= smoothing < 1:
        raise ConfigError(f"--smoothing is {smoothing:g}", expected="a number, at least 0 and less than 1")
    if hold is not None and hold < 0:
        raise ConfigError(f"--hold is {hold}", expected="a whole number, at least 0")


def _row(reading: Any, step: Any, names: list[str]) -> dict[str, Any]:
    """What is written of a step; None where there is nothing to say."""
    found = {
        "time": reading.time,
        "series": reading.series,
        "score": _short(step.score),
        "threshold": _short(step.threshold),
        "alarm": int(step.alarm),
        "event": step.event or None,
        "column": step.column or None,
        "forecast": _short(step.forecast),
        "observed": _short(step.observed),
    }
    return {name: found[name] for name in names}


def _short(value: float | None) -> float | None:
    """Seven digits; None where it is no number."""
    return None if value is None or value - value != 0 else float(f"{value:.7g}")


def _csv(names: list[str]) -> Write:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    sys.stdout.flush()

    def write(row: dict[str, Any]) -> None:
        writer.writerow(row.values())
        sys.stdout.flush()

    return write


def _as_json(row: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
    sys.stdout.flush()


def _draw(model: Any, file: str, out: Path, threshold: float) -> None:
    """The newest series of a file, its forecasts, and the alarms of a stream."""
    from elman.plots.anomalies import Watched, draw_anomalies
    from elman.plots.figure import save_figure

    data = model.read(file)
    found, piece = model.scores(data), data.pieces()[-1]
    alarm = found.score > threshold
    columns = [
        Watched(
            name, data.values[piece, k], found.forecast[piece, k], threshold * found.deviation[piece, k],
            (alarm & (found.column == k))[piece],
        )
        for k, name in enumerate(model.columns)
    ]  # fmt: skip
    save_figure(draw_anomalies(columns, data.times[piece] if data.times else None), out)


def _say(sentence: str) -> None:
    print(printable(sentence), file=sys.stderr)


def _skipped(error: DataError) -> None:
    _say(f"elman: {error} The line is passed over.")
