"""What `elman check` prints about files of dialogues."""

import statistics
import sys
from typing import Any

from elman.cli import show
from elman.data.dialogue_options import DialogueDataOptions
from elman.errors import ElmanError


def check_dialogues(files: list[str], options: dict[str, Any], *, json: bool) -> int:
    """Print what is in files of dialogues; returns the exit code."""
    from elman.data.config_file import merge
    from elman.data.dialogues import read_dialogues

    chosen, _ = merge(DialogueDataOptions, overrides=options)
    found: list[dict[str, Any]] = []
    first: set[tuple[str, ...]] = set()
    code = 0
    for name in files:
        try:
            data = read_dialogues(name, chosen)
        except ElmanError as error:
            code = max(code, error.exit_code)
            print(show.fit(f"elman: {show.printable(str(error))}", sys.stderr), file=sys.stderr)
            continue
        own = [tuple(turns) for turns in data.turns]
        facts = {
            "dialogues": len(own),
            "turns": sum(map(len, own)),
            "turns of a dialogue (median)": int(statistics.median(map(len, own))),
            "words of a turn (median)": int(statistics.median(len(turn.split()) for turns in own for turn in turns)),
            "dialogues that stand there before": len(own) - len(set(own)),
        }
        if found:
            facts[f"dialogues that are also in {files[0]}"] = sum(turns in first for turns in own)
        else:
            first = set(own)
        found.append({"path": data.path, "notes": data.notes, **facts})
        if not json:
            show.line(f"{data.path}")
            show.table([(name, f"{value:,}") for name, value in facts.items()])
            for note in data.notes:
                show.line(f"note: {note}")
    if json:
        show.as_json({"files": found, "sound": not code})
    return code
