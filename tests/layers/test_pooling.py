"""Pooling against sums and maxima written out, and its behaviour where there is nothing to pool."""

import pytest
import torch

from elman.errors import ArgumentError
from elman.layers import Pooling, Readout


@pytest.mark.parametrize("kind", ["last", "mean", "max", "mean+max"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_real_steps_only(kind: str, bidirectional: bool) -> None:
    y = torch.randn(4, 5, 6, dtype=torch.float64)
    lengths = [3, 0, 5, 1]
    for row, length in enumerate(lengths):
        y[row, length:] = torch.nan
    pooled = Pooling(kind, bidirectional=bidirectional)(y, lengths)
    for row, length in enumerate(lengths):
        real = y[row, :length]
        if length == 0:
            assert (pooled[row] == 0).all()
            continue
        last = torch.cat([real[-1, :3], real[0, 3:]]) if bidirectional else real[-1]
        mean, top = sum(real) / length, real.max(dim=0).values
        expected = {"last": last, "mean": mean, "max": top, "mean+max": torch.cat([torch.as_tensor(mean), top])}[kind]
        torch.testing.assert_close(pooled[row], torch.as_tensor(expected), rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("kind", ["last", "mean", "max", "mean+max"])
def test_gradients_and_empty_batches(kind: str) -> None:
    pool = Pooling(kind)
    y = torch.randn(3, 4, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda y: pool(y, [2, 0, 4]), (y,))
    assert pool(torch.zeros(0, 4, 2)).shape == (0, pool.output_size(2))
    assert pool(torch.zeros(3, 0, 2)).tolist() == [[0.0] * pool.output_size(2)] * 3


def test_padding_gets_no_gradient() -> None:
    y = torch.randn(1, 3, 2)
    y[0, 2] = torch.nan
    y.requires_grad_()
    Pooling("mean+max")(y, [2]).sum().backward()
    assert y.grad is not None
    assert y.grad[0, 2].tolist() == [0.0, 0.0]
    assert y.grad.isfinite().all()


def test_wrong_kind() -> None:
    with pytest.raises(ArgumentError, match="one of 'last', 'mean'"):
        Pooling("sum")


def test_readout_is_the_third_block() -> None:
    readout = Readout(3, 2).double()
    h = torch.randn(4, 5, 3, dtype=torch.float64)
    torch.testing.assert_close(readout(h), torch.einsum("nth,ho->nto", h, readout.V) + readout.c)
    with pytest.raises(ArgumentError):
        Readout(3, 0)


def test_wrong_outputs() -> None:
    with pytest.raises(ArgumentError, match="y is a list"):
        Pooling("mean")([[[1.0]]])  # pyright: ignore[reportArgumentType]
    with pytest.raises(ArgumentError, match=r"y has shape \(2, 3\)"):
        Pooling("mean")(torch.zeros(2, 3))
