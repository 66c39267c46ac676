"""Cells as users write them, each with something that a compiler of steps could get wrong.

Used by the conformance suite and timed by `benchmarks/layers.py`.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from elman.cells import Cell, EchoState

Step = tuple[Tensor, dict[str, Tensor]]


def weight(rows: int, columns: int) -> nn.Parameter:
    """A matrix that keeps lengths about the same."""
    return nn.Parameter(torch.randn(rows, columns) * 0.9 / rows**0.5)


def vector(width: int) -> nn.Parameter:
    """A bias that is not zero."""
    return nn.Parameter(torch.randn(width) * 0.3)


class Chain(Cell):
    """Two matrix products in a chain: h_t = tanh(tanh(x_t U + h_{t-1} A + b) B + h_{t-1} / 2)."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size=input_size, output_size=hidden_size, states={"h": hidden_size})
        between = hidden_size + 2
        self.U, self.A = weight(input_size, between), weight(hidden_size, between)
        self.B, self.b = weight(between, hidden_size), vector(between)

    def step(self, x: Tensor, *, h: Tensor) -> Step:  # pyright: ignore[reportIncompatibleMethodOverride]
        between = torch.tanh(x @ self.U + h @ self.A + self.b)
        h = torch.tanh(between @ self.B + h / 2)
        return h, {"h": h}


class Silent(Cell):
    """A state that no output shows: s_t = s_{t-1} (1 - h_t²) + h_t, beside a plain h_t."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size=input_size, output_size=hidden_size, states={"s": hidden_size, "h": hidden_size})
        self.U, self.W = weight(input_size, hidden_size), weight(hidden_size, hidden_size)

    def step(self, x: Tensor, *, s: Tensor, h: Tensor) -> Step:  # pyright: ignore[reportIncompatibleMethodOverride]
        h = torch.tanh(x @ self.U + h @ self.W)
        return h, {"h": h, "s": s * (1 - h**2) + h}  # in another order than declared


class Three(Cell):
    """Three states of different widths, each fed by the next: a from c, b from a, c from b."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        a, b, c = hidden_size, hidden_size + 3, max(1, hidden_size - 2)
        super().__init__(input_size=input_size, output_size=a, states={"a": a, "b": b, "c": c})
        self.U, self.P, self.Q, self.R = weight(input_size, a), weight(c, a), weight(a, b), weight(b, c)

    def step(self, x: Tensor, *, a: Tensor, b: Tensor, c: Tensor) -> Step:  # pyright: ignore[reportIncompatibleMethodOverride]
        new_a = torch.sigmoid(x @ self.U + c @ self.P)
        new_b = 0.5 * b + torch.sin(a @ self.Q)
        return new_a + a, {"a": new_a, "b": new_b, "c": functional.softplus(new_b @ self.R) - 0.5 * c}


class Normed(Cell):
    """Layer norm inside the step: h_t = tanh(norm(x_t U + h_{t-1} W))."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size=input_size, output_size=hidden_size, states={"h": hidden_size})
        self.U, self.W = weight(input_size, hidden_size), weight(hidden_size, hidden_size)
        self.norm = nn.LayerNorm(hidden_size)
        nn.init.normal_(self.norm.weight, 1.0, 0.2)
        nn.init.normal_(self.norm.bias, 0.0, 0.2)

    def step(self, x: Tensor, *, h: Tensor) -> Step:  # pyright: ignore[reportIncompatibleMethodOverride]
        h = torch.tanh(self.norm(x @ self.U + h @ self.W))
        return h, {"h": h}


class Apart(Cell):
    """An output that is not the state, and of another width: y_t = σ(h_t V + x_t S)."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size=input_size, output_size=hidden_size + 1, states={"h": hidden_size})
        self.U, self.W = weight(input_size, hidden_size), weight(hidden_size, hidden_size)
        self.V, self.S = weight(hidden_size, hidden_size + 1), weight(input_size, hidden_size + 1)

    def step(self, x: Tensor, *, h: Tensor) -> Step:  # pyright: ignore[reportIncompatibleMethodOverride]
        h = torch.tanh(x @ self.U + h @ self.W)
        return torch.sigmoid(h @ self.V + x @ self.S), {"h": h}


