"""Leaky simple recurrent units, as in continuous-time networks and echo states."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from elman.arguments import flag
from elman.cells.elman import Elman
from elman.cells.shares import Numbers, keep, set_logits, share


class Leaky(Elman):
    """Leaky simple recurrent cell: each unit moves towards its new value by a share of the way.

        h_t = (1 - a) h_{t-1} + a φ(x_t U + h_{t-1} W + b)        output y_t = h_t

    It is one step of Euler's method for τ dh/dt = -h + φ(x U + h W + b), a continuous-time network, with a = Δt / τ: a
    unit forgets within about 1 / a steps. (`CTRNN` has φ inside the product.) U starts uniform (Glorot), W orthogonal,
    b at zero.

    Args:
        input_size: d, width of x_t.
        hidden_size: h, width of the hidden state and of the output.
        leak: a, 0 < a ≤ 1, one number for all units or a sequence with one for each; 1 is the simple recurrent cell.
        learn_leak: whether each unit learns an a of its own, a = σ(r), from the given one on (below 1).
        activation: φ: "tanh", "relu", "sigmoid", "identity", or a function of one tensor that keeps its shape.
        bias: whether there is a b.

    Attributes:
        U: input → hidden (d, h).
        W: hidden → hidden (h, h).
        b: bias (h), or None.
        r: σ⁻¹(a) of each unit (h), or None.

    Raises:
        ArgumentError, ArgumentTypeError: a wrong size, a leak out of its range, or an unknown name of an activation.

    Example:
        >>> cell = Leaky(3, 5, leak=0.1)
        >>> cell.step(torch.randn(2, 3), **cell.initial_state(2))[0].shape
        torch.Size([2, 5])

    Source: H. Jaeger, M. Lukosevicius, D. Popovici and U. Siewert, "Optimization and applications of echo state
    networks with leaky-integrator neurons", Neural Networks 20 (2007), 335-352; learned time constants: M. C. Mozer,
    "Induction of multiscale temporal structure", NIPS 4 (1991), 275-282.
    """

    leak: float | Tensor

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        leak: Numbers = 0.5,
        learn_leak: bool = False,
        activation: str | Callable[[Tensor], Tensor] = "tanh",
        bias: bool = True,
    ) -> None:
        super().__init__(input_size, hidden_size, activation, bias)
        keep(self, "leak", share("leak", leak, self.output_size, learned=flag("learn_leak", learn_leak), one=True))
        self.r = nn.Parameter(torch.empty(self.output_size)) if learn_leak else None
        self._reset_leak()

    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        super().reset_parameters()
        if hasattr(self, "r"):  # not yet while the Elman cell is made
            self._reset_leak()

    def _reset_leak(self) -> None:
        if self.r is not None:
            set_logits(self.r, self.leak)

    def step(self, x: Tensor, *, h: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """h_t = (1 - a) h_{t-1} + a φ(x_t U + h_{t-1} W + b)."""
        a = self.leak if self.r is None else torch.sigmoid(self.r)
        new, _ = super().step(x, h=h)
        h = (1 - a) * h + a * new
        return h, {"h": h}
