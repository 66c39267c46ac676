"""The results of a model of series as a table, and in one sentence: is the network worth it?"""

from typing import Any

from elman.data.text_table import aligned, percent
from elman.learn.models import beside

NAMES = {"model": "network", "nearest": "nearest series", "majority": "majority class", "mean": "mean"}


def table(results: dict[str, dict[str, Any]]) -> str:
    """One line for the model and each contrast on each part of the data."""
    numbers = any("rmse" in result for result in results.values())
    header = ("series", "", "RMSE", "MAE", "R²") if numbers else ("series", "", "accuracy", "95 % interval", "macro-F1")
    rows: list[tuple[str, ...]] = []
    for part, result in results.items():
        for name, own in beside(result).items():
            place = f"{part}, {result['rows']:,}" if name == "model" else ""
            rows.append((place, NAMES[name], *(_errors(own) if numbers else _accuracy(own))))
    return aligned(rows, header=header, left=(0, 1))


def summary(results: dict[str, dict[str, Any]]) -> str:
    """The table and the verdict."""
    return f"{table(results)}\n{verdict(results)}"


def verdict(results: dict[str, dict[str, Any]]) -> str:
    """Whether the network beats its contrasts, on the test series if there are any.

    Example:
        >>> scores = {"rows": 9, "accuracy": 0.9, "contrasts": {"nearest": {"accuracy": 0.95}}}
        >>> verdict({"test": scores})
        'The network does not beat the nearest series on the test series (90.00 % against 95.00 %).'
    """
    part = list(results)[-1]
    own, contrasts = results[part], results[part].get("contrasts", {})
    key, sign = ("rmse", -1) if "rmse" in own else ("accuracy", 1)
    shown = (lambda value: f"RMSE {value:.4g}") if key == "rmse" else percent
    if not contrasts:
        return f"The network reaches {shown(own[key])} on the {part} series; nothing was compared."
    rival = max(contrasts, key=lambda name: sign * contrasts[name][key])
    better = sign * own[key] > sign * contrasts[rival][key]
    figures = f"({shown(own[key])} against {shown(contrasts[rival][key])})"
    note = " It was trained on these very series." if part == "training" else ""
    beats = "beats" if better else "does not beat"
    return f"The network {beats} the {NAMES[rival]} on the {part} series {figures}.{note}"


def evaluation(name: str, result: dict[str, Any]) -> str:
    """The result of `SeriesModel.evaluate` as text: beside its contrasts, then each class, then classes never seen."""
    parts = [table({name: result})]
    if "per_class" in result:
        shares = ("precision", "recall", "f1")
        rows = [(k, f"{n['rows']:,}", *(percent(n[s]) for s in shares)) for k, n in result["per_class"].items()]
        parts += ["", aligned(rows[:40], header=("class", "series", "precision", "recall", "F1"))]
        for label, count in result["unseen_labels"].items():
            parts.append(f"The training never saw the class {label!r}: {count:,} series counted as wrong.")
    return "\n".join(parts)


def _accuracy(own: dict[str, Any]) -> tuple[str, ...]:
    interval = f"{100 * own['accuracy_low']:.2f} – {100 * own['accuracy_high']:.2f} %"
    return percent(own["accuracy"]), interval, percent(own["macro_f1"])


def _errors(own: dict[str, Any]) -> tuple[str, ...]:
    r2 = "" if own["r2"] is None else f"{own['r2']:.4f}"
    return f"{own['rmse']:.4g}", f"{own['mae']:.4g}", r2
