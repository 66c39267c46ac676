"""The simple recurrent cell of Elman (1990)."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from elman.arguments import flag, number, one_of, size
from elman.cells.cell import Cell
from elman.cells.gates import draw
from elman.errors import ArgumentError, ArgumentTypeError


def identity(a: Tensor) -> Tensor:
    """a itself; a function of this name, so that a cell with it can be pickled by its user."""
    return a


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "identity": identity,
}
STARTS = ("orthogonal", "identity")


def activation_named(
    activation: str | Callable[[Tensor], Tensor], name: str = "activation"
) -> Callable[[Tensor], Tensor]:
    """A function of that name, or the given one.

    Raises:
        ArgumentError: there is none of that name.
        ArgumentTypeError: neither a name nor a function.
    """
    if callable(activation):
        return activation
    expected = f"one of {', '.join(ACTIVATIONS)}, or a function of a tensor"
    if not isinstance(activation, str):
        raise ArgumentTypeError(f"{name} is {activation!r} ({type(activation).__name__})", expected=expected)
    if activation not in ACTIVATIONS:
        raise ArgumentError(f"{name} is {activation!r}", expected=expected)
    return ACTIVATIONS[activation]


class Elman(Cell):
    """Simple recurrent cell: the hidden state is fed back into itself.

        h_t = φ(x_t U + h_{t-1} W + b)              output y_t = h_t
        h_t = φ(g N(x_t U + h_{t-1} W) + b)         with layer_norm: N(a) = (a - mean a) / √(var a + 10⁻⁵)

    Mean and variance are those of the h values of one row at one step, the variance divided by h. U starts uniform
    (Glorot), W orthogonal, so that the state's length is kept at first, b at zero, g at one. With start = "identity" W
    is the identity and U normal with σ = 0.001: with relu units, the IRNN, which remembers by doing nothing.

    Args:
        input_size: d, width of x_t.
        hidden_size: h, width of the hidden state and of the output.
        activation: φ: "tanh", "relu", "sigmoid", "identity", or a function of one tensor that keeps its shape.
        bias: whether there is a b.
        start: what W is at first: "orthogonal" or "identity".
        scale: what that W is multiplied by.
        layer_norm: whether the sum is normed over the hidden units.

    Attributes:
        U: input → hidden (d, h).
        W: hidden → hidden (h, h).
        b: bias of the hidden units (h), or None.
        g: gain of the normed sum (h), or None.

    Raises:
        ArgumentError, ArgumentTypeError: a wrong size, or an unknown name of an activation or a start.

    Example:
        >>> cell = Elman(3, 5)
        >>> y, state = cell.step(torch.randn(2, 3), **cell.initial_state(2))
        >>> y.shape, bool((y == state["h"]).all())
        (torch.Size([2, 5]), True)

    Source: J. L. Elman, "Finding structure in time", Cognitive Science 14 (1990), 179-211; start = "identity": Q. V.
    Le, N. Jaitly and G. E. Hinton, "A simple way to initialize recurrent networks of rectified linear units",
    arXiv:1504.00941 (2015); layer_norm: J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization",
    arXiv:1607.06450 (2016), equation 4.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        activation: str | Callable[[Tensor], Tensor] = "tanh",
        bias: bool = True,
        start: str = "orthogonal",
        scale: float = 1.0,
        layer_norm: bool = False,
    ) -> None:
        hidden_size = size("hidden_size", hidden_size)
        super().__init__(input_size=input_size, output_size=hidden_size, states={"h": hidden_size})
        self.activation = activation_named(activation)
        self.start, self.scale = one_of("start", start, STARTS), number("scale", scale)
        self.U = nn.Parameter(torch.empty(input_size, hidden_size))
        self.W = nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.b = nn.Parameter(torch.empty(hidden_size)) if flag("bias", bias) else None
        self.g = nn.Parameter(torch.empty(hidden_size)) if flag("layer_norm", layer_norm) else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        if self.start == "identity":
            nn.init.normal_(self.U, std=0.001)
            nn.init.eye_(self.W)
        else:
            draw(self.U)
            nn.init.orthogonal_(self.W)
        with torch.no_grad():
            self.W *= self.scale
        if self.b is not None:
            nn.init.zeros_(self.b)
        if self.g is not None:
            nn.init.ones_(self.g)

    def step(self, x: Tensor, *, h: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """h_t = φ(x_t U + h_{t-1} W + b), both as the output and as the new state."""
        a = x @ self.U + h @ self.W
        if self.g is not None:
            a = functional.layer_norm(a, self.g.shape, self.g)
        if self.b is not None:
            a = a + self.b
        h = self.activation(a)
        return h, {"h": h}
