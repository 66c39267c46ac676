"""The echo-state network of Jaeger (2001): a reservoir that is drawn once and never trained."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from elman.arguments import number, size
from elman.cells.cell import Cell
from elman.cells.elman import activation_named
from elman.cells.shares import Numbers, keep, share


class EchoState(Cell):
    """Echo-state network: a fixed random recurrent network, of whose states only a linear readout is learned.

        h_t = (1 - a) h_{t-1} + a φ(x_t U + h_{t-1} W + b)        output y_t = h_t

    U and b are uniform between ± their scales. Each unit sees the same number of others, chosen at random (`density`),
    through weights uniform between ±1 that are then scaled so that the largest absolute value of an eigenvalue of W is
    `spectral_radius`. All are buffers: saved with the cell, and never trained; gradients pass to x and to the state.
    `elman.layers.fit_readout` solves for the readout.

    Args:
        input_size: d, width of x_t.
        hidden_size: h, width of the reservoir and of the output.
        spectral_radius: of W, > 0; below 1 the network usually forgets how it began.
        density: share of the h units that each unit sees, 0 < density ≤ 1; at least one.
        input_scale: U lies between ± this.
        bias_scale: b lies between ± this; 0 is no bias.
        leak: a, 0 < a ≤ 1, one number for all units or a sequence with one for each.
        activation: φ: "tanh", "relu", "sigmoid", "identity", or a function of one tensor that keeps its shape.

    Attributes:
        U: input → reservoir (d, h), fixed.
        W: reservoir → reservoir (h, h), fixed.
        b: bias (h), fixed, or None.

    Raises:
        ArgumentError, ArgumentTypeError: a wrong size, a number out of its range, or an unknown name of an activation.

    Example:
        >>> cell = EchoState(3, 50, spectral_radius=0.9)
        >>> round(torch.linalg.eigvals(cell.W).abs().max().item(), 4), len(list(cell.parameters()))
        (0.9, 0)

    Source: H. Jaeger, "The 'echo state' approach to analysing and training recurrent neural networks", GMD Report 148
    (2001); leaks: H. Jaeger, M. Lukosevicius, D. Popovici and U. Siewert, "Optimization and applications of echo state
    networks with leaky-integrator neurons", Neural Networks 20 (2007), 335-352.
    """

    U: Tensor
    W: Tensor
    b: Tensor | None
    leak: float | Tensor

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        spectral_radius: float = 0.9,
        density: float = 0.1,
        input_scale: float = 1.0,
        bias_scale: float = 0.0,
        leak: Numbers = 1.0,
        activation: str | Callable[[Tensor], Tensor] = "tanh",
    ) -> None:
        hidden_size = size("hidden_size", hidden_size)
        super().__init__(input_size=input_size, output_size=hidden_size, states={"h": hidden_size})
        self.spectral_radius = number("spectral_radius", spectral_radius, above=0)
        self.density = number("density", density, above=0, most=1)
        self.input_scale = number("input_scale", input_scale, above=0)
        self.bias_scale = number("bias_scale", bias_scale, least=0)
        keep(self, "leak", share("leak", leak, hidden_size, one=True))
        self.activation = activation_named(activation)
        self.register_buffer("U", torch.empty(input_size, hidden_size))
        self.register_buffer("W", torch.empty(hidden_size, hidden_size))
        self.register_buffer("b", torch.empty(hidden_size) if self.bias_scale else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the reservoir again."""
        nn.init.uniform_(self.U, -self.input_scale, self.input_scale)
        if self.b is not None:
            nn.init.uniform_(self.b, -self.bias_scale, self.bias_scale)
        h = self.output_size
        seen = max(1, round(self.density * h))  # at least one each: some units then form a circle, and none is silent
        places = torch.rand(h, h, dtype=torch.float64).topk(seen, dim=0).indices  # of each column, without repetition
        W = torch.zeros(h, h, dtype=torch.float64)
        W.scatter_(0, places, 2 * torch.rand(seen, h, dtype=torch.float64) - 1)
        self.W.copy_(W * (self.spectral_radius / torch.linalg.eigvals(W).abs().max()))

    def step(self, x: Tensor, *, h: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """h_t = (1 - a) h_{t-1} + a φ(x_t U + h_{t-1} W + b)."""
        new = x @ self.U + h @ self.W
        if self.b is not None:
            new = new + self.b
        h = (1 - self.leak) * h + self.leak * self.activation(new)
        return h, {"h": h}
