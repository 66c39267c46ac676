"""The continuous-time recurrent network, whose units have time constants."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from elman.arguments import flag, number, size
from elman.cells.cell import Cell
from elman.cells.elman import activation_named
from elman.cells.gates import draw
from elman.cells.shares import Numbers, keep, per_unit, set_logits
from elman.errors import ArgumentError


class CTRNN(Cell):
    """Continuous-time recurrent network: potentials that decay, and that see each other's activity φ(h).

        τ dh/dt = -h + φ(h) W + x U + b
        h_t = (1 - a) h_{t-1} + a (φ(h_{t-1}) W + x_t U + b)        one step of Euler's method, a = Δt / τ
        y_t = φ(h_t)                                                the activity, as a readout sees it

    h is a potential, not bounded by φ; `Leaky` has φ outside the product instead. U starts uniform (Glorot), W
    orthogonal, b at zero.

    Args:
        input_size: d, width of x_t.
        hidden_size: h, width of the potentials and of the output.
        tau: τ ≥ Δt, time constant in the unit of `dt`, one number for all units or a sequence with one for each.
        dt: Δt > 0, time between two steps.
        learn_tau: whether each unit learns a τ of its own, τ = Δt / σ(r), from the given one on (above Δt).
        activation: φ: "tanh", "relu", "sigmoid", "identity", or a function of one tensor that keeps its shape.
        bias: whether there is a b.

    Attributes:
        U: input → hidden (d, h).
        W: hidden → hidden (h, h).
        b: bias (h), or None.
        r: σ⁻¹(Δt / τ) of each unit (h), or None.

    Raises:
        ArgumentError, ArgumentTypeError: a wrong size, a time out of its range, or an unknown name of an activation.

    Example:
        >>> cell = CTRNN(3, 5, tau=0.1, dt=0.02)                    # seconds
        >>> y, state = cell.step(torch.randn(2, 3), **cell.initial_state(2))
        >>> y.shape, bool((y == torch.tanh(state["h"])).all())
        (torch.Size([2, 5]), True)

    Source: K. Funahashi and Y. Nakamura, "Approximation of dynamical systems by continuous time recurrent neural
    networks", Neural Networks 6 (1993), 801-806.
    """

    leak: float | Tensor

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        tau: Numbers = 2.0,
        dt: float = 1.0,
        learn_tau: bool = False,
        activation: str | Callable[[Tensor], Tensor] = "tanh",
        bias: bool = True,
    ) -> None:
        hidden_size = size("hidden_size", hidden_size)
        super().__init__(input_size=input_size, output_size=hidden_size, states={"h": hidden_size})
        dt, learn_tau = number("dt", dt, above=0), flag("learn_tau", learn_tau)
        keep(self, "leak", _leak(per_unit("tau", tau, hidden_size), dt, learn_tau))
        self.activation = activation_named(activation)
        self.U = nn.Parameter(torch.empty(input_size, hidden_size))
        self.W = nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.b = nn.Parameter(torch.empty(hidden_size)) if flag("bias", bias) else None
        self.r = nn.Parameter(torch.empty(hidden_size)) if learn_tau else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        draw(self.U)
        nn.init.orthogonal_(self.W)
        if self.b is not None:
            nn.init.zeros_(self.b)
        if self.r is not None:
            set_logits(self.r, self.leak)

    def step(self, x: Tensor, *, h: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """h_t = (1 - a) h_{t-1} + a (φ(h_{t-1}) W + x_t U + b), y_t = φ(h_t)."""
        a = self.leak if self.r is None else torch.sigmoid(self.r)
        drive = self.activation(h) @ self.W + x @ self.U
        if self.b is not None:
            drive = drive + self.b
        h = h + a * (drive - h)
        return self.activation(h), {"h": h}


def _leak(tau: float | Tensor, dt: float, learned: bool) -> float | Tensor:
    """Δt / τ, checked."""
    least = tau.min().item() if isinstance(tau, Tensor) else tau
    if least < dt or (learned and least == dt):
        raise ArgumentError(
            f"tau is {least}, and dt is {dt}",
            expected=f"tau {'>' if learned else '≥'} dt, so that a step goes part of the way",
            fix="Choose a smaller dt.",
        )
    return dt / tau
