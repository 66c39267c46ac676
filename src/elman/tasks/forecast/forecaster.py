"""A trained forecaster: the newest data of series in, what comes next out."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.data.series.frequency import Frequency
from elman.data.series.reading import read_series
from elman.data.series.scaling import Scale
from elman.data.series.table import SeriesTable
from elman.errors import ArgumentError, ArgumentTypeError, DataError
from elman.learn.weights import count_weights
from elman.tasks.forecast.covariates import Covariates
from elman.tasks.forecast.inference import Said, forecasts
from elman.tasks.forecast.material import Material, extended, fitted_scale
from elman.tasks.forecast.measuring import measure
from elman.tasks.forecast.network import Network
from elman.tasks.forecast.options import ForecastOptions
from elman.tasks.forecast.outputs import levels_of
from elman.tasks.task import TrainedModel

if TYPE_CHECKING:
    from elman.tasks.forecast.streaming import ForecastStream


@dataclass(frozen=True, eq=False)
class Forecast:
    """The continuation of n series over H steps.

    Args:
        names: of the series (n).
        times: of every step, as texts (n lists of H).
        points: (n, H).
        levels: of the quantiles, in rising order.
        quantiles: (n, H, levels).
        samples: paths (n, H, count).
    """

    names: list[str]
    times: list[list[str]]
    points: np.ndarray
    levels: list[float]
    quantiles: np.ndarray
    samples: np.ndarray

    def __len__(self) -> int:
        """The number of series."""
        return len(self.names)


class Forecaster(TrainedModel):
    """A recurrent network that continues series, as `elman.train` returns it and `elman.load` reads it.

    Args:
        network: the trained network.
        options: all options of its training.
        covariates: how covariates become numbers.
        names: the series of the training.
        scale: of each of them.
        frequency: of the grid of their times.
        record: how it came about: columns, data, history, results.
        margins: what is added to each quantile and step, in the units of a window (levels, H), or None.

    Example:
        >>> from elman.tasks.forecast import train_forecaster
        >>> from elman.tasks.forecast.options import ForecastModelOptions, ForecastOptions, ForecastTraining
        >>> series = SeriesTable.from_arrays([np.tile([3.0, 5.0, 4.0, 8.0], 20) for _ in range(3)], season=4)
        >>> options = ForecastOptions(model=ForecastModelOptions(horizon=4), training=ForecastTraining(epochs=2))
        >>> model = train_forecaster(series, options)
        >>> model.predict(series).points.shape
        (3, 4)
    """

    task = "forecast"

    def __init__(
        self,
        network: Network,
        options: ForecastOptions,
        covariates: Covariates,
        names: Sequence[str],
        scale: Scale,
        frequency: Frequency,
        record: dict[str, Any] | None = None,
        margins: np.ndarray | None = None,
    ) -> None:
        self.network, self.options, self.covariates = network.eval(), options, covariates
        self.names, self.scale, self.frequency, self.record = list(names), scale, frequency, dict(record or {})
        self.margins = margins
        self.numbers = {name: i for i, name in enumerate(self.names, 1)}

    @property
    def horizon(self) -> int:
        """How many steps are forecast."""
        return self.network.sizes.horizon

    @property
    def levels(self) -> list[float]:
        """The levels of the quantiles that it tells; none of one that tells points and was not calibrated."""
        points_only = self.options.model.output == "point" and self.margins is None
        return [] if points_only else levels_of(self.options.model.levels)

    def predict(
        self,
        data: str | os.PathLike[str] | SeriesTable,
        *,
        levels: Sequence[float] | None = None,
        samples: int = 0,
        seed: int = 0,
        **reading: Any,
    ) -> Forecast:
        """Continue every series from its newest value, those that the training did not see included.

        Args:
            data: a file, or series.
            levels: of the quantiles; None: those of the training.
            samples: how many sample paths.
            seed: of what is drawn.
            **reading: how to read the file, the fields of `SeriesDataOptions`.

        Raises:
            DataError: what is wrong with the file; another frequency; a covariate missing in the future.
            ArgumentError: quantiles of a network that tells points only.
        """
        table = self._read(data, reading)
        asked = self.levels if levels is None else sorted(levels)
        margins = self._margins(asked)
        origins = table.seen
        longer = extended(table, self.horizon)
        said: Said = forecasts(
            self.network, self.material(longer), np.arange(len(table)), origins, asked, samples, seed, margins
        )
        times = table.frequency.texts((table.first + origins)[:, None] + np.arange(self.horizon)).tolist()
        return Forecast(table.names, times, said.points, list(asked), said.quantiles, said.samples)

    def evaluate(self, data: str | os.PathLike[str] | SeriesTable, **reading: Any) -> dict[str, Any]:
        """How well the newest steps of every series, as many as the horizon, are forecast from those before.

        Args:
            data: a file, or series.
            **reading: how to read the file.

        Returns:
            series, windows, mae, rmse, smape, mase, owa, …, and contrasts: each baseline → the same numbers.

        Raises:
            DataError: what is wrong with the file, or no series longer than the horizon.
        """
        table = self._read(data, reading)
        seen = table.seen
        rows = np.flatnonzero(seen > self.horizon)
        if not len(rows):
            raise DataError(
                f"the longest series has {int(seen.max(initial=0))} steps",
                f"more than the horizon, {self.horizon}",
                path=table.path,
            )
        found = measure(self.network, self.material(table), rows, seen[rows] - self.horizon, self.levels, self.margins)
        return {"series": len(table), **found.pop("model"), "contrasts": found}

    def _margins(self, levels: Sequence[float]) -> np.ndarray | None:
        """The margins of these levels; of one that was not calibrated 0."""
        known = self.levels
        strange = [level for level in levels if level not in known]
        if strange and self.options.model.output == "point":
            raise ArgumentError(
                f"the quantile {strange[0]} is asked of a network that was trained to tell points",
                f"one of {', '.join(map(str, known))}" if known else "none",
                "Train it with other --levels." if known else "Train it with --output quantiles, for instance.",
            )
        if self.margins is None:
            return None
        nothing = np.zeros(self.horizon, dtype=np.float32)
        return np.array([self.margins[known.index(q)] if q in known else nothing for q in levels], dtype=np.float32)

    def material(self, table: SeriesTable) -> Material:
        """Series as the network reads them: scaled as in the training, or by their own values where they are new."""
        own = fitted_scale(table, table.seen, self.options.model)
        shift, size, offset = own.shift.copy(), own.size.copy(), None if own.offset is None else own.offset.copy()
        for i, name in enumerate(table.names):
            k = self.numbers.get(name, 0) - 1
            if k >= 0:
                shift[i], size[i] = self.scale.shift[k], self.scale.size[k]
                if offset is not None and self.scale.offset is not None:
                    offset[i] = self.scale.offset[k]
        scale = Scale(shift, size, own.log, offset)
        return Material.of(table, scale, self.covariates, self.numbers, self.options.model)

    def read(self, path: str | os.PathLike[str], **reading: Any) -> SeriesTable:
        """The series of a file, from the columns that the training read unless others are named.

        Raises:
            DataError: what is wrong in the file, or another frequency.
        """
        given = {name: value for name, value in reading.items() if value is not None}
        options = replace(self.options.data, test=None, most_steps=0, **given)
        roles = self.record.get("roles", {})
        layout = options.layout or roles.get("layout")
        if layout == "rows" and not given.keys() & {"time", "target"}:
            options = replace(options, layout="rows")
        if layout == roles.get("layout") == "long":
            options = replace(
                options,
                time=options.time or roles.get("time"),
                series=options.series or ",".join(roles.get("series", ())) or None,
                target=options.target or ",".join(roles.get("targets", ())) or None,
            )
        table = read_series(path, options, self.covariates.numeric())
        return self._checked(replace(table, season=self.network.sizes.season))

    def _read(self, data: str | os.PathLike[str] | SeriesTable, reading: dict[str, Any]) -> SeriesTable:
        if not isinstance(data, str | os.PathLike | SeriesTable):
            raise ArgumentTypeError(
                f"data is a {type(data).__name__}", "the path of a file, or a SeriesTable",
                "SeriesTable.from_arrays makes one of lists and arrays.",
            )  # fmt: skip
        return self._checked(data) if isinstance(data, SeriesTable) else self.read(data, **reading)

    def _checked(self, table: SeriesTable) -> SeriesTable:
        theirs, ours = table.frequency, self.frequency
        same = (theirs.unit, theirs.step, theirs.calendar) == (ours.unit, ours.step, ours.calendar)
        if not same and self.record.get("timed", True):
            raise DataError(
                f"its times are {theirs.name}", f"{ours.name}, as in the training",
                "Write --frequency if the times were misread.", path=table.path,
            )  # fmt: skip
        return table

    def stream(self, history: SeriesTable) -> "ForecastStream":
        """A forecaster of these series that is fed one observation at a time: `points = stream([value, …])`.

        Args:
            history: the series up to now.

        Raises:
            ArgumentError: the model has covariates.
            DataError: another frequency.
        """
        from elman.tasks.forecast.streaming import ForecastStream

        return ForecastStream(self, self._checked(history))

    def __repr__(self) -> str:
        weights = count_weights(self.network)
        return f"Forecaster({self.horizon} steps ahead, {len(self.names):,} series, {weights:,} weights)"
