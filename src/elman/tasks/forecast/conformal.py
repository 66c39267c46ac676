"""Intervals out of the errors that were made: what has to be added to a forecast so that it covers what it says."""

import math
from collections.abc import Sequence

import numpy as np
import torch

from elman.learn.weights import seeded
from elman.tasks.forecast.material import Batch, Material
from elman.tasks.forecast.network import Network

LEAST, MOST = 20, 5000  # windows: with fewer errors nothing is said, of more an even choice is taken
_ROWS = 512


def margins_of(
    network: Network, material: Material, series: np.ndarray, origins: np.ndarray, levels: Sequence[float]
) -> np.ndarray | None:
    """What is added to the forecast of each level and step, in the units of the window (levels, H), float32.

        margin = the conformal quantile of z - ŷ_q over held-back windows

    A value of a new window then lies below ŷ_q + margin with a probability of at least q (q ≥ 0.5; at most, q < 0.5),
    as long as its error is exchangeable with those: drawn in the same way, before or after.

    Args:
        network: the model.
        material: the series.
        series, origins: of windows that the network did not learn from (m).
        levels: q.

    Returns:
        None where a step has fewer than 20 errors.

    Source: V. Vovk, A. Gammerman and G. Shafer, "Algorithmic learning in a random world", Springer, 2005; with
    quantiles: Y. Romano, E. Patterson and E. Candès, "Conformalized quantile regression", NeurIPS 2019.
    """
    if len(series) > MOST:
        some = np.linspace(0, len(series) - 1, MOST).astype(np.int64)
        series, origins = series[some], origins[some]
    errors, sizes = [], network.sizes
    device = next(network.parameters()).device
    with torch.no_grad(), seeded(0):
        for begin in range(0, len(series), _ROWS):
            rows = slice(begin, begin + _ROWS)
            batch = material.batch(series[rows], origins[rows], sizes.context, sizes.horizon).to(device)
            error = batch.target.unsqueeze(-1) - stated(network, batch, levels)
            errors.append(torch.where(batch.real.unsqueeze(-1) > 0, error, torch.nan).cpu().double().numpy())
    together = np.concatenate(errors) if errors else np.zeros((0, sizes.horizon, len(levels)))
    if (np.isfinite(together).sum(0) < LEAST).any():
        return None
    margins = [
        [conformal_quantile(together[:, j, k], level) for j in range(sizes.horizon)] for k, level in enumerate(levels)
    ]
    return np.array(margins, dtype=np.float32)


def stated(network: Network, batch: Batch, levels: Sequence[float]) -> torch.Tensor:
    """What the network itself says of each level (n, H, levels): its point where it tells points only."""
    if network.options.output == "point":
        return network.points(batch).unsqueeze(-1).expand(-1, -1, len(levels))
    return network.quantiles(batch, levels)


def conformal_quantile(errors: np.ndarray, level: float) -> float:
    """The ⌈(n + 1) q⌉-th smallest of n errors, for q < 0.5 the ⌊(n + 1) q⌋-th; the outermost where there is none.

    Missing errors (NaN) do not count.

    Example:
        >>> errors = np.arange(1.0, 20.0)                    # 1 … 19
        >>> conformal_quantile(errors, 0.9), conformal_quantile(errors, 0.1), conformal_quantile(errors, 0.99)
        (18.0, 2.0, 19.0)
    """
    ordered = np.sort(errors[np.isfinite(errors)])
    n = len(ordered)
    # Rounded first: 20 · 0.9 is 18, and must not become 18.000000000000004.
    place = round((n + 1) * level, 9)
    rank = math.ceil(place) if level >= 0.5 else math.floor(place)
    return float(ordered[min(max(rank, 1), n) - 1])
