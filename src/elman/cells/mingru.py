"""The minimal GRU of Feng et al. (2024), whose gate does not look at the state."""

import torch
from torch import Tensor, nn

from elman.arguments import flag, size
from elman.cells.cell import Cell
from elman.cells.gates import draw


class MinGRU(Cell):
    """Minimal GRU: gate and candidate are of the input alone, so that all time steps may be computed at once.

        z_t = σ(x_t U_z + b_z)                  how much is written
        n_t = x_t U_n + b_n                     what could be written
        h_t = (1 - z_t) h_{t-1} + z_t n_t       output y_t = h_t

    The blocks stand side by side in the order z, n. Each block starts uniform (Glorot), b at zero. There is no product
    with the state: it is linear in h, and the hidden → hidden block is the gate alone.

    Args:
        input_size: d, width of x_t.
        hidden_size: h, width of the state and of the output.
        bias: whether there is a b.

    Attributes:
        U: input → gate and candidate (d, 2 h).
        b: bias (2 h), or None.

    Raises:
        ArgumentError, ArgumentTypeError: a wrong size.

    Example:
        >>> cell = MinGRU(3, 5)
        >>> cell.step(torch.randn(2, 3), **cell.initial_state(2))[0].shape
        torch.Size([2, 5])

    Source: L. Feng, F. Tung, M. O. Ahmed, Y. Bengio and H. Hajimirsadeghi, "Were RNNs all we needed?",
    arXiv:2410.01201 (2024), section 3.1.
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True) -> None:
        hidden_size = size("hidden_size", hidden_size)
        super().__init__(input_size=input_size, output_size=hidden_size, states={"h": hidden_size})
        self.U = nn.Parameter(torch.empty(input_size, 2 * hidden_size))
        self.b = nn.Parameter(torch.empty(2 * hidden_size)) if flag("bias", bias) else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        for block in self.U.detach().chunk(2, dim=1):  # a view: written through
            draw(block)
        if self.b is not None:
            nn.init.zeros_(self.b)

    def step(self, x: Tensor, *, h: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """h_t = (1 - z_t) h_{t-1} + z_t n_t."""
        a = x @ self.U
        if self.b is not None:
            a = a + self.b
        z, n = a.chunk(2, dim=-1)
        z = torch.sigmoid(z)
        h = (1 - z) * h + z * n
        return h, {"h": h}
