"""Training on sequences too long for one backward pass: chunk after chunk, the state carried along."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor

from elman.arguments import size
from elman.cells.cell import first_weight
from elman.errors import ArgumentError, ArgumentTypeError
from elman.layers.checks import check_inputs, check_reset, check_x, checked_state
from elman.layers.feedback import forced_steps
from elman.layers.lengths import Lengths, as_lengths, real_steps
from elman.layers.recurrent import Recurrent
from elman.step.reference import State


def tbptt(
    layer: Recurrent,
    x: Tensor,
    steps: int,
    lengths: Lengths | None = None,
    state: Mapping[str, Tensor] | None = None,
    reset: Tensor | None = None,
    *,
    inputs: Mapping[str, Tensor] | None = None,
    feedback: Tensor | None = None,
    teacher_forcing: float | Tensor | None = None,
) -> Iterator[tuple[Tensor, slice, State]]:
    """Truncated backpropagation through time: run a layer over chunks of time, and cut the gradient between them.

        y, state = layer(x[:, where], state=state)        then the next chunk, with state.detach()

    The numbers are those of one run over the whole sequence; the gradient of a chunk's loss goes back to the chunk's
    first step and no further, so that memory is needed for one chunk only. The weights may be changed between chunks:
    the next one is computed, with the weights of then, when it is asked for.

    Args:
        layer: a layer of one direction.
        x: inputs (n, T, d).
        steps: time steps of a chunk; the last one may be shorter.
        lengths: real steps of each row (n) of the whole sequence, as for the layer.
        state: the state to begin with, name → (n, width); None for the initial one. A gradient reaches it from the
            first chunk; a learned initial state also from the chunks in which a sequence begins.
        reset, inputs: as for the layer, over the whole sequence; what cells draw is drawn anew for each chunk.
        feedback, teacher_forcing: likewise; the steps that are forced are drawn once, at the call.

    Yields:
        y (n, steps, o) of the chunk, 0 in the padding; where it is in time, as a slice; the state after it, detached.

    Raises:
        ArgumentError, ArgumentTypeError: a bidirectional layer, or arguments that do not fit; at the call, not at the
            first chunk.

    Example:
        >>> layer, readout = Recurrent(cells.GRU(3, 5)), torch.nn.Linear(5, 1)
        >>> optimizer = torch.optim.Adam([*layer.parameters(), *readout.parameters()])
        >>> x, targets = torch.randn(4, 100, 3), torch.randn(4, 100, 1)
        >>> for y, where, state in tbptt(layer, x, steps=30):
        ...     loss = torch.nn.functional.mse_loss(readout(y), targets[:, where])
        ...     optimizer.zero_grad()
        ...     loss.backward()
        ...     _ = optimizer.step()

    Source: R. J. Williams and J. Peng, "An efficient gradient-based algorithm for on-line training of recurrent
    network trajectories", Neural Computation 2 (1990), 490-501.
    """
    _check_layer(layer)
    check_x(x, layer.input_size, first_weight(layer))
    check_reset(reset, x.shape[0], x.shape[1])
    state = None if state is None else checked_state(state, layer.states, len(x), x)
    if inputs is not None:
        check_inputs(inputs, layer._named("rows"), layer._named("steps"), x)
    lengths = as_lengths(lengths, x.shape[0], x.shape[1])
    which = forced_steps(layer._passes()[-1][2], feedback, teacher_forcing, x)
    taken = partial(_taken, inputs or {}, feedback, which)
    return _chunks(layer, x, size("steps", steps), lengths, state, reset, taken)


def _check_layer(layer: Recurrent) -> None:
    if not isinstance(layer, Recurrent):
        raise ArgumentTypeError(f"layer is a {type(layer).__name__}", expected="an elman.Recurrent")
    if layer.bidirectional:
        raise ArgumentError(
            "the layer is bidirectional: its backward direction begins at the end of the whole sequence",
            expected="a layer of one direction",
        )


def _chunks(
    layer: Recurrent,
    x: Tensor,
    steps: int,
    lengths: Tensor,
    state: Mapping[str, Tensor] | None,
    reset: Tensor | None,
    taken: Callable[[slice], dict[str, Any]],
) -> Iterator[tuple[Tensor, slice, State]]:
    time = x.shape[1]
    given = None if state is None else {name: value.detach() for name, value in state.items()}
    carried: Mapping[str, Tensor] | None = state
    for begin in range(0, time, steps):
        where = slice(begin, min(begin + steps, time))
        own, here = (lengths - begin).clamp(0, where.stop - begin), None if reset is None else reset[:, where]
        more = taken(where)
        if here is None or carried is None or carried is state:  # the first chunk goes back to the state it is given
            y, now = layer(x[:, where], own, carried, here, **more)
        else:
            # Made anew: it may be learned, and have changed.
            origin = layer.initial_state(x.shape[0], device=x.device) if given is None else given
            y, now = _with_resets(layer, x[:, where], own, carried, origin, here, more)
        carried = {name: value.detach() for name, value in now.items()}
        yield y, where, dict(carried)
        del y, now  # else its graph would live while the next chunk is computed


def _taken(
    inputs: Mapping[str, Tensor], feedback: Tensor | None, which: Tensor | float, where: slice
) -> dict[str, Any]:
    """What the layer takes at some of the steps."""
    own = {name: value[:, where] if value.dim() == 3 else value for name, value in inputs.items()}
    if feedback is None:
        return {"inputs": own}
    forced = which[:, where] if isinstance(which, Tensor) else which
    return {"inputs": own, "feedback": feedback[:, where], "teacher_forcing": forced}


def _with_resets(
    layer: Recurrent,
    x: Tensor,
    lengths: Tensor,
    carried: Mapping[str, Tensor],
    origin: Mapping[str, Tensor],
    reset: Tensor,
    taken: Mapping[str, Any],
) -> tuple[Tensor, State]:
    """A chunk that is entered with one state and set back to another.

    The layer sets a row back to the state it was given. So every row runs with the carried state up to its first
    reset, and the rows that have one run again with the other state, of which the steps from the first reset count.
    """
    n, time, _ = x.shape
    hit = reset & real_steps(lengths, time, reset.device)  # (n, time)
    again = hit.any(dim=1).cpu()  # (n)
    first = torch.where(again, hit.int().argmax(dim=1).cpu(), lengths)
    y, state = layer(x, first, carried, **taken)
    if not again.any():
        return y, state
    later, other = layer(x, torch.where(again, lengths, 0), origin, reset, **taken)
    y = torch.where(real_steps(first, time, y.device).unsqueeze(2), y, later)  # beyond a row's end both are 0
    rows = again.to(y.device).view(n, 1)
    return y, {name: torch.where(rows, other[name], value) for name, value in state.items()}
