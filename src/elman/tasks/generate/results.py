"""The results of a language model as a table, and in one sentence: does it know more than counted runs of symbols?"""

from typing import Any

from elman.data.text_table import aligned
from elman.learn.models import beside

Numbers = dict[str, Any]


def table(results: dict[str, dict[str, Numbers]]) -> str:
    """Nats and perplexity per symbol and bits per character, one line for the model and each contrast on each text.

    Args:
        results: "validation" and perhaps "test" → "model", "1-gram", … → numbers.
    """
    rows: list[tuple[str, ...]] = []
    for part, found in results.items():
        for name, n in found.items():
            text = f"{part}, {n['tokens']:,} symbols" if name == "model" else ""
            shown = (f"{n['loss']:.4f}", f"{n['perplexity']:,.2f}", f"{n['bits_per_character']:.4f}")
            rows.append((text, _title(name), *shown))
    header = ("text", "", "nats per symbol", "perplexity", "bits per character")
    return aligned(rows, header=header, left=(0, 1))


def evaluation(name: str, result: Numbers) -> str:
    """The result of `LanguageModel.evaluate` as text: the model beside its contrasts, and what was unknown.

    Args:
        name: of the file that was read.
        result: as `evaluate` returned it.
    """
    parts = [table({name: beside(result)})]
    if result["unknown"]:
        share = 100 * result["unknown"] / result["tokens"]
        parts.append(f"{result['unknown']:,} symbols ({share:.2f} %) are unknown to the model, and read as <unk>.")
    return "\n".join(parts)


def summary(results: dict[str, dict[str, Numbers]]) -> str:
    """The results of a training as a table, and in one sentence whether the network beats its contrasts."""
    return f"{table(results)}\n{verdict(results)}"


def verdict(results: dict[str, dict[str, Numbers]]) -> str:
    """Whether the recurrent network beats its contrasts, on the test text if there is any, in one plain sentence.

    Example:
        >>> scores = {"model": {"loss": 1.5}, "3-gram": {"loss": 2.0}, "6-gram": {"loss": 1.6}}
        >>> verdict({"validation": scores})
        'The recurrent network beats the 6-gram on the validation text (1.500 nats per symbol against 1.600).'
    """
    part = "test" if "test" in results else "validation"
    scores = results[part]
    own = scores["model"]["loss"]
    if len(scores) == 1:
        return f"The recurrent network needs {own:.3f} nats per symbol of the {part} text; nothing was compared."
    rival = min((name for name in scores if name != "model"), key=lambda name: scores[name]["loss"])
    best = scores[rival]["loss"]
    where = f"the {rival} on the {part} text ({own:.3f} nats per symbol against {best:.3f})"
    if own < best:
        return f"The recurrent network beats {where}."
    return (
        f"The recurrent network does not beat {where}: counting short runs of symbols is the better model here. "
        "It may need more units or more epochs."
    )


def _title(name: str) -> str:
    return "recurrent network" if name == "model" else f"Kneser–Ney {name}"
