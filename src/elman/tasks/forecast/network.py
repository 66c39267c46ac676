"""The networks of a forecaster: all steps at once, in segments, with attention, or step after step."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from elman.cells.by_name import make_cell
from elman.layers import Readout, Recurrent
from elman.layers.attention import DotAttention
from elman.tasks.forecast.material import Batch
from elman.tasks.forecast.options import ForecastModelOptions
from elman.tasks.forecast.outputs import make_output

_POSITION = 16  # width of the vector of a step of the horizon


@dataclass(frozen=True)
class Sizes:
    """What a network has to know of the data.

    Args:
        context, horizon: L and H, steps.
        season: m, steps of a season.
        segment: w, steps of a segment.
        unknown, known, static: widths of past covariates, known ones, and those that never change.
        series: how many series the training has.
    """

    context: int
    horizon: int
    season: int = 1
    segment: int = 1
    unknown: int = 0
    known: int = 0
    static: int = 0
    series: int = 0


class Network(nn.Module):
    """The base of all: z_t in the units of the window, s_t whether it is there, covariates, and what it is added to.

        x_t = [z_t s_t unknown_t known_t static identity]
        ŷ_{L+j} = network(x_1 … x_L, known_{L+1} … known_{L+H})_j + z_{L+j-m}        with the anchor "season"

    Args:
        sizes: of the data.
        options: of the model.
    """

    def __init__(self, sizes: Sizes, options: ForecastModelOptions) -> None:
        super().__init__()
        self.sizes, self.options, self.output = sizes, options, make_output(options)
        self.identity = nn.Embedding(sizes.series + 1, options.identity) if options.identity else None
        if self.identity is not None:
            nn.init.normal_(self.identity.weight, std=0.1)
            nn.init.zeros_(self.identity.weight[:1].detach())  # a series that the training did not see
        self.fixed_size = sizes.static + options.identity
        self.input_size = 2 + sizes.unknown + sizes.known + self.fixed_size

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Raw outputs (n, T, size), and the values that they are about: target and whether it is there (n, T)."""
        return self.ahead(batch), batch.target, batch.real

    def ahead(self, batch: Batch) -> Tensor:
        """Raw outputs for the steps to come (n, H, size)."""
        raise NotImplementedError

    def points(self, batch: Batch) -> Tensor:
        """One forecast for each step (n, H)."""
        return self.output.point(self.ahead(batch), batch)

    def samples(self, batch: Batch, count: int) -> Tensor:
        """Sample paths (n, H, count), the steps drawn each for itself, from torch's global generator."""
        raw = self.ahead(batch)
        return torch.stack([self.output.sample(raw, batch) for _ in range(count)], -1)

    def quantiles(self, batch: Batch, levels: Sequence[float], count: int = 500) -> Tensor:
        """Quantiles (n, H, levels): of the distribution itself, or else of sample paths."""
        found = self.output.quantiles(self.ahead(batch), batch, levels)
        if found is not None:
            return found
        samples = self.samples(batch, count)
        return torch.quantile(samples, samples.new_tensor(levels), dim=-1).movedim(0, -1)

    def fixed(self, batch: Batch) -> Tensor:
        """What never changes of each series (n, fixed)."""
        return batch.static if self.identity is None else torch.cat([batch.static, self.identity(batch.series)], -1)

    def looked_at(self, batch: Batch) -> Tensor:
        """x_1 … x_L (n, L, input_size)."""
        fixed = self.fixed(batch).unsqueeze(1).expand(-1, batch.past.shape[1], -1)
        return torch.cat([torch.stack([batch.past, batch.seen], -1), batch.unknown, batch.before, fixed], -1)

    def anchored(self, raw: Tensor, batch: Batch) -> Tensor:
        """The outputs (n, H, size) added to the last season, or to the last value."""
        kind = self.options.anchor
        if kind == "none" or self.options.output == "negative_binomial":
            return raw
        m = self.sizes.season if kind == "season" and self.sizes.season <= self.sizes.context else 1
        return self._added(raw, last_cycle(batch.past, batch.seen, m)[:, torch.arange(raw.shape[1]) % m])

    def _added(self, raw: Tensor, values: Tensor) -> Tensor:
        values = values.unsqueeze(-1)
        if self.options.output == "quantiles":
            return raw + values
        return torch.cat([raw[..., :1] + values, raw[..., 1:]], -1)

    def _recurrent(self, width: int) -> Recurrent:
        options = self.options
        cell = make_cell(options.cell, width, options.hidden, options.activation)
        return Recurrent(cell, layers=options.layers, dropout=options.dropout if options.layers > 1 else 0.0)

    def _dropped(self, h: Tensor) -> Tensor:
        return nn.functional.dropout(h, self.options.dropout, self.training)


