"""The results of a tagger as a table, and in one sentence: is the recurrent network worth it?"""

from typing import Any

from elman.data.text_table import aligned, percent
from elman.learn.models import beside

NAMES = {"model": "recurrent network", "most_frequent": "most frequent tag"}
Results = dict[str, dict[str, dict[str, Any]]]
MOST = 40  # tags and types that are shown


def summary(results: Results) -> str:
    """The results of a training: the table and the verdict."""
    return f"{table(results)}\n{verdict(results)}"


def table(results: Results) -> str:
    """Accuracy with its 95 % interval, that of unknown words, entity F1 and labels, a line for the model and for
    the contrast on each part of the data.

    Args:
        results: "validation" and perhaps "test" → "model", "most_frequent" → scores.
    """
    every = [numbers for scores in results.values() for numbers in scores.values()]
    entities, labels = any("entities" in n for n in every), any("label" in n for n in every)
    head = ["words", "", "accuracy", "95 % interval", "new words"]
    head += ["entity F1"] * entities + ["label", "both right"] * labels
    rows: list[list[str]] = []
    for part, scores in results.items():
        for name, numbers in scores.items():
            low, high = numbers["accuracy_low"], numbers["accuracy_high"]
            row = [f"{part}, {numbers['rows']:,}" if name == "model" else "", NAMES[name]]
            row += [percent(numbers["accuracy"]), f"{100 * low:.2f} – {100 * high:.2f} %"]
            new = numbers["unknown_words"]
            row += [percent(new["accuracy"]) if new["rows"] else ""]
            row += [percent(numbers["entities"]["f1"]) if "entities" in numbers else ""] * entities
            own = numbers.get("label")
            row += [percent(own[key]) if own else "" for key in ("accuracy", "both")] * labels
            rows.append(row)
    return aligned(rows, head, left=(0, 1))


def evaluation(name: str, result: dict[str, Any]) -> str:
    """The result of `Tagger.evaluate` as text: the model beside its contrast, then each tag or type of entity."""
    return f"{table({name: beside(result)})}\n\n{details(result)}"


def details(result: dict[str, Any]) -> str:
    """What an evaluation found beside its table: the types of entities or the tags, and what was never seen."""
    parts: list[str] = []
    kinds = result["entities"]["per_type"] if "entities" in result else result["per_class"]
    what, count = ("entity", "entities") if "entities" in result else ("tag", "rows")
    rows = [
        [name or "(no type)", f"{numbers[count]:,}", *(percent(numbers[key]) for key in ("precision", "recall", "f1"))]
        for name, numbers in kinds.items()
    ]
    more = f"\n… and {len(rows) - MOST:,} others; --json shows all" if len(rows) > MOST else ""
    parts.append(aligned(rows[:MOST], (what, "there", "precision", "recall", "F1")) + more)
    never = [(f"tag {name!r}", number, "word") for name, number in result["unseen_tags"].items()]
    never += [
        (f"label {name!r}", number, "sentence")
        for name, number in result.get("label", {}).get("unseen_labels", {}).items()
    ]
    parts += [
        f"The training never saw the {name}: {number:,} {unit}{'s' if number != 1 else ''} counted as wrong."
        for name, number, unit in never
    ]
    return "\n\n".join(parts[:1] + ["\n".join(parts[1:])] * bool(parts[1:]))


def verdict(results: Results) -> str:
    """Whether the recurrent network beats its contrast, on the test sentences if there are any.

    Example:
        >>> numbers = lambda a: {"accuracy": a, "accuracy_low": a - 0.01, "accuracy_high": a + 0.01}
        >>> print(verdict({"test": {"model": numbers(0.95), "most_frequent": numbers(0.86)}}))
        The recurrent network beats the most frequent tag of each word on the test sentences (95.00 % against 86.00 %).
    """
    part = "test" if "test" in results else "validation"
    scores = results[part]
    name, measure = ("accuracy", lambda n: n["accuracy"])
    if "entities" in scores["model"]:
        name, measure = ("entity F1", lambda n: n["entities"]["f1"])
    own = measure(scores["model"])
    if "most_frequent" not in scores:
        return f"The recurrent network reaches {percent(own)} {name} on the {part} sentences; nothing was compared."
    other = measure(scores["most_frequent"])
    figures = f"({percent(own)} against {percent(other)})"
    where = f"the most frequent tag of each word on the {part} sentences {figures}"
    if own > other:
        return f"The recurrent network beats {where}."
    return f"The recurrent network does not beat {where}: it has learned nothing from the words beside a word."
