"""A forecaster that is fed one observation at a time."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from elman.data.series.table import SeriesTable, starts_of
from elman.errors import ArgumentError
from elman.tasks.forecast.inference import forecasts
from elman.tasks.forecast.material import Material

if TYPE_CHECKING:
    from elman.tasks.forecast.forecaster import Forecaster


class ForecastStream:
    """Continues n series after every new observation; its state is the newest context of each, however long they run.

    What it forecasts is what `predict` would of the whole series: the scale of each is that of its first history. So
    each forecast reads the context anew, from its first step, as in the training: a state carried over from before
    it, or a window scaled by its own values, would say something else.

    Args:
        model: a trained forecaster without covariates but the calendar.
        history: the series up to now.

    Raises:
        ArgumentError: the model has covariates.

    Example:
        >>> from elman.tasks.forecast import train_forecaster
        >>> from elman.tasks.forecast.options import ForecastModelOptions, ForecastOptions, ForecastTraining
        >>> series = SeriesTable.from_arrays([np.tile([3.0, 5.0, 4.0, 8.0], 20)], season=4)
        >>> options = ForecastOptions(model=ForecastModelOptions(horizon=2), training=ForecastTraining(epochs=1))
        >>> stream = train_forecaster(series, options).stream(series)
        >>> stream([3.1]).shape, stream([None]).shape                    # a value is missing
        ((1, 2), (1, 2))
    """

    def __init__(self, model: "Forecaster", history: SeriesTable) -> None:
        named = [*model.covariates.past, *model.covariates.future, *model.covariates.static]
        if named:
            raise ArgumentError(
                f"the model reads {', '.join(named)}", "a model without covariates", "Use predict, which reads them."
            )
        self.model = model
        self._scale = model.material(history).scale
        context, seen = model.network.sizes.context, history.seen
        self._values = np.full((len(history), context), np.nan)
        for i in range(len(history)):
            newest = history.of(i)[max(0, seen[i] - context) : seen[i]]
            self._values[i, context - len(newest) :] = newest
        self._ends = history.first + seen  # positions of the step to come
        self._like = history

    def __call__(self, values: Sequence[float | None] | np.ndarray) -> np.ndarray:
        """One new observation of each series (n), None or NaN where it is missing; the steps that follow (n, H).

        Raises:
            ArgumentError: another number of observations, an infinite one, or something else than numbers.
        """
        try:
            new = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
        except (TypeError, ValueError):
            found = f"observations are {str(values)[:60]!r}"
            raise ArgumentError(found, f"{len(self._ends)} finite numbers, None where one is missing") from None
        if new.shape != self._ends.shape or np.isinf(new).any():
            raise ArgumentError(f"observations of shape {new.shape}", f"{len(self._ends)} finite numbers")
        self._values = np.concatenate([self._values[:, 1:], new[:, None]], axis=1)
        self._ends = self._ends + 1
        return self.forecast()

    def forecast(self) -> np.ndarray:
        """The steps that follow what was observed so far (n, H)."""
        model, n = self.model, len(self._ends)
        sizes = model.network.sizes
        # The horizon is there, with nothing in it, so that the calendar of its steps is known.
        padded = np.concatenate([self._values, np.full((n, sizes.horizon), np.nan)], axis=1)
        table = replace(
            self._like,
            starts=starts_of(np.full(n, padded.shape[1])),
            values=padded.reshape(-1),
            first=self._ends - sizes.context,
            covariates={},
            static={},
        )
        material = Material.of(table, self._scale, model.covariates, model.numbers, model.options.model)
        origins = np.full(n, sizes.context)
        return forecasts(model.network, material, np.arange(n), origins).points
