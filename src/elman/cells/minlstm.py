"""The minimal LSTM of Feng et al. (2024), whose gates do not look at the state."""

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from elman.arguments import flag, number, size
from elman.cells.cell import Cell
from elman.cells.gates import draw


class MinLSTM(Cell):
    """Minimal LSTM: gates and candidate are of the input alone, so that all time steps may be computed at once.

        f_t = σ(x_t U_f + b_f)                                       what is kept
        i_t = σ(x_t U_i + b_i)                                       what is written
        n_t = x_t U_n + b_n                                          what could be written
        h_t = f_t / (f_t + i_t) h_{t-1} + i_t / (f_t + i_t) n_t      output y_t = h_t

    The blocks stand side by side in the order f, i, n. Each block starts uniform (Glorot), b at zero but for b_f. There
    is no product with the state: it is linear in h, and h keeps its scale however long the sequence is, since both
    shares sum to one.

    Args:
        input_size: d, width of x_t.
        hidden_size: h, width of the state and of the output.
        bias: whether there is a b.
        forget_bias: initial value of b_f. Without effect where bias is False.

    Attributes:
        U: input → gates and candidate (d, 3 h).
        b: bias (3 h), or None.

    Raises:
        ArgumentError, ArgumentTypeError: a wrong size.

    Example:
        >>> cell = MinLSTM(3, 5)
        >>> cell.step(torch.randn(2, 3), **cell.initial_state(2))[0].shape
        torch.Size([2, 5])

    Source: L. Feng, F. Tung, M. O. Ahmed, Y. Bengio and H. Hajimirsadeghi, "Were RNNs all we needed?",
    arXiv:2410.01201 (2024), section 3.2.
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, forget_bias: float = 0.0) -> None:
        hidden_size = size("hidden_size", hidden_size)
        super().__init__(input_size=input_size, output_size=hidden_size, states={"h": hidden_size})
        self.forget_bias = number("forget_bias", forget_bias)
        self.U = nn.Parameter(torch.empty(input_size, 3 * hidden_size))
        self.b = nn.Parameter(torch.empty(3 * hidden_size)) if flag("bias", bias) else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        for block in self.U.detach().chunk(3, dim=1):  # a view: written through
            draw(block)
        if self.b is not None:
            nn.init.zeros_(self.b)
            nn.init.constant_(self.b.detach().chunk(3)[0], self.forget_bias)

    def step(self, x: Tensor, *, h: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """h_t = f_t / (f_t + i_t) h_{t-1} + i_t / (f_t + i_t) n_t."""
        a = x @ self.U
        if self.b is not None:
            a = a + self.b
        f, i, n = a.chunk(3, dim=-1)
        # f / (f + i) = σ(log f - log i), and log σ(a) = -softplus(-a): no 0 / 0 where both gates are shut
        kept = torch.sigmoid(softplus(-i) - softplus(-f))
        h = kept * h + (1 - kept) * n
        return h, {"h": h}
