"""The gated recurrent unit, in both of its forms."""

import torch
from torch import Tensor, nn

from elman.cells.cell import Cell, size
from elman.cells.gates import draw_gates


class GRU(Cell):
    """Gated recurrent unit: the new state is a mixture of the old one and a candidate n that sees part of the old one.

        r_t = σ(x_t U_r + h_{t-1} W_r + b_r)                       how much of the old state the candidate sees
        z_t = σ(x_t U_z + h_{t-1} W_z + b_z)                       how much of the old state is kept
        n_t = tanh(x_t U_n + b_n + r_t (h_{t-1} W_n + c))          reset after the product, as torch, cuDNN and Keras
        n_t = tanh(x_t U_n + b_n + (r_t h_{t-1}) W_n)              reset before the product, as in the paper
        h_t = (1 - z_t) n_t + z_t h_{t-1}                          output y_t = h_t

    The blocks of the three gates stand side by side in the order r, z, n: U = [U_r U_z U_n], likewise W and b. Each U
    block starts uniform (Glorot), each W block orthogonal, b and c at zero. (The paper writes z and 1 - z the other
    way round.)

    Args:
        input_size: d, width of x_t.
        hidden_size: h, width of the state and of the output.
        bias: whether there are a b and a c.
        reset_after: whether r_t acts on the product with W_n (one product per step) or on the state before it (two
            products in a chain).

    Attributes:
        U: input → gates (d, 3 h).
        W: hidden → gates (h, 3 h).
        b: bias of the gates (3 h), or None.
        c: bias of the candidate's product with the state (h), inside the reset; None without bias or reset_after.

    Raises:
        ArgumentError, ArgumentTypeError: a wrong size.

    Example:
        >>> cell = GRU(3, 5)
        >>> y, state = cell.step(torch.randn(2, 3), **cell.initial_state(2))
        >>> y.shape, bool((y == state["h"]).all())
        (torch.Size([2, 5]), True)

    Source: K. Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical machine
    translation", EMNLP 2014, 1724-1734.
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, reset_after: bool = True) -> None:
        hidden_size = size("hidden_size", hidden_size)
        super().__init__(input_size=input_size, output_size=hidden_size, states={"h": hidden_size})
        self.reset_after = bool(reset_after)
        self.U = nn.Parameter(torch.empty(input_size, 3 * hidden_size))
        self.W = nn.Parameter(torch.empty(hidden_size, 3 * hidden_size))
        self.b = nn.Parameter(torch.empty(3 * hidden_size)) if bias else None
        self.c = nn.Parameter(torch.empty(hidden_size)) if bias and reset_after else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        draw_gates(self.U, self.W, self.b)
        if self.c is not None:
            nn.init.zeros_(self.c)

    def step(self, x: Tensor, *, h: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """h_t = (1 - z_t) n_t + z_t h_{t-1}, written with one product."""
        width = self.output_size
        a = x @ self.U
        if self.b is not None:
            a = a + self.b
        a_rz, a_n = a.split([2 * width, width], dim=-1)
        if self.reset_after:
            u_rz, u_n = (h @ self.W).split([2 * width, width], dim=-1)
            r, z = torch.sigmoid(a_rz + u_rz).chunk(2, dim=-1)
            u_n = u_n if self.c is None else u_n + self.c
            n = torch.tanh(a_n + r * u_n)
        else:
            W_rz, W_n = self.W.split([2 * width, width], dim=-1)
            r, z = torch.sigmoid(a_rz + h @ W_rz).chunk(2, dim=-1)
            n = torch.tanh(a_n + (r * h) @ W_n)
        h = n + z * (h - n)
        return h, {"h": h}
