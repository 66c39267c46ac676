"""Every operation that is captured gives torch's numbers and torch's gradients, at kinks too."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from steps import Step, agree, inputs
from torch import nn
from torch.nn import functional as F  # noqa: N812

from elman.step.interpret import as_step
from elman.step.trace import trace

# name → function of the cell, x (n, 4) and h (n, 4)
ELEMENTWISE: dict[str, Callable[..., Any]] = {
    "add, with alpha": lambda c, x, h: torch.add(x, h, alpha=2.5),
    "sub, with alpha": lambda c, x, h: torch.sub(x, h, alpha=2.5),
    "arithmetic with numbers": lambda c, x, h: 2 * x + 1 - h / 3 + (1 - x) - (-h),
    "number over rows": lambda c, x, h: 2 / (h.abs() + 1),
    "vectors": lambda c, x, h: c.b * x + c.g * h + c.a,
    "number minus vector": lambda c, x, h: (1 - c.b) * x,
    "vector in front": lambda c, x, h: c.b - x,
    "tanh": lambda c, x, h: torch.tanh(x),
    "sigmoid": lambda c, x, h: torch.sigmoid(x) + x.sigmoid() + F.sigmoid(h),
    "relu": lambda c, x, h: F.relu(x),
    "relu6": lambda c, x, h: F.relu6(x),
    "leaky relu": lambda c, x, h: F.leaky_relu(x, 0.1),
    "prelu": lambda c, x, h: F.prelu(x, c.b) + F.prelu(h, c.g),
    "elu": lambda c, x, h: F.elu(x, 0.7),
    "elu of large numbers": lambda c, x, h: F.elu(1e4 * x),
    "selu": lambda c, x, h: F.selu(x),
    "celu": lambda c, x, h: F.celu(x, 0.7),
    "gelu": lambda c, x, h: F.gelu(x),
    "gelu by tanh": lambda c, x, h: F.gelu(x, approximate="tanh"),
    "silu": lambda c, x, h: F.silu(x),
    "mish": lambda c, x, h: F.mish(x),
    "softplus": lambda c, x, h: F.softplus(x),
    "softplus with beta": lambda c, x, h: F.softplus(x, beta=2.0),
    "softplus with threshold": lambda c, x, h: F.softplus(x, 2.0, 5.0),
    "softplus of large numbers": lambda c, x, h: F.softplus(1e4 * x, 1.0, 30.0),
    "softsign": lambda c, x, h: F.softsign(x),
    "tanhshrink": lambda c, x, h: F.tanhshrink(x),
    "softshrink": lambda c, x, h: F.softshrink(x, 0.5),
    "hardshrink": lambda c, x, h: F.hardshrink(x, 0.5),
    "threshold": lambda c, x, h: F.threshold(x, 0.5, -1.0),
    "log sigmoid": lambda c, x, h: F.logsigmoid(x),
    "hard sigmoid": lambda c, x, h: F.hardsigmoid(x),
    "hard tanh": lambda c, x, h: F.hardtanh(x),
    "hard tanh, other borders": lambda c, x, h: F.hardtanh(x, -0.5, 3.0),
    "hard swish": lambda c, x, h: F.hardswish(h),
    "exp": lambda c, x, h: torch.exp(h) + torch.expm1(h) + torch.exp2(h),
    "log": lambda c, x, h: torch.log(h.abs()) + torch.log1p(h.abs()) + torch.log2(h.abs()) + torch.log10(h.abs()),
    "roots": lambda c, x, h: torch.sqrt(h.abs()) + torch.rsqrt(h.abs()) + h.reciprocal(),
    "abs and sign": lambda c, x, h: x.abs() + x.sign() * h,
    "sin and cos": lambda c, x, h: torch.sin(x) + torch.cos(x) + torch.tan(h),
    "sinh and cosh": lambda c, x, h: torch.sinh(h) + torch.cosh(h) + torch.erf(h),
    "powers": lambda c, x, h: x**2 + x**3 + 2**h + h.abs() ** 1.5 + x.square() + h.abs().pow(0.5),
    "power of a vector": lambda c, x, h: h.abs() ** c.b,
    "clamp": lambda c, x, h: x.clamp(-1, 1),
    "clamp from one side": lambda c, x, h: x.clamp(min=0.5) + x.clamp(max=-0.5) + x.clamp_min(3) + x.clamp_max(1),
    "clamp by a vector": lambda c, x, h: x.clamp(min=c.b),
    "minimum and maximum": lambda c, x, h: torch.minimum(x, h) + torch.maximum(x, c.b) + torch.max(x, h),
    "where": lambda c, x, h: torch.where(x > 0, h, c.b) + torch.where(h >= x, 0.5, x) + torch.where(x < 0, x, 1.0),
    "comparisons": lambda c, x, h: (x > 0) * h + (x <= 1).to(x.dtype) * x + (x == 0).double() + (x != h) * h,
    "logic": lambda c, x, h: torch.where((x > 0) & ~(h > 0) | (x < h) ^ (x == 0), x, h),
    "truth of numbers": lambda c, x, h: x.bool() * h + (x != 0).clone() * torch.where(x > 0, h > 0, x < h) * x,
    "column with a vector": lambda c, x, h: x[:, :1] * c.b + torch.where(h[:, :1] > 0, c.b, 0.5),
    "logical functions": lambda c, x, h: torch.where(torch.logical_and(x > 0, h > 0).logical_not(), x, h),
    "masked fill": lambda c, x, h: x.masked_fill(x > 0, 0.25) + h.masked_fill(c.mask, 0.0),
    "masked fill with infinity": lambda c, x, h: h.masked_fill(c.mask, float("-inf")).exp(),
    "mask of a buffer": lambda c, x, h: x * c.mask + torch.where(c.mask, h, 0.0),
    "lerp": lambda c, x, h: torch.lerp(x, h, 0.3) + torch.lerp(x, h, torch.sigmoid(c.b)) + x.lerp(h, h.sigmoid()),
    "addcmul": lambda c, x, h: torch.addcmul(x, h, x, value=0.5) + torch.addcdiv(x, h, h.abs() + 1, value=2.0),
    "one column with all": lambda c, x, h: x * h[:, :1] + h[:, 1:2],
    "isnan": lambda c, x, h: torch.where(torch.isnan(x / 0), 0.5, h),
    "in place on new tensors": lambda c, x, h: (x + h).mul_(2).add_(c.b).tanh_(),
    "augmented assignment": lambda c, x, h: _augmented(x, h),
    "copies": lambda c, x, h: x.clone() + h.contiguous() + x.to(torch.float64) + h.view_as(h) + x.type_as(h),
    "new tensors": lambda c, x, h: (
        x + torch.ones_like(h) + h.new_zeros(h.shape) + torch.full((4,), 0.5) + x.new_ones(1)
    ),
    "constants": lambda c, x, h: x * torch.tensor([1.0, 2, 3, 4]) + torch.arange(4) * h + torch.tensor(0.5),
    "constant of a row": lambda c, x, h: x * torch.linspace(0, 1, 4, dtype=x.dtype).expand(x.shape[0], 4),
}
PRODUCTS: dict[str, Callable[..., Any]] = {
    "matmul": lambda c, x, h: x @ c.W + torch.matmul(h, c.W) + torch.mm(x, c.W),
    "transposed": lambda c, x, h: x @ c.W.t() + h @ c.W.T + x @ c.W.transpose(0, 1),
    "linear": lambda c, x, h: F.linear(x, c.W, c.b) + F.linear(h, c.W),
    "addmm": lambda c, x, h: torch.addmm(c.b, x, c.W, beta=0.5, alpha=2.0) + torch.addmm(h, x, c.W),
    "column of a matrix": lambda c, x, h: x * (h @ c.W[:, 0])[:, None] + (x @ c.b).unsqueeze(-1),
    "blocks": lambda c, x, h: x @ c.U[:, :4] + h[:, :2] @ c.U[2:, 4:8] + x @ c.U.chunk(3, dim=1)[2],
    "transposed block": lambda c, x, h: h[:, :2] @ c.W[:, :2].t() + x @ c.U.t()[4:8].t(),
    "a row of a matrix": lambda c, x, h: x * c.W[1],
    "column vectors": lambda c, x, h: (c.W @ x.t() + c.W.t() @ h.T).t(),
    "a product of weights": lambda c, x, h: x @ (c.W @ c.W) + h @ (c.W - c.W.T),
    "masked weight": lambda c, x, h: x @ (c.W * c.mask) + h @ torch.tril(c.W),
    "constant matrix": lambda c, x, h: x @ torch.eye(4, dtype=x.dtype) * 2,
    "einsum": lambda c, x, h: torch.einsum("nk,km->nm", x, c.W) + torch.einsum("mk,nk->nm", c.W, h),
    "groups with the same weight": lambda c, x, h: (
        x.view(-1, 2, 2) @ c.W[:2, :2] + F.linear(h.view(-1, 2, 2), c.W[:2, :2], c.b[:2])
    ).flatten(1),
    "groups with their own weights": lambda c, x, h: torch.einsum("ngk,gkm->ngm", x.view(-1, 2, 2), c.S).flatten(1)[
        :, :4
    ],
    "stack of weights": lambda c, x, h: torch.cat([x[:, :2] @ c.S[0], h[:, :2] @ c.S[1]], -1)[:, 1:5],
    "vmap over rows": lambda c, x, h: torch.func.vmap(lambda x, h: torch.tanh(x @ c.W + h * c.b))(x, h),
}
MOVEMENTS: dict[str, Callable[..., Any]] = {
    "slices": lambda c, x, h: torch.cat([x[:, 1:3], h[:, -1:], x[..., :1]], dim=-1),
    "steps": lambda c, x, h: torch.cat([x[:, ::2], h[:, 1::2]], dim=1),
    "chunks": lambda c, x, h: torch.cat([part * k for k, part in enumerate((x @ c.U).chunk(3, -1))], -1)[:, 3:7],
    "splits": lambda c, x, h: torch.cat(torch.split(x, [1, 3], dim=-1)[::-1], -1) + torch.cat(h.split(2, 1)[::-1], 1),
    "narrow": lambda c, x, h: torch.cat([x.narrow(1, 0, 2), h.narrow(-1, 2, 2)], -1),
    "select and unsqueeze": lambda c, x, h: x * h[:, 2].unsqueeze(1) + x.select(1, 0)[:, None],
    "unbind and stack": lambda c, x, h: torch.stack(x.unbind(1)[::-1], dim=1) + torch.stack([h[:, 0], x[:, 1]] * 2, -1),
    "flip and roll": lambda c, x, h: x.flip(-1) + h.roll(1, -1),
    "index by a list": lambda c, x, h: x[:, [3, 0, 0, 1]] + h[:, torch.tensor([1, 1, 2, 0])],
    "expand": lambda c, x, h: x[:, :1].expand(-1, 4) + h[:, 1:2].expand_as(h) + x[:, 2:3].repeat(1, 4),
    "vector expanded": lambda c, x, h: torch.cat([x, c.b.expand(x.shape[0], 4)], 1)[:, 2:6] * c.b.repeat(1),
    "vector repeated": lambda c, x, h: torch.cat([h, c.b.unsqueeze(0).repeat(x.size(0), 1)], 1) @ torch.cat([c.W, c.W]),
    "zeros beside": lambda c, x, h: torch.cat([x, x.new_zeros(x.shape[0], 2)], 1)[:, 2:],
    "groups": lambda c, x, h: (x.view(-1, 2, 2) * h.reshape(x.shape[0], 2, 2)[:, :1]).flatten(1),
    "groups and a vector": lambda c, x, h: (x.view(-1, 2, 2) * c.b[:2] + c.b[2:, None]).reshape(-1, 4),
    "groups unbound": lambda c, x, h: torch.cat([p * k for k, p in enumerate(x.unflatten(1, (2, 2)).unbind(2))], 1),
    "groups exchanged": lambda c, x, h: x.view(-1, 2, 2).transpose(1, 2).reshape(-1, 4),
    "vector in parts": lambda c, x, h: x * c.long[4:8] + h * c.long.chunk(3)[2] + (x[:, :2] * c.b[2:]).repeat(1, 2),
    "squeeze": lambda c, x, h: x.unsqueeze(1).squeeze(1) + h[:, None].squeeze(),
}  # fmt: skip
REDUCTIONS: dict[str, Callable[..., Any]] = {
    "sum": lambda c, x, h: x.sum(-1, keepdim=True) * h + x.sum(dim=1)[:, None],
    "mean": lambda c, x, h: x - x.mean(-1, keepdim=True) + h.mean(1).unsqueeze(-1),
    "largest": lambda c, x, h: x - x.amax(-1, keepdim=True) + h.amin(1, keepdim=True),
    "softmax": lambda c, x, h: x.softmax(-1) + F.softmax(h, dim=1) * x,
    "log softmax": lambda c, x, h: F.log_softmax(x, -1) * h,
    "softmax with -inf": lambda c, x, h: x.masked_fill(c.mask.logical_not(), float("-inf")).softmax(-1) * h,
    "logsumexp": lambda c, x, h: h * x.logsumexp(-1, keepdim=True),
    "variance": lambda c, x, h: h * x.var(-1, keepdim=True) + x.var(-1, unbiased=False, keepdim=True),
    "standard deviation": lambda c, x, h: h / (1 + x.std(-1, keepdim=True)),
    "standard deviation of equal numbers": lambda c, x, h: x + h[:, :1].expand(-1, 4).std(-1, keepdim=True),
    "both": lambda c, x, h: x * torch.var_mean(h, -1, keepdim=True)[0] + torch.std_mean(h, -1, keepdim=True)[1],
    "norms": lambda c, x, h: x / h.norm(dim=-1, keepdim=True) + h * torch.linalg.vector_norm(x, 1, -1, keepdim=True),
    "norm of nothing": lambda c, x, h: x + (0 * h).norm(dim=-1, keepdim=True),
    "normalize": lambda c, x, h: F.normalize(x, dim=-1) + F.normalize(h, p=1.0, dim=-1),
    "layer norm": lambda c, x, h: F.layer_norm(x, (4,), c.b, c.W[0]) + F.layer_norm(h, (4,)),
    "layer norm per group": lambda c, x, h: F.layer_norm(x.view(-1, 2, 2), (2,), c.b[:2], c.b[2:]).flatten(1),
    "root mean square norm": lambda c, x, h: F.rms_norm(x, (4,), c.b) + h * torch.rsqrt(h.pow(2).mean(-1, True) + 1e-6),
    "batch norm by its running means": lambda c, x, h: F.batch_norm(
        x, c.long[:4].detach(), c.long[4:8].detach() ** 2, c.b, c.W[0]
    ),
    "group norm": lambda c, x, h: F.group_norm(h, 2, c.b, c.W[0]),
    "per group": lambda c, x, h: x * h.view(-1, 2, 2).sum(1).repeat(1, 2) + h.view(-1, 2, 2).softmax(1).flatten(1),
    "over the groups": lambda c, x, h: x * h.view(-1, 2, 2).amax((1, 2))[:, None],
    "any and all": lambda c, x, h: torch.where((x > 0).any(-1, keepdim=True), x, h) * (h > -9).all(1, keepdim=True),
}
STEPS = ELEMENTWISE | PRODUCTS | MOVEMENTS | REDUCTIONS


def _augmented(x: torch.Tensor, h: torch.Tensor) -> torch.Tensor:
    a = x * 2
    a += h
    a *= h
    a -= 1
    a /= 3
    return a


@pytest.mark.parametrize("name", STEPS)
def test_numbers_and_gradients_are_those_of_torch(name: str) -> None:
    # torch computes these two with constants of float32, whatever the type of their argument
    agree(Step(STEPS[name]), tolerance=1e-7 if name in ("celu", "hard sigmoid") else 1e-11)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_nan_stays_nan(name: str) -> None:
    x, h = inputs()
    x[3], h[4] = torch.nan, torch.nan
    cell = Step(ELEMENTWISE[name])
    expected, _ = cell.step(x, h=h)
    capture = trace(cell, dtype=torch.float64)
    got, _ = as_step(capture.program, capture.weights(cell))(x, h=h)
    assert torch.equal(got.isnan(), expected.isnan())


# Those whose numbers stay of the order of 1 for arguments between -1 and 1, and differ in single ulps.
TAME = [
    name
    for name in STEPS
    if not any(word in name for word in ("large", "infinity", "log", "celu", "hard", "norm", "roots", "tan", "-inf"))
]


@settings(max_examples=60)
@given(names=st.lists(st.sampled_from(TAME), min_size=2, max_size=4), seed=st.integers(0, 99))
def test_steps_of_several_operations(names: list[str], seed: int) -> None:
    """One after the other, with a squashing in between so that numbers stay small."""

    def function(c: Any, x: torch.Tensor, h: torch.Tensor) -> torch.Tensor:
        for name in names:
            x = torch.tanh(STEPS[name](c, x, h) / 4)
        return x

    generator = torch.Generator().manual_seed(seed)
    x, h = torch.rand(2, 5, 4, dtype=torch.float64, generator=generator)
    agree(Step(function), 1e-9, (x + 0.1, h + 0.2))


class Wrapped(nn.Module):
    """A cell around one of torch's."""

    input_size = output_size = 4

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner.double()
        self.states = {"h": 4, "c": 4} if isinstance(inner, nn.LSTMCell) else {"h": 4}

    def step(self, x: torch.Tensor, *, h: torch.Tensor, c: torch.Tensor | None = None) -> Any:
        if c is None:
            h = self.inner(x, h)
            return h, {"h": h}
        h, c = self.inner(x, (h, c))
        return h, {"h": h, "c": c}


@pytest.mark.parametrize("kind", [nn.RNNCell, nn.GRUCell, nn.LSTMCell])
def test_cells_of_torch(kind: Any) -> None:
    cell = Wrapped(kind(4, 4))
    capture = trace(cell, dtype=torch.float64)
    x, h = inputs()
    state = {name: h + i for i, name in enumerate(cell.states)}
    got = as_step(capture.program, capture.weights(cell))(x, **state)
    torch.testing.assert_close(got, cell.step(x, **state), rtol=1e-12, atol=1e-12)
