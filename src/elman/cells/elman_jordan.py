"""Both recurrences in one network: from the hidden units and from the output."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from elman.arguments import size
from elman.cells.cell import Cell
from elman.cells.elman import activation_named
from elman.cells.gates import draw


class ElmanJordan(Cell):
    """Network that sees its own hidden state and its own output of the step before.

        h_t = φ(x_t U + h_{t-1} W + y_{t-1} F + b)
        y_t = f(h_t V + c)                      output, and what the next step sees

    U, F and V start uniform (Glorot), W orthogonal, b and c at zero. With `feedback=targets` the recurrence from the
    output is teacher-forced; the one between hidden units stays.

    Args:
        input_size: d, width of x_t.
        hidden_size: h, width of the hidden units.
        output_size: o, width of the output.
        activation: φ, a name ("tanh", "relu", "sigmoid", "identity") or a function of a tensor, elementwise.
        output_activation: f, likewise.

    Attributes:
        U: input → hidden (d, h).
        W: hidden → hidden (h, h).
        F: output → hidden (o, h).
        V: hidden → output (h, o).
        b: bias of the hidden units (h).
        c: bias of the output (o).

    Raises:
        ArgumentError, ArgumentTypeError: a wrong size, or an activation of no known name.

    Example:
        >>> layer = elman.Recurrent(ElmanJordan(3, 5, output_size=2))
        >>> y, state = layer(torch.randn(4, 6, 3), feedback=torch.randn(4, 6, 2), teacher_forcing=0.7)
        >>> y.shape, sorted(state)
        (torch.Size([4, 6, 2]), ['h', 'y'])

    Source: the sum of J. L. Elman, "Finding structure in time", Cognitive Science 14 (1990), 179-211, and M. I.
    Jordan, "Serial order: a parallel distributed processing approach", ICS report 8604, University of California, San
    Diego (1986).
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        activation: str | Callable[[Tensor], Tensor] = "tanh",
        output_activation: str | Callable[[Tensor], Tensor] = "identity",
    ) -> None:
        hidden_size, output_size = size("hidden_size", hidden_size), size("output_size", output_size)
        super().__init__(input_size=input_size, output_size=output_size, states={"h": hidden_size, "y": output_size})
        self.activation = activation_named(activation)
        self.output_activation = activation_named(output_activation, "output_activation")
        self.U = nn.Parameter(torch.empty(input_size, hidden_size))
        self.W = nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.F = nn.Parameter(torch.empty(output_size, hidden_size))
        self.V = nn.Parameter(torch.empty(hidden_size, output_size))
        self.b = nn.Parameter(torch.empty(hidden_size))
        self.c = nn.Parameter(torch.empty(output_size))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        for weight in (self.U, self.F, self.V):
            draw(weight)
        nn.init.orthogonal_(self.W)
        for bias in (self.b, self.c):
            nn.init.zeros_(bias)

    @property
    def feedback(self) -> str:
        """The state y: it can be teacher-forced."""
        return "y"

    def step(self, x: Tensor, *, h: Tensor, y: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """h_t = φ(x_t U + h_{t-1} W + y_{t-1} F + b), y_t = f(h_t V + c)."""
        h = self.activation(x @ self.U + h @ self.W + y @ self.F + self.b)
        y = self.output_activation(h @ self.V + self.c)
        return y, {"h": h, "y": y}
