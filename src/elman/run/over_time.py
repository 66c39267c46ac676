"""A cell over a batch of sequences in one direction, on the machine that was chosen for it."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from elman.cells.cell import first_weight
from elman.run import in_cudnn, operators
from elman.run.choice import choose
from elman.run.traced import described
from elman.step.reference import State, unroll


def over_time(
    cell: Any,
    x: Tensor,
    lengths: Tensor,
    state: Mapping[str, Tensor],
    *,
    inputs: Mapping[str, Tensor] | None = None,
    machine: str = "auto",
    reverse: bool = False,
    reset: Tensor | None = None,
) -> tuple[Tensor, State]:
    """Run a cell over the real steps of every row, as `elman.step.reference.unroll` defines it.

    Args:
        cell: with `step`, `states`, `input_size` and `output_size`.
        x: inputs (n, T, d).
        lengths: real steps of each row (n), int64 on the CPU.
        state: initial state, name → (n, width).
        inputs: what the step takes besides, by name: one value per row (n, width), or per step (n, T, width).
        machine: "auto", "native", "cudnn", "torch" or "reference".
        reverse: begin at each row's last real step and go to its first.
        reset: where a row's state is set back before the step, booleans (n, T).

    Returns:
        y (n, T, o), zero in the padding, and the final state, name → (n, width).

    Raises:
        CaptureError, ArgumentError: the step is unsound, or cannot run on the machine that was asked for.
    """
    weight = first_weight(cell)
    weight = x if weight is None else weight
    dtype, device = weight.dtype, x.device.type
    if torch.compiler.is_compiling():
        chosen, text, names, states, weights = described(cell, dtype, device, machine)
    else:
        choice = choose(cell, dtype, device, machine)
        if choice.machine == "cudnn" and reset is None:
            start = {name: state[name].to(dtype) for name in choice.states}
            return in_cudnn.run(cell, x.to(dtype), lengths, start, reverse)
        chosen, text, names, states = choice.machine, choice.text, choice.inputs, choice.states
        weights = choice.weights(cell, device)
    if chosen == "reference":
        width = cell.output_size
        return unroll(cell.step, x, lengths, state, output_size=width, inputs=inputs, backward=reverse, reset=reset)
    if chosen == "cudnn":
        chosen = "torch"  # which knows resets, and which the compiler sees through
    given = {**weights, "x": x.to(dtype)}
    for name, value in (*state.items(), *(inputs or {}).items()):
        given[name] = value.to(dtype)
    found = operators.forward(text, chosen, [given[name] for name in names], lengths, reset, reverse)
    return found[0], dict(zip(states, found[1:], strict=False))
