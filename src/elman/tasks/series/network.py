"""The network of a model of series: recurrent layers → pooling, convolutions → mean, both → readout."""

import torch
from torch import Tensor, nn

from elman.cells.by_name import make_cell
from elman.layers import Pooling, Readout, Recurrent
from elman.layers.lengths import Lengths, as_lengths, real_steps
from elman.tasks.series.options import SeriesModelOptions

KERNELS = (7, 5, 3)  # steps that each convolution sees; the paper has 8, 5, 3: an odd one is centred


class Network(nn.Module):
    """Reads a whole series, then gives one number per class, or one number.

        h_t = cell(x_t, h_{t-1})        z = conv(conv(conv(x)))        o = [pool(h_1 … h_T) | mean_t z_t] V + c

    What stands beyond a series' end is never read: the convolutions see zeros there, and the batch normalisation
    counts real steps alone.

    Args:
        channels: of the input, indicators of missing values included.
        outputs: classes, or 1.
        options: widths, depth, pooling and dropout.

    Example:
        >>> network = Network(2, 3, SeriesModelOptions(hidden=4, convolutions=5)).eval()
        >>> network(torch.zeros(2, 9, 2), lengths=[9, 4]).shape
        torch.Size([2, 3])

    Source: Karim, Majumdar, Darabi & Chen (2018), LSTM fully convolutional networks for time series classification.
    """

    def __init__(self, channels: int, outputs: int, options: SeriesModelOptions) -> None:
        super().__init__()
        self.options = options
        self.recurrent = Recurrent(
            make_cell(options.cell, channels, options.hidden, options.activation),
            layers=options.layers,
            bidirectional=options.bidirectional,
            dropout=options.dropout if options.layers > 1 else 0.0,
        )
        self.pooling = Pooling(options.pooling, bidirectional=options.bidirectional)
        width = self.pooling.output_size(self.recurrent.output_size)
        filters = options.convolutions
        self.convolutions = nn.ModuleList(_widths(channels, filters)) if filters else None
        self.readout = Readout(width + filters, outputs)

    def forward(self, x: Tensor, lengths: Lengths | None = None) -> Tensor:
        """Outputs (n, o) from x (n, T, channels) and the steps of each series (n)."""
        y, _ = self.recurrent(x, lengths)
        parts = [self.pooling(y, lengths)]
        if self.convolutions is not None:
            count = as_lengths(lengths, *x.shape[:2])
            real = real_steps(count, x.shape[1], x.device)
            z = torch.where(real[:, :, None], x, 0)
            for convolution in self.convolutions:
                z = convolution(z, real)
            parts.append(z.sum(1) / count.to(x.device).clamp(min=1)[:, None])
        return self.readout(nn.functional.dropout(torch.cat(parts, 1), self.options.dropout, self.training))


class Convolution(nn.Module):
    """One convolution over time, batch normalisation and relu, at the real steps alone.

    Args:
        inputs, outputs: channels.
        steps: odd number of steps that one output sees.
    """

    def __init__(self, inputs: int, outputs: int, steps: int) -> None:
        super().__init__()
        self.filters = nn.Conv1d(inputs, outputs, steps, padding=steps // 2, bias=False)
        self.norm = nn.BatchNorm1d(outputs)

    def forward(self, x: Tensor, real: Tensor) -> Tensor:
        """(n, T, outputs) from x (n, T, inputs), zero where real (n, T) is False."""
        if not x.shape[1]:
            return x.new_zeros(*x.shape[:2], self.norm.num_features)
        found = self.filters(x.transpose(1, 2)).transpose(1, 2)
        steps = found[real]
        if self.training and len(steps) < 2:  # a single step has no variance
            return torch.where(real[:, :, None], found.relu(), 0)
        return torch.zeros_like(found).masked_scatter(real[:, :, None], self.norm(steps).relu())


def _widths(channels: int, filters: int) -> list[nn.Module]:
    """Three convolutions, the middle one twice as wide."""
    widths = (channels, filters, 2 * filters, filters)
    return [Convolution(a, b, k) for a, b, k in zip(widths[:-1], widths[1:], KERNELS, strict=True)]
