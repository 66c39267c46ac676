"""The results of a chatbot as text, without torch."""

from typing import Any

from elman.data.text_table import aligned

HEADER = ("dialogues", "", "answers", "perplexity", "distinct-1", "distinct-2", "words")


def table(results: dict[str, dict[str, Any]]) -> str:
    """Perplexity, and how varied the answers are beside those of people.

    Args:
        results: "validation" and perhaps "test" → what `Chatbot.evaluate` returned.
    """
    rows: list[tuple[str, ...]] = []
    for name, r in results.items():
        own = [f"{r[key]:.4f}" for key in ("distinct_1", "distinct_2")]
        given = [f"{r[f'given_{key}']:.4f}" for key in ("distinct_1", "distinct_2")]
        rows.append(
            (name, f"{r['dialogues']:,}", f"{r['rows']:,}", f"{r['perplexity']:,.2f}", *own, f"{r['words']:.1f}")
        )
        rows.append((f"  {r['sampled']:,} of the given answers", "", "", "", *given, f"{r['given_words']:.1f}"))
    return aligned(rows, HEADER)


def summary(results: dict[str, dict[str, Any]]) -> str:
    """The results of a training as a table."""
    return table(results)


def evaluation(name: str, result: dict[str, Any]) -> str:
    """What `Chatbot.evaluate` returned, as text."""
    return table({name: result})
