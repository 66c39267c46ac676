"""Series as a network reads them: scaled, coded, and cut into batches of windows."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from elman.data.series.scaling import Scale, fit_scale
from elman.data.series.table import SeriesTable, starts_of
from elman.data.series.windows import places
from elman.errors import DataError
from elman.tasks.forecast.covariates import Covariates
from elman.tasks.forecast.options import ForecastModelOptions

_WIDEST = 1e30  # of what a network reads, float32 goes up to 3e38


@dataclass(frozen=True, eq=False)
class Batch:
    """n windows: L steps looked back on, H to come.

    Args:
        past: scaled values (n, L), 0 where missing.
        seen: 1 where there is one, else 0 (n, L).
        unknown: past covariates (n, L, p).
        before: known covariates of the context (n, L, k).
        ahead: known covariates of the horizon (n, H, k).
        static: of the series (n, s).
        series: its number among those of the training, from 1; 0 for another (n).
        shift, size: z = (value - shift) / size of the window (n, 1), float64.
        target: scaled values to come (n, H), 0 where missing.
        real: 1 where there is one (n, H).
    """

    past: Tensor
    seen: Tensor
    unknown: Tensor
    before: Tensor
    ahead: Tensor
    static: Tensor
    series: Tensor
    shift: Tensor
    size: Tensor
    target: Tensor
    real: Tensor

    def to(self, device: torch.device) -> "Batch":
        """On another device."""
        return Batch(**{name: value.to(device) for name, value in self.__dict__.items()})

    def repeat(self, times: int) -> "Batch":
        """Every row so many times, one after another."""
        return Batch(**{name: value.repeat_interleave(times, 0) for name, value in self.__dict__.items()})

    def newest(self, steps: int) -> "Batch":
        """The same windows with the newest steps of the context only."""
        names = ("past", "seen", "unknown", "before")
        return replace(self, **{name: getattr(self, name)[:, -steps:] for name in names})

    def original(self, scaled: Tensor) -> Tensor:
        """Values of the series' scale out of those of the window's, (n, …), float64."""
        shape = (-1,) + (1,) * (scaled.dim() - 1)
        return scaled * self.size.view(shape) + self.shift.view(shape)


@dataclass(frozen=True, eq=False)
class Material:
    """Series, scaled and coded, in flat arrays.

    Args:
        table: the series.
        scale: of each of them.
        values: scaled (total), float64, 0 where missing: a window's scale makes float32 of them.
        seen: 1 where there is a value (total), float32.
        known, unknown: covariates (total, …), float32.
        static: (n, s), float32.
        series: the number of each series among those of the training, from 1; 0 for another (n).
        window: how each context is scaled.
    """

    table: SeriesTable
    scale: Scale
    values: np.ndarray
    seen: np.ndarray
    known: np.ndarray
    unknown: np.ndarray
    static: np.ndarray
    series: np.ndarray
    window: str

    @staticmethod
    def of(
        table: SeriesTable, scale: Scale, covariates: Covariates, names: dict[str, int], options: ForecastModelOptions
    ) -> "Material":
        """Scale and code some series.

        Args:
            table: the series.
            scale: of each of them.
            covariates: how covariates become numbers.
            names: the number of each series of the training, from 1.
            options: of the model.

        Raises:
            DataError: a value that has no place in the scale.
        """
        owner = np.repeat(np.arange(len(table)), table.lengths)
        scaled = scale.forth(table.values, owner)
        real = np.isfinite(scaled)
        _refuse_outside(
            table, np.flatnonzero(np.isfinite(table.values) & ~real), "which has no logarithm", "Train without --log."
        )
        if options.window in ("none", "last"):
            with np.errstate(invalid="ignore"):
                wide = np.flatnonzero(np.abs(scaled) > _WIDEST)
            _refuse_outside(table, wide, "too wide for the network", "Choose --window mean, or --scaling standard.")
        return Material(
            table,
            scale,
            np.where(real, scaled, 0),
            real.astype(np.float32),
            covariates.known(table),
            covariates.unknown(table),
            covariates.fixed(table),
            np.array([names.get(name, 0) for name in table.names], dtype=np.int64),
            options.window,
        )

    def batch(self, series: np.ndarray, origin: np.ndarray, context: int, horizon: int) -> Batch:
        """The windows at some origins; steps outside of a series are missing."""
        index, there = places(self.table.starts, series, origin, -context, horizon)
        values = self.values[index] * there
        seen = self.seen[index] * there
        known, unknown = self.known[index] * there[..., None], self.unknown[index[:, :context]]
        past, mask = values[:, :context], seen[:, :context]
        shift, size = window_scale(past, mask, self.window)
        scaled = ((values - shift) / size * seen).astype(np.float32)
        arrays = (
            scaled[:, :context], mask, unknown * there[:, :context, None], known[:, :context], known[:, context:],
            self.static[series], self.series[series], shift, size, scaled[:, context:], seen[:, context:],
        )  # fmt: skip
        return Batch(*(torch.from_numpy(np.ascontiguousarray(array)) for array in arrays))


def window_scale(past: np.ndarray, seen: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Shift and size of each context (n, 1), from the values that it holds.

    Example:
        >>> shift, size = window_scale(np.array([[0.0, 4.0, 2.0]]), np.array([[0.0, 1.0, 1.0]]), "mean")
        >>> shift.tolist(), size.tolist()
        ([[0.0]], [[3.0]])
    """
    count = np.maximum(seen.sum(1, keepdims=True), 1)
    level = (np.abs(past) * seen).sum(1, keepdims=True) / count
    level[level == 0] = 1
    shift, size = np.zeros_like(level), np.ones_like(level)
    if kind == "mean":
        size = level
    elif kind == "standard":
        shift = (past * seen).sum(1, keepdims=True) / count
        size = np.sqrt((((past - shift) * seen) ** 2).sum(1, keepdims=True) / count)
        size = np.where(size > 1e-9 * level, size, level)  # a constant context
    elif kind == "last":
        last = past.shape[1] - 1 - seen[:, ::-1].argmax(1)
        shift = np.where(seen.any(1), past[np.arange(len(past)), last], 0)[:, None]
    return shift, size


