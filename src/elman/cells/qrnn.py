"""The quasi-recurrent network of Bradbury et al. (2017)."""

import torch
from torch import Tensor, nn

from elman.arguments import flag, one_of, size
from elman.cells.cell import Cell
from elman.cells.gates import draw

POOLINGS = ("f", "fo", "ifo")


class QRNN(Cell):
    """Quasi-recurrent network: a convolution over the last k inputs, and gates that pool its features over time.

        X_t = [x_t x_{t-1} … x_{t-k+1}]                  a window of inputs, zeros before the first
        z_t = tanh(X_t U_z + b_z)                        what could be written
        f_t = σ(X_t U_f + b_f)                           what is kept
        o_t = σ(X_t U_o + b_o)                           what is shown, in fo and ifo
        i_t = σ(X_t U_i + b_i)                           what is written, in ifo
        c_t = f_t c_{t-1} + (1 - f_t) z_t                f and fo
        c_t = f_t c_{t-1} + i_t z_t                      ifo
        y_t = o_t c_t                                    in f: y_t = c_t

    The earlier inputs are states, so that a stream keeps its window: x1 is x_{t-1}, x2 is x_{t-2}, and so on. The
    blocks stand side by side in the order z, f, o, i. Each starts uniform (Glorot), b at zero. The cell is linear in c,
    and all time steps may be computed at once.

    Args:
        input_size: d, width of x_t.
        hidden_size: h, width of the memory and of the output.
        window: k, inputs that a step sees.
        pooling: "f", "fo" or "ifo".
        bias: whether there is a b (the paper has none).

    Attributes:
        U: window → candidate and gates (k d, 2 h) for f, (k d, 3 h) for fo, (k d, 4 h) for ifo; x_t's rows first.
        b: bias, as wide as U, or None.

    Raises:
        ArgumentError, ArgumentTypeError: a wrong size, or an unknown pooling.

    Example:
        >>> cell = QRNN(3, 5, window=3)
        >>> y, state = cell.step(torch.randn(2, 3), **cell.initial_state(2))
        >>> y.shape, {name: tuple(value.shape) for name, value in state.items()}
        (torch.Size([2, 5]), {'c': (2, 5), 'x1': (2, 3), 'x2': (2, 3)})

    Source: J. Bradbury, S. Merity, C. Xiong and R. Socher, "Quasi-recurrent neural networks", ICLR 2017,
    arXiv:1611.01576, section 2.
    """

    def __init__(
        self, input_size: int, hidden_size: int, window: int = 2, pooling: str = "fo", bias: bool = True
    ) -> None:
        input_size, hidden_size = size("input_size", input_size), size("hidden_size", hidden_size)
        earlier = {f"x{k}": input_size for k in range(1, size("window", window))}
        super().__init__(input_size=input_size, output_size=hidden_size, states={"c": hidden_size, **earlier})
        self.window, self.pooling = size("window", window), one_of("pooling", pooling, POOLINGS)
        blocks = 1 + len(pooling)
        self.U = nn.Parameter(torch.empty(self.window * input_size, blocks * hidden_size))
        self.b = nn.Parameter(torch.empty(blocks * hidden_size)) if flag("bias", bias) else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        for block in self.U.detach().split(self.output_size, dim=1):  # a view: written through
            draw(block)
        if self.b is not None:
            nn.init.zeros_(self.b)

    def step(self, x: Tensor, *, c: Tensor, **earlier: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """c_t = f_t c_{t-1} + (1 - f_t) z_t, y_t = o_t c_t."""
        inputs = [x, *(earlier[f"x{k}"] for k in range(1, self.window))]
        a = torch.cat(inputs, dim=-1) @ self.U
        if self.b is not None:
            a = a + self.b
        z, f, *rest = a.split(self.output_size, dim=-1)
        f, *rest = (torch.sigmoid(gate) for gate in (f, *rest))  # rest: nothing, o, or o and i
        c = f * c + (rest[1] if self.pooling == "ifo" else 1 - f) * torch.tanh(z)
        y = c if self.pooling == "f" else rest[0] * c
        return y, {"c": c, **{f"x{k}": inputs[k - 1] for k in range(1, self.window)}}
