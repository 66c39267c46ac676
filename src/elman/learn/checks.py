"""Whether the options of a training make sense, before any work starts."""

import math
from collections.abc import Callable

from elman.errors import ConfigError
from elman.learn.options import TrainingOptions

Rule = tuple[Callable[[float], bool], str]
AT_LEAST_0: Rule = (lambda v: v >= 0, "0 or more")
AT_LEAST_1: Rule = (lambda v: v >= 1, "1 or more")
ABOVE_0: Rule = (lambda v: v > 0, "a number above 0")
SHARE: Rule = (lambda v: 0 <= v < 1, "from 0 to less than 1")

RULES: dict[str, Rule] = {
    "epochs": AT_LEAST_1,
    "batch_size": AT_LEAST_1,
    "learning_rate": ABOVE_0,
    "momentum": SHARE,
    "weight_decay": AT_LEAST_0,
    "clip": AT_LEAST_0,
    "warmup": SHARE,
    "patience": AT_LEAST_0,
    "seed": AT_LEAST_0,
    "max_minutes": AT_LEAST_0,
    "checkpoint_minutes": AT_LEAST_0,
    "threads": AT_LEAST_0,
}


def check_training(options: TrainingOptions) -> None:
    """Refuse options of a training that are out of their range.

    Raises:
        ConfigError: naming the option, its value and the values it may have.

    Example:
        >>> check_training(TrainingOptions(epochs=0))
        Traceback (most recent call last):
        elman.errors.ConfigError: epochs is 0. Expected 1 or more.
    """
    for name, (holds, expected) in RULES.items():
        value = getattr(options, name)
        if not math.isfinite(value) or not holds(value):
            raise ConfigError(f"{name} is {value}", expected=expected)
