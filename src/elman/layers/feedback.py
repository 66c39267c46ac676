"""Recurrence from the output (design pattern 2): teacher forcing, free running, and what lies between."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from elman.arguments import number, size
from elman.cells.cell import Cell
from elman.cells.wrapper import Wrapper
from elman.errors import ArgumentError, ArgumentTypeError
from elman.run.choice import autocasting
from elman.run.over_time import over_time
from elman.step.reference import State


class Forced(Wrapper):
    """A cell whose output of the step before is known: what was a state is an input, and no step waits for it.

        y_t, state_t = step(x_t, **state_{t-1}, fed = target_{t-1})

    Args:
        cell: whose `feedback` names the state that is its own last output.
    """

    def __init__(self, cell: Cell) -> None:
        super().__init__(cell)
        self.fed = fed_back(cell)

    @property
    def states(self) -> dict[str, int]:
        """All but the output of the step before."""
        return {name: width for name, width in self.cell.states.items() if name != self.fed}

    @property
    def steps(self) -> dict[str, int]:
        """What the cell takes, and the target of the step before."""
        return {**self.cell.steps, f"{self.fed}_before": self.cell.states[self.fed]}

    def step(self, x: Tensor, **given: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The cell's own step, its output not carried."""
        before = {self.fed: given.pop(f"{self.fed}_before")}
        y, new = self.cell.step(x, **before, **given)
        return y, {name: value for name, value in new.items() if name != self.fed}


