"""The network of a watcher: the values up to now → the distribution of the next ones."""

import warnings
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, softplus

from elman.cells.by_name import make_cell
from elman.layers import Recurrent
from elman.layers.readout import Readout
from elman.step.reference import State
from elman.tasks.watch.options import WatchModelOptions

LEAST = 1e-3  # of a column's deviation: a density that grows without bound would swallow the rest
FARTHEST = 100.0  # in deviations: what is read; what is scored has no bound


class Said(NamedTuple):
    """What is said of the next values: their means, scales, and degrees of freedom where they are Student t."""

    mean: Tensor
    scale: Tensor
    freedom: Tensor | None


class Network(nn.Module):
    """Reads the newest value of each column and whether it is of this step, and says what comes next.

        h_t = cell([v_t, m_t], h_{t-1})        μ_{t+1} = a v_t + h_t V + c        σ_{t+1} = softplus(h_t V' + c')

    At first a = 1 and the rest of μ is small: the network begins as the naive forecast, and learns what to add to it.

    Args:
        columns: d.
        options: cell, widths, distribution.

    Attributes:
        a: what is left of a value one step later (d).

    Example:
        >>> network = Network(3, WatchModelOptions(hidden=4))
        >>> said, state = network(torch.zeros(2, 7, 3), torch.ones(2, 7, 3))
        >>> said.mean.shape, said.scale.shape, sorted(state)
        (torch.Size([2, 7, 3]), torch.Size([2, 7, 3]), ['h'])
    """

    def __init__(self, columns: int, options: WatchModelOptions) -> None:
        super().__init__()
        self.columns, self.options = columns, options
        cell = make_cell(options.cell, 2 * columns, options.hidden, options.activation)
        with warnings.catch_warnings():  # of dropout between layers where there is one
            warnings.simplefilter("ignore", UserWarning)
            self.recurrent = Recurrent(cell, options.layers, dropout=options.dropout)
        self.student = options.output == "student_t"
        self.readout = Readout(self.recurrent.output_size, columns * (3 if self.student else 2))
        self.a = nn.Parameter(torch.ones(columns))
        with torch.no_grad():
            self.readout.V.mul_(0.1)

    def forward(self, values: Tensor, seen: Tensor, state: State | None = None) -> tuple[Said, State]:
        """What is said after each step of the one that follows, and the state at the end.

        Args:
            values: the newest value of each column, standardised (n, T, d).
            seen: 1 where it is of this step, 0 where this step has none (n, T, d).
            state: to begin with; None for the initial one.
        """
        h, after = self.recurrent(torch.cat([values, seen], dim=-1), state=state)
        raw = self.readout(dropout(h, self.options.dropout, self.training))
        moved, width, *more = raw.split(self.columns, dim=-1)
        freedom = 2 + softplus(more[0]) + LEAST if more else None
        return Said(self.a * values + moved, softplus(width) + LEAST, freedom), after


def loss(said: Said, target: Tensor, real: Tensor) -> Tensor:
    """The mean of -log p over the values there are; 0 where there is none.

    Args:
        said: of each step.
        target: what came (n, T, d), anything where there is nothing.
        real: 1 where there is something (n, T, d).
    """
    shape: dict[str, bool] = {"validate_args": False}
    if said.freedom is None:
        density = torch.distributions.Normal(said.mean, said.scale, **shape)
    else:
        density = torch.distributions.StudentT(said.freedom, said.mean, said.scale, **shape)
    return torch.where(real > 0, -density.log_prob(target), 0).sum() / real.sum().clamp(min=1)
