"""Trainings by the user's road, `elman train`, measured: what the benchmarks of recipes share."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

RECIPES = Path(__file__).parents[1] / "recipes"
NOTE = "Where other work ran beside it, wall time is longer than processor time."


def elman(*arguments: object) -> str:
    """What a command prints on standard output."""
    command = [sys.executable, "-m", "elman", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    return done.stdout


def train(recipe: str, files: Sequence[Path | None], out: Path, *flags: object) -> dict[str, Any]:
    """Train by a recipe, or read the run that was trained before.

    Args:
        recipe: its name.
        files: the training file, and those for validation and test, if there are any.
        out: the run folder; what was spent is kept beside it.
        flags: more for the command.

    Returns:
        info: what `elman info` tells; wall and processor seconds of the whole command, peak memory in MiB.
    """
    spent = out.with_suffix(".spent.json")
    if not spent.exists():
        command = [sys.executable, "-m", "elman", "train", files[0], "--config", RECIPES / f"{recipe}.yaml", "--quiet"]
        for flag, file in zip(("--validation", "--test"), files[1:], strict=False):
            command += [flag, file] if file else []
        began = time.monotonic()
        process = subprocess.Popen([str(word) for word in (*command, *flags, "--out", out)])
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"{out}: training ended with {os.waitstatus_to_exitcode(status)}")
        seconds = {"wall": time.monotonic() - began, "processor": usage.ru_utime + usage.ru_stime}
        spent.write_text(json.dumps({**seconds, "peak": usage.ru_maxrss / 1024}))
    return {"info": json.loads(elman("info", out, "--json")), **json.loads(spent.read_text())}


def weights(one: dict[str, Any]) -> int:
    """About how many numbers a model has learned."""
    return one["info"]["sizes"]["model.safetensors"] // 4


def arguments(about: str | None, names: Sequence[str] = (), seeds: int = 1) -> argparse.Namespace:
    """FOLDER, names of recipes (all if none is given), --seeds, and --runs, where run folders are kept."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    if names:
        parser.add_argument("names", nargs="*", choices=[*names, []], metavar="NAME", help=", ".join(names))
    parser.add_argument("--seeds", type=int, default=seeds)
    parser.add_argument("--runs", type=Path, help="keep the run folders here; a run that is there is continued or read")
    found = parser.parse_args()
    if names:
        found.names = found.names or list(names)
    return found


@contextmanager
def runs_at(place: Path | None) -> Iterator[Path]:
    """A folder for runs: the given one, or one that is gone afterwards."""
    if place:
        place.mkdir(parents=True, exist_ok=True)
        yield place
        return
    with tempfile.TemporaryDirectory() as gone:
        yield Path(gone)
