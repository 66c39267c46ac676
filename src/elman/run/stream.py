"""One time step at a time, as the data comes in: the state is carried, nothing is recorded for gradients."""

import copy
import ctypes
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from elman.cells.cell import weight_like
from elman.errors import ArgumentError, ArgumentTypeError
from elman.run import in_native
from elman.run.choice import Choice, choose
from elman.run.held import Held, values_per_row
from elman.step.reference import State

Rows = Sequence[int] | Tensor | np.ndarray


class Stream:
    """A layer that takes one time step per call, for a fixed number of rows.

        y_t, state_t = step(x_t, **state_{t-1})

    The weights are those that the layer had when the stream was made; dropout does not act.

    Args:
        passes: the layers, from below: what their states' names begin with, and their cells.
        batch: rows.
        initial: the state before the first step, name → (batch, width).
        choices: how each cell is run.
        connections: what a layer reads beside the one below it: "plain", "residual" or "dense".

    Example:
        >>> layer = elman.Recurrent(cells.Elman(3, 5))
        >>> stream = layer.stream(batch=1)
        >>> x = torch.randn(1, 4, 3)
        >>> y = torch.stack([stream(x_t).clone() for x_t in x.unbind(dim=1)], dim=1)   # the output's memory is reused
        >>> torch.allclose(y, layer(x)[0], atol=1e-6)
        True
    """

    def __init__(
        self,
        passes: Sequence[tuple[str, Any]],
        batch: int,
        initial: State,
        choices: Sequence[Choice],
        connections: str = "plain",
    ) -> None:
        weight = weight_like(passes[0][1])
        self.dtype, self.device, self.machine = weight.dtype, weight.device, choices[0].machine
        self._shape = (batch, passes[0][1].input_size)
        self._initial = {name: value.detach().clone() for name, value in initial.items()}
        self._states = {name: value.clone() for name, value in self._initial.items()}
        self._held = {prefix + name for prefix, cell in passes if isinstance(cell, Held) for name in cell.held}
        self._passes, self._connections = passes, connections

    def __call__(self, x: Any) -> Any:
        """The output of one time step.

        Args:
            x: (batch, d), a NumPy array or a tensor, in the layer's dtype, with any strides.

        Returns:
            y (batch, o), of the kind that x is; its memory is used again by the next call: copy it to keep it.

        Raises:
            ArgumentError, ArgumentTypeError: x has another shape or dtype.
        """
        if isinstance(x, np.ndarray):
            given = torch.from_numpy(np.ascontiguousarray(x)) if x.shape == self._shape else x
            return self._step(self._checked(given).to(self.device)).cpu().numpy()
        return self._step(self._checked(x))

    @torch.no_grad()
    def _step(self, x: Tensor) -> Tensor:
        below = x
        for index, (prefix, cell) in enumerate(self._passes):
            y, new = cell.step(below, **{name: self._states[prefix + name] for name in cell.states})
            self._states |= {prefix + name: value for name, value in new.items()}
            if self._connections == "dense":
                below = torch.cat([below, y], dim=1)
            else:
                below = y + below if index and self._connections == "residual" else y
        # Of a dense stack, the outputs of all layers without x; a copy, since it may be a state.
        return below[:, self._shape[1] if self._connections == "dense" else 0 :].clone()

    @property
    def state(self) -> State:
        """The state after the last step, name → (batch, width), as a copy; set it to go on from there."""
        return {name: value.clone() for name, value in self._states.items() if name not in self._held}

    @state.setter
    def state(self, state: Mapping[str, Tensor]) -> None:
        own = {name: value.shape for name, value in self._states.items() if name not in self._held}
        if not isinstance(state, Mapping) or set(state) != set(own):
            names = ", ".join(map(str, state)) if isinstance(state, Mapping) else type(state).__name__
            raise ArgumentError(f"state has the names {names}", expected=f"exactly {', '.join(own)}")
        values = {name: torch.as_tensor(value) for name, value in state.items()}
        for name, shape in own.items():
            if values[name].shape != shape:
                raise ArgumentError(f"state[{name!r}] has shape {tuple(values[name].shape)}", f"{tuple(shape)}")
        for name, value in values.items():
            self._set(name, value)

    def reset(self, rows: Rows | None = None) -> None:
        """Set rows back to the initial state: all of them, or those of these numbers."""
        picked = slice(None) if rows is None else self._rows(rows)
        for name, initial in self._initial.items():
            value = self._states[name].clone()
            value[picked] = initial[picked]
            self._set(name, value)

    def reorder(self, rows: Rows) -> None:
        """Let every row go on from the state of another, as a beam search does: row i from that of rows[i].

        What was given for each row (the inputs of `layer.stream`, the state to begin with) moves with it.

        Raises:
            ArgumentError: not one number per row, or no number of a row.
        """
        picked = self._rows(rows)
        if picked.shape != self._shape[:1]:
            raise ArgumentError(f"reorder got {picked.numel()} rows", expected=f"{self._shape[0]}, one for each row")
        self._initial = {name: value[picked] for name, value in self._initial.items()}
        for name, value in self._states.items():
            self._set(name, value[picked])

    def _set(self, name: str, value: Tensor) -> None:
        self._states[name] = value.detach().to(self.device, self.dtype, copy=True)

    def _rows(self, rows: Rows) -> Tensor:
        """Numbers of rows (k), int64."""
        wrong = ArgumentTypeError(f"rows are {rows!r}", expected="a list of whole numbers, or one boolean for each row")
        try:
            picked = torch.as_tensor(rows, device=self.device)
        except (TypeError, ValueError, RuntimeError):
            raise wrong from None
        if picked.dtype == torch.bool and picked.shape == self._shape[:1]:
            picked = picked.nonzero().squeeze(1)
        if picked.dim() != 1 or (picked.numel() and (picked.is_floating_point() or picked.dtype == torch.bool)):
            raise wrong
        if ((picked < 0) | (picked >= self._shape[0])).any():
            raise ArgumentError(f"rows are {picked.tolist()}", expected=f"numbers from 0 to {self._shape[0] - 1}")
        return picked.long()

    def _checked(self, x: Any) -> Tensor:
        if not isinstance(x, Tensor | np.ndarray):
            raise ArgumentTypeError(f"x is a {type(x).__name__}", expected="a NumPy array or a tensor")
        if tuple(x.shape) != self._shape:
            raise ArgumentError(f"x has shape {tuple(x.shape)}", expected=f"{self._shape}, one time step of every row")
        if x.dtype != self.dtype:
            raise ArgumentTypeError(f"x is of type {x.dtype}", expected=f"{self.dtype}, as the weights")
        assert isinstance(x, Tensor)
        return x

    def __reduce__(self) -> Any:
        raise TypeError("a stream cannot be copied or pickled: make another with layer.stream() and set its state")


