"""What the training loop is given and what it gives back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from torch import Tensor, nn


class Carried(Protocol):
    """What passes from one step to the next beside the weights, such as the hidden state of a language model.

    It belongs to one process, and is kept in checkpoints: every process must have tensors of the same shapes.
    """

    def start(self) -> None:
        """An epoch begins."""
        ...

    def tensors(self) -> dict[str, Tensor]:
        """All of it, by names."""
        ...

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Go on from what `tensors` gave."""
        ...


@dataclass(frozen=True)
class Problem:
    """Everything the loop must know of a task: it knows rows by their numbers only.

    Args:
        model: the network; its device is where the loop puts it, so `loss` moves its tensors there.
        batches: the row numbers of every batch of an epoch (counted from 0): a pure function of the epoch,
            so that a training can be continued in the middle of one.
        loss: mean loss of some rows, given the model to be called (not always `model` itself: several processes
            wrap it); draws its randomness from torch's global generator only.
        validate: measures `model` on the validation rows and returns numbers by name, "loss" among them; "accuracy",
            "perplexity" and others of `elman.learn.report.SHOWN` are shown where there are any. Called without
            gradients, in evaluation mode.
        place: names a row in messages, such as "reviews.csv:17".
        unit: what the speed counts, and the mean of the loss weighs.
        size: how many units the rows of a batch have; None: one each.
        rate: the step size of a batch, as a share of the schedule's; None: 1.
        carried: what passes from step to step; None: nothing.
        groups: the parameters in groups with step sizes of their own; None: one group of all.
        shares: the step size of each group in an epoch (counted from 0), as a share of the schedule's; 0 freezes it.
        chosen_by: the validation number whose lowest value chooses the epoch, such as "loss" or "error".
    """

    model: nn.Module
    batches: Callable[[int], Sequence[np.ndarray]]
    loss: Callable[[nn.Module, np.ndarray], Tensor]
    validate: Callable[[], dict[str, float]]
    place: Callable[[int], str] = "row {}".format
    unit: str = "rows"
    size: Callable[[np.ndarray], int] | None = None
    rate: Callable[[np.ndarray], float] | None = None
    carried: Carried | None = None
    groups: Sequence[Sequence[nn.Parameter]] | None = None
    shares: Callable[[int], Sequence[float]] | None = None
    chosen_by: str = "loss"

    def units(self, batch: np.ndarray) -> int:
        """How many units the rows of a batch have."""
        return len(batch) if self.size is None else self.size(batch)


@dataclass(frozen=True)
class History:
    """How a training went.

    Args:
        epochs: one record per epoch, as in metrics.jsonl: epoch (from 1), step, loss (mean over the epoch's training
            rows), validation_loss and the other validation numbers, learning_rate, rows_per_second, seconds.
        best_epoch: the epoch (from 1) with the lowest validation loss, whose weights the model has now.
        steps: steps made.
        seconds: time spent, all interrupted parts together.
        stopped_by: "epochs", "patience" or "max_minutes".
    """

    epochs: list[dict[str, Any]]
    best_epoch: int
    steps: int
    seconds: float
    stopped_by: str

    @property
    def best(self) -> dict[str, Any]:
        """The record of the best epoch."""
        return self.epochs[self.best_epoch - 1]
