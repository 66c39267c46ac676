"""The results of a forecaster as a table, and in one sentence: is it better than what needs no network?"""

from typing import Any

from elman.data.text_table import aligned
from elman.learn.models import beside

Results = dict[str, dict[str, dict[str, Any]]]
COLUMNS = ("smape", "mase", "owa", "mae", "rmse", "scaled mse", "scaled mae", "pinball", "crps")
HEADS = {"smape": "sMAPE", "mase": "MASE", "owa": "OWA", "mae": "MAE", "rmse": "RMSE", "crps": "CRPS"}
NAMES = {"model": "recurrent network"}


def table(results: Results) -> str:
    """One line for the model and each baseline on each part of the data.

    Args:
        results: "validation", "test" → "model", "seasonal naive", … → scores.

    Example:
        >>> own = {"windows": 3, "smape": 9.5, "mase": 0.91, "mae": 12.0, "rmse": 15.0}
        >>> print(table({"test": {"model": own, "naive": {**own, "smape": 11.25}}}))
        windows                       sMAPE   MASE     MAE    RMSE
        test, 3  recurrent network    9.500  0.910  12.000  15.000
                 naive               11.250  0.910  12.000  15.000
    """
    scores = [own for part in results.values() for own in part.values()]
    columns = [name for name in COLUMNS if any(name in own for own in scores)]
    columns += [name for name in next(iter(scores), {}) if name.startswith("coverage")]
    rows: list[list[str]] = []
    for part, models in results.items():
        most = models["model"]["windows"]
        for name, own in models.items():
            first = f"{part}, {most:,}" if name == "model" else f"  {own['windows']:,}" if own["windows"] < most else ""
            rows.append([first, NAMES.get(name, name), *(_shown(column, own.get(column)) for column in columns)])
    return aligned(rows, header=("windows", "", *(HEADS.get(name, name) for name in columns)), left=(0, 1))


def _shown(column: str, value: float | None) -> str:
    if value is None:
        return ""
    if column.startswith("coverage"):
        return f"{value:.1%}"
    return _figure(value)


def _figure(value: float) -> str:
    """Three decimals; four digits and a power of ten where that would be a row of digits, or of zeros.

    Example:
        >>> _figure(1234.5678), _figure(7.758e39), _figure(0.0000125), _figure(0.0)
        ('1,234.568', '7.758e+39', '1.25e-05', '0.000')
    """
    return f"{value:,.3f}" if value == 0 or 1e-2 <= abs(value) < 1e9 else f"{value:.4g}"


def verdict(results: Results) -> str:
    """Whether the network beats every baseline, by MASE (or MAE where there is none), in one sentence.

    Example:
        >>> verdict({"validation": {"model": {"windows": 9, "mase": 0.8}, "naive": {"windows": 9, "mase": 1.0}}})
        'The recurrent network beats the naive on the validation windows (MASE 0.800 against 1.000).'
    """
    if not results:
        return ""
    part = "test" if "test" in results else list(results)[-1]
    models, part = results[part], part if part in ("validation", "test") else "measured"
    score = "mase" if all(_there(own.get("mase")) for own in models.values()) else "mae"
    model = models["model"][score]
    others = {name: own[score] for name, own in models.items() if name != "model" and _there(own.get(score))}
    if not others or not _there(model):
        return "There is nothing to compare with."
    best = min(others, key=lambda name: others[name])
    figures = f"({HEADS[score]} {_figure(model)} against {_figure(others[best])})"
    if model < others[best]:
        return f"The recurrent network beats the {best} on the {part} windows {figures}."
    return (
        f"The recurrent network does not beat the {best} on the {part} windows {figures}: "
        f"use that instead, or give the network more data, a longer context or another scale."
    )


def summary(results: Results) -> str:
    """The table, and the sentence under it."""
    return f"{table(results)}\n{verdict(results)}"


def evaluation(name: str, result: dict[str, Any]) -> str:
    """The result of `Forecaster.evaluate` as text: the model beside the baselines."""
    return summary({name: beside(result)})


def _there(value: float | None) -> bool:
    return value is not None
