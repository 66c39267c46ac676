"""The structurally constrained recurrent network of Mikolov et al. (2014)."""

import torch
from torch import Tensor, nn

from elman.cells.cell import Cell, size
from elman.cells.gates import draw
from elman.errors import ArgumentError


class SCRN(Cell):
    """Structurally constrained network: a slow context beside the state of a simple recurrent network.

        s_t = (1 - α) x_t B + α s_{t-1}                     slow: it forgets by α per step
        h_t = σ(s_t P + x_t A + h_{t-1} R)                  fast
        y_t = [h_t s_t]                                     a readout has a block for each

    A, B and P start uniform (Glorot), R orthogonal. The loop over s is linear: it may run in parallel over time.

    Args:
        input_size: d, width of x_t.
        hidden_size: h, width of the fast state.
        context: width of the slow one.
        alpha: α, 0 ≤ α < 1, one number for all units.
        learn_alpha: whether each context unit learns an α of its own, α = σ(r), from the given one on.

    Attributes:
        A: input → hidden (d, h).
        B: input → context (d, context).
        P: context → hidden (context, h).
        R: hidden → hidden (h, h).
        r: σ⁻¹(α) of each context unit (context), or None.

    Raises:
        ArgumentError, ArgumentTypeError: a wrong size, or an α out of its range.

    Example:
        >>> cell = SCRN(3, 5, context=2)
        >>> y, state = cell.step(torch.randn(4, 3), **cell.initial_state(4))
        >>> y.shape, {name: tuple(value.shape) for name, value in state.items()}
        (torch.Size([4, 7]), {'h': (4, 5), 's': (4, 2)})

    Source: T. Mikolov, A. Joulin, S. Chopra, M. Mathieu and M. Ranzato, "Learning longer memory in recurrent neural
    networks", arXiv:1412.7753 (2014), equations 4 to 6.
    """

    def __init__(
        self, input_size: int, hidden_size: int, context: int = 40, alpha: float = 0.95, learn_alpha: bool = False
    ) -> None:
        hidden_size, context = size("hidden_size", hidden_size), size("context", context)
        states = {"h": hidden_size, "s": context}
        super().__init__(input_size=input_size, output_size=hidden_size + context, states=states)
        if not (0 < alpha < 1 if learn_alpha else 0 <= alpha < 1):  # NaN fails too
            low = "0 < alpha < 1, to be learned" if learn_alpha else "0 ≤ alpha < 1"
            raise ArgumentError(f"alpha is {alpha}", expected=low)
        self.alpha = float(alpha)
        self.A = nn.Parameter(torch.empty(input_size, hidden_size))
        self.B = nn.Parameter(torch.empty(input_size, context))
        self.P = nn.Parameter(torch.empty(context, hidden_size))
        self.R = nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.r = nn.Parameter(torch.empty(context)) if learn_alpha else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        for weight in (self.A, self.B, self.P):
            draw(weight)
        nn.init.orthogonal_(self.R)
        if self.r is not None:
            nn.init.constant_(self.r, torch.logit(torch.tensor(self.alpha, dtype=torch.float64)).item())

    def step(self, x: Tensor, *, h: Tensor, s: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """s_t = (1 - α) x_t B + α s_{t-1}, h_t = σ(s_t P + x_t A + h_{t-1} R)."""
        alpha = self.alpha if self.r is None else torch.sigmoid(self.r)
        s = (1 - alpha) * (x @ self.B) + alpha * s
        h = torch.sigmoid(s @ self.P + x @ self.A + h @ self.R)
        return torch.cat([h, s], dim=-1), {"h": h, "s": s}
