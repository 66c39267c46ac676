"""One process or several (under `torchrun`): what accelerate does for the loop, and nothing more of it."""

import atexit
import hashlib
import time
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


class Processes:
    """The processes that share a training; almost always one.

    Every batch is split over them by rows, and their gradients are averaged, so that together they make the step that
    one process would make. Decisions that depend on a clock or a signal are taken together.
    """

    def __init__(self) -> None:
        from accelerate import Accelerator

        # Processor or CUDA: on other devices the state of the random generator could not be kept.
        self.accelerator = Accelerator(cpu=not torch.cuda.is_available())
        self.count: int = self.accelerator.num_processes
        self.rank: int = self.accelerator.process_index
        self.main: bool = self.accelerator.is_main_process
        self.device: torch.device = self.accelerator.device
        self.cuda: list[torch.device] = [self.device] if self.device.type == "cuda" else []
        if self.count > 1:
            atexit.unregister(_leave)
            atexit.register(_leave)

    def prepare(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[nn.Module, Any]:
        """The model to be called and the optimiser to be stepped, as accelerate wraps them."""
        model, optimizer = self.accelerator.prepare(model, optimizer)
        return model, optimizer

    def seed(self, seed: int) -> None:
        """Seed torch, differently in each process and differently from a task that used the same seed before."""
        mixed = hashlib.sha256(f"fit {seed} {self.rank}".encode()).digest()
        torch.manual_seed(int.from_bytes(mixed[:7], "little"))

    def share(self, batch: np.ndarray) -> tuple[np.ndarray, float]:
        """This process's rows of a batch, and the weight that makes the mean of all losses the batch's mean loss."""
        if self.count == 1:
            return batch, 1.0
        rows = batch[self.rank :: self.count]
        # With fewer rows than processes some have none: they count a row with weight 0 to stay in step.
        return (rows, len(rows) * self.count / len(batch)) if len(rows) else (batch[:1], 0.0)

    def backward(self, loss: Tensor) -> None:
        """The gradient of a loss, averaged over the processes."""
        self.accelerator.backward(loss)

    def clip(self, model: nn.Module, largest: float) -> float:
        """Shorten the gradient of all weights together to a norm; returns the norm that it had."""
        norm = self.accelerator.clip_grad_norm_(model.parameters(), largest)
        return float(norm) if norm is not None else 0.0

    def mean(self, value: Tensor) -> float:
        """The mean of a number over the processes."""
        if self.count > 1:
            value = self.accelerator.reduce(value, reduction="mean")  # pyright: ignore[reportAssignmentType]
        return value.item()

    def agree(self, *values: int) -> list[int]:
        """The largest of each number over all processes, so that all do the same."""
        if self.count == 1:
            return list(values)
        table = self.accelerator.gather(torch.tensor([values], device=self.device))
        assert isinstance(table, Tensor)
        return [int(v) for v in table.amax(0)]

    def from_main(self, numbers: dict[str, float]) -> dict[str, float]:
        """The main process's numbers, in every process, which all have numbers of these names."""
        if self.count == 1:
            return numbers
        from accelerate.utils import broadcast

        # As a tensor: accelerate sends any other object as code that is run on arrival.
        values = broadcast(torch.tensor(list(numbers.values()), dtype=torch.float64, device=self.device))
        assert isinstance(values, Tensor)
        return dict(zip(numbers, values.tolist(), strict=True))

    def gather(self, tensors: dict[str, Tensor]) -> list[dict[str, Tensor]]:
        """The tensors that each process gave, in every process, in the order of their numbers."""
        if self.count == 1:
            return [tensors]
        tables = {name: self.accelerator.gather(value.to(self.device)[None]) for name, value in tensors.items()}
        return [
            {name: table[rank].to(tensors[name].device) for name, table in tables.items()}  # pyright: ignore[reportArgumentType, reportAttributeAccessIssue]
            for rank in range(self.count)
        ]

    def wait(self) -> None:
        """Wait until every process is here."""
        self.accelerator.wait_for_everyone()


def _leave() -> None:
    """Leave the group before the process ends, and give its thread time to let go of the last exchange's tensors.

    It needs Python for that. On busy processors one training of ten was aborted after its end without this pause
    (torch 2.13), since Python had gone before the thread's turn came.
    """
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
        time.sleep(0.2)
