"""The recurrent highway network of Zilly et al. (2017)."""

import torch
from torch import Tensor, nn

from elman.arguments import flag, number, size
from elman.cells.cell import Cell
from elman.cells.gates import draw_gates


class RHN(Cell):
    """Recurrent highway network: within one time step the state goes through L layers, which may leave it alone.

        s_0 = h_{t-1}
        n_l = tanh(x_t U_n + s_{l-1} W_nl + b_nl)         what could be written; x_t in the first layer alone
        z_l = σ(x_t U_z + s_{l-1} W_zl + b_zl)            how much of it is, and of the old kept: carry 1 - z
        s_l = z_l n_l + (1 - z_l) s_{l-1}                 for l = 1 … L
        h_t = s_L                                         output y_t = h_t

    The blocks stand side by side: U = [U_n U_z], W = [W_n1 W_z1 W_n2 W_z2 …], likewise b. Each U block starts uniform
    (Glorot), each W block orthogonal, b_n at zero, b_z at -2: at first the layers carry.

    Args:
        input_size: d, width of x_t.
        hidden_size: h, width of the state and of the output.
        depth: L, highway layers in one step.
        bias: whether there is a b.
        transform_bias: initial value of b_z; the lower, the more is carried. Without effect where bias is False.

    Attributes:
        U: input → candidate and gate of the first layer (d, 2 h).
        W: state → candidate and gate of every layer (h, L · 2 h).
        b: bias (L · 2 h), or None.

    Raises:
        ArgumentError, ArgumentTypeError: a wrong size.

    Example:
        >>> cell = RHN(3, 5, depth=4)
        >>> cell.step(torch.randn(2, 3), **cell.initial_state(2))[0].shape
        torch.Size([2, 5])

    Source: J. G. Zilly, R. K. Srivastava, J. Koutník and J. Schmidhuber, "Recurrent highway networks", ICML 2017,
    4189-4198, with the gates coupled as in its experiments.
    """

    def __init__(
        self, input_size: int, hidden_size: int, depth: int = 3, bias: bool = True, transform_bias: float = -2.0
    ) -> None:
        hidden_size = size("hidden_size", hidden_size)
        super().__init__(input_size=input_size, output_size=hidden_size, states={"h": hidden_size})
        self.depth, self.transform_bias = size("depth", depth), number("transform_bias", transform_bias)
        self.U = nn.Parameter(torch.empty(input_size, 2 * hidden_size))
        self.W = nn.Parameter(torch.empty(hidden_size, self.depth * 2 * hidden_size))
        self.b = nn.Parameter(torch.empty(self.depth * 2 * hidden_size)) if flag("bias", bias) else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        draw_gates(self.U, self.W, self.b)
        if self.b is not None:
            for gate in self.b.detach().split(self.output_size)[1::2]:
                nn.init.constant_(gate, self.transform_bias)

    def step(self, x: Tensor, *, h: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """s_l = z_l n_l + (1 - z_l) s_{l-1} from s_0 = h_{t-1} to h_t = s_L."""
        both = 2 * self.output_size
        biases = [None] * self.depth if self.b is None else self.b.split(both)
        for layer, (W, b) in enumerate(zip(self.W.split(both, dim=1), biases, strict=True)):
            a = h @ W if layer else x @ self.U + h @ W  # (n, 2 h)
            n, z = (a if b is None else a + b).chunk(2, dim=-1)
            h = h + torch.sigmoid(z) * (torch.tanh(n) - h)
        return h, {"h": h}
