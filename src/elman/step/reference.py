"""The plain loop over time: slow, always right, and the definition every faster machine is tested against."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

State = dict[str, Tensor]
Step = Callable[..., tuple[Tensor, Mapping[str, Tensor]]]


def unroll(
    step: Step,
    x: Tensor,
    lengths: Tensor,
    state: Mapping[str, Tensor],
    *,
    output_size: int,
    inputs: Mapping[str, Tensor] | None = None,
    backward: bool = False,
    reset: Tensor | None = None,
) -> tuple[Tensor, State]:
    """Run a step over the real steps of every row.

        y_t, state_t = step(x_t, **state_{t-1}, **inputs_t)     t = 1 … lengths[row]; backward: t = lengths[row] … 1

    A row takes part only while it lasts: its padding is never read, so whatever stands there (NaN too) changes
    nothing and gets a gradient of exactly zero.

    Args:
        step: `step(x_t, **state) -> (y_t, new state)` over one time step, x_t (m, d), each state (m, width).
        x: inputs (n, T, d).
        lengths: real steps of each row (n), int64 on the CPU, 0 ≤ length ≤ T.
        state: initial state, name → (n, width).
        output_size: width o of y_t.
        inputs: what the step takes besides, by name: one value per row (n, width), or per step (n, T, width).
        backward: begin at each row's last real step and go to its first.
        reset: where a row begins again, booleans (n, T): before the step at that position its state is set back to
            the initial state, so that no gradient passes from there to the steps before; padding is not read.

    Returns:
        y (n, T, o), exactly 0 in the padding, and the state after each row's final step, name → (n, width); a row of
        length 0 keeps its initial state.

    Example:
        >>> total = lambda x, *, s: (s + x, {"s": s + x})
        >>> x = torch.tensor([[1.0, 2.0, 9.0], [5.0, 6.0, 7.0]]).unsqueeze(-1)
        >>> y, state = unroll(total, x, torch.tensor([2, 3]), {"s": torch.zeros(2, 1)}, output_size=1)
        >>> y.squeeze(-1).tolist(), state["s"].tolist()
        ([[1.0, 3.0, 0.0], [5.0, 11.0, 18.0]], [[3.0], [18.0]])
    """
    n, time, _ = x.shape
    order = torch.argsort(lengths, descending=True, stable=True)  # long rows first, so finished rows are at the end
    alive, places = schedule(lengths[order], order, time, backward)
    alive = alive or [0]  # one step over no rows, so that an empty batch has its gradients too: zero
    places = places.to(x.device)
    order = order.to(x.device)

    # Gathering each step's rows at once, not x[:, t]: the gradient of T slices would be T zero tensors of x's size.
    def each_step(sequence: Tensor) -> Sequence[Tensor]:
        return sequence.reshape(n * time, sequence.shape[2])[places].split(alive)

    resets = None if reset is None else each_step(reset.to(x.device).unsqueeze(2))
    more = {name: value[order] if value.dim() == 2 else each_step(value) for name, value in (inputs or {}).items()}
    sorted_state = {name: value[order] for name, value in state.items()}
    outputs, final = _loop(step, each_step(x), more, sorted_state, resets)
    back = torch.argsort(order)
    final = {name: value[back] for name, value in final.items()}
    packed = torch.cat(outputs)
    y = packed.new_zeros(n * time, output_size).index_copy(0, places, packed)
    return y.reshape(n, time, output_size), final


def _loop(
    step: Step,
    inputs: Sequence[Tensor],
    more: Mapping[str, Tensor | Sequence[Tensor]],
    state: State,
    resets: Sequence[Tensor] | None,
) -> tuple[list[Tensor], State]:
    """The loop itself: inputs, outputs and resets per step (alive, …), the state of all rows before and after."""
    initial = state
    outputs: list[Tensor] = []
    finished: list[State] = []
    for t, x_t in enumerate(inputs):
        m = len(x_t)
        if m < len(next(iter(state.values()), x_t)):
            finished.append({name: value[m:] for name, value in state.items()})
            state = {name: value[:m] for name, value in state.items()}
        if resets is not None:
            state = {name: torch.where(resets[t], initial[name][:m], value) for name, value in state.items()}
        given = {name: value[:m] if isinstance(value, Tensor) else value[t] for name, value in more.items()}
        y_t, new = step(x_t, **state, **given)
        state = {name: new[name] for name in state}
        outputs.append(y_t)
    parts = [state, *reversed(finished)]
    return outputs, {name: torch.cat([part[name] for part in parts]) for name in state}


def schedule(lengths: Tensor, order: Tensor, time: int, backward: bool) -> tuple[list[int], Tensor]:
    """How many rows are alive at each step, and where in x (as row · T + position) each of them reads.

    Args:
        lengths: lengths of the sorted rows, descending (n).
        order: the row that stands at each sorted place (n).
        time: T.
        backward: read each row from its last real step to its first.

    Returns:
        alive rows per step (one int per step that has any), and places (sum of alive).
    """
    steps = int(lengths.max()) if len(lengths) else 0
    t = torch.arange(steps).unsqueeze(1)  # (steps, 1)
    mask = t < lengths  # (steps, n)
    position = lengths - 1 - t if backward else t.expand(steps, len(lengths))
    places = (order * time + position)[mask]
    return mask.sum(dim=1).tolist(), places
