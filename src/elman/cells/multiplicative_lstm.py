"""The multiplicative LSTM of Krause et al. (2016)."""

import torch
from torch import Tensor, nn

from elman.arguments import flag, number, size
from elman.cells.cell import Cell
from elman.cells.gates import draw, draw_gates


class MultiplicativeLSTM(Cell):
    """Multiplicative LSTM: an LSTM whose gates see the old state through the input, m instead of h.

        m_t = (x_t M) (h_{t-1} R)                         each input has a hidden → hidden block of its own
        i_t = σ(x_t U_i + m_t W_i + b_i)                  what is written
        f_t = σ(x_t U_f + m_t W_f + b_f)                  what is kept
        g_t = tanh(x_t U_g + m_t W_g + b_g)               what could be written
        o_t = σ(x_t U_o + m_t W_o + b_o)                  what is shown
        c_t = f_t c_{t-1} + i_t g_t
        h_t = o_t tanh(c_t)                               output y_t = h_t

    The blocks of the four gates stand side by side in the order i, f, g, o, as in `LSTM`. M and each U block start
    uniform (Glorot), R and each W block orthogonal, b at zero but for b_f. Around m it is the LSTM of Radford et al.,
    which is the usual one; that of the first paper has its output gate within, h_t = tanh(o_t c_t).

    Args:
        input_size: d, width of x_t.
        hidden_size: h, width of both states, of m and of the output.
        bias: whether there is a b.
        forget_bias: initial value of b_f; 1 keeps the memory open at first. Without effect where bias is False.

    Attributes:
        M: input → factors of the state (d, h).
        R: hidden → factors of the input (h, h).
        U: input → gates (d, 4 h).
        W: m → gates (h, 4 h).
        b: bias of the gates (4 h), or None.

    Raises:
        ArgumentError, ArgumentTypeError: a wrong size.

    Example:
        >>> cell = MultiplicativeLSTM(3, 5)
        >>> y, state = cell.step(torch.randn(2, 3), **cell.initial_state(2))
        >>> y.shape, sorted(state)
        (torch.Size([2, 5]), ['c', 'h'])

    Source: B. Krause, L. Lu, I. Murray and S. Renals, "Multiplicative LSTM for sequence modelling", arXiv:1609.07959
    (2016); in this form: A. Radford, R. Jozefowicz and I. Sutskever, "Learning to generate reviews and discovering
    sentiment", arXiv:1704.01444 (2017).
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, forget_bias: float = 1.0) -> None:
        hidden_size = size("hidden_size", hidden_size)
        super().__init__(input_size=input_size, output_size=hidden_size, states={"h": hidden_size, "c": hidden_size})
        self.forget_bias = number("forget_bias", forget_bias)
        self.M = nn.Parameter(torch.empty(input_size, hidden_size))
        self.R = nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.U = nn.Parameter(torch.empty(input_size, 4 * hidden_size))
        self.W = nn.Parameter(torch.empty(hidden_size, 4 * hidden_size))
        self.b = nn.Parameter(torch.empty(4 * hidden_size)) if flag("bias", bias) else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        draw(self.M)
        nn.init.orthogonal_(self.R)
        draw_gates(self.U, self.W, self.b)
        if self.b is not None:
            nn.init.constant_(self.b.detach().chunk(4)[1], self.forget_bias)

    def step(self, x: Tensor, *, h: Tensor, c: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """m_t = (x_t M) (h_{t-1} R), c_t = f_t c_{t-1} + i_t g_t, h_t = o_t tanh(c_t)."""
        m = (x @ self.M) * (h @ self.R)
        a = x @ self.U + m @ self.W  # (n, 4 h)
        if self.b is not None:
            a = a + self.b
        i, f, g, o = a.chunk(4, dim=-1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        return h, {"h": h, "c": c}
