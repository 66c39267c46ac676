"""What a network knows of a step beside the target: the calendar, covariates, and what never changes of a series."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from elman.data.series.table import SeriesTable
from elman.errors import DataError

MOST_CATEGORIES = 50


@dataclass(frozen=True)
class Coding:
    """How one covariate becomes numbers: standardised, or one 0 or 1 for each category known from the training.

    Args:
        mean, size: of a number.
        categories: of a text; one that is not among them is all zeros.
        gaps: whether a second number says where a value is missing, as some were in the training.
    """

    mean: float = 0.0
    size: float = 1.0
    categories: tuple[str, ...] | None = None
    gaps: bool = False

    @property
    def width(self) -> int:
        """How many numbers it becomes."""
        return 1 + self.gaps if self.categories is None else len(self.categories)

    def apply(self, values: np.ndarray) -> np.ndarray:
        """(n, width), float32; a missing number is 0, which is the mean."""
        if self.categories is None:
            numbers = np.full(len(values), np.nan) if values.dtype == object else values
            coded = np.nan_to_num((numbers - self.mean) / self.size)
            columns = [coded, np.isnan(numbers)] if self.gaps else [coded]
            return np.stack(columns, 1).astype(np.float32)
        place = {name: k for k, name in enumerate(self.categories)}
        coded = np.zeros((len(values), len(place)), np.float32)
        index = np.array([place.get(_text(value), -1) for value in values], dtype=np.int64)
        coded[np.flatnonzero(index >= 0), index[index >= 0]] = 1
        return coded

    @staticmethod
    def fit(values: np.ndarray, name: str, path: str) -> "Coding":
        """Learn mean and deviation of numbers, or the categories of texts.

        Raises:
            DataError: too many categories.
        """
        if values.dtype != object:
            real = values[np.isfinite(values)]
            size = float(real.std()) if len(real) else 1.0
            return Coding(float(real.mean()) if len(real) else 0.0, size or 1.0, gaps=len(real) < len(values))
        different = sorted({_text(value) for value in values} - {""})
        if len(different) > MOST_CATEGORIES:
            raise DataError(
                f"{len(different):,} different texts", f"{MOST_CATEGORIES} at most, or numbers", path=path, column=name
            )
        return Coding(categories=tuple(different))


@dataclass(frozen=True)
class Covariates:
    """The codings of all covariates of a model.

    Args:
        past, future, static: name → coding.
        calendar: whether the calendar is read.
    """

    past: dict[str, Coding] = field(default_factory=dict)
    future: dict[str, Coding] = field(default_factory=dict)
    static: dict[str, Coding] = field(default_factory=dict)
    calendar: bool = False

    @staticmethod
    def fit(table: SeriesTable, calendar: bool) -> "Covariates":
        """Learn the codings from the series of the training."""
        path, roles = table.path, table.roles
        return Covariates(
            past={name: Coding.fit(table.covariates[name], name, path) for name in roles.past},
            future={name: Coding.fit(table.covariates[name], name, path) for name in roles.future},
            static={name: Coding.fit(table.static[name], name, path) for name in roles.static},
            calendar=calendar and bool(table.frequency.feature_names),
        )

    def known(self, table: SeriesTable) -> np.ndarray:
        """What is known ahead of every step (total, width), float32."""
        parts = [_coded(self.future, table.covariates, table)]
        if self.calendar:
            positions = np.arange(len(table.values)) - np.repeat(table.starts[:-1] - table.first, table.lengths)
            parts.append(table.frequency.features(positions))
        return np.concatenate(parts, axis=1)

    def unknown(self, table: SeriesTable) -> np.ndarray:
        """What is known up to now only (total, width), float32."""
        return _coded(self.past, table.covariates, table)

    def fixed(self, table: SeriesTable) -> np.ndarray:
        """What never changes of a series (n, width), float32."""
        return _coded(self.static, table.static, table, len(table))

    def numeric(self) -> dict[str, bool]:
        """Which columns are numbers, by name; the others are texts."""
        own = {**self.past, **self.future, **self.static}
        return {name: coding.categories is None for name, coding in own.items()}

    def plain(self) -> dict[str, Any]:
        """As plain values, for run.json."""
        groups = {"past": self.past, "future": self.future, "static": self.static}
        return {
            "calendar": self.calendar,
            **{
                group: {name: [c.mean, c.size, c.categories and list(c.categories), c.gaps] for name, c in own.items()}
                for group, own in groups.items()
            },
        }

    @staticmethod
    def from_plain(values: dict[str, Any]) -> "Covariates":
        """Out of what `plain` gave."""

        def group(name: str) -> dict[str, Coding]:
            return {
                key: Coding(float(mean), float(size), None if known is None else tuple(known), bool(gaps))
                for key, (mean, size, known, gaps) in values[name].items()
            }

        return Covariates(group("past"), group("future"), group("static"), bool(values["calendar"]))


def _coded(
    codings: dict[str, Coding], columns: dict[str, np.ndarray], table: SeriesTable, rows: int | None = None
) -> np.ndarray:
    for name in codings:
        if name not in columns:
            raise DataError(f"there is no column {name!r}, which the model was trained with", path=table.path)
        _refuse_texts(codings[name], columns[name], name, table.path)
    parts = [coding.apply(columns[name]) for name, coding in codings.items()]
    rows = len(table.values) if rows is None else rows
    return np.concatenate(parts, axis=1) if parts else np.zeros((rows, 0), np.float32)


def _refuse_texts(coding: Coding, values: np.ndarray, name: str, path: str) -> None:
    """Refuse texts where the training had numbers: they would count as missing."""
    text = next(filter(None, map(_text, values)), "") if coding.categories is None and values.dtype == object else ""
    if text:
        raise DataError(f"{text!r} is a text", "numbers, as in the training", path=path, column=name)


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value)
