"""The results of a watcher as a table, and in words: is it worth it, and when is there alarm?"""

from typing import Any

from elman.data.text_table import aligned
from elman.learn.models import beside

NAMES = {"model": "recurrent network"}


def table(results: dict[str, dict[str, Any]]) -> str:
    """One line for the network and each contrast on each part of the data.

    Example:
        >>> own = {"steps": 900, "mae": 0.25, "rmse": 0.5}
        >>> print(table({"held back": {**own, "contrasts": {"last value": {**own, "mae": 0.75}}}}))
        steps                                MAE   RMSE
        held back, 900  recurrent network  0.250  0.500
                        last value         0.750  0.500
    """
    both = {part: beside(result) for part, result in results.items()}
    every = [own for models in both.values() for own in models.values()]
    columns = {"mae": "MAE", "rmse": "RMSE"}
    columns |= {"alarms": "alarms"} if any("alarms" in own for own in every) else {}
    if any("anomalies" in own for own in every):
        columns |= {"precision": "precision", "recall": "recall", "f1": "F1", "roc_auc": "ROC AUC", "found": "events"}
    rows: list[list[str]] = []
    for part, models in both.items():
        for name, own in models.items():
            first = f"{part}, {own['steps']:,}" if name == "model" else ""
            rows.append([first, NAMES.get(name, name), *(_shown(column, own) for column in columns)])
    return aligned(rows, header=("steps", "", *columns.values()), left=(0, 1))


def _shown(column: str, own: dict[str, Any]) -> str:
    if column == "found":
        return f"{own['events_found']} of {own['events']}" if "events" in own else ""
    if column == "alarms":
        return f"{own['alarms']:,} ({own['alarms'] / max(own['steps'], 1):.2%})" if "alarms" in own else ""
    return f"{own[column]:.3f}" if own.get(column) is not None else ""


def verdict(results: dict[str, dict[str, Any]]) -> str:
    """Whether the network's forecasts are nearer than every naive one, in one sentence.

    Example:
        >>> verdict({"held back": {"steps": 9, "mae": 0.4, "contrasts": {"last value": {"mae": 0.3}}}})
        'The recurrent network does not beat the last value on the held back steps (MAE 0.400 against 0.300): its \
alarms say no more than large changes do. Give it more data, or watch the changes themselves.'
    """
    part = list(results)[-1]
    own = results[part]
    others = {name: found["mae"] for name, found in own.get("contrasts", {}).items() if found.get("mae") is not None}
    if not others or own.get("mae") is None:
        return "There is nothing to compare with."
    best = min(others, key=lambda name: others[name])
    part = part if part in ("held back", "test") else "measured"
    figures = f"on the {part} steps (MAE {own['mae']:.3f} against {others[best]:.3f})"
    if own["mae"] < others[best]:
        return f"The recurrent network beats the {best} {figures}."
    return (
        f"The recurrent network does not beat the {best} {figures}: its alarms say no more than large changes do. "
        "Give it more data, or watch the changes themselves."
    )


def bound(own: dict[str, Any]) -> str:
    """The threshold in words, and whether there were steps enough to set it.

    Example:
        >>> bound({"steps": 5000, "threshold": 4.25, "share": 0.001, "promised": 0.001})
        'Threshold 4.25: about 0.1 % of normal steps lie above it.'
        >>> bound({"steps": 199, "threshold": 4.25, "share": 0.001, "promised": 0.005})
        'Threshold 4.25, the largest score of 199 steps held back: 0.5 % of normal steps may lie above it. For 0.1 %, \
999 such steps are needed.'
    """
    if own["threshold"] is None or own["threshold"] == float("inf"):
        return "There is no threshold: no step that was held back has a score."
    threshold, share = f"Threshold {own['threshold']:.4g}", f"{100 * own['share']:.3g} %"
    if own["promised"] <= own["share"]:
        return f"{threshold}: about {share} of normal steps lie above it."
    needed = round(1 / own["share"]) - 1
    return (
        f"{threshold}, the largest score of {own['steps']:,} steps held back: {100 * own['promised']:.2g} % of normal "
        f"steps may lie above it. For {share}, {needed:,} such steps are needed."
    )


def summary(results: dict[str, dict[str, Any]]) -> str:
    """The table, and the sentences under it."""
    lines = [table(results), verdict(results)]
    first = next(iter(results.values()))
    return "\n".join([*lines, bound(first)] if "threshold" in first else lines)


def evaluation(name: str, result: dict[str, Any]) -> str:
    """The result of `Watcher.evaluate` as text: the network beside the naive forecasts."""
    return summary({name: result})
