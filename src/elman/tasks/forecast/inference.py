"""A forecaster over any number of windows: no gradients, a bounded number at a time, in the units of the series."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from elman.learn.weights import seeded
from elman.tasks.forecast.conformal import stated
from elman.tasks.forecast.material import Batch, Material
from elman.tasks.forecast.network import Network

_ROWS = 512


@dataclass(frozen=True, eq=False)
class Said:
    """What a network says of m windows.

    Args:
        points: (m, H).
        quantiles: (m, H, levels).
        samples: (m, H, count).
    """

    points: np.ndarray
    quantiles: np.ndarray
    samples: np.ndarray


def forecasts(
    network: Network,
    material: Material,
    series: np.ndarray,
    origins: np.ndarray,
    levels: Sequence[float] = (),
    samples: int = 0,
    seed: int = 0,
    margins: np.ndarray | None = None,
) -> Said:
    """Points, and where asked for quantiles and sample paths, of the windows at some origins.

    Args:
        network: in evaluation mode afterwards as before.
        material: the series.
        series, origins: of each window (m).
        levels: of the quantiles.
        samples: how many paths.
        seed: of all that is drawn; torch's generators are left as they were.
        margins: what is added to each level and step, in the units of the window (levels, H), or None.
    """
    training, device = network.training, next(network.parameters()).device
    network.eval()
    sizes = network.sizes
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    with torch.no_grad(), seeded(seed):
        rows = max(1, _ROWS // max(1, samples // 20))
        for begin in range(0, len(series), rows):
            own = series[begin : begin + rows]
            batch = material.batch(own, origins[begin : begin + rows], sizes.context, sizes.horizon).to(device)
            said = [network.points(batch).unsqueeze(-1)]
            said.append(_quantiles(network, batch, levels, margins) if len(levels) else said[0][..., :0])
            said.append(network.samples(batch, samples) if samples else said[0][..., :0])
            values = [batch.original(one).cpu().double().numpy() for one in said]
            back = [material.scale.back(value, own) for value in values]
            parts.append((back[0][..., 0], back[1], back[2]))
    network.train(training)
    if not parts:
        empty = np.zeros((0, sizes.horizon))
        return Said(empty, np.zeros((0, sizes.horizon, len(levels))), np.zeros((0, sizes.horizon, samples)))
    return Said(*(np.concatenate([part[k] for part in parts]) for k in range(3)))


def _quantiles(network: Network, batch: Batch, levels: Sequence[float], margins: np.ndarray | None) -> torch.Tensor:
    """What the network states, moved by the margins, in order (n, H, levels)."""
    found = stated(network, batch, levels)
    if margins is not None:
        found = found + torch.from_numpy(margins.T.copy()).to(found)
    return found.sort(-1).values
