"""The clockwork network of Koutník et al. (2014), whose modules tick at their own periods."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from elman.arguments import flag, size, sizes
from elman.cells.cell import Cell
from elman.cells.elman import activation_named
from elman.cells.gates import draw
from elman.errors import ArgumentError


class Clockwork(Cell):
    """Clockwork network: modules of units, each of which changes only at every T_i-th step and sees the slower ones.

        ĥ_t = φ(x_t U + h_{t-1} W + b)            W is block lower triangular: module i sees modules i, i + 1, …
        h_t[i] = ĥ_t[i]        if t mod T_i = 0
                 h_{t-1}[i]    otherwise          output y_t = h_t

    Modules stand in the order of their periods, the fastest first. The first step is t = 0, where all of them move. In
    place of t the state has a clock c (one number per module), zero at first: module i moves where c[i] < 1, then c[i]
    goes on by one and back by T_i where it reaches T_i. So a clock of any real numbers means something, sequences of
    any length are counted exactly, and a stream or a piece of a sequence goes on where the last one stopped. (bfloat16
    counts to 256 and float16 to 2,048: longer periods need weights in float32.)

    U starts uniform (Glorot), the diagonal blocks of W orthogonal, those below uniform (Glorot), b at zero. Every unit
    is computed at every step: the periods give units different memories, not less work.

    Args:
        input_size: d, width of x_t.
        hidden_size: h, width of the state and of the output, shared among the modules as evenly as can be.
        periods: T_i in steps, growing; at most h of them.
        activation: φ: "tanh", "relu", "sigmoid", "identity", or a function of one tensor that keeps its shape.
        bias: whether there is a b.

    Attributes:
        U: input → hidden (d, h).
        W: hidden → hidden (h, h); what stands above its diagonal blocks is zero, and never used.
        b: bias (h), or None.
        widths: how many units each module has.

    Raises:
        ArgumentError, ArgumentTypeError: a wrong size or period, or an unknown name of an activation.

    Example:
        >>> cell = Clockwork(3, 5, periods=(1, 2, 4))
        >>> y, state = cell.step(torch.randn(2, 3), **cell.initial_state(2))
        >>> y.shape, cell.widths, state["clock"][0]
        (torch.Size([2, 5]), (2, 2, 1), tensor([0., 1., 1.]))

    Source: J. Koutník, K. Greff, F. Gomez and J. Schmidhuber, "A clockwork RNN", ICML 2014, 1863-1871.
    """

    below: Tensor
    turns: Tensor

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        periods: Sequence[int] = (1, 2, 4, 8),
        activation: str | Callable[[Tensor], Tensor] = "tanh",
        bias: bool = True,
    ) -> None:
        hidden_size = size("hidden_size", hidden_size)
        periods = _periods(periods, hidden_size)
        count = len(periods)
        super().__init__(input_size=input_size, output_size=hidden_size, states={"h": hidden_size, "clock": count})
        self.periods = periods
        self.widths = tuple(hidden_size // count + (i < hidden_size % count) for i in range(count))
        self.activation = activation_named(activation)
        module = torch.tensor([i for i, width in enumerate(self.widths) for _ in range(width)])  # of each unit
        self.register_buffer("below", (module[:, None] >= module).to(torch.get_default_dtype()), persistent=False)
        self.register_buffer("turns", torch.tensor(periods, dtype=torch.get_default_dtype()), persistent=False)
        self.U = nn.Parameter(torch.empty(input_size, hidden_size))
        self.W = nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.b = nn.Parameter(torch.empty(hidden_size)) if flag("bias", bias) else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        draw(self.U)
        draw(self.W)
        start = 0
        with torch.no_grad():
            self.W *= self.below
        for width in self.widths:
            nn.init.orthogonal_(self.W.detach()[start : start + width, start : start + width])  # written through
            start += width
        if self.b is not None:
            nn.init.zeros_(self.b)

    def step(self, x: Tensor, *, h: Tensor, clock: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """h_t = φ(x_t U + h_{t-1} W + b) in the modules whose clock is below 1, h_{t-1} in the others."""
        a = x @ self.U + h @ (self.W * self.below)
        if self.b is not None:
            a = a + self.b
        ticks = zip((clock < 1).split(1, dim=-1), self.widths, strict=True)
        moves = torch.cat([tick.expand(-1, width) for tick, width in ticks], dim=-1)  # (n, h)
        h = torch.where(moves, self.activation(a), h)
        clock = clock + 1
        clock = torch.where(clock >= self.turns, clock - self.turns, clock)
        return h, {"h": h, "clock": clock}


def _periods(periods: Sequence[int], hidden_size: int) -> tuple[int, ...]:
    """Periods, checked."""
    checked = sizes("periods", periods, each="a period")
    if not checked or any(a >= b for a, b in pairwise(checked)):
        raise ArgumentError(f"periods are {periods}", expected="whole numbers that grow, such as (1, 2, 4, 8)")
    if len(checked) > hidden_size:
        raise ArgumentError(
            f"there are {len(checked)} periods for {hidden_size} hidden units", expected="at least one unit for each"
        )
    return checked
