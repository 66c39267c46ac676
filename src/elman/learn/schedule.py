"""The optimiser, and the course of its step size."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import nn

from elman.learn.options import TrainingOptions

# Where the one-cycle schedule starts and ends, as shares of the largest step size.
START, END = 1 / 25, 1 / 250_000


def make_optimizer(
    options: TrainingOptions,
    parameters: Iterable[nn.Parameter],
    groups: Sequence[Sequence[nn.Parameter]] | None = None,
) -> torch.optim.Optimizer:
    """The optimiser that the options name, over the given parameters.

    Args:
        options: optimizer, learning_rate, momentum, beta2 and weight_decay are read.
        parameters: what it moves.
        groups: the same parameters in groups of the optimiser; None: one group.

    Returns:
        Adam, AdamW, SGD or RMSprop of torch.

    Example:
        >>> make_optimizer(TrainingOptions(optimizer="sgd"), torch.nn.Linear(2, 1).parameters()).defaults["momentum"]
        0.9
    """
    own = [list(parameters)] if groups is None else groups
    moved: list[dict[str, Any]] = [{"params": [p for p in group if p.requires_grad]} for group in own]
    rate, decay, betas = options.learning_rate, options.weight_decay, (0.9, options.beta2)
    # One fused pass over the weights: 10 times faster on processors than torch's default for a large embedding.
    if options.optimizer == "adam":
        return torch.optim.Adam(moved, rate, betas, weight_decay=decay, fused=True)
    if options.optimizer == "adamw":
        return torch.optim.AdamW(moved, rate, betas, weight_decay=decay, fused=True)
    if options.optimizer == "sgd":
        return torch.optim.SGD(moved, rate, momentum=options.momentum, weight_decay=decay, fused=True)
    return torch.optim.RMSprop(moved, rate, weight_decay=decay)


def factor(step: int, total: int, schedule: str, warmup: float) -> float:
    """The step size of a step, as a share of the largest one: a pure function of the step's number.

        one-cycle   a half cosine from 1/25 up to 1 during the warm-up, then one down to 1/250,000
        constant    a straight line up to 1 during the warm-up, then 1
        linear      the same rise, then a straight line down to 0
        cosine      the same rise, then a half cosine down to 0
        plateau     as constant; the loop divides it after an epoch that was no better

    Args:
        step: the step, counted from 0; past the end the last value stays.
        total: steps of the whole training.
        schedule: "one-cycle", "constant", "linear", "cosine" or "plateau".
        warmup: share of all steps in which it rises.

    Returns:
        A number above 0 up to 1.

    Example:
        >>> [round(factor(step, 10, "linear", 0.2), 3) for step in range(10)]
        [0.5, 1.0, 1.0, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125]

    Source: Smith & Topin (2018), Super-convergence, for one-cycle; the numbers are those of torch's OneCycleLR.
    """
    if total <= 1:
        return 1.0
    step = min(step, total - 1)
    if schedule == "one-cycle":
        top = warmup * total - 1  # the step that is the largest
        if step <= top:
            return _half_cosine(START, 1.0, step / top if top > 0 else 1.0)
        return _half_cosine(1.0, END, (step - top) / (total - 1 - top))
    rising = round(warmup * total)
    if step < rising:
        return (step + 1) / rising
    done = (step - rising) / (total - rising)
    if schedule == "linear":
        return 1.0 - done
    return (1.0 + math.cos(math.pi * done)) / 2 if schedule == "cosine" else 1.0


def _half_cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1.0 + math.cos(math.pi * share)) / 2
