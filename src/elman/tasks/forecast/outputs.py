"""What a network says of a step: a point, quantiles, or the parameters of a distribution; its loss, and samples."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import softplus

from elman.errors import ConfigError
from elman.tasks.forecast.material import Batch
from elman.tasks.forecast.options import ForecastModelOptions

_LEAST = 1e-4  # of a scale: a density that grows without bound would swallow the rest


class Output:
    """A point ŷ.

        mae: mean |z - ŷ|        mse: mean (z - ŷ)²        over the values there are
        smape: mean 2 tanh(s |z - ŷ| / 2), s the size of the window: of values whose logarithms are z and ŷ, before the
            scale of the window, it is 2 |y - ŷ| / (y + ŷ)

    Everything is in the units of the window, in which the batch's target is.

    Args:
        options: of the model.
    """

    size = 1

    def __init__(self, options: ForecastModelOptions) -> None:
        self.options = options

    def loss(self, raw: Tensor, batch: Batch, target: Tensor, real: Tensor) -> Tensor:
        """The mean loss of raw outputs (n, T, size) over the values there are (n, T)."""
        error = raw[..., 0] - target
        if self.options.loss == "smape":
            return mean_of(2 * torch.tanh(error.abs() * batch.size.to(error) / 2), real)
        return mean_of(error.abs() if self.options.loss == "mae" else error.square(), real)

    def point(self, raw: Tensor, batch: Batch) -> Tensor:
        """One forecast for each step (n, T)."""
        return raw[..., 0]

    def sample(self, raw: Tensor, batch: Batch) -> Tensor:
        """One value for each step (n, T), drawn from torch's global generator."""
        return self.point(raw, batch)

    def quantiles(self, raw: Tensor, batch: Batch, levels: Sequence[float]) -> Tensor | None:
        """(n, T, levels); None where samples have to tell, or nothing can."""
        return None


class Quantiles(Output):
    """One forecast for each of some levels q, by the pinball loss max(q e, (q - 1) e) with e = z - ŷ_q.

    Source: R. Koenker and G. Bassett, "Regression quantiles", Econometrica 46 (1978).
    """

    def __init__(self, options: ForecastModelOptions) -> None:
        super().__init__(options)
        self.levels = levels_of(options.levels)
        self.size = len(self.levels)

    def loss(self, raw: Tensor, batch: Batch, target: Tensor, real: Tensor) -> Tensor:
        """The mean pinball loss, over all levels."""
        q = raw.new_tensor(self.levels)
        error = target.unsqueeze(-1) - raw
        return mean_of(torch.maximum(q * error, (q - 1) * error).mean(-1), real)

    def point(self, raw: Tensor, batch: Batch) -> Tensor:
        """The median, between two levels where none is 0.5."""
        return self.quantiles(raw, batch, [0.5])[..., 0]

    def sample(self, raw: Tensor, batch: Batch) -> Tensor:
        """The quantile of a level drawn at random; beyond the outer levels it is theirs."""
        ordered, drawn = raw.sort(-1).values, torch.rand(raw.shape[:-1], device=raw.device)
        return _between(ordered, self.levels, drawn.unsqueeze(-1))[..., 0]

    def quantiles(self, raw: Tensor, batch: Batch, levels: Sequence[float]) -> Tensor:
        """Sorted, so that none crosses another; between the levels learned, straight lines."""
        wanted = raw.new_tensor(levels).expand(*raw.shape[:-1], len(levels))
        return _between(raw.sort(-1).values, self.levels, wanted)


class Normal(Output):
    """A normal distribution with the mean μ and the deviation softplus(s)."""

    size = 2

    def _distribution(self, raw: Tensor, batch: Batch) -> torch.distributions.Distribution:
        return torch.distributions.Normal(raw[..., 0], softplus(raw[..., 1]) + _LEAST)

    def loss(self, raw: Tensor, batch: Batch, target: Tensor, real: Tensor) -> Tensor:
        """The mean negative logarithm of the density."""
        return mean_of(-self._distribution(raw, batch).log_prob(target), real)

    def sample(self, raw: Tensor, batch: Batch) -> Tensor:
        """One value for each step."""
        return self._distribution(raw, batch).sample()

    def quantiles(self, raw: Tensor, batch: Batch, levels: Sequence[float]) -> Tensor | None:
        """μ + σ Φ⁻¹(q)."""
        z = math.sqrt(2) * torch.special.erfinv(2 * raw.new_tensor(levels) - 1)
        return raw[..., :1] + (softplus(raw[..., 1:2]) + _LEAST) * z


