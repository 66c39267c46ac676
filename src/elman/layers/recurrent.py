"""A cell run over a whole batch of sequences of unequal length: depth, directions, states by name."""

import warnings
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from elman.cells.cell import Cell, first_weight, size
from elman.errors import ArgumentError, ArgumentTypeError
from elman.layers.lengths import Lengths, as_lengths
from elman.run.choice import machine_name
from elman.run.explain import explanation, program_of
from elman.run.over_time import over_time
from elman.run.stream import Stream, stream
from elman.step.program import Program
from elman.step.reference import State


class Recurrent(nn.Module):
    """Any cell over sequences of any length, in one or both directions, in one or more layers.

        y_t, state_t = step(x_t, **state_{t-1})        for each layer; its outputs are the next layer's inputs

    Args:
        cell: the first layer's cell; further layers and directions get siblings of it (`cell.like`), each with
            initial values of its own.
        layers: how many layers, one upon another.
        bidirectional: run a second cell from each row's last real step to its first; the outputs of both stand side
            by side, forward first.
        dropout: probability with which each value between two layers is dropped in training.
        initial: the state before the first step where none is given: "zero", or "learned" (one vector per state).
        machine: what runs it: "auto" takes the fastest that can; "native", the tile machine of the CPU; "torch", the
            same program in torch operations; "reference", the plain loop that defines what is right. The environment
            variable ELMAN_MACHINE says what "auto" means.

    Attributes:
        machine: as above; may be changed at any time.
        states: name → width of every state: the cell's own names (`h`) for a single layer, `backward.h` for its
            backward direction, `l0.h`, `l0.backward.h`, `l1.h`, … for a stack.
        output_size: width of y_t.

    Raises:
        ArgumentError, ArgumentTypeError: arguments that are not a cell, a size, or a probability.

    Example:
        >>> layer = Recurrent(cells.Elman(3, 5), layers=2, bidirectional=True)
        >>> y, state = layer(torch.randn(4, 7, 3), lengths=[7, 2, 0, 5])
        >>> y.shape, sorted(state)
        (torch.Size([4, 7, 10]), ['l0.backward.h', 'l0.h', 'l1.backward.h', 'l1.h'])
        >>> y, state = layer(torch.randn(4, 1, 3), state=state)        # go on from there
    """

    def __init__(
        self,
        cell: Cell,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        initial: str = "zero",
        machine: str = "auto",
    ) -> None:
        super().__init__()
        if not isinstance(cell, Cell):
            raise ArgumentTypeError(
                f"cell is {cell!r} ({type(cell).__name__})",
                expected="an instance of elman.Cell, such as elman.cells.Elman(input_size, hidden_size)",
            )
        if not 0 <= dropout < 1:  # NaN fails too
            raise ArgumentError(f"dropout is {dropout}", expected="a probability, 0 ≤ dropout < 1")
        if initial not in ("zero", "learned"):
            raise ArgumentError(f"initial is {initial!r}", expected="'zero' or 'learned'")
        if dropout and layers == 1:
            warnings.warn("dropout acts between layers, and there is one layer: it does nothing", stacklevel=2)
        machine_name(machine)
        self.machine = machine
        self.layers, self.bidirectional, self.dropout = size("layers", layers), bool(bidirectional), float(dropout)
        self.cells = _siblings(cell, self.layers, self.bidirectional)
        self.input_size = cell.input_size
        self.output_size = cell.output_size * (2 if bidirectional else 1)
        self.states = {
            _prefix(layer, backward, self.layers) + name: width
            for layer, backward, sibling in self._passes()
            for name, width in sibling.states.items()
        }
        learned = self.states if initial == "learned" else {}
        self.initial = nn.ParameterDict(  # a parameter's name may not hold a dot
            {name.replace(".", "_"): nn.Parameter(torch.zeros(width)) for name, width in learned.items()}
        )

    def forward(
        self,
        x: Tensor,
        lengths: Lengths | None = None,
        state: Mapping[str, Tensor] | None = None,
        reset: Tensor | None = None,
    ) -> tuple[Tensor, State]:
        """Run the layer over a batch.

        Args:
            x: inputs (n, T, d), batch first; n = 0 and T = 0 are fine.
            lengths: real steps of each row: a list or tensor (n) of any integer type, in any order, zeros allowed;
                None where every row fills all T steps.
            state: the state to begin with, name → (n, width), as an earlier call returned it; None for the initial one.
            reset: where a new sequence begins within a row, booleans (n, T): before that step the row's state is set
                back to the one it began with, and no gradient passes. The backward direction begins anew where a
                sequence ends, which is at the step before.

        Returns:
            y (n, T, output_size), exactly 0 in the padding, and the state after each row's last real step (in the
            backward direction: after its first), name → (n, width).

        Raises:
            ArgumentError: shapes, lengths or names that do not fit.
            ArgumentTypeError: x, lengths or state of another type than the layer's.
        """
        self._check(x)
        n, time, _ = x.shape
        lengths = as_lengths(lengths, n, time)
        _check_reset(reset, n, time)
        start = self.initial_state(n, device=x.device) if state is None else self._given(state, n, x)
        final: State = {}
        y = x
        outputs: list[Tensor] = []
        for layer, backward, cell in self._passes():
            prefix = _prefix(layer, backward, self.layers)
            own = {name: start[prefix + name] for name in cell.states}
            here = _at_ends(reset) if backward and reset is not None else reset
            out, own = over_time(cell, y, lengths, own, machine=self.machine, reverse=backward, reset=here)
            outputs.append(out)
            final |= {prefix + name: value for name, value in own.items()}
            if backward == self.bidirectional:  # the layer's last pass
                y = torch.cat(outputs, dim=-1) if self.bidirectional else out
                outputs = []
                if layer + 1 < self.layers:
                    y = nn.functional.dropout(y, self.dropout, self.training)
        return y, final

    def stream(self, batch: int = 1) -> Stream:
        """This layer as a stream: `y_t = stream(x_t)`, one time step of `batch` rows per call, the state carried.

        The weights are those of now, and dropout does not act; `stream.state`, `stream.reset(rows)` and
        `stream.reorder(rows)` are there for what happens between steps.

        Raises:
            ArgumentError, ArgumentTypeError: the layer is bidirectional, or a wrong number of rows.

        Example:
            >>> stream = Recurrent(cells.GRU(3, 5), layers=2).stream(batch=2)
            >>> stream(torch.zeros(2, 3)).shape, sorted(stream.state)
            (torch.Size([2, 5]), ['l0.h', 'l1.h'])
        """
        if self.bidirectional:
            raise ArgumentError(
                "a bidirectional layer cannot be a stream: its backward direction begins at the end of the sequence",
                expected="a layer of one direction",
            )
        passes = [(_prefix(layer, False, self.layers), cell) for layer, _, cell in self._passes()]
        batch = size("batch", batch)
        return stream(passes, batch, self.initial_state(batch), self.machine)

    @property
    def program(self) -> Program:
        """The step of the first layer's cell as equations: `print(layer.program)`.

        Raises:
            UnsupportedOperation, CaptureError: the step cannot be written as a program.

        Example:
            >>> print(Recurrent(cells.Elman(3, 5)).program)
            x (n, 3), h (n, 5); U (3, 5), W (5, 5), b (5)
            input → hidden
                a2 = x @ U + b
            hidden → hidden (waits for the step before)
                h' = tanh(a2 + h @ W)
            hidden → output
                y = h'
        """
        return program_of(next(cell for _, _, cell in self._passes()))

    def explain(self, x: Tensor | None = None) -> None:
        """Print what a call does: the equations, the work, the machine that runs it and why, and what it stores.

        Args:
            x: inputs (n, T, d), for the sizes.

        Example:
            >>> Recurrent(cells.Elman(3, 5)).explain(torch.zeros(2, 100, 3))  # doctest: +ELLIPSIS
            Elman
              machine: ...
              equations
                ...
        """
        if x is not None:
            self._check(x)
        titles = [(f"{_prefix(n, b, self.layers)}{type(cell).__name__}", cell) for n, b, cell in self._passes()]
        print(explanation(titles, self.machine, x))

    def initial_state(
        self, n: int, *, dtype: torch.dtype | None = None, device: torch.device | str | None = None
    ) -> State:
        """The state before the first step for n rows, name → (n, width)."""
        state: State = {}
        for layer, backward, cell in self._passes():
            prefix = _prefix(layer, backward, self.layers)
            state |= {prefix + name: v for name, v in cell.initial_state(n, dtype=dtype, device=device).items()}
        for name in state if len(self.initial) else ():
            state[name] = state[name] + self.initial[name.replace(".", "_")]
        return state

    def _passes(self) -> list[tuple[int, bool, Cell]]:
        """(layer, whether backward, cell), in the order in which they run."""
        passes: list[tuple[int, bool, Cell]] = []
        for name, cell in self.cells.items():
            assert isinstance(cell, Cell)
            passes.append((int(name.removesuffix("_backward")[1:]), name.endswith("_backward"), cell))
        return passes

    def _check(self, x: Tensor) -> None:
        if not isinstance(x, Tensor):
            raise ArgumentTypeError(
                f"x is a {type(x).__name__}", expected="a tensor (n, T, d)", fix="Write torch.as_tensor(x)"
            )
        if x.dim() != 3:
            raise ArgumentError(
                f"x has shape {tuple(x.shape)}",
                expected=f"three dimensions (n, T, {self.input_size}): rows, steps, features",
                fix="For a single row write x.unsqueeze(0)." if x.dim() == 2 else "",
            )
        if x.shape[2] != self.input_size:
            raise ArgumentError(f"x has {x.shape[2]} features", expected=f"{self.input_size}, the cell's input_size")
        weight = first_weight(self)
        autocast = torch.is_autocast_enabled(x.device.type)
        if weight is not None and x.dtype != weight.dtype and not autocast:
            raise ArgumentTypeError(
                f"x is of type {x.dtype}", expected=f"{weight.dtype}, as the weights", fix=f"Write x.to({weight.dtype})"
            )

    def _given(self, state: Mapping[str, Tensor], n: int, x: Tensor) -> State:
        if not isinstance(state, Mapping):
            raise ArgumentTypeError(
                f"state is a {type(state).__name__}",
                expected=f"a dict with the names {', '.join(self.states)}, each (n, width)",
            )
        if set(state) != set(self.states):
            raise ArgumentError(
                f"state has the names {', '.join(state) or '(none)'}", expected=f"exactly {', '.join(self.states)}"
            )
        for name, width in self.states.items():
            if state[name].shape != (n, width):
                raise ArgumentError(
                    f"state[{name!r}] has shape {tuple(state[name].shape)}", expected=f"({n}, {width}), batch first"
                )
            if state[name].dtype != x.dtype and not torch.is_autocast_enabled(x.device.type):
                raise ArgumentTypeError(f"state[{name!r}] is of type {state[name].dtype}", expected=f"{x.dtype}, as x")
        return dict(state)

    def extra_repr(self) -> str:
        """Depth, direction and states for `print(layer)`."""
        states = ", ".join(f"{name}: {width}" for name, width in self.states.items())
        return f"{self.input_size} → {self.output_size}, states {{{states}}}"