class Decay(Cell):
    """One learned decay per unit: h_t = a h_{t-1} + (1 - a) tanh(x_t U + h_{t-1} W + b), a = σ(r)."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size=input_size, output_size=hidden_size, states={"h": hidden_size})
        self.U, self.W = weight(input_size, hidden_size), weight(hidden_size, hidden_size)
        self.b, self.r = vector(hidden_size), vector(hidden_size)

    def step(self, x: Tensor, *, h: Tensor) -> Step:  # pyright: ignore[reportIncompatibleMethodOverride]
        a = torch.sigmoid(self.r)  # from weights only: computed once, not at every step
        h = a * h + (1 - a) * torch.tanh(x @ self.U + h @ self.W + self.b)
        return h, {"h": h}


class Context(Cell):
    """A slow context beside a fast state (Mikolov et al. 2014): s_t = (1 - α) x_t B + α s_{t-1}."""

    def __init__(self, input_size: int, hidden_size: int, alpha: float = 0.95) -> None:
        slow = max(1, hidden_size // 2)
        super().__init__(input_size=input_size, output_size=hidden_size + slow, states={"h": hidden_size, "s": slow})
        self.alpha = alpha
        self.A, self.B = weight(input_size, hidden_size), weight(input_size, slow)
        self.P, self.R = weight(slow, hidden_size), weight(hidden_size, hidden_size)

    def step(self, x: Tensor, *, h: Tensor, s: Tensor) -> Step:  # pyright: ignore[reportIncompatibleMethodOverride]
        s = (1 - self.alpha) * (x @ self.B) + self.alpha * s
        h = torch.sigmoid(s @ self.P + x @ self.A + h @ self.R)
        return torch.cat([h, s], dim=-1), {"h": h, "s": s}


class NormedLSTM(Cell):
    """LSTM with layer norm on the gates and on the memory (Ba, Kiros and Hinton 2016)."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size=input_size, output_size=hidden_size, states={"h": hidden_size, "c": hidden_size})
        self.U, self.W, self.b = weight(input_size, 4 * hidden_size), weight(hidden_size, 4 * hidden_size), None
        self.gates, self.memory = nn.LayerNorm(4 * hidden_size), nn.LayerNorm(hidden_size)

    def step(self, x: Tensor, *, h: Tensor, c: Tensor) -> Step:  # pyright: ignore[reportIncompatibleMethodOverride]
        i, f, g, o = self.gates(x @ self.U + h @ self.W).chunk(4, dim=1)
        c = torch.sigmoid(f + 1) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(self.memory(c))
        return h, {"h": h, "c": c}


class Linear(Cell):
    """Linear in its state, without a product in the loop (minGRU): h_t = (1 - z_t) h_{t-1} + z_t (x_t H)."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size=input_size, output_size=hidden_size, states={"h": hidden_size})
        self.Z, self.H, self.b = weight(input_size, hidden_size), weight(input_size, hidden_size), vector(hidden_size)

    def step(self, x: Tensor, *, h: Tensor) -> Step:  # pyright: ignore[reportIncompatibleMethodOverride]
        z = torch.sigmoid(x @ self.Z + self.b)
        h = torch.lerp(h, x @ self.H, z)
        return h, {"h": h}


class MatrixPerGate(Cell):
    """The LSTM as it is printed: eight matrices, four biases."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size=input_size, output_size=hidden_size, states={"h": hidden_size, "c": hidden_size})
        self.U = nn.ParameterList([weight(input_size, hidden_size) for _ in range(4)])
        self.W = nn.ParameterList([weight(hidden_size, hidden_size) for _ in range(4)])
        self.b = nn.ParameterList([vector(hidden_size) for _ in range(4)])

    def step(self, x: Tensor, *, h: Tensor, c: Tensor) -> Step:  # pyright: ignore[reportIncompatibleMethodOverride]
        i, f, g, o = (x @ U + h @ W + b for U, W, b in zip(self.U, self.W, self.b, strict=True))
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        return h, {"h": h, "c": c}


