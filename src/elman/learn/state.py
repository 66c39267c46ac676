"""Where a training stands: plain values that a checkpoint holds beside the tensors."""

from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor, nn


@dataclass
class State:
    """The position in a training and what it has learned about itself so far.

    Args:
        epoch: the running epoch, counted from 0.
        batch: batches of it that are done.
        step: steps made, over all epochs.
        loss_sum: sum over the running epoch's units (rows, tokens) of their loss.
        units: units of the running epoch that are done.
        history: the records of the ended epochs.
        best_epoch: the ended epoch (from 1) with the lowest validation loss, or what else chooses; 0: none yet.
        stale: epochs ended since then.
        limit: steps after which max_minutes ends the training; None as long as it is not known.
        seconds: time spent before this process.
        stopped_by: why the training has ended; empty while it has not.
        processes: how many processes share the work.
        scale: what plateau has left of the step size.
        averaged: steps whose weights are in the mean.
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    units: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    best_epoch: int = 0
    stale: int = 0
    limit: int | None = None
    seconds: float = 0.0
    stopped_by: str = ""
    processes: int = 1
    scale: float = 1.0
    averaged: int = 0

    def lowest(self, name: str) -> float:
        """A validation number of the best epoch so far; infinity before there is one."""
        return self.history[self.best_epoch - 1][f"validation_{name}"] if self.best_epoch else float("inf")

    def as_dict(self) -> dict[str, Any]:
        """All of it, for a checkpoint."""
        return asdict(self)


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """What an optimiser remembers of each weight, named "<number of the weight>.<name>"."""
    state = optimizer.state_dict()["state"]
    return {f"{i}.{name}": value for i, own in state.items() for name, value in own.items() if value is not None}


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Give an optimiser back what `optimizer_tensors` took; step sizes and the like come from the options again."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        index, _, own = name.partition(".")
        state.setdefault(int(index), {})[own] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def weights(model: nn.Module) -> dict[str, Tensor]:
    """A copy of everything a model has learned, on the processor."""
    return {name: value.detach().to("cpu", copy=True) for name, value in model.state_dict().items()}


def random_state(device: torch.device) -> dict[str, Tensor]:
    """The state of torch's global random generators that a training on this device draws from."""
    state = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def restore_random_state(state: dict[str, Tensor], device: torch.device) -> None:
    """Put torch's global random generators back where `random_state` found them."""
    torch.set_rng_state(state["cpu"])
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)


def under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin with a prefix, without it."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
