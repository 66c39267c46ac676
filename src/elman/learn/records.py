"""The lines of metrics.jsonl."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from elman.learn.state import State


def end_record(
    state: State, validation: Mapping[str, float], rate: float, unit: str, speed: float, seconds: float
) -> dict[str, Any]:
    """The record of the epoch that just ended: its number, losses, validation numbers, and times last.

    Numbers that are not finite become None, since JSON has no word for them.
    """
    measured = {f"validation_{name}": value if math.isfinite(value) else None for name, value in validation.items()}
    return {
        "epoch": state.epoch + 1,
        "step": state.step,
        "loss": state.loss_sum / state.units if state.units else None,
        **measured,
        "learning_rate": rate,
        f"{unit}_per_second": round(speed, 1),
        "seconds": round(seconds, 3),
    }


def json_lines(records: Sequence[Mapping[str, Any]]) -> bytes:
    """Strict JSON, one object a line.

    Example:
        >>> json_lines([{"epoch": 1, "loss": 0.5}])
        b'{"epoch": 1, "loss": 0.5}\\n'
    """
    return "".join(json.dumps(dict(r), allow_nan=False) + "\n" for r in records).encode()
