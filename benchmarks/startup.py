"""How long one waits for the commands that need no model, and for the demo: `python -m benchmarks.startup`."""

import statistics
import subprocess
import sys
import tempfile
import time

from benchmarks.record import heading, write

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    'python -c "import elman"': ["-c", "import elman"],
    "elman --help": ["-m", "elman", "--help"],
    "elman train --help": ["-m", "elman", "train", "--help"],
    "elman --version": ["-m", "elman", "--version"],
}
ROUNDS = 9


def seconds(words: list[str]) -> float:
    """Wall time of one process."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin


def main() -> None:
    """Time every command, turn and turn about, and write the table."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS + 1):
        for name, words in COMMANDS.items():
            times[name].append(seconds(words))
    lines = ["| command | median, s | slowest, s |", "|---|---|---|"]
    for name, values in times.items():
        lines.append(f"| `{name}` | {statistics.median(values[1:]):.3f} | {max(values[1:]):.3f} |")
    with tempfile.TemporaryDirectory() as place:
        demo = seconds(["-m", "elman", "demo", "--quiet", "--out", f"{place}/demo"])
    lines.append(f"| `elman demo`, trained anew, once | {demo:.1f} | |")
    text = heading("Waiting for a command", "python -m benchmarks.startup")
    write(
        "startup", "\n".join([text, f"{ROUNDS} processes each, turn and turn about, after one to warm up.\n", *lines])
    )


if __name__ == "__main__":
    main()
