"""Noise on the state."""

from typing import Any

import torch
from torch import Tensor

from elman.arguments import number
from elman.cells.cell import Cell
from elman.cells.wrapper import Wrapper, also


class Noisy(Wrapper):
    """A cell with Gaussian noise on its states in training.

        s_t = s̃_t + σ ε_t,   ε_t ~ N(0, 1)        s̃_t: what the cell inside makes of s_{t-1}

    An output that is a state is that state with its noise.

    Args:
        cell: the cell inside.
        std: σ, in units of the state. The noise of a continuous-time network of step Δt and time constant τ, in
            τ dh/dt = … + √(2 τ) ς ξ, is σ = ς √(2 Δt / τ).

    Raises:
        ArgumentError, ArgumentTypeError: not a cell, or σ below 0.

    Example:
        >>> layer = elman.Recurrent(Noisy(cells.Leaky(3, 5, leak=0.2), std=0.1))
        >>> x = torch.randn(2, 4, 3)
        >>> torch.equal(layer(x)[0], layer(x)[0]), torch.equal(layer.eval()(x)[0], layer(x)[0])
        (False, True)

    Source: H. F. Song, G. R. Yang and X.-J. Wang, "Training excitatory-inhibitory recurrent neural networks for
    cognitive tasks", PLoS Computational Biology 12 (2016), e1004792.
    """

    def __init__(self, cell: Cell, std: float = 0.05) -> None:
        super().__init__(cell)
        self.std = number("std", std, least=0)

    @property
    def steps(self) -> dict[str, int]:
        """In training, the noise."""
        noise = {f"{name}_noise": width for name, width in self.states.items()} if self.training else {}
        return also(self.cell.steps, noise)

    def draw(self, n: int, time: int, *, dtype: torch.dtype, device: torch.device | str) -> dict[str, Any]:
        """σ ε_t: (n, T, width)."""
        drawn = self.cell.draw(n, time, dtype=dtype, device=device)
        for name, width in self.states.items() if self.training else ():
            drawn[f"{name}_noise"] = self.std * torch.randn(n, time, width, dtype=dtype, device=device)
        return drawn

    def step(self, x: Tensor, **given: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """s_t = s̃_t + σ ε_t."""
        noise = {name: given.pop(f"{name}_noise") for name in self.states} if self.training else {}
        y, new = self.cell.step(x, **given)
        states = {name: new[name] + noise[name] if noise else new[name] for name in new}
        for name in new:
            y = states[name] if y is new[name] else y
        return y, states
