"""The structurally constrained recurrent network of Mikolov et al. (2014)."""

import torch
from torch import Tensor, nn

from elman.arguments import flag, size
from elman.cells.cell import Cell
from elman.cells.gates import draw
from elman.cells.shares import Numbers, keep, set_logits, share


class SCRN(Cell):
    """Structurally constrained network: a slow context beside the state of a simple recurrent network.

        s_t = (1 - α) x_t B + α s_{t-1}                     slow: it forgets by α per step
        h_t = σ(s_t P + x_t A + h_{t-1} R)                  fast
        y_t = [h_t s_t]                                     a readout has a block for each

    With `old_context`, h_t = σ(s_{t-1} P + x_t A + h_{t-1} R), as in the code that the authors published: the fast
    state sees the context of the step before, where the paper has that of the same step.

    A, B and P start uniform (Glorot), R orthogonal. The loop over s is linear: it may run in parallel over time.

    Args:
        input_size: d, width of x_t.
        hidden_size: h, width of the fast state.
        context: width of the slow one.
        alpha: α, 0 ≤ α < 1, one number for all context units or a sequence with one for each.
        learn_alpha: whether each context unit learns an α of its own, α = σ(r), from the given one on (above 0).
        old_context: whether h_t sees s_{t-1} instead of s_t.

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
    networks", arXiv:1412.7753 (2014), equations 4 to 6; `old_context`: mfactory.lua of the authors' SCRNNs.
    """

    alpha: float | Tensor

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        context: int = 40,
        alpha: Numbers = 0.95,
        learn_alpha: bool = False,
        old_context: bool = False,
    ) -> None:
        hidden_size, context = size("hidden_size", hidden_size), size("context", context)
        states = {"h": hidden_size, "s": context}
        super().__init__(input_size=input_size, output_size=hidden_size + context, states=states)
        keep(self, "alpha", share("alpha", alpha, context, learned=flag("learn_alpha", learn_alpha), zero=True))
        self.old_context = flag("old_context", old_context)
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
            set_logits(self.r, self.alpha)

    def step(self, x: Tensor, *, h: Tensor, s: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """s_t = (1 - α) x_t B + α s_{t-1}, h_t = σ(s_t P + x_t A + h_{t-1} R)."""
        alpha = self.alpha if self.r is None else torch.sigmoid(self.r)
        new = (1 - alpha) * (x @ self.B) + alpha * s
        h = torch.sigmoid((s if self.old_context else new) @ self.P + x @ self.A + h @ self.R)
        return torch.cat([h, new], dim=-1), {"h": h, "s": new}
