"""From a table of series to what a forecaster learns from: sizes decided, the newest steps held back, and said so."""

from dataclasses import dataclass, replace

import numpy as np

from elman.data.series.reading import read_series
from elman.data.series.table import SeriesTable
from elman.data.series.windows import Windows
from elman.errors import ConfigError, DataError, TrainingError
from elman.learn.report import Report
from elman.tasks.forecast.covariates import Covariates
from elman.tasks.forecast.network import Sizes
from elman.tasks.forecast.options import ForecastOptions

_LONGEST = 1000  # of a context that is not asked for


@dataclass(frozen=True, eq=False)
class Parts:
    """The steps of a training.

    Args:
        table: the series.
        sizes: of the network.
        covariates: how covariates become numbers.
        train: the windows learned from.
        validation: those that choose the epoch; where no series is long enough, those of the training.
        test: those measured at the end, if steps were held back for them.
        ends: steps of each series that the training may look at (n).
        held_back: whether the validation has steps of its own.
    """

    table: SeriesTable
    sizes: Sizes
    covariates: Covariates
    train: Windows
    validation: Windows
    test: Windows | None
    ends: np.ndarray
    held_back: bool


def prepare(source: str | SeriesTable, options: ForecastOptions, report: Report) -> Parts:
    """Read the series, decide the sizes, hold back the newest steps.

    Raises:
        DataError: what is wrong in the file, or a horizon longer than every series.
        ConfigError: options that do not go together.
        TrainingError: nothing to learn from.
    """
    table = source if isinstance(source, SeriesTable) else read_series(source, options.data)
    tell(table, report)
    if not len(table.values) or not np.isfinite(table.values).any():
        raise TrainingError(f"{table.path} holds no values", "numbers to learn from")
    model = options.model
    horizon, context = decided_sizes(table, options)
    covariates = Covariates.fit(table, model.calendar)
    if model.network == "autoregressive" and covariates.past:
        raise ConfigError(
            f"the network is autoregressive, and {', '.join(covariates.past)} would have to be forecast, too",
            "columns known ahead only (--future)",
            "Choose another --network.",
        )
    train, validation, tested, ends, short = _windows(table, options, context, horizon)
    own = len(validation) > 0
    sizes = Sizes(
        context=context,
        horizon=horizon,
        season=table.season,
        segment=_segment(context, horizon, table.season, model.segment),
        unknown=sum(coding.width for coding in covariates.past.values()),
        known=covariates.known(_first_series(table)).shape[1],
        static=sum(coding.width for coding in covariates.static.values()),
        series=len(table),
    )
    parts = Parts(table, sizes, covariates, train, validation if own else train, tested, ends, own)
    _tell_parts(parts, short, report)
    return parts


def _windows(
    table: SeriesTable, options: ForecastOptions, context: int, horizon: int
) -> tuple[Windows, Windows, Windows | None, np.ndarray, int]:
    """The windows of training, validation and test, where each series' training ends, and how many are too short."""
    training = options.training
    seen = table.seen
    test = training.test_steps
    held = training.validation_steps or horizon
    stride = training.stride or horizon
    room = seen - test - held > horizon  # else the series is learned from whole, and does not choose the epoch
    ends = np.where(room, seen - test - held, np.maximum(seen - test, 0))
    train = Windows.of(table.starts, least=min(context, 2 * horizon), end=ends, context=context, horizon=horizon)
    if not len(train):
        longest = int(seen.max(initial=0))
        raise DataError(
            f"the horizon is {horizon} steps, and the longest series has {longest} for the training",
            f"one of {horizon + 1} at least",
            "Choose a shorter --horizon, or hold back fewer steps.",
            path=table.path,
        )
    validation = Windows.of(
        table.starts,
        begin=np.where(room, seen - test - held, seen),
        end=seen - test,
        stride=stride,
        context=context,
        horizon=horizon,
    )
    tested = None
    if test:
        tested = Windows.of(table.starts, begin=seen - test, end=seen, stride=stride, context=context, horizon=horizon)
    if tested is not None and not len(tested):
        raise ConfigError(f"test_steps is {test}", f"at least the horizon, {horizon}")
    return train, validation, tested, ends, int((~room).sum())


def decided_sizes(table: SeriesTable, options: ForecastOptions) -> tuple[int, int]:
    """Horizon and context: as asked for, or from the season and the lengths."""
    season = table.season
    horizon = options.model.horizon or (season if season > 1 else 10)
    longest = max(1, int(table.seen.max(initial=1)) - horizon)
    context = options.model.context or min(max(2 * season, 3 * horizon), longest, _LONGEST)
    return horizon, context


def _segment(context: int, horizon: int, season: int, wanted: int | None) -> int:
    """Steps of a segment: as asked for, else a season where at least two fit, else about a quarter of the context."""
    if wanted is not None:
        if wanted > context:
            raise ConfigError(f"segment is {wanted} and context {context}", "a segment no longer than the context")
        return wanted
    if 1 < season <= context // 2:
        return season
    return max(1, min(context // 4, horizon))


def _first_series(table: SeriesTable) -> SeriesTable:
    """A table of no steps with the same columns, to know the widths of what they become."""
    empty = {name: values[:0] for name, values in table.covariates.items()}
    return replace(
        table, names=[], starts=table.starts[:1], values=table.values[:0], first=table.first[:0], covariates=empty,
        static={name: values[:0] for name, values in table.static.items()},
    )  # fmt: skip


def tell(table: SeriesTable, report: Report) -> None:
    """What was found in a table of series."""
    lengths = table.seen
    steps = f"{int(lengths.min()):,} to {int(lengths.max()):,} steps" if len(table) > 1 else ""
    one = f"{int(lengths[0]):,} steps" if len(table) == 1 else ""
    report.say(f"{table.path}: {len(table):,} series, {steps or one}, {table.frequency.name}, season {table.season}")
    roles = table.roles
    named = {"time": roles.time, "series": ", ".join(roles.series) or None}
    if roles.layout == "long" and roles.targets:
        named["target"] = roles.targets[0]
    for role, column in named.items():
        if column is not None:
            report.say(f"  {role}: column {column!r}" + (f" ({roles.why[role]})" if role in roles.why else ""))
    if roles.layout != "long" and roles.targets:
        what = "a series is a column" if roles.layout == "columns" else "a series is a row"
        report.say(f"  {what}: {', '.join(table.names[:6])}{', …' if len(table) > 6 else ''}")
    for note in [*table.notes, *(problem.sentence for problem in table.problems)]:
        report.say(f"  note: {note}")


def _tell_parts(parts: Parts, short: int, report: Report) -> None:
    sizes = parts.sizes
    report.say(f"{sizes.horizon} steps are forecast from {sizes.context}; {len(parts.train):,} windows to learn from")
    if not parts.held_back:
        report.say("  note: no series is long enough to hold steps back: the training loss chooses the epoch")
    elif short:
        report.say(f"  note: {short:,} series are too short to hold steps back from: they do not choose the epoch")
