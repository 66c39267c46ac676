"""The step size against torch's own schedules and against its laws."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from elman.learn.options import TrainingOptions
from elman.learn.schedule import factor, make_optimizer


@pytest.mark.parametrize(("total", "warmup"), [(2, 0.3), (7, 0.3), (50, 0.3), (100, 0.1), (101, 0.5)])
def test_one_cycle_is_that_of_torch(total: int, warmup: float) -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], 1.0, momentum=0.9)
    theirs = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.5, total_steps=total, pct_start=warmup)
    for step in range(total):
        assert 0.5 * factor(step, total, "one-cycle", warmup) == pytest.approx(theirs.get_last_lr()[0], rel=1e-9)
        optimizer.step()
        if step + 1 < total:
            theirs.step()


def test_cosine_is_that_of_torch() -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], 1.0)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 30)
    for step in range(30):
        assert factor(step, 30, "cosine", 0.0) == pytest.approx(theirs.get_last_lr()[0], abs=1e-12)
        optimizer.step()
        theirs.step()


@given(
    total=st.integers(1, 400),
    warmup=st.floats(0, 0.99),
    schedule=st.sampled_from(["constant", "linear", "cosine", "one-cycle"]),
)
def test_rises_then_never_again(total: int, warmup: float, schedule: str) -> None:
    values = [factor(step, total, schedule, warmup) for step in range(total)]
    assert all(0 < v <= 1 for v in values)
    top = values.index(max(values))
    assert values[: top + 1] == sorted(values[: top + 1])
    assert values[top:] == sorted(values[top:], reverse=True)
    assert abs(top + 1 - warmup * total) <= 1.5
    assert factor(total + 10, total, schedule, warmup) == values[-1]


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd", "rmsprop"])
def test_fused_optimisers_make_the_steps_of_plain_ones(name: str) -> None:
    options = TrainingOptions(optimizer=name, learning_rate=0.01, weight_decay=0.1, momentum=0.8, beta2=0.95)
    draw = torch.Generator().manual_seed(0)
    start = torch.randn(4, 3, generator=draw)
    ours, theirs = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    plain = {
        "adam": lambda p: torch.optim.Adam(p, 0.01, (0.9, 0.95), weight_decay=0.1, foreach=False, fused=False),
        "adamw": lambda p: torch.optim.AdamW(p, 0.01, (0.9, 0.95), weight_decay=0.1, foreach=False, fused=False),
        "sgd": lambda p: torch.optim.SGD(p, 0.01, momentum=0.8, weight_decay=0.1, foreach=False, fused=False),
        "rmsprop": lambda p: torch.optim.RMSprop(p, 0.01, weight_decay=0.1, foreach=False),
    }[name]([theirs])
    mine = make_optimizer(options, [ours])
    for _ in range(20):
        gradient = torch.randn(4, 3, generator=draw)
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        mine.step()
        plain.step()
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
    assert not torch.equal(ours, start)
