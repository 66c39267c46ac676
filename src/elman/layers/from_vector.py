"""From one vector per row to a sequence: the vector is seen at every step, makes the first state, or both."""

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from elman.arguments import one_of, size, words
from elman.cells.cell import Cell, first_weight
from elman.cells.conditioned import Conditioned
from elman.cells.gates import draw
from elman.errors import ArgumentError, ArgumentTypeError
from elman.layers.lengths import Lengths
from elman.layers.recurrent import Recurrent
from elman.run.choice import autocasting
from elman.run.stream import Stream
from elman.step.reference import State

How = Literal["both", "step", "initial"]


class FromVector(nn.Module):
    """A sequence of outputs for each row from one vector v: of an image, a speaker, or what an encoder has read.

        state_0 = tanh(v P + q)                      how = "initial" or "both": for each state, with P and q of its own
        y_t, state_t = step([x_t v], state_{t-1})    how = "step" or "both"; otherwise step(x_t, state_{t-1})

    x_t is what is read at each step besides, such as the output of the step before (of the target, in training). Where
    the vector is seen at every step, each cell's product with it stands outside of the loop.

    Args:
        cell: the first layer's cell, or a list of cells, one for each layer. With "initial" its input_size is the
            width d of x_t; with "step" or "both", d + k in every layer, or k where there is no x.
        vector_size: k, width of v.
        how: "both", "step" (at every step), or "initial" (as initial state).
        layers: how many layers, or a list: the hidden size of each; each sees the vector.
        states: which states of a cell begin with the vector, by their names in it; None for all. The others begin as
            ever: a clock that counts steps, say.
        bidirectional: whether a second cell runs from each row's last real step to its first; with "initial" and
            "both" the vector makes the state that it begins with too, by a P of its own.
        dropout, machine: as for `Recurrent`.

    Attributes:
        recurrent: the layer itself, with its machine and its program.
        P: vector → state (k, width), by the states' names (a dot in it is _), uniform (Glorot) at first.
        q: bias (width), likewise, zero at first.
        input_size: d, width of x_t; 1 where there is no x.
        alone: whether there is no x, since the cell reads the vector alone.
        output_size: width of y_t.

    Raises:
        ArgumentError, ArgumentTypeError: another `how`, a name that is no state, or a cell too narrow for the vector.

    Example:
        >>> decoder = FromVector(cells.GRU(3 + 6, 8), vector_size=6)
        >>> vector, before = torch.randn(4, 6), torch.randn(4, 10, 3)
        >>> y, state = decoder(vector, before, lengths=[10, 2, 0, 7])
        >>> y.shape
        torch.Size([4, 10, 8])
        >>> y, state = FromVector(cells.GRU(6, 8), vector_size=6, how="step")(vector, steps=5)    # of the vector alone
        >>> y.shape
        torch.Size([4, 5, 8])

    Source: K. Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical machine
    translation", EMNLP 2014, arXiv:1406.1078 (both); I. Sutskever, O. Vinyals and Q. V. Le, "Sequence to sequence
    learning with neural networks", NeurIPS 2014, arXiv:1409.3215 (initial state); I. Goodfellow, Y. Bengio and
    A. Courville, "Deep Learning" (2016), section 10.2.4 (all three).
    """

    def __init__(
        self,
        cell: Cell | Sequence[Cell],
        vector_size: int,
        how: How = "both",
        layers: int | Sequence[int] = 1,
        states: Sequence[str] | None = None,
        bidirectional: bool = False,
        dropout: float = 0.0,
        machine: str = "auto",
    ) -> None:
        super().__init__()
        self.vector_size = size("vector_size", vector_size)
        self.how = one_of("how", how, get_args(How))
        if states is not None and how == "step":
            raise ArgumentError(f"states are {states!r}, and how is 'step'", expected="how = 'both' or 'initial'")
        if how != "initial":
            many = isinstance(cell, Sequence)
            cell = [Conditioned(one, self.vector_size) for one in cell] if many else Conditioned(cell, self.vector_size)
        self.recurrent = Recurrent(cell, layers, bidirectional, dropout, machine=machine)
        self.input_size, self.output_size = self.recurrent.input_size, self.recurrent.output_size
        first = next(iter(self.recurrent.cells.values()))
        self.alone = isinstance(first, Conditioned) and first.alone
        wanted = None if states is None else words("states", states)
        self._names = () if how == "step" else _chosen(self.recurrent.states, wanted)
        self.P, self.q = nn.ParameterDict(), nn.ParameterDict()
        for name in self._names:
            width, key = self.recurrent.states[name], name.replace(".", "_")  # a parameter's name may not hold a dot
            self.P[key], self.q[key] = (
                nn.Parameter(torch.empty(self.vector_size, width)),
                nn.Parameter(torch.empty(width)),
            )
        self.reset_parameters()
        weight = first_weight(self.recurrent)
        if weight is not None:
            self.to(weight.device, weight.dtype)

    def reset_parameters(self) -> None:
        """Draw the initial values of P and q again."""
        for P, q in zip(self.P.values(), self.q.values(), strict=True):
            draw(P)
            nn.init.zeros_(q)

    def forward(
        self,
        vector: Tensor,
        x: Tensor | None = None,
        *,
        steps: int | None = None,
        lengths: Lengths | None = None,
        state: Mapping[str, Tensor] | None = None,
        reset: Tensor | None = None,
        inputs: Mapping[str, Tensor] | None = None,
        feedback: Tensor | None = None,
        teacher_forcing: float | Tensor | None = None,
    ) -> tuple[Tensor, State]:
        """Run the layer over a batch.

        Args:
            vector: v (n, k).
            x: what is read at each step besides (n, T, d); None for zeros, with `steps` given.
            steps: T, where there is no x; 0 is fine.
            lengths: real steps of each row (n), as for `Recurrent`.
            state: what an earlier call returned, to go on from there; None to begin.
            reset: where a new sequence begins within a row, booleans (n, T), as for `Recurrent`: it begins with the
                state that the row began with, and sees the same vector.
            inputs: what the cells' own steps take beside x and the vector, as for `Recurrent`.
            feedback, teacher_forcing: of a cell that feeds its output back, as for `Recurrent`.

        Returns:
            y (n, T, output_size), exactly 0 in the padding, and the state after each row's last real step.

        Raises:
            ArgumentError: x and steps are both given, or neither; shapes, lengths or names that do not fit.
            ArgumentTypeError: a tensor of another type than the layer's.
        """
        self._check(vector)
        if (x is None) == (steps is None):
            raise ArgumentError(
                f"x and steps are {'both' if steps is not None else 'not'} given",
                expected="x (n, T, d), or steps=T where nothing but the vector is read",
            )
        if x is not None and self.alone:
            raise ArgumentError(
                f"x is given, and the cell reads {self.vector_size} features, which is the vector alone",
                expected="steps=T, or a cell whose input_size is that of x and of the vector together",
            )
        if x is None:
            x = vector.new_zeros(vector.shape[0], size("steps", steps, least=0), self.input_size)
        if isinstance(x, Tensor) and x.shape[:1] != vector.shape[:1]:
            raise ArgumentError(
                f"x has {len(x)} rows, and vector {len(vector)}", expected="one vector for each row of x"
            )
        start = self.initial_state(vector) if state is None else state
        inputs = {**(inputs or {}), **self._seen(vector)}
        return self.recurrent(
            x, lengths, start, reset, inputs=inputs, feedback=feedback, teacher_forcing=teacher_forcing
        )

    def initial_state(self, vector: Tensor) -> State:
        """The state before the first step, name → (n, width): tanh(v P + q), or the cell's own."""
        self._check(vector)
        state = self.recurrent.initial_state(vector.shape[0], device=vector.device)
        for name in self._names:
            key = name.replace(".", "_")
            state[name] = torch.tanh(vector @ self.P[key] + self.q[key])
        return state

    def stream(self, vector: Tensor) -> Stream:
        """The layer as a stream over the rows of `vector`: `y_t = stream(x_t)`, to feed back what was made of y_t.

        Raises:
            ArgumentError, ArgumentTypeError: vector does not fit, or has no row.

        Example:
            >>> decoder = FromVector(cells.GRU(3 + 6, 3), vector_size=6)
            >>> stream, y = decoder.stream(torch.randn(2, 6)), torch.zeros(2, 3)
            >>> for _ in range(5):
            ...     y = stream(y)
            >>> stream.reset(rows=[0])             # row 0 begins anew, with the same vector
        """
        start = self.initial_state(vector)
        return self.recurrent.stream(vector.shape[0], inputs=self._seen(vector), state=start)

    def _seen(self, vector: Tensor) -> dict[str, Tensor]:
        """The vector under the name that it has in each layer."""
        names = self.recurrent._named("rows") if self.how != "initial" else {}
        return {name: vector for name in names if name.rpartition(".")[2] == "context"}

    def _check(self, vector: Tensor) -> None:
        """Refuse a vector that is not (n, k) in the type of the weights."""
        if not isinstance(vector, Tensor):
            raise ArgumentTypeError(
                f"vector is a {type(vector).__name__}", expected=f"a tensor (n, {self.vector_size})"
            )
        if vector.dim() != 2 or vector.shape[1] != self.vector_size:
            raise ArgumentError(
                f"vector has shape {tuple(vector.shape)}", expected=f"(n, {self.vector_size}), one vector for each row"
            )
        weight = first_weight(self)
        if weight is not None and vector.dtype != weight.dtype and not autocasting(vector.device.type):
            raise ArgumentTypeError(f"vector is of type {vector.dtype}", expected=f"{weight.dtype}, as the weights")

    def extra_repr(self) -> str:
        """What the vector does, for `print(layer)`."""
        return f"vector {self.vector_size}, how={self.how!r}"


def _chosen(states: Mapping[str, int], wanted: Sequence[str] | None) -> tuple[str, ...]:
    """Names of the layer's states whose own names in their cells are wanted."""
    own = {name: name.rpartition(".")[2] for name in states}
    for name in wanted or ():
        if name not in own.values():
            raise ArgumentError(
                f"there is no state {name!r}", expected=f"some of {', '.join(dict.fromkeys(own.values()))}"
            )
    return tuple(name for name in states if wanted is None or own[name] in wanted)
