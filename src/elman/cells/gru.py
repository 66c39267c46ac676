"""The gated recurrent unit, in both of its forms."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from elman.arguments import flag, size
from elman.cells.cell import Cell
from elman.cells.gates import draw_gates
from elman.errors import ArgumentError


class GRU(Cell):
    """Gated recurrent unit: the new state is a mixture of the old one and a candidate n that sees part of the old one.

        r_t = σ(x_t U_r + h_{t-1} W_r + b_r)                       how much of the old state the candidate sees
        z_t = σ(x_t U_z + h_{t-1} W_z + b_z)                       how much of the old state is kept
        n_t = tanh(x_t U_n + b_n + r_t (h_{t-1} W_n + c))          reset after the product, as torch, cuDNN and Keras
        n_t = tanh(x_t U_n + b_n + (r_t h_{t-1}) W_n)              reset before the product, as in the paper
        h_t = (1 - z_t) n_t + z_t h_{t-1}                          output y_t = h_t

    With layer_norm each product is normed on its own, those of the two gates together, those of the candidate apart,
    with gains g = [g_rz g_n] for the products with x_t and k = [k_rz k_n] for those with h_{t-1}:

        [r_t z_t] = σ(g_rz N(x_t [U_r U_z]) + k_rz N(h_{t-1} [W_r W_z]) + [b_r b_z])
        n_t = tanh(g_n N(x_t U_n) + b_n + r_t (k_n N(h_{t-1} W_n) + c))
        N(a) = (a - mean a) / √(var a + 10⁻⁵)                      over the features of one row at one step

    (The paper has a shift after each N; the two of a gate are added, so that b is their sum.)

    The blocks of the three gates stand side by side in the order r, z, n: U = [U_r U_z U_n], likewise W and b. Each U
    block starts uniform (Glorot), each W block orthogonal, b and c at zero, g and k at one. (The paper writes z and
    1 - z the other way round.)

    Args:
        input_size: d, width of x_t.
        hidden_size: h, width of the state and of the output.
        bias: whether there are a b and a c.
        reset_after: whether r_t acts on the product with W_n (one product per step) or on the state before it (two
            products in a chain).
        layer_norm: whether the products are normed; only with reset_after.

    Attributes:
        U: input → gates (d, 3 h).
        W: hidden → gates (h, 3 h).
        b: bias of the gates (3 h), or None.
        c: bias of the candidate's product with the state (h), inside the reset; None without bias or reset_after.
        g: gains of the normed products with the input (3 h), or None.
        k: gains of the normed products with the state (3 h), or None.

    Raises:
        ArgumentError, ArgumentTypeError: a wrong size, or layer_norm without reset_after.

    Example:
        >>> cell = GRU(3, 5)
        >>> y, state = cell.step(torch.randn(2, 3), **cell.initial_state(2))
        >>> y.shape, bool((y == state["h"]).all())
        (torch.Size([2, 5]), True)

    Source: K. Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical machine
    translation", EMNLP 2014, 1724-1734; layer_norm: J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization",
    arXiv:1607.06450 (2016), supplementary material.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        reset_after: bool = True,
        layer_norm: bool = False,
    ) -> None:
        hidden_size = size("hidden_size", hidden_size)
        super().__init__(input_size=input_size, output_size=hidden_size, states={"h": hidden_size})
        layer_norm, self.reset_after = flag("layer_norm", layer_norm), flag("reset_after", reset_after)
        if layer_norm and not self.reset_after:
            raise ArgumentError("layer_norm is given without reset_after", expected="both, or reset_after alone")
        self.U = nn.Parameter(torch.empty(input_size, 3 * hidden_size))
        self.W = nn.Parameter(torch.empty(hidden_size, 3 * hidden_size))
        self.b = nn.Parameter(torch.empty(3 * hidden_size)) if flag("bias", bias) else None
        self.c = nn.Parameter(torch.empty(hidden_size)) if bias and reset_after else None
        self.g = nn.Parameter(torch.empty(3 * hidden_size)) if layer_norm else None
        self.k = nn.Parameter(torch.empty(3 * hidden_size)) if layer_norm else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        draw_gates(self.U, self.W, self.b)
        if self.c is not None:
            nn.init.zeros_(self.c)
        for gain in (self.g, self.k):
            if gain is not None:
                nn.init.ones_(gain)

    def step(self, x: Tensor, *, h: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """h_t = (1 - z_t) n_t + z_t h_{t-1}, written with one product."""
        width = self.output_size
        a = _normed(x @ self.U, self.g, width)
        if self.b is not None:
            a = a + self.b
        a_rz, a_n = a.split([2 * width, width], dim=-1)
        if self.reset_after:
            u_rz, u_n = _normed(h @ self.W, self.k, width).split([2 * width, width], dim=-1)
            r, z = torch.sigmoid(a_rz + u_rz).chunk(2, dim=-1)
            u_n = u_n if self.c is None else u_n + self.c
            n = torch.tanh(a_n + r * u_n)
        else:
            W_rz, W_n = self.W.split([2 * width, width], dim=-1)
            r, z = torch.sigmoid(a_rz + h @ W_rz).chunk(2, dim=-1)
            n = torch.tanh(a_n + (r * h) @ W_n)
        h = n + z * (h - n)
        return h, {"h": h}


def _normed(a: Tensor, gain: Tensor | None, width: int) -> Tensor:
    """The products (n, 3 h) of the gates, normed over both gates and over the candidate, where there is a gain."""
    if gain is None:
        return a
    parts = zip(a.split([2 * width, width], dim=-1), gain.split([2 * width, width]), strict=True)
    return torch.cat([functional.layer_norm(part, g.shape, g) for part, g in parts], dim=-1)