def _refuse_outside(table: SeriesTable, wrong: np.ndarray, why: str, fix: str) -> None:
    """Refuse values at some places of the flat arrays, naming the first."""
    if not len(wrong):
        return
    i = int(np.searchsorted(table.starts, wrong[0], side="right")) - 1
    when = f" at {table.time(i, int(wrong[0] - table.starts[i]))}" if table.timed else ""
    raise DataError(
        f"{table.names[i]!r} is {table.values[wrong[0]]:g}{when}, {why} ({len(wrong):,} such values)",
        "values like those of the training",
        fix,
        path=table.path,
    )


def fitted_scale(table: SeriesTable, ends: np.ndarray, options: ForecastModelOptions) -> Scale:
    """The scale of each series from its first `ends` steps (n)."""
    keep = np.arange(len(table.values)) - np.repeat(table.starts[:-1], table.lengths) < np.repeat(ends, table.lengths)
    starts = starts_of(np.minimum(ends, table.lengths))
    return fit_scale(table.values[keep], starts, options.scaling, options.log, table.names, table.path)


def extended(table: SeriesTable, horizon: int) -> SeriesTable:
    """The same series, each cut or padded to end `horizon` steps after its newest value.

    Raises:
        DataError: a column known ahead has no value there.
    """
    seen = table.seen
    lengths = seen + horizon
    starts = starts_of(lengths)
    kept = np.minimum(table.lengths, lengths)
    steps = np.arange(int(kept.sum())) - np.repeat(starts_of(kept)[:-1], kept)
    source = np.repeat(table.starts[:-1], kept) + steps
    target = np.repeat(starts[:-1], kept) + steps

    def moved(values: np.ndarray) -> np.ndarray:
        empty = None if values.dtype == object else np.nan
        new = np.full(int(starts[-1]), empty, dtype=values.dtype)
        new[target] = values[source]
        return new

    covariates = {name: moved(values) for name, values in table.covariates.items()}
    longer = replace(table, starts=starts, values=moved(table.values), covariates=covariates)
    for name in table.roles.future:
        values = covariates[name]
        if values.dtype == object:
            continue  # an empty cell is no event
        places_ahead = (starts[1:, None] - horizon + np.arange(horizon)).reshape(-1)
        missing = np.flatnonzero(~np.isfinite(values[places_ahead]))
        if len(missing):
            i, step = divmod(int(missing[0]), horizon)
            raise DataError(
                f"{name!r} is missing for {longer.time(i, int(seen[i]) + step)} of {table.names[i]!r} "
                f"({len(missing):,} such steps)",
                f"its value for the {horizon} steps ahead of every series",
                "Add rows for them, with the target left empty.",
                path=table.path,
                column=name,
            )
    return longer
