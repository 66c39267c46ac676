"""A training small enough for tests, with dropout, so that random numbers matter: a script and a module."""

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from elman.cells import Elman
from elman.errors import Interrupted
from elman.layers import Recurrent
from elman.learn.loop import History, Problem, fit
from elman.learn.options import TrainingOptions

ROWS, STEPS, WIDTH = 50, 6, 3
OPTIONS = TrainingOptions(epochs=4, batch_size=8, learning_rate=0.01, patience=0, threads=1, seed=3)


class Network(nn.Module):
    """Recurrent layer, dropout, one number."""

    def __init__(self, dropout: float = 0.3) -> None:
        super().__init__()
        self.layer = Recurrent(Elman(WIDTH, 8))
        self.dropout = nn.Dropout(dropout)
        self.readout = nn.Linear(8, 1)

    def forward(self, x: Tensor) -> Tensor:
        """x (n, T, d) → (n)."""
        y, _ = self.layer(x)
        return self.readout(self.dropout(y[:, -1]))[:, 0]


def tiny_problem(pause: float = 0.0) -> Problem:
    """Tell whether the first feature's sum is above 0; `pause` seconds are slept in each step."""
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(ROWS, STEPS, WIDTH, generator=draw)
    truth = (x[:, :, 0].sum(1) > 0).float()
    torch.manual_seed(1)
    model = Network()
    held = np.arange(40, ROWS)

    def batches(epoch: int) -> list[np.ndarray]:
        order = np.random.default_rng([7, epoch]).permutation(40)
        return [order[i : i + 8] for i in range(0, 40, 8)]

    def loss(called: nn.Module, rows: np.ndarray) -> Tensor:
        time.sleep(pause)
        return nn.functional.binary_cross_entropy_with_logits(called(x[rows]), truth[rows])

    def validate() -> dict[str, float]:
        logits = model(x[held])
        value = nn.functional.binary_cross_entropy_with_logits(logits, truth[held])
        return {"loss": value.item(), "accuracy": ((logits > 0) == (truth[held] > 0)).float().mean().item()}

    return Problem(model, batches, loss, validate, place="tiny.csv:{}".format)


def bits(model: nn.Module) -> dict[str, bytes]:
    """The weights as bytes, so that equal means equal in every bit."""
    return {name: value.numpy().tobytes() for name, value in model.state_dict().items()}


def untimed(history: History) -> list[dict[str, float]]:
    """The records without what depends on the clock."""
    return [{k: v for k, v in r.items() if k not in ("seconds", "rows_per_second")} for r in history.epochs]


def main(folder: Path, pause: float, options: TrainingOptions) -> int:
    """Train, write the final weights, and end as the command line would."""
    problem = tiny_problem(pause)
    try:
        fit(problem, options, folder)
    except Interrupted as error:
        print(error)
        return error.exit_code
    if os.environ.get("RANK", "0") == "0":
        (folder / "weights").write_bytes(b"".join(bits(problem.model).values()))
    return 0


if __name__ == "__main__":
    # folder, seconds a step, minutes between checkpoints
    sys.exit(main(Path(sys.argv[1]), float(sys.argv[2]), replace(OPTIONS, checkpoint_minutes=float(sys.argv[3]))))
