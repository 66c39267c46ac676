"""A readout solved for, rather than learned step by step: ridge regression on the outputs of a layer."""

from collections.abc import Iterator

import torch
from torch import Tensor

from elman.arguments import number, size
from elman.errors import ArgumentError, ArgumentTypeError
from elman.layers.lengths import Lengths, as_lengths
from elman.layers.readout import Readout
from elman.layers.recurrent import Recurrent

STEPS = 2048  # real or padded, of all rows together, whose outputs are held at once


@torch.no_grad()
def fit_readout(
    layer: Recurrent,
    x: Tensor,
    targets: Tensor,
    lengths: Lengths | None = None,
    penalty: float = 1e-6,
    washout: int = 0,
) -> Readout:
    """The linear readout of a layer's outputs that comes closest to the targets: ridge regression.

        V, c = argmin  Σ_t |y_t V + c - target_t|² + penalty |V|²        over the real steps t ≥ washout of all rows

    It is how an echo-state network is trained, and a quick first look at what the states of any layer know. The sums
    are taken in float64, piece by piece, about their means; only (h + o)² numbers are kept. Directions in which the
    outputs do not differ but for rounding get no weight, so that penalty = 0 gives the least squares solution of
    smallest V. The layer is run as in evaluation, and not changed.

    Args:
        layer: any recurrent layer; its outputs are of width h.
        x: inputs (n, T, d).
        targets: what the readout shall say at each step (n, T, o); never read in the padding and the washout.
        lengths: real steps of each row, as for the layer.
        penalty: weight of the squared length of V, ≥ 0; c is not penalised.
        washout: how many steps at the beginning of each row are left out, until the row's start is forgotten.

    Returns:
        a readout in the layer's dtype and on its device, to be used as `readout(layer(x)[0])`.

    Raises:
        ArgumentError, ArgumentTypeError: shapes or numbers that do not fit, or no step left after the washout.

    Example:
        >>> layer = Recurrent(cells.EchoState(1, 100, spectral_radius=0.9, input_scale=0.5))
        >>> x = torch.rand(1, 600, 1) - 0.5
        >>> before = torch.nn.functional.pad(x, (0, 0, 3, 0))[:, :600]                 # x three steps ago
        >>> readout = fit_readout(layer, x, before, washout=100)
        >>> bool((readout(layer(x)[0]) - before)[:, 100:].square().mean() < 0.01 * x.var())
        True

    Source: A. E. Hoerl and R. W. Kennard, "Ridge regression: biased estimation for nonorthogonal problems",
    Technometrics 12 (1970), 55-67; for echo states: M. Lukosevicius and H. Jaeger, "Reservoir computing approaches to
    recurrent neural network training", Computer Science Review 3 (2009), 127-149.
    """
    _check(layer, x, targets, penalty, washout)
    lengths = as_lengths(lengths, x.shape[0], x.shape[1])
    h = layer.output_size
    mean, moments = _moments(layer, x, targets, lengths, washout)
    V = _solved(moments[:h, :h], moments[:h, h:], penalty)
    readout = Readout(h, targets.shape[2]).to(x.device, x.dtype)
    readout.V.copy_(V)
    readout.c.copy_(mean[h:] - mean[:h] @ V)
    return readout


def _moments(layer: Recurrent, x: Tensor, targets: Tensor, lengths: Tensor, washout: int) -> tuple[Tensor, Tensor]:
    """Mean (h + o) and sums of products about it (h + o, h + o) of outputs and targets, over the steps that count."""
    h, o = layer.output_size, targets.shape[2]
    count, mean = 0, torch.zeros(h + o, dtype=torch.float64, device=x.device)
    moments = torch.zeros(h + o, h + o, dtype=torch.float64, device=x.device)
    modes = [(module, module.training) for module in layer.modules()]
    layer.eval()
    try:
        for values in _pieces(layer, x, targets, lengths, washout):
            count, mean, moments = _joined(count, mean, moments, values)
    finally:
        for module, training in modes:
            module.training = training
    if not count:
        raise ArgumentError(
            f"no step is left: the longest row has {int(lengths.max()) if len(lengths) else 0} steps, "
            f"and washout is {washout}",
            expected="rows longer than the washout",
        )
    return mean, moments


def _pieces(layer: Recurrent, x: Tensor, targets: Tensor, lengths: Tensor, washout: int) -> Iterator[Tensor]:
    """Outputs and targets side by side (steps, h + o) in float64, of the steps that count, some at a time."""
    n, time, _ = x.shape
    rows = max(1, STEPS // max(time, 1))
    steps = max(1, time) if layer.bidirectional else max(1, STEPS // rows)  # backwards, a row is read from its end
    for first in range(0, n, rows):
        own, state = slice(first, first + rows), None
        for start in range(0, time, steps):
            piece = slice(start, start + steps)
            inside = (lengths[own] - start).clamp(0, x[own, piece].shape[1])
            y, state = layer(x[own, piece], inside, state)
            t = torch.arange(start, start + y.shape[1])
            counts = ((t >= washout) & (t < lengths[own].unsqueeze(1))).to(x.device)
            yield torch.cat([y[counts].double(), targets[own, piece][counts].double()], dim=1)


def _joined(count: int, mean: Tensor, moments: Tensor, values: Tensor) -> tuple[int, Tensor, Tensor]:
    """Number, mean and sum of products about the mean, of what was seen before and of more values (m, width).

    Source: T. F. Chan, G. H. Golub and R. J. LeVeque, "Algorithms for computing the sample variance: analysis and
    recommendations", The American Statistician 37 (1983), 242-247.
    """
    m = values.shape[0]
    if m == 0:
        return count, mean, moments
    own = values.mean(dim=0)
    apart, off = values - own, own - mean
    total = count + m
    moments = moments + apart.T @ apart + torch.outer(off, off) * (count * m / total)
    return total, mean + off * (m / total), moments


def _solved(A: Tensor, B: Tensor, penalty: float) -> Tensor:
    """(A + penalty I)⁻¹ B for a positive semidefinite A (h, h), without the directions that are but rounding."""
    scales, directions = torch.linalg.eigh(A)
    denominators = scales.clamp(min=0) + penalty
    rounding = torch.finfo(A.dtype).eps * len(A) * scales.max()
    weights = torch.where(denominators > rounding, 1 / denominators, 0)
    return directions @ (weights.unsqueeze(1) * (directions.T @ B))


def _check(layer: Recurrent, x: Tensor, targets: Tensor, penalty: float, washout: int) -> None:
    if not isinstance(layer, Recurrent):
        raise ArgumentTypeError(f"layer is a {type(layer).__name__}", expected="an elman.Recurrent")
    if not isinstance(x, Tensor) or not isinstance(targets, Tensor):
        wrong = x if not isinstance(x, Tensor) else targets
        raise ArgumentTypeError(f"x or targets is a {type(wrong).__name__}", expected="tensors (n, T, d), (n, T, o)")
    if x.dim() != 3 or targets.dim() != 3 or targets.shape[:2] != x.shape[:2] or not targets.shape[2]:
        raise ArgumentError(
            f"x has shape {tuple(x.shape)} and targets have {tuple(targets.shape)}",
            expected="(n, T, d) and (n, T, o): as many rows and steps",
        )
    number("penalty", penalty, least=0)
    size("washout", washout, least=0)