def _siblings(cell: Cell, layers: int, bidirectional: bool) -> nn.ModuleDict:
    """l0, l0_backward, l1, l1_backward, …: the given cell first, then siblings that fit the layer below."""
    cells: dict[str, nn.Module] = {}
    width = cell.output_size * (2 if bidirectional else 1)
    for layer in range(layers):
        changes = {} if layer == 0 else {"input_size": width}
        cells[f"l{layer}"] = cell.like(**changes) if layer else cell
        if bidirectional:
            cells[f"l{layer}_backward"] = cell.like(**changes)
    return nn.ModuleDict(cells)


def _check_reset(reset: Tensor | None, n: int, time: int) -> None:
    if reset is None:
        return
    if not isinstance(reset, Tensor) or reset.dtype != torch.bool:
        what = f"of type {reset.dtype}" if isinstance(reset, Tensor) else f"a {type(reset).__name__}"
        raise ArgumentTypeError(f"reset is {what}", expected=f"a tensor of booleans ({n}, {time})")
    if reset.shape != (n, time):
        raise ArgumentError(f"reset has shape {tuple(reset.shape)}", expected=f"({n}, {time}), as x has rows and steps")


def _at_ends(reset: Tensor) -> Tensor:
    """Where a row begins anew from behind: at the last step before each reset."""
    return nn.functional.pad(reset[:, 1:], (0, min(1, reset.shape[1])))


def _prefix(layer: int, backward: bool, layers: int) -> str:
    return (f"l{layer}." if layers > 1 else "") + ("backward." if backward else "")
