"""Cells that the tests of the algebra capture, as a person would write them."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from elman.step.program import Program
from elman.step.simplify import simplify
from elman.step.trace import trace


class Equation(nn.Module):
    """A step with its states, and weights drawn by their shapes."""

    states: Mapping[str, int]
    U: Tensor
    W: Tensor
    b: Tensor
    e: Tensor
    A: Tensor
    B: Tensor
    P: Tensor
    R: Tensor

    def __init__(self, d: int, h: int, **shapes: tuple[int, ...]) -> None:
        super().__init__()
        self.input_size, self.output_size = d, h
        for name, shape in shapes.items():
            setattr(self, name, nn.Parameter(torch.randn(shape, dtype=torch.float64) * 0.5))


class Elman(Equation):
    """h = tanh(x U + h W + b)."""

    def __init__(self, d: int, h: int) -> None:
        super().__init__(d, h, U=(d, h), W=(h, h), b=(h,))
        self.states = {"h": h}

    def step(self, x: Tensor, *, h: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The state is the output."""
        h = torch.tanh(x @ self.U + h @ self.W + self.b)
        return h, {"h": h}


class Lstm(Equation):
    """The gates i, f, g, o side by side."""

    def __init__(self, d: int, h: int) -> None:
        super().__init__(d, h, U=(d, 4 * h), W=(h, 4 * h), b=(4 * h,))
        self.states = {"h": h, "c": h}

    def step(self, x: Tensor, *, h: Tensor, c: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """c = f c + i g, h = o tanh(c)."""
        i, f, g, o = (x @ self.U + h @ self.W + self.b).chunk(4, dim=-1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        return h, {"h": h, "c": c}


class Gru(Equation):
    """The gates r, z, n side by side, the reset after the product."""

    def __init__(self, d: int, h: int) -> None:
        super().__init__(d, h, U=(d, 3 * h), W=(h, 3 * h), b=(3 * h,), e=(h,))
        self.states = {"h": h}

    def step(self, x: Tensor, *, h: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """h = (1 - z) n + z h."""
        (r, z, n), (s, t, m) = (x @ self.U + self.b).chunk(3, dim=-1), (h @ self.W).chunk(3, dim=-1)
        z = torch.sigmoid(z + t)
        h = (1 - z) * torch.tanh(n + torch.sigmoid(r + s) * (m + self.e)) + z * h
        return h, {"h": h}


class Scrn(Equation):
    """A slow state s beside a fast one h (Mikolov et al. 2014)."""

    def __init__(self, d: int, h: int) -> None:
        super().__init__(d, h, A=(d, h), B=(d, 2), P=(2, h), R=(h, h))
        self.states = {"h": h, "s": 2}

    def step(self, x: Tensor, *, h: Tensor, s: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """s waits for s alone, h for both."""
        s = 0.05 * (x @ self.B) + 0.95 * s
        h = torch.sigmoid(s @ self.P + x @ self.A + h @ self.R)
        return h, {"h": h, "s": s}


CELLS = {"elman": Elman, "lstm": Lstm, "gru": Gru, "scrn": Scrn}


def program(name: str, d: int = 3, h: int = 5) -> Program:
    """The simplified program of a cell."""
    return simplify(trace(CELLS[name](d, h), dtype=torch.float64).program)
