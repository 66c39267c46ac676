"""Exponential smoothing and a recurrent network, learned together."""

import torch
from torch import Tensor, nn

from elman.cells.by_name import make_cell
from elman.cells.cell import Cell
from elman.errors import ArgumentError
from elman.layers import Readout, Recurrent
from elman.tasks.forecast.material import Batch
from elman.tasks.forecast.network import Network, Sizes
from elman.tasks.forecast.options import ForecastModelOptions


class Smoothing(Cell):
    """Level and season of a series, smoothed; where no value is there, both stay.

        l_t = α (z_t - s_t) + (1 - α) l_{t-1}        s_{t+m} = γ (z_t - l_t) + (1 - γ) s_t        y_t = [l_t s_t]

    x_t is [z_t, 1 if z_t is there else 0]; α and γ come with each row. Without a season (m = 1) s is 0.

    Args:
        season: m.

    Example:
        >>> cell = Smoothing(1)
        >>> half = {"alpha": torch.tensor([[0.5]]), "gamma": torch.tensor([[0.5]])}
        >>> y, _ = Recurrent(cell)(torch.tensor([[[4.0, 1], [8.0, 1], [9.0, 0]]]), inputs=half)
        >>> y[0, :, 0].tolist()
        [2.0, 5.0, 5.0]
    """

    def __init__(self, season: int) -> None:
        super().__init__(
            input_size=2, output_size=2, states={"level": 1, "index": season}, rows={"alpha": 1, "gamma": 1}
        )
        self.season = season

    def step(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, x: Tensor, *, level: Tensor, index: Tensor, alpha: Tensor, gamma: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """One step: l_t, and the index of this step of the season one season on."""
        z, there = x[:, :1], x[:, 1:]
        if self.season == 1:
            level = level + there * alpha * (z - level)
            return torch.cat([level, index * 0], -1), {"level": level, "index": index * 0}
        now = index[:, :1]
        level = level + there * alpha * (z - now - level)
        new = now + there * gamma * (z - level - now)
        return torch.cat([level, now], -1), {"level": level, "index": torch.cat([index[:, 1:], new], -1)}


class Dilated(nn.Module):
    """Recurrent layers that look k steps back: layer i runs over every k_i-th step, k_i times side by side.

        y = x_0 + … : from the second layer on each layer's input is added to its output

    Args:
        width: of the input.
        dilations: k of each layer.
        options: of the model.

    Source: S. Chang et al., "Dilated recurrent neural networks", NeurIPS 2017; residual as in Smyl (2020).
    """

    def __init__(self, width: int, dilations: list[int], options: ForecastModelOptions) -> None:
        super().__init__()
        self.dilations, layers = dilations, []
        for _ in dilations:
            layers.append(Recurrent(make_cell(options.cell, width, options.hidden, options.activation)))
            width = layers[-1].output_size
        self.layers = nn.ModuleList(layers)
        self.output_size = width

    def forward(self, x: Tensor) -> Tensor:
        """y (n, T, output_size) from x (n, T, width)."""
        n, time, _ = x.shape
        for number, (k, layer) in enumerate(zip(self.dilations, self.layers, strict=True)):
            front = -time % k  # rows begin with zeros, so that the last step is the last of its row
            padded = nn.functional.pad(x, (0, 0, front, 0)).view(n, -1, k, x.shape[2])
            rows = padded.transpose(1, 2).reshape(n * k, -1, x.shape[2])
            y, _ = layer(rows)
            y = y.view(n, k, -1, y.shape[2]).transpose(1, 2).reshape(n, time + front, -1)[:, front:]
            x = y + x if number else y
        return x


class Hybrid(Network):
    """The network reads and forecasts what smoothing leaves: the last level and the season are taken off and added.

        l_t, s_t = smoothing(z_1 … z_L; α, γ of the series)        x_t = [z_t - s_t - l_L, s_t, …]
        o = network(x_1 … x_L)                                     ŷ_{L+j} = o_j + l_L + s_{L+j}

    With `log` the season and the level are factors, as in the paper. α and γ are learned, one pair for all series and a
    deviation for each of the training; the first values of level and season are the mean of the first season of the
    context and what its values are beside it (in the paper they are learned, too).

    Source: S. Smyl, "A hybrid method of exponential smoothing and recurrent neural networks for time series
    forecasting", International Journal of Forecasting 36 (2020).
    """

    def __init__(self, sizes: Sizes, options: ForecastModelOptions) -> None:
        super().__init__(sizes, options)
        if sizes.context < 2 * sizes.season:
            raise ArgumentError(f"the context is {sizes.context} steps", f"two seasons of {sizes.season} at least")
        self.smoothing = Recurrent(Smoothing(sizes.season))
        self.common = nn.Parameter(torch.tensor([0.0, -1.0]))  # logits of α and γ
        self.own = nn.Embedding(sizes.series + 1, 2)
        nn.init.zeros_(self.own.weight)
        self.recurrent = Dilated(self.input_size, dilations_of(options.dilations), options)
        self.mix = Readout(self.recurrent.output_size + self.fixed_size, options.hidden)
        self.local = Readout(options.hidden + sizes.horizon * sizes.known, options.hidden)
        self.readout = Readout(options.hidden, sizes.horizon * self.output.size)

    def smoothed(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """The last level (n, 1), the season at the steps of the context (n, L) and at those to come (n, H)."""
        m, horizon = self.sizes.season, self.sizes.horizon
        constants = torch.sigmoid(self.common + self.own(batch.series))
        level, index = first_cycle(batch.past, batch.seen, m)
        y, state = self.smoothing(
            torch.stack([batch.past, batch.seen], -1),
            state={"level": level, "index": index},
            inputs={"alpha": constants[:, :1], "gamma": constants[:, 1:]},
        )
        return state["level"], y[..., 1], state["index"][:, torch.arange(horizon, device=level.device) % m]

    def ahead(self, batch: Batch) -> Tensor:
        """Raw outputs (n, H, size)."""
        level, season, coming = self.smoothed(batch)
        x = self.looked_at(batch)
        x = torch.cat([((batch.past - season - level) * batch.seen).unsqueeze(-1), x[..., 1:]], -1)
        h = torch.cat([self.recurrent(x)[:, -1], self.fixed(batch)], -1)
        h = torch.tanh(self.mix(self._dropped(h)))
        h = torch.relu(self.local(torch.cat([h, batch.ahead.flatten(1)], -1)))
        raw = self.readout(h).view(len(h), self.sizes.horizon, self.output.size)
        return raw if self.options.output == "negative_binomial" else self._added(raw, level + coming)


def first_cycle(past: Tensor, seen: Tensor, m: int) -> tuple[Tensor, Tensor]:
    """The level (n, 1) and the season (n, m) that a context begins with.

    The first season that the series has is taken, turned to the phase of the context's first step.

    Example:
        >>> level, season = first_cycle(torch.tensor([[0.0, 3, 5, 4]]), torch.tensor([[0.0, 1, 1, 1]]), 2)
        >>> level.tolist(), season.tolist()
        ([[4.0]], [[1.0, -1.0]])
    """
    begin = (seen > 0).float().argmax(1).clamp(max=past.shape[1] - m)  # the first step with a value
    steps = begin[:, None] + torch.arange(m, device=past.device)
    values, there = past.gather(1, steps), seen.gather(1, steps)
    level = (values * there).sum(1, keepdim=True) / there.sum(1, keepdim=True).clamp(min=1)
    if m == 1:
        return level, torch.zeros_like(level)
    beside = (values - level) * there
    turned = (torch.arange(m, device=past.device) - begin[:, None]) % m
    return level, beside.gather(1, turned)


def dilations_of(text: str) -> list[int]:
    """Dilations, one for each layer.

    Raises:
        ArgumentError: something else than whole numbers from 1 on.

    Example:
        >>> dilations_of("1, 4")
        [1, 4]
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isdigit() and int(part) for part in parts):
        raise ArgumentError(f"dilations is {text!r}", "whole numbers from 1 on with commas between, such as '1, 4, 24'")
    return [int(part) for part in parts]