class OneMatrix(Cell):
    """The Elman cell on x and h side by side, through nn.Linear: h_t = tanh([x_t h_{t-1}] W + b)."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size=input_size, output_size=hidden_size, states={"h": hidden_size})
        self.linear = nn.Linear(input_size + hidden_size, hidden_size)

    def step(self, x: Tensor, *, h: Tensor) -> Step:  # pyright: ignore[reportIncompatibleMethodOverride]
        h = torch.tanh(self.linear(torch.cat([x, h], dim=1)))
        return h, {"h": h}


class Tied(Cell):
    """One matrix used three times, once transposed: a = h_{t-1} W, h_t = tanh(x_t U + relu(a) Wᵀ / 2 + a)."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size=input_size, output_size=hidden_size, states={"h": hidden_size})
        self.U, self.W = weight(input_size, hidden_size), weight(hidden_size, hidden_size)

    def step(self, x: Tensor, *, h: Tensor) -> Step:  # pyright: ignore[reportIncompatibleMethodOverride]
        a = h @ self.W
        h = torch.tanh(x @ self.U + torch.relu(a) @ self.W.T / 2 + a)
        return h, {"h": h}


class Swap(Cell):
    """States that change places, and x remembered: a_t = b_{t-1}, b_t = tanh(a_{t-1} + p_{t-1} U), p_t = x_t."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(
            input_size=input_size,
            output_size=hidden_size,
            states={"a": hidden_size, "b": hidden_size, "p": input_size},
        )
        self.U, self.b = weight(input_size, hidden_size), vector(hidden_size)

    def step(self, x: Tensor, *, a: Tensor, b: Tensor, p: Tensor) -> Step:  # pyright: ignore[reportIncompatibleMethodOverride]
        return a * b, {"a": b, "b": torch.tanh(a + p @ self.U + self.b), "p": x}


class Choosy(Cell):
    """Operations over the features of a row: a softmax, a mean, a largest value, and a choice between two branches."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size=input_size, output_size=hidden_size, states={"h": hidden_size})
        self.U, self.W = weight(input_size, hidden_size), weight(hidden_size, hidden_size)

    def step(self, x: Tensor, *, h: Tensor) -> Step:  # pyright: ignore[reportIncompatibleMethodOverride]
        a = x @ self.U + h @ self.W
        share = torch.softmax(a, dim=-1)
        a = torch.where(a > 0.1, a / (1 + a.abs()), functional.elu(a) * 0.5)
        h = a + share - h.mean(dim=-1, keepdim=True) + 0.1 * x.amax(dim=-1, keepdim=True)
        return share * h.clamp(-2, 2), {"h": h}


class Largest(Cell):
    """An output that is the largest of some features: y_t = max(h_{t-1} V), which has to find its feature again."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size=input_size, output_size=1, states={"h": hidden_size})
        self.U, self.V = weight(input_size, hidden_size), weight(hidden_size, hidden_size)

    def step(self, x: Tensor, *, h: Tensor) -> Step:  # pyright: ignore[reportIncompatibleMethodOverride]
        y = (h @ self.V).amax(dim=-1, keepdim=True)
        return y, {"h": torch.tanh(x @ self.U + h / 2)}


class Stateless(Cell):
    """No state at all: y_t = tanh(x_t U + b)."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size=input_size, output_size=hidden_size, states={})
        self.U, self.b = weight(input_size, hidden_size), vector(hidden_size)

    def step(self, x: Tensor) -> Step:  # pyright: ignore[reportIncompatibleMethodOverride]
        return torch.tanh(x @ self.U + self.b), {}


class Gain(EchoState):
    """A fixed reservoir, and one learned number for each of its units: y_t = g h_t."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size, density=0.5, bias_scale=0.3, leak=0.7)
        self.g = vector(hidden_size)

    def step(self, x: Tensor, *, h: Tensor) -> Step:
        h, state = super().step(x, h=h)
        return self.g * h, state


WRITTEN: dict[str, Callable[[int, int], Cell]] = {
    "chain": Chain,
    "silent": Silent,
    "three": Three,
    "normed": Normed,
    "apart": Apart,
    "decay": Decay,
    "context": Context,
    "normed LSTM": NormedLSTM,
    "linear": Linear,
    "matrix per gate": MatrixPerGate,
    "one matrix": OneMatrix,
    "tied": Tied,
    "swap": Swap,
    "choosy": Choosy,
    "largest": Largest,
    "stateless": Stateless,
    "echo state, gain": Gain,
}
SAME_AS = {"matrix per gate": "lstm", "one matrix": "elman"}  # a cell of elman with the same operations
