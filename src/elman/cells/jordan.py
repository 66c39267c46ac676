"""Jordan's network: recurrence only from the output back to the hidden units."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from elman.arguments import size
from elman.cells.cell import Cell
from elman.cells.elman import activation_named
from elman.cells.gates import draw


class Jordan(Cell):
    """Network whose only memory is its own last output.

        h_t = φ(x_t U + y_{t-1} W + b)
        y_t = f(h_t V + c)                      output, and what the next step sees

    Given the outputs that are to be learned, no step has to wait for the one before: with `feedback=targets` a layer
    computes all of them at once, and runs free afterwards. U, W and V start uniform (Glorot), b and c at zero.

    Args:
        input_size: d, width of x_t.
        hidden_size: h, width of the hidden units.
        output_size: o, width of the output.
        activation: φ, a name ("tanh", "relu", "sigmoid", "identity") or a function of a tensor, elementwise.
        output_activation: f, likewise.

    Attributes:
        U: input → hidden (d, h).
        W: output → hidden (o, h).
        V: hidden → output (h, o).
        b: bias of the hidden units (h).
        c: bias of the output (o).

    Raises:
        ArgumentError, ArgumentTypeError: a wrong size, or an activation of no known name.

    Example:
        >>> layer = elman.Recurrent(Jordan(3, 5, output_size=2))
        >>> x, targets = torch.randn(4, 6, 3), torch.randn(4, 6, 2)
        >>> y, _ = layer(x, feedback=targets)           # teacher forcing: every step at once
        >>> y, state = layer(x)                         # free running
        >>> torch.equal(state["y"], y[:, -1])
        True

    Source: M. I. Jordan, "Serial order: a parallel distributed processing approach", ICS report 8604, University of
    California, San Diego (1986); in this form: I. Goodfellow, Y. Bengio and A. Courville, "Deep Learning" (2016),
    section 10.2.1.
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
        super().__init__(input_size=input_size, output_size=output_size, states={"y": output_size})
        self.activation = activation_named(activation)
        self.output_activation = activation_named(output_activation, "output_activation")
        self.U = nn.Parameter(torch.empty(input_size, hidden_size))
        self.W = nn.Parameter(torch.empty(output_size, hidden_size))
        self.V = nn.Parameter(torch.empty(hidden_size, output_size))
        self.b = nn.Parameter(torch.empty(hidden_size))
        self.c = nn.Parameter(torch.empty(output_size))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        for weight in (self.U, self.W, self.V):
            draw(weight)
        for bias in (self.b, self.c):
            nn.init.zeros_(bias)

    @property
    def feedback(self) -> str:
        """The state y: it can be teacher-forced."""
        return "y"

    def step(self, x: Tensor, *, y: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """h_t = φ(x_t U + y_{t-1} W + b), y_t = f(h_t V + c)."""
        h = self.activation(x @ self.U + y @ self.W + self.b)
        y = self.output_activation(h @ self.V + self.c)
        return y, {"y": y}
