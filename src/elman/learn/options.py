"""How a model is trained, as options."""

from dataclasses import dataclass

from elman.data.options import option


@dataclass(frozen=True)
class TrainingOptions:
    """How a model is trained."""

    epochs: int = option(8, "passes over the training rows")
    batch_size: int = option(64, "rows per step")
    optimizer: str = option("adam", "the optimiser", choices=("adam", "adamw", "sgd", "rmsprop"))
    learning_rate: float = option(3e-3, "the largest step size of the schedule")
    momentum: float = option(0.9, "momentum of sgd")
    weight_decay: float = option(0.0, "decay of the weights (decoupled with adamw)")
    clip: float = option(1.0, "largest norm of the gradient of all weights together; 0: no clipping")
    schedule: str = option(
        "one-cycle", "course of the step size after the warm-up", choices=("constant", "linear", "cosine", "one-cycle")
    )
    warmup: float = option(0.3, "share of all steps in which the step size rises")
    patience: int = option(3, "epochs without a better validation loss after which training stops; 0: never")
    class_weights: str = option("none", "weight of each class in the loss", choices=("none", "balanced"))
    seed: int = option(0, "seed of the split, the order of the rows, the first weights and the dropout")
    max_minutes: float = option(0.0, "bound on the time of training, turned into a number of steps; 0: none")
    checkpoint_minutes: float = option(1.0, "time between two checkpoints inside an epoch")
    threads: int = option(0, "processor threads; 0: all cores")
