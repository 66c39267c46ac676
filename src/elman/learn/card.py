"""The model card: what a run is, in words and tables, for people who find it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from elman.learn.contents import version


@dataclass(frozen=True)
class Result:
    """One line of the table of results.

    Args:
        name: what was measured, such as "this model" or "bag of words".
        rows: on which rows, such as "test" or "validation".
        count: how many rows.
        accuracy: share of rows that are right.
        low, high: its 95 % interval.
        more: other numbers by name, such as macro F1.
    """

    name: str
    rows: str
    count: int
    accuracy: float
    low: float
    high: float
    more: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Card:
    """What a model card says.

    Args:
        title: name of the run.
        summary: one or two sentences: what the model does.
        facts: name → value, such as the network, the classes, the rows of each part, the time of training.
        data: name of each file → its SHA-256.
        results: this model's, then those of the contrasts.
        verdict: one sentence on how the model stands beside the contrasts.
        usage: how to load and use it, as Python.
        commands: how to use it at the command line.
        limits: what one should know before using it, a sentence each.
        version: the version of elman.
    """

    title: str
    summary: str
    facts: Mapping[str, str]
    data: Mapping[str, str]
    results: Sequence[Result]
    verdict: str
    usage: str
    commands: str
    limits: Sequence[str]
    version: str


def card_of(
    record: Mapping[str, Any],
    folder: Path,
    *,
    summary: str,
    facts: Mapping[str, str],
    usage: str,
    commands: str,
    limits: Sequence[str],
    results: Sequence[Result] = (),
    verdict: str = "",
) -> Card:
    """The card of a run, with what its folder and its record tell: title, data, version.

    Args:
        record: how the model came about, as in run.json.
        folder: of the run.
        summary, facts, usage, commands, limits, results, verdict: as `Card` says.
    """
    files = record.get("files", {})
    data = {f"{part}: {files.get(part, '')}": digest for part, digest in record.get("data", {}).items()}
    title = folder.resolve().name
    return Card(title, summary, facts, data, results, verdict, usage, commands, limits, version())


def course(record: Mapping[str, Any], chosen: str = "by the validation loss") -> dict[str, str]:
    """The fact "training", if the record tells of one: how long it took, and which epoch was kept.

    Example:
        >>> history = {"steps": 1200, "seconds": 61.7, "best_epoch": 4, "epochs": [{}] * 6}
        >>> course({"history": history})
        {'training': '1,200 steps in 62 s, epoch 4 of 6 kept, chosen by the validation loss'}
    """
    history = record.get("history")
    if not history:
        return {}
    spent = f"{history['steps']:,} steps in {history['seconds']:.0f} s"
    return {"training": f"{spent}, epoch {history['best_epoch']} of {len(history['epochs'])} kept, chosen {chosen}"}


def model_card(card: Card) -> str:
    """The card in Markdown.

    Example:
        >>> card = Card("reviews", "Tells good from bad.", {"classes": "bad, good"}, {"train": "ab12"},
        ...             [Result("this model", "test", 100, 0.87, 0.79, 0.922)], "", "", "", [], "0.1.0")
        >>> print(model_card(card)[:31])
        # reviews
        <BLANKLINE>
        Tells good from bad.
    """
    parts = [f"# {card.title}", card.summary, _table(["", ""], [[k, v] for k, v in card.facts.items()])]
    if card.results:
        parts += ["## Results", results_table(card.results)]
    if card.verdict:
        parts.append(card.verdict)
    if card.data:
        parts += ["## Data", _table(["file", "SHA-256"], [[name, f"`{digest}`"] for name, digest in card.data.items()])]
    if card.usage or card.commands:
        parts.append("## Use")
    if card.commands:
        parts.append(f"```sh\n{card.commands.strip()}\n```")
    if card.usage:
        parts.append(f"```python\n{card.usage.strip()}\n```")
    if card.limits:
        parts += ["## Limits", "\n".join(f"- {text}" for text in card.limits)]
    parts.append(f"Written by elman {card.version}. `sha256sum -c SHA256SUMS` checks the files.")
    return "\n\n".join(part for part in parts if part) + "\n"


def results_table(results: Sequence[Result]) -> str:
    """Results as a Markdown table: name, rows, accuracy with its interval, and the other numbers.

    Example:
        >>> print(results_table([Result("majority", "test", 50, 0.5, 0.366, 0.634, {"macro F1": 0.333})]))
        |  | rows | accuracy | 95 % interval | macro F1 |
        | --- | --- | --- | --- | --- |
        | majority | test (50) | 50.00 % | 36.60 – 63.40 % | 0.333 |
    """
    more = list(dict.fromkeys(name for result in results for name in result.more))
    rows = [
        [
            r.name,
            f"{r.rows} ({r.count:,})",
            f"{100 * r.accuracy:.2f} %",
            f"{100 * r.low:.2f} – {100 * r.high:.2f} %",
            *(f"{r.more[name]:.3f}" if name in r.more else "" for name in more),
        ]
        for r in results
    ]
    return _table(["", "rows", "accuracy", "95 % interval", *more], rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; a bar or a line break inside a cell would break it."""
    if not rows:
        return ""
    lines = [list(head), ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(c.replace("|", "\\|").replace("\n", " ") for c in line) + " |" for line in lines)
