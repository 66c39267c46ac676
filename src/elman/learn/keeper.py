"""Keeping a running training in checkpoints, and finding it there again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from elman.data.files import remove_temporaries, storage_error
from elman.errors import RunError
from elman.learn.averaging import Average
from elman.learn.checkpoint import add, newest_whole
from elman.learn.problem import Carried
from elman.learn.processes import Processes
from elman.learn.state import (
    State,
    optimizer_tensors,
    random_state,
    restore_optimizer,
    restore_random_state,
    under,
    weights,
)


class Keeper:
    """Saves and restores everything a training needs to go on exactly: weights, best and mean weights, optimiser,
    random generators and carried state of every process, and its `State`.

    Args:
        folder: the run folder; checkpoints lie in its checkpoints/.
        processes: those that share the training.
        network: the model itself, not a wrapper.
        optimizer: as the loop steps it.
        average: the mean of its weights.
        carried: what passes from step to step, if anything does.
    """

    def __init__(
        self,
        folder: Path,
        processes: Processes,
        network: nn.Module,
        optimizer: Any,
        average: Average,
        carried: Carried | None,
    ) -> None:
        self.folder, self.processes = folder / "checkpoints", processes
        self.network, self.optimizer, self.average, self.carried = network, optimizer, average, carried

    def save(self, state: State, best: dict[str, Tensor]) -> None:
        """Write a checkpoint of this moment.

        Raises:
            StorageError: it cannot be written; the ones before are still there.
        """
        generators = self.processes.gather(random_state(self.processes.device))
        carried = self.processes.gather(self.carried.tensors()) if self.carried else []
        if not self.processes.main:
            return
        tensors = {f"model.{name}": value for name, value in weights(self.network).items()}
        tensors |= {f"best.{name}": value for name, value in best.items()}
        tensors |= {f"optimizer.{name}": value for name, value in optimizer_tensors(self.optimizer).items()}
        tensors |= {f"random.{i}.{name}": v for i, own in enumerate(generators) for name, v in own.items()}
        tensors |= {f"carried.{i}.{name}": v for i, own in enumerate(carried) for name, v in own.items()}
        tensors |= {f"average.{name}": value for name, value in self.average.means.items()}
        add(self.folder, state.step, tensors, state.as_dict())

    def restore(self, say: Callable[[str], None]) -> tuple[State, dict[str, Tensor]] | None:
        """Put model, optimiser and random generators back to the newest checkpoint.

        Args:
            say: told about damaged checkpoints.

        Returns:
            The state and the best weights; None where there is no checkpoint, and all begins anew.

        Raises:
            RunError: the checkpoint is of another network or of another number of processes.
            StorageError: the folder of checkpoints cannot be made.
        """
        if self.processes.main:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise storage_error(error, self.folder) from error
            remove_temporaries(self.folder)
        found = newest_whole(self.folder, say)
        self.processes.wait()  # none may write before all have read
        if found is None:
            return None
        tensors, meta = found
        state = State(**meta)
        if state.processes != self.processes.count:
            raise RunError(
                f"{self.folder} holds a training of {state.processes} processes, and now there are "
                f"{self.processes.count}",
                fix="Continue with as many, or train into another folder (--out).",
            )
        self._load_weights(under(tensors, "model."))
        restore_optimizer(self.optimizer, under(tensors, "optimizer."))
        restore_random_state(under(tensors, f"random.{self.processes.rank}."), self.processes.device)
        self.average.restore(under(tensors, "average."), state.averaged)
        if self.carried:
            self.carried.restore(under(tensors, f"carried.{self.processes.rank}."))
        return state, under(tensors, "best.")

    def _load_weights(self, found: dict[str, Tensor]) -> None:
        expected = {name: tuple(value.shape) for name, value in self.network.state_dict().items()}
        shapes = {name: tuple(value.shape) for name, value in found.items()}
        if shapes != expected:
            name = next(n for n in [*expected, *shapes] if shapes.get(n) != expected.get(n))
            raise RunError(
                f"the checkpoint in {self.folder} is of another network: its weight {name} is "
                f"{shapes.get(name, 'missing')}",
                expected=f"{expected.get(name, 'no such weight')}",
                fix="Train into another folder (--out).",
            )
        self.network.load_state_dict(found)
