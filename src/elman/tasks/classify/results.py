"""The results of a run as a table, and in one sentence: is the recurrent network worth it?"""

from typing import Any

from elman.data.text_table import aligned, percent
from elman.learn.models import beside

MOST_CLASSES = 40
NAMES = {"model": "recurrent network", "bag_of_words": "bag of words", "majority": "majority class"}


def table(results: dict[str, dict[str, dict[str, Any]]]) -> str:
    """Accuracy with its 95 % interval and macro-F1, one line for the model and each contrast on each part of the data.

    Args:
        results: "validation" and perhaps "test" → "model", "bag_of_words", "majority" → scores.
    """
    lines: list[tuple[str, ...]] = []
    for part, scores in results.items():
        for name, numbers in scores.items():
            rows = f"{part}, {numbers['rows']:,}" if name == "model" else ""
            interval = f"{100 * numbers['accuracy_low']:.2f} – {100 * numbers['accuracy_high']:.2f} %"
            figures = (percent(numbers["accuracy"]), interval, percent(numbers["macro_f1"]))
            lines.append((rows, NAMES[name], *figures))
    return aligned(lines, ("rows", "", "accuracy", "95 % interval", "macro-F1"), left=(0, 1))


def evaluation(name: str, result: dict[str, Any]) -> str:
    """The result of `TextClassifier.evaluate` as text: the model beside its contrasts, each class, labels never seen.

    Args:
        name: of the file that was read.
        result: as `evaluate` returned it.
    """
    shares = ("precision", "recall", "f1")
    rows = [(label, f"{n['rows']:,}", *map(percent, map(n.get, shares))) for label, n in result["per_class"].items()]
    parts = [
        table({name: beside(result)}),
        "",
        aligned(rows[:MOST_CLASSES], header=("class", "rows", "precision", "recall", "F1")),
    ]
    if len(rows) > MOST_CLASSES:
        parts.append(f"… and {len(rows) - MOST_CLASSES:,} other classes; --json shows all")
    for label, count in result["unseen_labels"].items():
        counted = f"{count:,} {'row' if count == 1 else 'rows'} counted as wrong"
        parts.append(f"The training never saw the label {label!r}: {counted}.")
    return "\n".join(parts)


def summary(results: dict[str, dict[str, dict[str, Any]]]) -> str:
    """The results of a training as a table, and in one sentence whether the network beats its contrasts."""
    return f"{table(results)}\n{verdict(results)}"


def verdict(results: dict[str, dict[str, dict[str, Any]]]) -> str:
    """Whether the recurrent network beats its contrasts, on the test rows if there are any, in one plain sentence.

    Example:
        >>> numbers = lambda a: {"accuracy": a, "accuracy_low": a - 0.01, "accuracy_high": a + 0.01}
        >>> scores = {"model": numbers(0.87), "bag_of_words": numbers(0.89), "majority": numbers(0.5)}
        >>> print(verdict({"validation": scores}))
        The recurrent network does not beat the bag of words on the validation rows (87.00 % against 89.00 %): the
        order of the words has brought nothing here, and the linear model is the better choice.
    """
    part = "test" if "test" in results else "validation"
    scores = results[part]
    model = scores["model"]
    if len(scores) == 1:
        return f"The recurrent network reaches {percent(model['accuracy'])} on the {part} rows; nothing was compared."
    rival = max((name for name in scores if name != "model"), key=lambda name: scores[name]["accuracy"])
    best = scores[rival]["accuracy"]
    figures = f"({percent(model['accuracy'])} against {percent(best)})"
    where = f"the {NAMES[rival]} on the {part} rows {figures}"
    if model["accuracy"] > best:
        sure = model["accuracy_low"] > best
        return f"The recurrent network beats {where}{'' if sure else ', by less than the uncertainty of its accuracy'}."
    if rival == "majority":
        return f"The recurrent network does not beat {where}: it has learned nothing of use."
    return (
        f"The recurrent network does not beat {where}: the order of the words has brought nothing here, "
        "and the linear model is the better choice."
    )
