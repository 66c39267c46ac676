"""How a model is trained, as options."""

import math
from dataclasses import dataclass, replace

from elman.data.options import option
from elman.errors import ConfigError

# A one-cycle schedule that is too short learns nothing; one that is too long learns the rows by heart.
LEAST_EPOCHS, MOST_EPOCHS, ENOUGH_STEPS = 5, 40, 1500


@dataclass(frozen=True)
class TrainingOptions:
    """How a model is trained."""

    epochs: int | None = option(None, "passes over the training rows; 5, and more of few rows, if not given", low=1)
    batch_size: int = option(64, "rows per step", low=1)
    optimizer: str = option("adam", "the optimiser", choices=("adam", "adamw", "sgd", "rmsprop"))
    learning_rate: float = option(2e-3, "the largest step size of the schedule", above=0)
    momentum: float = option(0.9, "momentum of sgd", low=0, below=1)
    beta2: float = option(
        0.999, "decay of Adam's mean square of the gradient; with less, rare symbols move less at once", low=0, below=1
    )
    weight_decay: float = option(0.0, "decay of the weights (decoupled with adamw)", low=0)
    clip: float = option(1.0, "largest norm of the gradient of all weights together; 0: no clipping", low=0)
    schedule: str = option(
        "one-cycle",
        "course of the step size after the warm-up",
        choices=("constant", "linear", "cosine", "one-cycle", "plateau"),
    )
    shrink: float = option(2.0, "what plateau divides the step size by after an epoch that was no better", above=1)
    roll_back: bool = option(True, "whether plateau then goes back to the best weights")
    average: int = option(
        0, "epochs without a better validation loss that begin the averaging of the weights; 0: never", low=0
    )
    warmup: float = option(0.3, "share of all steps in which the step size rises", low=0, below=1)
    patience: int | None = option(
        None, "epochs without a better validation loss that end the training; a third if not given; 0: never", low=0
    )
    seed: int = option(
        0, "seed of the split, the order of the rows, the first weights and the dropout", low=0, high=2**62
    )
    max_minutes: float = option(0.0, "bound on the time of training, turned into a number of steps; 0: none", low=0)
    checkpoint_minutes: float = option(1.0, "time between two checkpoints inside an epoch", low=0)
    threads: int = option(1, "processor threads; 0: all cores", low=0, high=1024)

    def decided(self, steps: int) -> "TrainingOptions":
        """The same options, those left open chosen for an epoch of so many steps.

            epochs = 5, or as many as make 1,500 steps, but at most 40        patience = a third of them, at least 3

        Where weights are averaged, patience lasts longer than what begins it.

        Raises:
            ConfigError: the training would end before the averaging begins.

        Example:
            >>> TrainingOptions().decided(352).epochs, TrainingOptions().decided(15).epochs
            (5, 40)
            >>> TrainingOptions(epochs=12).decided(352).patience
            4
        """
        epochs = self.epochs or min(MOST_EPOCHS, max(LEAST_EPOCHS, math.ceil(ENOUGH_STEPS / max(steps, 1))))
        patience = max(3, epochs // 3, self.average + 1) if self.patience is None else self.patience
        if 0 < patience <= self.average:
            raise ConfigError(
                f"patience is {patience}, and average {self.average}", expected="a patience above it, or 0",
                fix="The averaging would never begin.",
            )  # fmt: skip
        return replace(self, epochs=epochs, patience=patience)
