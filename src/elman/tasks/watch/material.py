"""A recording as the network reads it: standardised, the newest value in the place of a missing one."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from elman.data.series.recording import Recording
from elman.data.series.windows import places
from elman.step.reference import State
from elman.tasks.watch.network import FARTHEST, Network, loss

PIECE = 4096  # steps that are read at a time


@dataclass(frozen=True, eq=False)
class Units:
    """z = (x - mean) / deviation for each column (d), float64; of a constant column the deviation counts as 1."""

    mean: np.ndarray
    deviation: np.ndarray

    @staticmethod
    def of(values: np.ndarray) -> "Units":
        """From the values of the training (steps, d); missing ones are passed over.

        Example:
            >>> units = Units.of(np.array([[1.0, 5.0], [3.0, 5.0], [np.nan, 5.0]]))
            >>> units.mean.tolist(), units.deviation.tolist()
            ([2.0, 5.0], [1.0, 1.0])
        """
        real = np.isfinite(values)
        count = np.maximum(real.sum(0), 1)
        mean = np.where(real, values, 0).sum(0) / count
        deviation = np.sqrt((np.where(real, values - mean, 0) ** 2).sum(0) / count)
        # Not exactly 0 for a constant column, since its mean is rounded.
        return Units(mean, np.where(deviation > 1e-12 * np.abs(mean), deviation, 1.0))

    def forth(self, values: np.ndarray) -> np.ndarray:
        """z from x."""
        return (values - self.mean) / self.deviation


class Forecasts(NamedTuple):
    """What was said of each step before it came, in deviations (steps, d), NaN for the first step of a series."""

    mean: np.ndarray
    scale: np.ndarray


def newest(z: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """The newest value shown up to each step, along the last axis but one, and 0 where there is none yet.

    Example:
        >>> newest(np.array([[7.0], [3.0], [np.nan]]), np.array([[False], [True], [False]])).tolist()
        [[0.0], [3.0], [3.0]]
    """
    steps = np.arange(z.shape[-2])[:, None]
    at = np.maximum.accumulate(np.where(shown, steps, -1), axis=-2)
    return np.where(at < 0, 0, np.take_along_axis(z, np.maximum(at, 0), axis=-2)).clip(-FARTHEST, FARTHEST)


def window(z: np.ndarray, recording: Recording, rows: np.ndarray, steps: int, hidden: np.ndarray) -> tuple[Tensor, ...]:
    """Some windows as tensors: newest values and whether they are of the step (n, T, d); what comes next, and whether
    there is something (n, T, d).

    Args:
        z: all standardised values (steps of all series, d).
        recording: they are of.
        rows: the first step of each window (n).
        steps: T.
        hidden: values that the network is not shown (n, T, d), bool.
    """
    series = np.searchsorted(recording.starts, rows, side="right") - 1
    index, inside = places(recording.starts, series, rows - recording.starts[series], 0, steps + 1)
    values = np.where(inside[..., None], z[index], np.nan)
    real = np.isfinite(values)
    shown = real[:, :-1] & ~hidden
    target = np.where(real, values, 0)[:, 1:].clip(-FARTHEST, FARTHEST)
    arrays = (newest(values[:, :-1], shown), shown, target, real[:, 1:])
    return tuple(torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32)) for array in arrays)


@torch.no_grad()
def run(network: Network, z: np.ndarray, first: int = 0) -> tuple[Forecasts, float]:
    """Read one series from its beginning to its end.

    Args:
        network: in evaluation mode.
        z: standardised values (T, d), NaN where missing.
        first: the first step whose loss counts.

    Returns:
        What was said of each step, and the sum over the steps from `first` on of their loss times their values.
    """
    real = np.isfinite(z)
    seen, values = real.astype(np.float32), newest(z, real)
    like = network.a
    mean, scale, total = np.full(z.shape, np.nan), np.full(z.shape, np.nan), 0.0
    state: State | None = None
    for begin in range(0, len(z) - 1, PIECE):
        end = min(begin + PIECE, len(z) - 1)
        given = (torch.from_numpy(a[None, begin:end]).to(like.device, like.dtype) for a in (values, seen))
        said, state = network(*given, state)
        mean[begin + 1 : end + 1] = said.mean[0].cpu().numpy()
        scale[begin + 1 : end + 1] = said.scale[0].cpu().numpy()
        counted = real[begin + 1 : end + 1] & (np.arange(begin + 1, end + 1) >= first)[:, None]
        target = torch.from_numpy(np.where(real, z, 0)[begin + 1 : end + 1].clip(-FARTHEST, FARTHEST))[None]
        weight = torch.from_numpy(counted)[None].to(like.device, like.dtype)
        total += float(loss(said, target.to(like.device, like.dtype), weight)) * int(counted.sum())
    return Forecasts(mean, scale), total
