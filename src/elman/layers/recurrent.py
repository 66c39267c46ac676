"""A cell run over a whole batch of sequences of unequal length: depth, directions, states by name."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from elman.arguments import flag, number, one_of, size
from elman.cells.cell import Cell, first_weight, weight_like
from elman.errors import ArgumentError
from elman.layers.checks import check_inputs, check_reset, check_x, checked_state
from elman.layers.feedback import Forms, forced_steps, over_time_forced
from elman.layers.lengths import Lengths, as_lengths
from elman.layers.stack import Wiring, prefix, stacked
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
            initial values of its own. Or a list of cells, one for each layer.
        layers: how many layers, one upon another, or a list: the hidden size of each.
        bidirectional: run a second cell from each row's last real step to its first.
        dropout: probability with which each value between two layers is dropped in training.
        variational: whether the dropped values are the same at all steps of a sequence (Gal and Ghahramani, 2016).
        merge: how the outputs of both directions become one: "concat" (side by side, forward first), "sum",
            "average" or "product".
        connections: "plain"; "residual": each layer's input is added to its output, from the second layer on; or
            "dense": each layer reads x and the outputs of all layers below, and the output is that of all layers.
        initial: the state before the first step where none is given: "zero", or "learned" (one vector per state).
        machine: what runs it: "auto" takes the fastest that can; "native", the tile machine of the CPU; "cudnn",
            NVIDIA's kernels for the plain Elman, LSTM and GRU cells (without second derivatives; with `reset` the next
            takes its place); "torch", the same program in torch operations; "reference", the plain loop that defines
            what is right. The environment variable ELMAN_MACHINE says what "auto" means.

    Attributes:
        machine: as above; may be changed at any time.
        states: name → width of every state: the cell's own names (`h`) for a single layer, `backward.h` for its
            backward direction, `l0.h`, `l0.backward.h`, `l1.h`, … for a stack.
        output_size: width of y_t.

    Raises:
        ArgumentError, ArgumentTypeError: arguments that are not a cell, a size, or a probability, or do not fit.

    Example:
        >>> layer = Recurrent(cells.Elman(3, 5), layers=2, bidirectional=True)
        >>> y, state = layer(torch.randn(4, 7, 3), lengths=[7, 2, 0, 5])
        >>> y.shape, sorted(state)
        (torch.Size([4, 7, 10]), ['l0.backward.h', 'l0.h', 'l1.backward.h', 'l1.h'])
        >>> y, state = layer(torch.randn(4, 1, 3), state=state)        # go on from there
        >>> Recurrent([cells.GRU(3, 8), cells.Elman(8, 4)], dropout=0.2).output_size
        4
    """

    def __init__(
        self,
        cell: Cell | Sequence[Cell],
        layers: int | Sequence[int] = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        variational: bool = False,
        merge: str = "concat",
        connections: str = "plain",
        initial: str = "zero",
        machine: str = "auto",
    ) -> None:
        super().__init__()
        one_of("initial", initial, ("zero", "learned"))
        machine_name(machine)
        self.machine = machine
        self.dropout = number("dropout", dropout, least=0, below=1)
        self.bidirectional, self.variational = flag("bidirectional", bidirectional), flag("variational", variational)
        self.wiring = Wiring(self.bidirectional, merge, connections)
        self.cells = stacked(cell, layers, self.wiring)
        self.layers = len(self.cells) // (2 if bidirectional else 1)
        if dropout and self.layers == 1:
            warnings.warn("dropout acts between layers, and there is one layer: it does nothing", stacklevel=2)
        passes = self._passes()
        last = passes[-1][2]
        self._forced = Forms(last) if last.feedback else None
        self.input_size = passes[0][2].input_size
        widths = [self.wiring.width(one) for _, backward, one in passes if not backward]
        self.output_size = sum(widths) if connections == "dense" else widths[-1]
        self.states = self._named("states")
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
        *,
        inputs: Mapping[str, Tensor] | None = None,
        feedback: Tensor | None = None,
        teacher_forcing: float | Tensor | None = None,
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
            inputs: what the cells' steps take beside x, by name: one value per row (n, width), or per step
                (n, T, width); names as those of states. What a cell draws itself (masks) may be given too.
            feedback: the targets of a cell that feeds its output back, (n, T, output_size), not shifted.
            teacher_forcing: with feedback, the probability that a step is handed on the target instead of the
                network's own output: 1, as without it: no step waits for the one before; 0; or booleans (n, T).

        Returns:
            y (n, T, output_size), exactly 0 in the padding, and the state after each row's last real step (in the
            backward direction: after its first), name → (n, width).

        Raises:
            ArgumentError: shapes, lengths or names that do not fit.
            ArgumentTypeError: x, lengths or state of another type than the layer's.
        """
        check_x(x, self.input_size, first_weight(self))
        n, time, _ = x.shape
        lengths = as_lengths(lengths, n, time)
        check_reset(reset, n, time)
        if inputs is not None:
            check_inputs(inputs, self._named("rows"), self._named("steps"), x)
        start = self.initial_state(n, device=x.device) if state is None else checked_state(state, self.states, n, x)
        which = forced_steps(self._passes()[-1][2], feedback, teacher_forcing, x)
        return self._through(x, lengths, start, reset, inputs or {}, feedback, which)

    def _through(
        self,
        x: Tensor,
        lengths: Tensor,
        start: State,
        reset: Tensor | None,
        inputs: Mapping[str, Tensor],
        feedback: Tensor | None,
        which: Tensor | float,
    ) -> tuple[Tensor, State]:
        """`forward` on what was checked: one cell after another."""
        final: State = {}
        below = x
        both: list[Tensor] = []  # of the directions; made so, and not by list[Tensor](), for torch.compile
        outputs: list[Tensor] = []  # of the layers
        read = [x]
        for layer, backward, cell in self._passes():
            name = prefix(layer, backward, self.layers)
            own = {key: start[name + key] for key in cell.states}
            more = self._taken(cell, name, inputs, x)
            here = _at_ends(reset) if backward and reset is not None else reset
            setting = {"inputs": more, "machine": self.machine, "reverse": backward, "reset": here}
            if feedback is not None and layer == self.layers - 1:
                out, own = over_time_forced(self._forms(cell), below, lengths, own, feedback, which, **setting)
            else:
                out, own = over_time(cell, below, lengths, own, **setting)
            both.append(out)
            final |= {name + key: value for key, value in own.items()}
            if backward == self.bidirectional:  # the layer's last pass
                y = self.wiring.merged(both)
                outputs.append(y + below if layer and self.wiring.connections == "residual" else y)
                read.append(self._dropped(outputs[-1]) if layer + 1 < self.layers else y)
                below = torch.cat(read, dim=-1) if self.wiring.connections == "dense" else read[-1]
                both = []
        return torch.cat(outputs, dim=-1) if self.wiring.connections == "dense" else outputs[-1], final

    def stream(
        self, batch: int = 1, *, inputs: Mapping[str, Tensor] | None = None, state: Mapping[str, Tensor] | None = None
    ) -> Stream:
        """This layer as a stream: `y_t = stream(x_t)`, one time step of `batch` rows per call, the state carried.

        The weights are those of now, and dropout does not act; `stream.state`, `stream.reset(rows)` and
        `stream.reorder(rows)` are there for what happens between steps.

        Args:
            batch: rows.
            inputs: what the cells take beside x, one value per row, name → (batch, width): the same at all steps.
            state: the state to begin with, and to be reset to, name → (batch, width); None for the initial one.

        Raises:
            ArgumentError, ArgumentTypeError: the layer is bidirectional, or a wrong number of rows.

        Example:
            >>> stream = Recurrent(cells.GRU(3, 5), layers=2).stream(batch=2)
            >>> stream(torch.zeros(2, 3)).shape, sorted(stream.state)
            (torch.Size([2, 5]), ['l0.h', 'l1.h'])
        """
        if self.bidirectional:
            raise ArgumentError("a bidirectional layer cannot be a stream: it begins at both ends", "one direction")
        passes = [(prefix(layer, False, self.layers), cell) for layer, _, cell in self._passes()]
        batch, like = size("batch", batch), weight_like(self)
        start = self.initial_state(batch) if state is None else checked_state(state, self.states, batch, like)
        return stream(passes, batch, start, self.machine, self.wiring.connections, inputs)

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
            check_x(x, self.input_size, first_weight(self))
        titles = [(f"{prefix(n, b, self.layers)}{type(cell).__name__}", cell) for n, b, cell in self._passes()]
        last = self._passes()[-1][2]
        if last.feedback:
            forced = self._forms(last).forced
            titles.append((f"{titles[-1][0]} with feedback: no step waits for its output", forced))
        print(explanation(titles, self.machine, x))

    def unfold(self, steps: int) -> Any:
        """The computational graph over some time steps, as an `elman.layers.unfold.Unfolded`: print it, or draw it.

        Args:
            steps: T, time steps to be shown.

        Example:
            >>> print(Recurrent(cells.Elman(3, 5)).unfold(3))  # doctest: +ELLIPSIS
            <BLANKLINE>
            ...
        """
        from elman.layers.unfold import unfold  # which needs this file

        return unfold(self, steps)

    def to_torch(self) -> nn.RNNBase:
        """The layer of torch.nn that computes the same, with copies of the weights.

        Raises:
            ArgumentError: torch has none.
        """
        from elman.layers.torch_conversion import to_torch  # which needs this file

        return to_torch(self)

    def to_keras(self) -> Any:
        """The layer of Keras that computes the same, with copies of the weights.

        Raises:
            ArgumentError: Keras has none.
            ImportError: Keras is not installed.
        """
        from elman.layers.keras_conversion import to_keras  # which needs this file

        return to_keras(self)

    def initial_state(
        self, n: int, *, dtype: torch.dtype | None = None, device: torch.device | str | None = None
    ) -> State:
        """The state before the first step for n rows, name → (n, width)."""
        state: State = {}
        for layer, backward, cell in self._passes():
            name = prefix(layer, backward, self.layers)
            state |= {name + key: v for key, v in cell.initial_state(n, dtype=dtype, device=device).items()}
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

    def _named(self, kind: str) -> dict[str, int]:
        """Name → width of the states, rows or steps of all cells."""
        return {
            prefix(layer, backward, self.layers) + name: width
            for layer, backward, cell in self._passes()
            for name, width in getattr(cell, kind).items()
        }

    def _taken(self, cell: Cell, name: str, inputs: Mapping[str, Tensor], x: Tensor) -> dict[str, Tensor]:
        """What a cell's step takes beside x and its states: given, or drawn by it."""
        weight = first_weight(cell)
        dtype = x.dtype if weight is None else weight.dtype
        taken = cell.draw(x.shape[0], x.shape[1], dtype=dtype, device=x.device)
        wanted = (*cell.rows, *cell.steps)
        taken |= {key: inputs[name + key] for key in wanted if name + key in inputs}
        for key in wanted:
            if key not in taken:
                raise ArgumentError(
                    f"{type(cell).__name__} takes {key!r} beside x, and it is not given",
                    expected=f"it among the inputs: layer(x, inputs={{{name + key!r}: …}})",
                )
        return taken

    def _forms(self, cell: Cell) -> Forms:
        """The cell that feeds its output back in its forms, made anew where another took its place."""
        if self._forced is None or self._forced.free is not cell:
            self._forced = Forms(cell)
        return self._forced

    def _dropped(self, y: Tensor) -> Tensor:
        """Dropout between layers: for each step anew, or once for each sequence."""
        if not self.variational or not self.training or not self.dropout:
            return nn.functional.dropout(y, self.dropout, self.training)
        return y * nn.functional.dropout(y.new_ones(y.shape[0], 1, y.shape[2]), self.dropout)

    def extra_repr(self) -> str:
        """Depth, direction and states for `print(layer)`."""
        states = ", ".join(f"{name}: {width}" for name, width in self.states.items())
        return f"{self.input_size} → {self.output_size}, states {{{states}}}"


def _at_ends(reset: Tensor) -> Tensor:
    """Where a row begins anew from behind: at the last step before each reset."""
    return nn.functional.pad(reset[:, 1:], (0, min(1, reset.shape[1])))
