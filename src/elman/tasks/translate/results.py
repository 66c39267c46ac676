"""The results of a translator as text, without torch."""

from typing import Any

from elman.data.text_table import aligned

HEADER = ("pairs", "", "BLEU", "chrF", "perplexity", "length")
MISSING = "BLEU and chrF were not computed: install sacrebleu with pip install 'elman[translate-metrics]'."


def table(results: dict[str, dict[str, Any]]) -> str:
    """One line for each part of the data: BLEU, chrF, perplexity, and the length of what was written beside the right.

    Args:
        results: "validation" and perhaps "test" → what `Translator.evaluate` returned.
    """
    rows = [
        (name, f"{r['rows']:,}", _number(r, "bleu"), _number(r, "chrf"), _number(r, "perplexity"), _number(r, "length"))
        for name, r in results.items()
    ]
    return aligned(rows, HEADER)


def summary(results: dict[str, dict[str, Any]]) -> str:
    """The results of a training as a table, and how they were measured."""
    return "\n".join([table(results), *notes(next(iter(results.values()), {}))])


def evaluation(name: str, result: dict[str, Any]) -> str:
    """What `Translator.evaluate` returned, as text."""
    lines = [table({name: result})]
    if "bleu_all" in result:
        lines.append(
            f"{result['sources']:,} different sources, each with all its references: BLEU {result['bleu_all']:.2f}"
        )
    return "\n".join([*lines, *notes(result)])


def notes(result: dict[str, Any]) -> list[str]:
    """How the scores were computed, or why they were not; and which pairs are longer than what is read."""
    found = [MISSING]
    if "bleu" in result:
        found = [f"BLEU {result['bleu_signature']}", f"chrF {result['chrf_signature']}"]
    if cut := result.get("cut"):
        found.append(f"Of {cut:,} long pair{'s' * (cut > 1)} only the beginning of one side was read (--max-length).")
    return found


def _number(result: dict[str, Any], name: str) -> str:
    return f"{result[name]:,.2f}" if result.get(name) is not None else "–"
