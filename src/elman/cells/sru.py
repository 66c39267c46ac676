"""The simple recurrent unit of Lei et al. (2018)."""

import math

import torch
from torch import Tensor, nn

from elman.arguments import flag, number, size
from elman.cells.cell import Cell


class SRU(Cell):
    """Simple recurrent unit: light recurrence in a memory c, and a highway from the input past it.

        f_t = σ(x_t U_f + v_f c_{t-1} + b_f)                 what is kept
        c_t = f_t c_{t-1} + (1 - f_t) (x_t U_c)
        r_t = σ(x_t U_r + v_r c_{t-1} + b_r)                 what is shown of the memory, the rest is input
        h_t = r_t c_t + (1 - r_t) α x_t                      output y_t = h_t
        h_t = r_t c_t + (1 - r_t) α (x_t S)                  where d and h differ

    Each unit sees its own memory alone: the hidden → hidden block is v, and every product is of the input. The blocks
    stand side by side in the order c, f, r. Without peepholes there is no v; the cell is linear in c then, and all time
    steps may be computed at once. Each block and S start uniform with variance 1 / d, v with variance 1 (with peepholes
    the blocks of the gates and v are divided by √2, so that both sums have the same variance), b at zero.

    Args:
        input_size: d, width of x_t.
        hidden_size: h, width of the memory and of the output.
        bias: whether there is a b.
        peepholes: whether the gates see the memory.
        scale: α, a constant; the paper advises √3, with which the variance of deep stacks does not shrink at first.

    Attributes:
        U: input → memory and gates (d, 3 h).
        S: input → highway (d, h), or None where d = h.
        v: memory → gates f, r (2 h), or None.
        b: bias of the gates f, r (2 h), or None.

    Raises:
        ArgumentError, ArgumentTypeError: a wrong size.

    Example:
        >>> cell = SRU(3, 5)
        >>> y, state = cell.step(torch.randn(2, 3), **cell.initial_state(2))
        >>> y.shape, list(state)
        (torch.Size([2, 5]), ['c'])

    Source: T. Lei, Y. Zhang, S. I. Wang, H. Dai and Y. Artzi, "Simple recurrent units for highly parallelizable
    recurrence", EMNLP 2018, 4470-4481; without peepholes: its first version, arXiv:1709.02755v1 (2017).
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, peepholes: bool = True, scale: float = 1.0
    ) -> None:
        hidden_size = size("hidden_size", hidden_size)
        super().__init__(input_size=input_size, output_size=hidden_size, states={"c": hidden_size})
        self.scale = number("scale", scale)
        self.U = nn.Parameter(torch.empty(input_size, 3 * hidden_size))
        self.S = nn.Parameter(torch.empty(input_size, hidden_size)) if input_size != hidden_size else None
        self.v = nn.Parameter(torch.empty(2 * hidden_size)) if flag("peepholes", peepholes) else None
        self.b = nn.Parameter(torch.empty(2 * hidden_size)) if flag("bias", bias) else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        bound = math.sqrt(3 / self.input_size)  # a uniform draw within ±a has the variance a² / 3
        for weight in (self.U, self.S):
            if weight is not None:
                nn.init.uniform_(weight, -bound, bound)
        if self.v is not None:
            nn.init.uniform_(self.v, -math.sqrt(1.5), math.sqrt(1.5))
            gates = self.U.detach()[:, self.output_size :]  # a view: written through
            gates /= math.sqrt(2)
        if self.b is not None:
            nn.init.zeros_(self.b)

    def step(self, x: Tensor, *, c: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """c_t = f_t c_{t-1} + (1 - f_t) (x_t U_c), h_t = r_t c_t + (1 - r_t) α x_t."""
        width = self.output_size
        n, gates = (x @ self.U).split([width, 2 * width], dim=-1)
        if self.b is not None:
            gates = gates + self.b
        f, r = gates.chunk(2, dim=-1)
        if self.v is not None:
            v_f, v_r = self.v.chunk(2)
            f, r = f + v_f * c, r + v_r * c
        f, r = torch.sigmoid(f), torch.sigmoid(r)
        c = f * c + (1 - f) * n
        past = x if self.S is None else x @ self.S
        return r * c + (1 - r) * (self.scale * past), {"c": c}
