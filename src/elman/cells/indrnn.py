"""The independently recurrent network of Li et al. (2018)."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from elman.arguments import flag, size
from elman.cells.cell import Cell
from elman.cells.elman import activation_named
from elman.cells.gates import draw


class IndRNN(Cell):
    """Independently recurrent network: every hidden unit sees only its own past.

        h_t = φ(x_t U + w h_{t-1} + b)        output y_t = h_t

    U starts uniform (Glorot), w uniform in [0, 1], b at zero. Units meet in the next layer: stack two or more. Over T
    steps a ReLU unit multiplies by w^T: the authors keep w between ±2^(1/T), with `clip_` after each update.

    Args:
        input_size: d, width of x_t.
        hidden_size: h, width of the hidden state and of the output.
        activation: φ: "relu", "tanh", "sigmoid", "identity", or a function of one tensor that keeps its shape.
        bias: whether there is a b.

    Attributes:
        U: input → hidden (d, h).
        w: hidden → hidden, one number per unit (h).
        b: bias (h), or None.

    Raises:
        ArgumentError, ArgumentTypeError: a wrong size, or an unknown name of an activation.

    Example:
        >>> cell = IndRNN(3, 5)
        >>> y, state = cell.step(torch.randn(2, 3), **cell.initial_state(2))
        >>> y.shape, cell.clip_(steps=1000).w.abs().max().item() <= 2 ** (1 / 1000)
        (torch.Size([2, 5]), True)

    Source: S. Li, W. Li, C. Cook, C. Zhu and Y. Gao, "Independently recurrent neural network (IndRNN): building a
    longer and deeper RNN", CVPR 2018, 5457-5466.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        activation: str | Callable[[Tensor], Tensor] = "relu",
        bias: bool = True,
    ) -> None:
        hidden_size = size("hidden_size", hidden_size)
        super().__init__(input_size=input_size, output_size=hidden_size, states={"h": hidden_size})
        self.activation = activation_named(activation)
        self.U = nn.Parameter(torch.empty(input_size, hidden_size))
        self.w = nn.Parameter(torch.empty(hidden_size))
        self.b = nn.Parameter(torch.empty(hidden_size)) if flag("bias", bias) else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        draw(self.U)
        nn.init.uniform_(self.w)
        if self.b is not None:
            nn.init.zeros_(self.b)

    def clip_(self, steps: int) -> "IndRNN":
        """Keep w between ±2^(1/steps), so that no ReLU unit more than doubles what it saw so many steps ago."""
        bound = 2 ** (1 / size("steps", steps))
        with torch.no_grad():
            self.w.clamp_(-bound, bound)
        return self

    def step(self, x: Tensor, *, h: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """h_t = φ(x_t U + w h_{t-1} + b), both as the output and as the new state."""
        a = x @ self.U + self.w * h
        if self.b is not None:
            a = a + self.b
        h = self.activation(a)
        return h, {"h": h}