class Mixed(Wrapper):
    """A cell that is handed on the target in the place of its own output at some steps, and its output at others.

        fed_t = target_t where forced_t, otherwise y_t

    Args:
        cell: whose `feedback` names the state that is its own last output.
    """

    def __init__(self, cell: Cell) -> None:
        super().__init__(cell)
        self.fed = fed_back(cell)

    @property
    def steps(self) -> dict[str, int]:
        """What the cell takes, the targets, and 1 at the steps that are forced."""
        return {**self.cell.steps, f"{self.fed}_target": self.cell.states[self.fed], f"{self.fed}_forced": 1}

    def step(self, x: Tensor, **given: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The cell's own step, then the choice of what is fed back."""
        target, forced = given.pop(f"{self.fed}_target"), given.pop(f"{self.fed}_forced")
        y, new = self.cell.step(x, **given)
        return y, {**new, self.fed: torch.where(forced > 0.5, target, new[self.fed])}


class Forms:
    """A cell whose output is fed back, in its three forms; held beside the module tree, since the cell is in it.

    Args:
        free: the cell.

    Attributes:
        forced: every step sees the target of the step before.
        mixed: some steps do.
    """

    def __init__(self, free: Cell) -> None:
        self.free, self.forced, self.mixed = free, Forced(free), Mixed(free)


def fed_back(cell: Cell) -> str:
    """The name of the state that is the cell's output of the step before.

    Raises:
        ArgumentError: there is none.
    """
    name = cell.feedback
    if name is None:
        raise ArgumentError(
            f"feedback is given, and {type(cell).__name__} does not feed its output back",
            expected="a cell that does, such as elman.cells.Jordan or elman.cells.ElmanJordan, as the last layer",
        )
    return name


def forced_steps(
    cell: Cell, targets: Tensor | None, teacher_forcing: float | Tensor | None, x: Tensor
) -> Tensor | float:
    """Which steps of a cell are handed on the target, after a look at the targets (n, T, width)."""
    if targets is None:
        if teacher_forcing is not None:
            raise ArgumentError(
                "teacher_forcing is given without feedback: there is nothing to force",
                expected="both, or neither for a free run",
                fix="Write layer(x, feedback=targets, teacher_forcing=…), or leave teacher_forcing out.",
            )
        return 0.0
    n, time, _ = x.shape
    check_targets(targets, n, time, cell.states[fed_back(cell)], x)
    return 1.0 if teacher_forcing is None else forcing(teacher_forcing, n, time, x.device)


def forcing(teacher_forcing: Any, n: int, time: int, device: torch.device) -> Tensor | float:
    """1.0 where every step is forced, 0.0 where none is, otherwise which: booleans (n, T).

    Args:
        teacher_forcing: the probability of a step to be forced, or booleans (n, T).
        n: rows of the batch.
        time: its steps.
        device: where they are drawn.
    """
    if isinstance(teacher_forcing, Tensor):
        if teacher_forcing.dtype != torch.bool or teacher_forcing.shape != (n, time):
            what = f"of type {teacher_forcing.dtype} and shape {tuple(teacher_forcing.shape)}"
            raise ArgumentTypeError(f"teacher_forcing is {what}", expected=f"booleans ({n}, {time}), or a probability")
        return teacher_forcing.to(device)
    probability = number("teacher_forcing", teacher_forcing, least=0, most=1)
    return probability if probability in (0, 1) else torch.rand(n, time, device=device) < probability


def over_time_forced(
    forms: Forms,
    x: Tensor,
    lengths: Tensor,
    state: Mapping[str, Tensor],
    targets: Tensor,
    which: Tensor | float,
    *,
    inputs: Mapping[str, Tensor],
    reset: Tensor | None,
    **setting: Any,
) -> tuple[Tensor, State]:
    """`over_time` of a cell whose output is fed back, with targets in the place of some outputs.

    Args:
        forms: of the cell.
        x, lengths, state, inputs, reset: as for `over_time`.
        targets: (n, T, width), not shifted.
        which: 1.0, 0.0, or which steps are forced, booleans (n, T).
        setting: the machine and the direction.
    """
    name = forms.forced.fed
    targets = targets.to(state[name].dtype)
    if isinstance(which, Tensor):
        more = {**inputs, f"{name}_target": targets, f"{name}_forced": which.unsqueeze(2).to(targets.dtype)}
        return over_time(forms.mixed, x, lengths, state, inputs=more, reset=reset, **setting)
    if not which:
        return over_time(forms.free, x, lengths, state, inputs=inputs, reset=reset, **setting)
    first = state[name]
    others = {key: value for key, value in state.items() if key != name}
    more = {**inputs, f"{name}_before": shifted(targets, first, reset)}
    y, final = over_time(forms.forced, x, lengths, others, inputs=more, reset=reset, **setting)
    return y, {key: final[key] if key in final else last_target(targets, first, lengths) for key in state}


def check_targets(targets: Tensor, n: int, time: int, width: int, x: Tensor) -> None:
    """Refuse targets that are not (n, T, width) in x's type."""
    if not isinstance(targets, Tensor):
        raise ArgumentTypeError(f"feedback is a {type(targets).__name__}", expected=f"a tensor ({n}, {time}, {width})")
    if targets.shape != (n, time, width):
        classes = "For classes write torch.nn.functional.one_hot(ids, classes).to(x.dtype)."
        raise ArgumentError(
            f"feedback has shape {tuple(targets.shape)}",
            expected=f"({n}, {time}, {width}): the targets in output space, not shifted",
            fix=classes if targets.dim() == 2 else "",
        )
    if targets.dtype != x.dtype and not autocasting(x.device.type):
        raise ArgumentTypeError(f"feedback is of type {targets.dtype}", expected=f"{x.dtype}, as x")


def shifted(targets: Tensor, first: Tensor, reset: Tensor | None) -> Tensor:
    """What a forced cell sees at each step: the target of the step before; where a sequence begins, `first` (n, w)."""
    before = torch.cat([first.unsqueeze(1), targets[:, :-1]], dim=1)[:, : targets.shape[1]]
    return before if reset is None else torch.where(reset.unsqueeze(2), first.unsqueeze(1), before)


def last_target(targets: Tensor, first: Tensor, lengths: Tensor) -> Tensor:
    """What is handed on after each row's last real step: its target; `first` (n, width) for a row of length 0."""
    if not targets.shape[1]:
        return first
    lengths = lengths.to(targets.device)
    last = targets[torch.arange(len(lengths), device=targets.device), (lengths - 1).clamp(min=0)]
    return torch.where((lengths > 0).unsqueeze(1), last, first)


def every(n: int, time: int, steps: int) -> Tensor:
    """Which steps are forced so that between them the network runs free: booleans (n, T), for `teacher_forcing`.

    Each row is forced at every k-th step, beginning at a step that is drawn: the loss is then one of 1, …, k steps
    ahead, each equally often.

    Args:
        n: rows.
        time: steps T.
        steps: k, steps of a free run.

    Raises:
        ArgumentError, ArgumentTypeError: not whole numbers, or negative ones.

    Example:
        >>> every(2, 7, steps=3).sum(dim=1).tolist() in ([2, 2], [2, 3], [3, 2], [3, 3])
        True
    """
    n, time, steps = size("n", n, least=0), size("time", time, least=0), size("steps", steps)
    return (torch.arange(time) + torch.randint(steps, (n, 1))) % steps == 0