class Direct(Network):
    """All steps from the last state: h_L, then for each step j of the horizon a small network of its own context.

        h = recurrent(x_1 … x_L)_L        c = [h fixed] A + a  (H · c)        o_j = relu([c_j known_{L+j}] B + b) V + v

    Source: R. Wen, K. Torkkola, B. Narayanaswamy and D. Madeka, "A multi-horizon quantile recurrent forecaster",
    arXiv:1711.11053 (2017).
    """

    def __init__(self, sizes: Sizes, options: ForecastModelOptions) -> None:
        super().__init__(sizes, options)
        self.recurrent = self._recurrent(self.input_size)
        width = max(8, options.hidden // 4)
        self.spread = Readout(self.recurrent.output_size + self.fixed_size, sizes.horizon * width)
        self.local = Readout(width + sizes.known, options.hidden)
        self.readout = Readout(options.hidden, self.output.size)

    def ahead(self, batch: Batch) -> Tensor:
        """Raw outputs (n, H, size)."""
        y, _ = self.recurrent(self.looked_at(batch))
        h = torch.cat([self._dropped(y[:, -1]), self.fixed(batch)], -1)
        contexts = self.spread(h).view(len(h), self.sizes.horizon, -1)
        local = torch.relu(self.local(torch.cat([contexts, batch.ahead], -1)))
        return self.anchored(self.readout(self._dropped(local)), batch)


class Segment(Network):
    """A segment of w steps is one step of the recurrence; all segments of the horizon are decoded at once.

        e_i = relu([x of segment i] E + b)        h = recurrent(e_1 … e_{L/w})        then a step for each segment j:
        [o of segment j] = step([p_j identity] + known_j K, h) V + v

    Source: S. Lin, W. Lin, W. Wu, F. Zhao, R. Mo and H. Zhang, "SegRNN: segment recurrent neural network for long-term
    time series forecasting", arXiv:2308.11200 (2023).
    """

    def __init__(self, sizes: Sizes, options: ForecastModelOptions) -> None:
        super().__init__(sizes, options)
        w, hidden = sizes.segment, options.hidden
        self.segments = -(-sizes.horizon // w)
        self.embed = Readout(w * (2 + sizes.unknown + sizes.known), hidden)
        self.recurrent = self._recurrent(hidden)
        self.position = nn.Parameter(torch.randn(self.segments, hidden))
        self.fix = Readout(self.fixed_size, hidden) if self.fixed_size else None
        self.known = Readout(w * sizes.known, hidden) if sizes.known else None
        self.readout = Readout(self.recurrent.output_size, w * self.output.size)

    def ahead(self, batch: Batch) -> Tensor:
        """Raw outputs (n, H, size)."""
        w, n, count = self.sizes.segment, len(batch.past), self.segments
        steps = torch.cat([torch.stack([batch.past, batch.seen], -1), batch.unknown, batch.before], -1)
        steps = steps[:, steps.shape[1] % w :]  # whole segments, the newest
        _, state = self.recurrent(torch.relu(self.embed(steps.reshape(n, -1, w * steps.shape[2]))))
        queries = self.position.expand(n, -1, -1)
        if self.fix is not None:
            queries = queries + self.fix(self.fixed(batch)).unsqueeze(1)
        if self.known is not None:
            padded = nn.functional.pad(batch.ahead, (0, 0, 0, count * w - batch.ahead.shape[1]))
            queries = queries + self.known(padded.reshape(n, count, -1))
        many = {name: value.repeat_interleave(count, 0) for name, value in state.items()}
        y, _ = self.recurrent(queries.reshape(n * count, 1, -1), state=many)
        raw = self.readout(self._dropped(y)).view(n, count * w, self.output.size)
        return self.anchored(raw[:, : self.sizes.horizon], batch)


class Attentive(Network):
    """An encoder reads the context, a decoder goes through the horizon and looks back with attention.

    m = encoder(x_1 … x_L)        d_j = decoder([p_j known_{L+j} anchor_j], d_{j-1}), d_0 the encoder's last state
    o_j = tanh([d_j attention(d_j, m)] A + a) V + v
    """

    def __init__(self, sizes: Sizes, options: ForecastModelOptions) -> None:
        super().__init__(sizes, options)
        self.encoder = self._recurrent(self.input_size)
        self.decoder = self._recurrent(_POSITION + sizes.known + self.fixed_size)
        self.position = nn.Parameter(torch.randn(sizes.horizon, _POSITION))
        width = self.encoder.output_size
        self.attention = DotAttention(width, width, score="general", scaled=True)
        self.mix = Readout(2 * width, options.hidden)
        self.readout = Readout(options.hidden, self.output.size)

    def ahead(self, batch: Batch) -> Tensor:
        """Raw outputs (n, H, size)."""
        n, horizon = len(batch.past), self.sizes.horizon
        memory, state = self.encoder(self.looked_at(batch))
        fixed = self.fixed(batch).unsqueeze(1).expand(-1, horizon, -1)
        d, _ = self.decoder(torch.cat([self.position.expand(n, -1, -1), batch.ahead, fixed], -1), state=state)
        context, _ = self.attention(d, memory)
        mixed = torch.tanh(self.mix(torch.cat([d, context], -1)))
        return self.anchored(self.readout(self._dropped(mixed)), batch)


class Autoregressive(Network):
    """Step after step: each reads the value before, in training the true one, in a forecast its own or a sample.

        h_t = recurrent([z_{t-1} s_{t-1} known_t static identity], h_{t-1})        o_t = h_t V + v about z_t

    Past covariates would have to be forecast, too: they are not read.

    Source: D. Salinas et al., "DeepAR", International Journal of Forecasting 36 (2020).
    """

    def __init__(self, sizes: Sizes, options: ForecastModelOptions) -> None:
        super().__init__(sizes, options)
        self.recurrent = self._recurrent(2 + sizes.known + self.fixed_size)
        self.readout = Readout(self.recurrent.output_size, self.output.size)
        seasonal = options.anchor == "season" and sizes.season < sizes.context
        self.lag = sizes.season if seasonal else 1

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Raw outputs about all steps from the second on (n, L + H - 1, size), and what they are about."""
        z, s = torch.cat([batch.past, batch.target], 1), torch.cat([batch.seen, batch.real], 1)
        known = torch.cat([batch.before, batch.ahead], 1)
        y, _ = self.recurrent(self._inputs(z[:, :-1], s[:, :-1], known[:, 1:], batch))
        raw = self.readout(self._dropped(y))
        real = s[:, 1:]
        if self._adds:  # z_{t-m}, and z_{t-1} where that is not there
            lagged = nn.functional.pad(z, (self.lag, 0))[:, 1 : z.shape[1]]
            there = nn.functional.pad(s, (self.lag, 0))[:, 1 : z.shape[1]] > 0
            raw = self._added(raw, torch.where(there, lagged, z[:, :-1]))
            real = real * (there | (s[:, :-1] > 0))
        return raw, z[:, 1:], real

    @property
    def _adds(self) -> bool:
        return self.options.anchor != "none" and self.options.output != "negative_binomial"

    def ahead(self, batch: Batch) -> Tensor:
        """Raw outputs (n, H, size), each read on by its point."""
        return self._run(batch)[0]

    def samples(self, batch: Batch, count: int) -> Tensor:
        """Sample paths (n, H, count): a drawn value is read by the steps after it."""
        paths = self._run(batch, count)[1]
        return paths.view(len(batch.past), count, -1).transpose(1, 2)

    def quantiles(self, batch: Batch, levels: Sequence[float], count: int = 200) -> Tensor:
        """Quantiles (n, H, levels) of sample paths."""
        samples = self.samples(batch, count)
        return torch.quantile(samples, samples.new_tensor(levels), dim=-1).movedim(0, -1)

    def _run(self, batch: Batch, paths: int = 0) -> tuple[Tensor, Tensor]:
        """Raw outputs (n, H, size), and the values that were read on (n, H): points; or samples, n · paths rows."""
        y, state = self.recurrent(self._inputs(batch.past[:, :-1], batch.seen[:, :-1], batch.before[:, 1:], batch))
        cycle = last_cycle(batch.past, batch.seen, self.lag)
        if paths:  # the context is read once, and only what comes after it is held for every path
            batch = batch.newest(1).repeat(paths)
            cycle = cycle.repeat_interleave(paths, 0)
            state = {name: value.repeat_interleave(paths, 0) for name, value in state.items()}
        z, s = batch.past[:, -1:], batch.seen[:, -1:]
        raws, values = [], []
        for j in range(self.sizes.horizon):
            y, state = self.recurrent(self._inputs(z, s, batch.ahead[:, j : j + 1], batch), state=state)
            raw = self.readout(y)
            if self._adds:
                before = cycle[:, j : j + 1] if j < self.lag else values[j - self.lag]
                raw = self._added(raw, before)
            z = self.output.sample(raw, batch) if paths else self.output.point(raw, batch)
            s = torch.ones_like(z)
            raws.append(raw)
            values.append(z)
        return torch.cat(raws, 1), torch.cat(values, 1)

    def _inputs(self, z: Tensor, s: Tensor, known: Tensor, batch: Batch) -> Tensor:
        fixed = self.fixed(batch).unsqueeze(1).expand(-1, z.shape[1], -1)
        return torch.cat([torch.stack([z, s], -1), known, fixed], -1)


def last_cycle(past: Tensor, seen: Tensor, m: int) -> Tensor:
    """The last m values (n, m); where one is missing, the newest one there is, or 0.

    Example:
        >>> last_cycle(torch.tensor([[1.0, 2, 3, 0]]), torch.tensor([[1.0, 1, 1, 0]]), 2).tolist()
        [[3.0, 3.0]]
    """
    steps = torch.arange(1, past.shape[1] + 1, device=past.device) * (seen > 0)
    newest = past.gather(1, (steps.amax(1, keepdim=True) - 1).clamp(min=0))
    return torch.where(seen[:, -m:] > 0, past[:, -m:], newest)
