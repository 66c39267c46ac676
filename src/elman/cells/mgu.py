"""The minimal gated unit of Zhou et al. (2016)."""

import torch
from torch import Tensor, nn

from elman.arguments import flag, size
from elman.cells.cell import Cell
from elman.cells.gates import draw_gates


class MGU(Cell):
    """Minimal gated unit: a GRU with one gate for both of its jobs.

        f_t = σ(x_t U_f + h_{t-1} W_f + b_f)                 what the candidate sees, and what is written
        n_t = tanh(x_t U_n + (f_t h_{t-1}) W_n + b_n)
        h_t = (1 - f_t) h_{t-1} + f_t n_t                    output y_t = h_t

    The blocks stand side by side in the order f, n. Each U block starts uniform (Glorot), each W block orthogonal, b at
    zero.

    Args:
        input_size: d, width of x_t.
        hidden_size: h, width of the state and of the output.
        bias: whether there is a b.

    Attributes:
        U: input → gate and candidate (d, 2 h).
        W: hidden → gate and candidate (h, 2 h).
        b: bias (2 h), or None.

    Raises:
        ArgumentError, ArgumentTypeError: a wrong size.

    Example:
        >>> cell = MGU(3, 5)
        >>> cell.step(torch.randn(2, 3), **cell.initial_state(2))[0].shape
        torch.Size([2, 5])

    Source: G.-B. Zhou, J. Wu, C.-L. Zhang and Z.-H. Zhou, "Minimal gated unit for recurrent neural networks",
    International Journal of Automation and Computing 13 (2016), 226-234.
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True) -> None:
        hidden_size = size("hidden_size", hidden_size)
        super().__init__(input_size=input_size, output_size=hidden_size, states={"h": hidden_size})
        self.U = nn.Parameter(torch.empty(input_size, 2 * hidden_size))
        self.W = nn.Parameter(torch.empty(hidden_size, 2 * hidden_size))
        self.b = nn.Parameter(torch.empty(2 * hidden_size)) if flag("bias", bias) else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        draw_gates(self.U, self.W, self.b)

    def step(self, x: Tensor, *, h: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """h_t = (1 - f_t) h_{t-1} + f_t n_t."""
        a = x @ self.U
        if self.b is not None:
            a = a + self.b
        a_f, a_n = a.chunk(2, dim=-1)
        W_f, W_n = self.W.chunk(2, dim=-1)
        f = torch.sigmoid(a_f + h @ W_f)
        n = torch.tanh(a_n + (f * h) @ W_n)
        h = h + f * (n - h)
        return h, {"h": h}
