"""What every result file begins with: when, where and with what it was measured."""

import platform
import sys
from datetime import date
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def heading(title: str, command: str) -> str:
    """Title, date, machine, versions and command, as Markdown."""
    import torch

    libraries = ", ".join(f"{name} {version(name)}" for name in ("elman", "torch", "numpy", "tokenizers"))
    return "\n".join(
        [
            f"# {title}",
            "",
            f"- date: {date.today().isoformat()}",
            f"- machine: {_processor()}, {torch.get_num_threads()} threads, {platform.system()} {platform.machine()}",
            f"- versions: Python {platform.python_version()}, {libraries}",
            f"- command: `{command}`",
            "",
        ]
    )


def write(name: str, text: str) -> Path:
    """Write benchmarks/results/<name>.md and say so."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.md"
    path.write_text(text.rstrip() + "\n")
    print(f"wrote {path}", file=sys.stderr)
    return path


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown processor")
