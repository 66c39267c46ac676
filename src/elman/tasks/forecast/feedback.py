"""A forecaster whose only memory is the value before: recurrence from the output back to the hidden units alone."""

import torch
from torch import Tensor

from elman.cells.jordan import Jordan
from elman.errors import ConfigError
from elman.layers import Recurrent
from elman.tasks.forecast.material import Batch
from elman.tasks.forecast.network import Network, Sizes, last_cycle
from elman.tasks.forecast.options import ForecastModelOptions


class OutputFeedback(Network):
    """Jordan's network: each step reads the value before, in training the true one, so that no step waits.

        h_t = φ([z_{t-m} known_t static identity] U + z_{t-1} W + b)        ẑ_t = h_t V + c

    In a forecast, and where a value is missing, the network's own output takes its place; beyond a season z_{t-m} is
    the last one there is.

    Args:
        sizes: of the data.
        options: of the model; of the cells it has its own.

    Raises:
        ConfigError: another output than a point.
    """

    def __init__(self, sizes: Sizes, options: ForecastModelOptions) -> None:
        super().__init__(sizes, options)
        if options.output != "point":
            raise ConfigError(
                f"output is {options.output}, and the network feeds its output back",
                "point",
                "Choose another --network.",
            )
        cell = Jordan(1 + sizes.known + self.fixed_size, options.hidden, 1, options.activation or "tanh")
        self.recurrent = Recurrent(cell)
        self.lag = sizes.season if 1 < sizes.season <= sizes.context else 1

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Outputs about all steps from the second on (n, L + H - 1, 1), and what they are about."""
        z, s = torch.cat([batch.past, batch.target], 1), torch.cat([batch.seen, batch.real], 1)
        return self._run(batch, z, s > 0)[:, 1:], z[:, 1:], s[:, 1:]

    def ahead(self, batch: Batch) -> Tensor:
        """Outputs (n, H, 1)."""
        nothing = torch.zeros_like(batch.target)
        z, s = torch.cat([batch.past, nothing], 1), torch.cat([batch.seen, nothing], 1)
        return self._run(batch, z, s > 0)[:, batch.past.shape[1] :]

    def _run(self, batch: Batch, z: Tensor, there: Tensor) -> Tensor:
        """ẑ (n, L + H, 1), the values that are there read in the place of outputs."""
        context, horizon = batch.past.shape[1], batch.target.shape[1]
        cycle = last_cycle(batch.past, batch.seen, self.lag)[:, torch.arange(horizon, device=z.device) % self.lag]
        before = torch.cat([torch.zeros_like(z[:, : self.lag]), batch.past], 1)[:, :context]
        known = torch.cat([batch.before, batch.ahead], 1)
        fixed = self.fixed(batch).unsqueeze(1).expand(-1, context + horizon, -1)
        x = torch.cat([torch.cat([before, cycle], 1).unsqueeze(-1), known, fixed], -1)
        y, _ = self.recurrent(x, feedback=z.unsqueeze(-1), teacher_forcing=1.0 if bool(there.all()) else there)
        return y
