"""What the training loop is given and what it gives back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor, nn


@dataclass(frozen=True)
class Problem:
    """Everything the loop must know of a task: it knows rows by their numbers only.

    Args:
        model: the network; its device is where the loop puts it, so `loss` moves its tensors there.
        batches: the row numbers of every batch of an epoch (counted from 0): a pure function of the epoch,
            so that a training can be continued in the middle of one.
        loss: mean loss of some rows, given the model to be called (not always `model` itself: several processes
            wrap it); draws its randomness from torch's global generator only.
        validate: measures `model` on the validation rows and returns numbers by name, "loss" among them; "accuracy"
            is shown where there is one. Called without gradients, in evaluation mode.
        place: names a row in messages, such as "reviews.csv:17".
    """

    model: nn.Module
    batches: Callable[[int], Sequence[np.ndarray]]
    loss: Callable[[nn.Module, np.ndarray], Tensor]
    validate: Callable[[], dict[str, float]]
    place: Callable[[int], str] = "row {}".format


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
