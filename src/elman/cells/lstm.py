"""The long short-term memory cell, with forget gates, and the options that its later papers added."""

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm as norm

from elman.arguments import flag, number, size
from elman.cells.cell import Cell
from elman.cells.gates import draw, draw_gates
from elman.errors import ArgumentError


class LSTM(Cell):
    """Long short-term memory: a memory c that is added to, and gates that say what is written, kept and shown.

        i_t = σ(x_t U_i + h_{t-1} W_i + b_i)              what is written
        f_t = σ(x_t U_f + h_{t-1} W_f + b_f)              what is kept
        g_t = tanh(x_t U_g + h_{t-1} W_g + b_g)           what could be written
        o_t = σ(x_t U_o + h_{t-1} W_o + b_o)              what is shown
        c_t = f_t c_{t-1} + i_t g_t
        h_t = o_t tanh(c_t)                               output y_t = h_t

    The blocks of the four gates stand side by side in the order i, f, g, o: U = [U_i U_f U_g U_o], likewise W and b.
    Each U block starts uniform (Glorot), each W block orthogonal, b at zero but for b_f. Each option changes a line:

        peepholes     i_t = σ(… + p_i c_{t-1}),  f_t = σ(… + p_f c_{t-1}),  o_t = σ(… + p_o c_t)
        coupled       i_t = 1 - f_t                       three blocks, in the order f, g, o
        projection    h_t = (o_t tanh(c_t)) P             h and y of width r
        layer_norm    s_x N(x_t U) + s_h N(h_{t-1} W) + b for all four sums,  h_t = o_t tanh(s_c N(c_t) + b_c)

    N(a) = (a - mean a) / √(var a + 10⁻⁵) over all features of a row at one step, those of all gates together. (The
    paper has an offset after each N; the first two and its bias are added, so that b is their sum.) P starts uniform
    (Glorot), p and b_c at zero, the gains s at one.

    Args:
        input_size: d, width of x_t.
        hidden_size: h, width of the memory, and of the output without a projection.
        bias: whether there is a b (and a b_c).
        forget_bias: initial value of b_f; 1 keeps the memory open at first. Without effect where bias is False.
        peepholes: whether the gates see the memory, each unit its own.
        coupled: whether exactly as much is written as is forgotten.
        projection: r ≤ h, width of a narrower state h and output; None for none.
        layer_norm: whether the gates and the shown memory are normalised.

    Attributes:
        U: input → gates (d, 4 h); coupled: (d, 3 h), and so on.
        W: hidden → gates (h, 4 h); (r, 4 h) with a projection.
        b: bias of the gates (4 h), or None.
        p: memory → gates i, f, o, or f, o (3 h), or None.
        P: hidden → projection (h, r), or None.
        s_x, s_h, s_c, b_c: gains (4 h), (4 h), (h) and offset (h) of the layer norms, or None.

    Raises:
        ArgumentError, ArgumentTypeError: a wrong size, a projection wider than the memory, or peepholes together with
            layer_norm.

    Example:
        >>> cell = LSTM(3, 5)
        >>> y, state = cell.step(torch.randn(2, 3), **cell.initial_state(2))
        >>> y.shape, sorted(state)
        (torch.Size([2, 5]), ['c', 'h'])
        >>> cell.b.detach()[5:10]
        tensor([1., 1., 1., 1., 1.])
        >>> LSTM(3, 5, projection=2, coupled=True)
        LSTM(3 → 2, states {h: 2, c: 5})

    Source: S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9 (1997), 1735-1780; forget
    gates and their bias: F. A. Gers, J. Schmidhuber and F. Cummins, "Learning to forget: continual prediction with
    LSTM", Neural Computation 12 (2000), 2451-2471; peepholes: F. A. Gers, N. N. Schraudolph and J. Schmidhuber,
    "Learning precise timing with LSTM recurrent networks", JMLR 3 (2002), 115-143; coupled gates: K. Greff et al.,
    "LSTM: a search space odyssey", IEEE TNNLS 28 (2017), 2222-2232; projection: H. Sak, A. Senior and F. Beaufays,
    "Long short-term memory recurrent neural network architectures for large scale acoustic modeling", Interspeech
    2014, 338-342; layer norm: J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", arXiv:1607.06450 (2016).
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        forget_bias: float = 1.0,
        peepholes: bool = False,
        coupled: bool = False,
        projection: int | None = None,
        layer_norm: bool = False,
    ) -> None:
        hidden_size = size("hidden_size", hidden_size)
        shown = _shown(hidden_size, projection)
        super().__init__(input_size=input_size, output_size=shown, states={"h": shown, "c": hidden_size})
        peepholes, layer_norm = flag("peepholes", peepholes), flag("layer_norm", layer_norm)
        if peepholes and layer_norm:
            raise ArgumentError(
                "both peepholes and layer_norm",
                expected="one of them: their papers leave open whether a gate sees the memory before its norm or after",
                fix="write the form you mean as a cell of your own, a subclass of elman.Cell",
            )
        self.coupled = flag("coupled", coupled)
        gates = (3 if coupled else 4) * hidden_size
        self.forget_bias = number("forget_bias", forget_bias)
        self.U = nn.Parameter(torch.empty(input_size, gates))
        self.W = nn.Parameter(torch.empty(shown, gates))
        self.b = nn.Parameter(torch.empty(gates)) if flag("bias", bias) else None
        self.p = nn.Parameter(torch.empty(gates - hidden_size)) if peepholes else None
        self.P = nn.Parameter(torch.empty(hidden_size, shown)) if projection is not None else None
        self.s_x, self.s_h, self.s_c = (
            nn.Parameter(torch.empty(width)) if layer_norm else None for width in (gates, gates, hidden_size)
        )
        self.b_c = nn.Parameter(torch.empty(hidden_size)) if layer_norm and bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        draw_gates(self.U, self.W, self.b, width=self.states["c"])
        if self.b is not None:
            f = 0 if self.coupled else 1
            nn.init.constant_(self.b.detach().split(self.states["c"])[f], self.forget_bias)
        if self.P is not None:
            draw(self.P)
        for gain in (self.s_x, self.s_h, self.s_c):
            if gain is not None:
                nn.init.ones_(gain)
        for offset in (self.p, self.b_c):
            if offset is not None:
                nn.init.zeros_(offset)

    def step(self, x: Tensor, *, h: Tensor, c: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """c_t = f_t c_{t-1} + i_t g_t, h_t = o_t tanh(c_t)."""
        a, u = x @ self.U, h @ self.W  # (n, 4 h)
        if self.s_x is not None and self.s_h is not None:
            a, u = norm(a, self.s_x.shape, self.s_x), norm(u, self.s_h.shape, self.s_h)
        a = a + u
        if self.b is not None:
            a = a + self.b
        *i, f, g, o = a.split(self.states["c"], dim=-1)  # no i where the gates are coupled
        p = None if self.p is None else self.p.split(self.states["c"])
        f = torch.sigmoid(f if p is None else f + p[-2] * c)
        i = 1 - f if self.coupled else torch.sigmoid(i[0] if p is None else i[0] + p[0] * c)
        c = f * c + i * torch.tanh(g)
        o = torch.sigmoid(o if p is None else o + p[-1] * c)
        h = o * torch.tanh(c if self.s_c is None else norm(c, self.s_c.shape, self.s_c, self.b_c))
        if self.P is not None:
            h = h @ self.P
        return h, {"h": h, "c": c}


def _shown(hidden_size: int, projection: int | None) -> int:
    """The width of h and of the output."""
    if projection is None:
        return hidden_size
    if size("projection", projection) > hidden_size:
        raise ArgumentError(
            f"projection is {projection}, hidden_size {hidden_size}", expected="a projection to at most hidden_size"
        )
    return size("projection", projection)