class NativeStream(Stream):
    """A stream on the native machine: no memory is taken in a call.

    Args:
        passes, batch, initial, choices, connections: as for `Stream`.
    """

    def __init__(
        self,
        passes: Sequence[tuple[str, Any]],
        batch: int,
        initial: State,
        choices: Sequence[Choice],
        connections: str = "plain",
    ) -> None:
        super().__init__(passes, batch, initial, choices, connections)
        self._kind = np.dtype(in_native.DTYPES[self.dtype])
        self._x = np.zeros(self._shape, self._kind)
        self._chain: list[tuple[Callable[[Any, Any], object], Any, Any]] = []  # what is called, and with what
        below = self._x
        self._own: list[Any] = []  # what the addresses point to
        for index, ((prefix, cell), choice) in enumerate(zip(passes, choices, strict=True)):
            y = np.zeros((batch, cell.output_size), self._kind)
            machine = in_native.machine(choice.plan, None, self.dtype)
            weights = {name: value.detach() for name, value in choice.weights(cell, "cpu").items()}
            stepper = machine.stream(in_native.views(weights), batch)
            self._own += [stepper, below, y]
            for number, name in enumerate(machine.layout.state):
                address, stride = stepper.state(number)
                self._states[prefix + name] = self._memory(address, stride, cell.states[name])
            self._chain.append((stepper.step, below.ctypes.data, y.ctypes.data))
            below = self._joined(below, y, index)
        self._y = below[:, self._shape[1] :] if connections == "dense" else below
        self._y_tensor = torch.from_numpy(self._y)
        self.reset()

    def _joined(self, below: Any, y: Any, layer: int) -> Any:
        """The memory that the next layer reads, (batch, width), after what fills it at each step."""
        if self._connections == "residual" and layer:
            self._chain.append((partial(np.add, y), below, y))  # y + below, written into y
        if self._connections != "dense":
            return y
        wide, width = np.zeros((len(y), below.shape[1] + y.shape[1]), self._kind), below.shape[1]
        self._chain += [(np.copyto, wide[:, :width], below), (np.copyto, wide[:, width:], y)]
        return wide

    def __call__(self, x: Any) -> Any:
        """The output of one time step, as that of `Stream`."""
        if type(x) is np.ndarray:
            if x.shape != self._shape or x.dtype != self._kind:
                super()._checked(torch.from_numpy(x))
            self._x[...] = x
            for step, source, target in self._chain:
                step(source, target)
            return self._y
        self._x[...] = self._checked(x).detach().numpy()
        for step, source, target in self._chain:
            step(source, target)
        return self._y_tensor

    def _set(self, name: str, value: Tensor) -> None:
        self._states[name].copy_(value.detach())

    def _memory(self, address: int, stride: int, width: int) -> Tensor:
        """The machine's own memory of a state (batch, width) as a tensor."""
        batch, kind = self._shape[0], np.ctypeslib.as_ctypes_type(self._kind)
        flat = np.ctypeslib.as_array(ctypes.cast(address, ctypes.POINTER(kind)), (batch * stride,))
        return torch.from_numpy(flat).as_strided((batch, width), (stride, 1))


def stream(
    passes: Sequence[tuple[str, Any]],
    batch: int,
    initial: State,
    machine: str,
    connections: str = "plain",
    inputs: Mapping[str, Tensor] | None = None,
) -> Stream:
    """A stream over cells, one upon another.

    Args:
        passes: what the names of each layer's states begin with, and its cell.
        batch: rows.
        initial: the state before the first step, name → (batch, width), on the cells' device.
        machine: "auto", "native", "torch" or "reference".
        connections: what a layer reads beside the one below it: "plain", "residual" or "dense".
        inputs: what the cells take beside x, one value per row, name → (batch, width): the same at all steps.
    """
    weight = weight_like(passes[0][1])
    passes = [(prefix, copy.deepcopy(cell).eval()) for prefix, cell in passes]
    for _, cell in passes:
        if cell.steps:
            raise ArgumentError(
                f"{type(cell).__name__} takes {', '.join(cell.steps)} at each step beside x, which a stream does not",
                expected="cells that take x, and values per row",
                fix="Let it be part of x: a cell may cut its input apart.",
            )
    held = values_per_row(passes, batch, {} if inputs is None else inputs)
    passes = [(prefix, Held(cell).eval() if cell.rows else cell) for prefix, cell in passes]
    choices = [choose(cell, weight.dtype, weight.device.type, machine) for _, cell in passes]
    fast = all(choice.machine == "native" for choice in choices)
    return (NativeStream if fast else Stream)(passes, batch, {**initial, **held}, choices, connections)
