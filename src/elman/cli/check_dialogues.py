"""What `elman check` prints about files of dialogues."""

import statistics
from typing import Any

from elman.cli import show
from elman.cli.findings import remarks, tell_plain
from elman.data.dialogue_options import DialogueDataOptions


def check_dialogues(files: list[str], options: dict[str, Any], *, json: bool) -> int:
    """Print what is in files of dialogues; returns the exit code."""
    from elman.data.config_file import merge
    from elman.data.dialogues import read_dialogues

    chosen, _ = merge(DialogueDataOptions, overrides=options)
    first: list[set[tuple[str, ...]]] = []

    def look(file: str) -> dict[str, Any]:
        data = read_dialogues(file, chosen)
        own = [tuple(turns) for turns in data.turns]
        facts = {
            "dialogues": len(own),
            "turns": sum(map(len, own)),
            "turns of a dialogue (median)": int(statistics.median(map(len, own))),
            "words of a turn (median)": int(statistics.median(len(turn.split()) for turns in own for turn in turns)),
            "dialogues that stand there before": len(own) - len(set(own)),
        }
        if first:
            facts[f"dialogues that are also in {files[0]}"] = sum(turns in first[0] for turns in own)
        first.append(set(own))
        few = len({turns for turns in own if len(turns) > 1}) < 2
        problems = ["only one dialogue: there must be one to learn from and one to validate with"] if few else []
        return {"path": data.path, "notes": data.notes, "problems": problems, **facts}

    return tell_plain(files, look, _print, json=json)


def _print(report: dict[str, Any]) -> None:
    show.line(report["path"])
    show.table([(name, f"{value:,}") for name, value in report.items() if name not in ("path", "notes", "problems")])
    remarks(note=report["notes"], problem=report["problems"])
