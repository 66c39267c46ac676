"""The simple recurrent cell of Elman (1990)."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from elman.cells.cell import Cell, size
from elman.cells.gates import draw
from elman.errors import ArgumentError

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "identity": lambda a: a,
}


def activation_named(activation: str | Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """A function of that name, or the given one.

    Raises:
        ArgumentError: there is none of that name.
    """
    if not isinstance(activation, str):
        return activation
    if activation not in ACTIVATIONS:
        raise ArgumentError(f"activation is {activation!r}", expected=f"one of {', '.join(ACTIVATIONS)}, or a function")
    return ACTIVATIONS[activation]


class Elman(Cell):
    """Simple recurrent cell: the hidden state is fed back into itself.

        h_t = φ(x_t U + h_{t-1} W + b)        output y_t = h_t

    U starts uniform (Glorot), W orthogonal, so that the state's length is kept at first, b at zero.

    Args:
        input_size: d, width of x_t.
        hidden_size: h, width of the hidden state and of the output.
        activation: φ: "tanh", "relu", "sigmoid", "identity", or a function of one tensor that keeps its shape.
        bias: whether there is a b.

    Attributes:
        U: input → hidden (d, h).
        W: hidden → hidden (h, h).
        b: bias of the hidden units (h), or None.

    Raises:
        ArgumentError, ArgumentTypeError: a wrong size, or an unknown name of an activation.

    Example:
        >>> cell = Elman(3, 5)
        >>> y, state = cell.step(torch.randn(2, 3), **cell.initial_state(2))
        >>> y.shape, bool((y == state["h"]).all())
        (torch.Size([2, 5]), True)

    Source: J. L. Elman, "Finding structure in time", Cognitive Science 14 (1990), 179-211.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        activation: str | Callable[[Tensor], Tensor] = "tanh",
        bias: bool = True,
    ) -> None:
        hidden_size = size("hidden_size", hidden_size)
        super().__init__(input_size=input_size, output_size=hidden_size, states={"h": hidden_size})
        self.activation = activation_named(activation)
        self.U = nn.Parameter(torch.empty(input_size, hidden_size))
        self.W = nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.b = nn.Parameter(torch.empty(hidden_size)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        draw(self.U)
        nn.init.orthogonal_(self.W)
        if self.b is not None:
            nn.init.zeros_(self.b)

    def step(self, x: Tensor, *, h: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """h_t = φ(x_t U + h_{t-1} W + b), both as the output and as the new state."""
        a = x @ self.U + h @ self.W
        if self.b is not None:
            a = a + self.b
        h = self.activation(a)
        return h, {"h": h}