class StudentT(Normal):
    """A Student t distribution with location μ, scale softplus(s) and 2 + softplus(r) degrees of freedom."""

    size = 3

    def _distribution(self, raw: Tensor, batch: Batch) -> torch.distributions.Distribution:
        freedom = 2 + softplus(raw[..., 2]) + _LEAST
        return torch.distributions.StudentT(freedom, raw[..., 0], softplus(raw[..., 1]) + _LEAST)

    def quantiles(self, raw: Tensor, batch: Batch, levels: Sequence[float]) -> Tensor | None:
        """Samples tell."""
        return None


class NegativeBinomial(Normal):
    """Counts y with the mean μ = size · softplus(m) and the variance μ + a μ², a = softplus(r).

    Source: D. Salinas, V. Flunkert, J. Gasthaus and T. Januschowski, "DeepAR: probabilistic forecasting with
    autoregressive recurrent networks", International Journal of Forecasting 36 (2020).
    """

    def _distribution(self, raw: Tensor, batch: Batch) -> torch.distributions.Distribution:
        mean = (softplus(raw[..., 0]) + _LEAST) * batch.size.to(raw)
        spread = softplus(raw[..., 1]) + _LEAST
        return torch.distributions.NegativeBinomial(1 / spread, logits=(mean * spread).log())

    def loss(self, raw: Tensor, batch: Batch, target: Tensor, real: Tensor) -> Tensor:
        """The mean negative logarithm of the probability of the counts."""
        counts = (target * batch.size.to(target)).round().clamp(min=0)
        return mean_of(-self._distribution(raw, batch).log_prob(counts), real)

    def point(self, raw: Tensor, batch: Batch) -> Tensor:
        """The mean."""
        return softplus(raw[..., 0]) + _LEAST

    def sample(self, raw: Tensor, batch: Batch) -> Tensor:
        """One count for each step, in the units of the window."""
        return self._distribution(raw, batch).sample() / batch.size.to(raw)

    def quantiles(self, raw: Tensor, batch: Batch, levels: Sequence[float]) -> Tensor | None:
        """Samples tell."""
        return None


def make_output(options: ForecastModelOptions) -> Output:
    """The output that the options name.

    Raises:
        ConfigError: levels that are none, or a scale that counts, or the loss smape, cannot have.
    """
    if options.output == "point" and options.loss == "smape" and (not options.log or options.scaling != "none"):
        raise ConfigError("loss is smape, and the network does not read logarithms", "log: true and scaling: none")
    if options.output == "negative_binomial" and (
        options.scaling != "none" or options.log or options.window not in ("none", "mean")
    ):
        raise ConfigError(
            "output is negative_binomial, and the values are shifted or no counts any more",
            "scaling none, no logarithm, window mean or none",
        )
    kinds = {
        "point": Output, "quantiles": Quantiles, "normal": Normal, "student_t": StudentT,
        "negative_binomial": NegativeBinomial,
    }  # fmt: skip
    return kinds[options.output](options)


def levels_of(text: str) -> list[float]:
    """Levels of quantiles, in rising order.

    Raises:
        ConfigError: something else than numbers between 0 and 1, or one twice.

    Example:
        >>> levels_of("0.9, 0.1")
        [0.1, 0.9]
    """
    try:
        levels = sorted(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        levels = []
    if not levels or levels[0] <= 0 or levels[-1] >= 1 or len(set(levels)) < len(levels):
        raise ConfigError(f"levels is {text!r}", "different numbers between 0 and 1, such as '0.1, 0.5, 0.9'")
    return levels


def mean_of(losses: Tensor, real: Tensor) -> Tensor:
    """The mean over the values there are; 0 where there is none."""
    return torch.where(real > 0, losses, 0).sum() / real.sum().clamp(min=1)


def _between(ordered: Tensor, levels: Sequence[float], wanted: Tensor) -> Tensor:
    """Values at wanted levels (…, w) on straight lines between those at known levels (…, q)."""
    known = ordered.new_tensor(levels)
    if len(levels) == 1:
        return ordered.expand(*ordered.shape[:-1], wanted.shape[-1])
    above = torch.searchsorted(known, wanted.contiguous()).clamp(1, len(levels) - 1)
    low, high = ordered.gather(-1, above - 1), ordered.gather(-1, above)
    share = ((wanted - known[above - 1]) / (known[above] - known[above - 1])).clamp(0, 1)
    return low + share * (high - low)
