"""What is refused: as an error where every machine would be wrong, as unsupported where the reference loop is right."""

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from steps import Step, inputs
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from elman.errors import ArgumentError, ElmanError
from elman.step.capture import refusal
from elman.step.interpret import as_step
from elman.step.trace import CaptureError, UnsupportedOperation, captured, trace

OUTSIDE = torch.ones(4, dtype=torch.float64)


class Reverse(torch.autograd.Function):
    """Numbers unchanged, gradient reversed."""

    @staticmethod
    def forward(ctx: Any, a: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        return a

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        return -g


def _without_gradient(x: Tensor) -> Tensor:
    with torch.no_grad():
        return 2 * x


def _assigned(x: Tensor) -> Tensor:
    z = torch.zeros(x.shape[0], 4, dtype=x.dtype)
    z[:, :2] = x[:, :2]
    return z


def _caught(c: Any, x: Tensor, h: Tensor) -> Tensor:
    try:
        return x * c.a.item()
    except ValueError:
        return x


# what the step does → (step, words of the message)
UNSOUND: dict[str, tuple[Callable[..., Any], str]] = {
    "item": (lambda c, x, h: x * c.a.item(), "item"),
    "item, caught": (_caught, "item"),
    "float": (lambda c, x, h: x * float(c.a), "float"),
    "int": (lambda c, x, h: x * int(c.a), "int"),
    "if": (lambda c, x, h: x if c.a > 0 else h, "torch.where"),
    "if on rows": (lambda c, x, h: x if h[:, 0].sum(0) > 0 else h, "across the rows"),
    "and": (lambda c, x, h: (c.a > 0 and x) or h, "torch.where"),
    "equal": (lambda c, x, h: x if torch.equal(x, h) else h, "decides by"),
    "allclose": (lambda c, x, h: x if torch.allclose(c.b, c.b) else h, "decides by"),
    "in": (lambda c, x, h: x if 0.5 in c.b else h, "reads the numbers"),
    "tolist": (lambda c, x, h: x * c.b.tolist()[0], "tolist"),
    "numpy": (lambda c, x, h: x * c.b.detach().numpy()[0], "numpy"),
    "asarray": (lambda c, x, h: x * torch.tensor(np.asarray(c.b)), "array"),
    "tensor of numbers": (lambda c, x, h: x * torch.tensor([c.a, c.a, 1.0, 1.0]), r"torch\.stack"),
    "FloatTensor of numbers": (lambda c, x, h: x * torch.DoubleTensor([c.a, c.a, 1.0, 1.0]), "reads the numbers"),
    "full of a weight": (lambda c, x, h: x + torch.full((4,), c.a), "reads a number"),
    "index by a weight": (lambda c, x, h: x[:, : c.i], "reads a number"),
    "print": (lambda c, x, h: print(x) or x, "reads the numbers"),
    "format": (lambda c, x, h: f"{h}" and x, "reads the numbers"),
    "a Python function on numbers": (lambda c, x, h: (x + h).apply_(lambda v: v + 1), "apply"),
    "write to x": (lambda c, x, h: x.add_(1), "in place"),
    "write to the state": (lambda c, x, h: h.mul_(0.5), "in place"),
    "write to a weight": (lambda c, x, h: x * c.b.clamp_(0, 1), "in place"),
    "write to a view of the state": (lambda c, x, h: h.view(-1, 2, 2).mul_(2).flatten(1), "in place"),
    "write to an item of x": (lambda c, x, h: x.__setitem__((slice(None), 0), 1.0) or x, "in place"),
    "write to a detached weight": (lambda c, x, h: x * c.b.detach().add_(1), "in place"),
    "augmented assignment": (lambda c, x, h: x.__iadd__(h), "in place"),
    "write to an outside tensor": (lambda c, x, h: OUTSIDE.copy_(c.b) * x, "neither an argument"),
    "outside tensor": (lambda c, x, h: x * OUTSIDE, "register_buffer"),
    "alias of a weight": (lambda c, x, h: x @ c.alias[0], "register_buffer"),
    "outside tensor, copied": (lambda c, x, h: x * torch.asarray(OUTSIDE), "register_buffer"),
    "sum of rows": (lambda c, x, h: x - x.sum(0), "across the rows"),
    "sum of all": (lambda c, x, h: x - x.sum(), "across the rows"),
    "mean of all": (lambda c, x, h: x - x.mean(), "across the rows"),
    "softmax over rows": (lambda c, x, h: x.softmax(0), "across the rows"),
    "norm over rows": (lambda c, x, h: x / x.norm(dim=0), "across the rows"),
    "batch norm in training": (lambda c, x, h: F.batch_norm(x, None, None, training=True), "across the rows"),
    "first row": (lambda c, x, h: x * x[0], "across the rows"),
    "other order of rows": (lambda c, x, h: x.flip(0), "across the rows"),
    "rows rolled": (lambda c, x, h: x.roll(1, 0), "across the rows"),
    "one row after the other": (lambda c, x, h: torch.stack(list(x)), "across the rows"),
    "rows of rows": (lambda c, x, h: x @ (x.t() @ h), "across the rows"),
    "rows beside features": (lambda c, x, h: x * x[:, 0], "must match"),
    "numbers of rows": (lambda c, x, h: x * torch.arange(x.shape[0])[:, None], "from row to row"),
    "branch on the number of rows": (lambda c, x, h: x if x.shape[0] == 1 else h, "number of rows"),
    "branch on size()": (lambda c, x, h: x if x.size(0) > 5 else h, "number of rows"),
    "branch on len()": (lambda c, x, h: x if len(x) > 5 else h, r"x\.shape\[0\]"),
    "branch on numel()": (lambda c, x, h: x if x.numel() > 40 else h, "number of rows"),
    "branch on a computed number": (lambda c, x, h: x if 2 * x.shape[0] - 1 > 5 else h, "number of rows"),
    "divided by the number of rows": (lambda c, x, h: x / x.shape[0], "number of rows"),
    "one over the number of rows": (lambda c, x, h: x * (1 / x.shape[0]), "number of rows"),
    "too narrow": (lambda c, x, h: x[:, :3], r"shape \(n, 3\).*\(n, 4\)"),
    "transposed": (lambda c, x, h: c.W @ x.t(), "."),
}  # fmt: skip
UNSUPPORTED: dict[str, tuple[Callable[..., Any], str]] = {
    "cumsum": (lambda c, x, h: x.cumsum(-1), "cumsum"),
    "sort": (lambda c, x, h: x.sort(-1).values, "sort"),
    "max with position": (lambda c, x, h: x * x.max(-1, keepdim=True).values, "amax"),
    "argmax": (lambda c, x, h: x * x.argmax(-1)[:, None], "argmax"),
    "rounding": (lambda c, x, h: torch.div(x, h, rounding_mode="floor"), "div"),
    "detach": (lambda c, x, h: x.detach(), "gradient"),
    "data": (lambda c, x, h: x.data, "data"),
    "no_grad": (lambda c, x, h: _without_gradient(x), "no_grad"),
    "no_grad on a weight": (lambda c, x, h: x * _without_gradient(c.b), "no_grad"),
    "autograd function": (lambda c, x, h: Reverse.apply(x), "Function"),
    "autograd function on a weight": (lambda c, x, h: x * Reverse.apply(c.b), "Function"),
    "copy of a weight": (lambda c, x, h: x * torch.tensor(c.b), "gradient"),
    "hook": (lambda c, x, h: x.register_hook(lambda g: 2 * g) and x, "register_hook"),
    "requires_grad": (lambda c, x, h: x if x.requires_grad else h, "requires_grad"),
    "dropout": (lambda c, x, h: F.dropout(x, 0.5), "dropout.*random"),
    "noise": (lambda c, x, h: x + torch.randn_like(x), "randn_like.*random"),
    "noise on weights": (lambda c, x, h: x @ F.dropout(c.W, 0.5), "random"),
    "Python's random numbers": (lambda c, x, h: x * random.random(), "random"),
    "NumPy's random numbers": (lambda c, x, h: x * float(np.random.rand()), "random"),
    "memory per row": (lambda c, x, h: (x[:, None] @ h[:, :, None])[:, 0] * x, "both depend"),
    "outer products": (lambda c, x, h: x * torch.linalg.det(x[:, :, None] * h[:, None]), "det"),
    "another type": (lambda c, x, h: x.float().double(), "float32"),
    "whole numbers": (lambda c, x, h: x * (x > 0).sum(-1, keepdim=True), "int64"),
    "sum of truths": (lambda c, x, h: x * ((x > 0) + (h > 0)), "True and False"),
    "mask of rows": (lambda c, x, h: x[x > 0], "positions"),
    "weights chosen by a mask": (lambda c, x, h: x @ c.W[:, c.mask].repeat(1, 2)[:, :4], "another size"),
    "positions from a buffer": (lambda c, x, h: x[:, c.i.expand(4)], "buffer"),
    "matrix beside rows": (lambda c, x, h: x * F.embedding(torch.zeros(x.shape[0], dtype=torch.int64), c.W), "matrix"),
    "assignment to a part": (lambda c, x, h: _assigned(x), r"torch\.cat"),
    "memory that was not written": (lambda c, x, h: x + torch.empty_like(x), "written"),
    "rows and features in one": (lambda c, x, h: x.reshape(-1).tanh().view(-1, 4), "features"),
    "one operation on another's memory": (lambda c, x, h: torch.add(x, h, out=torch.ones_like(x)), "out="),
}  # fmt: skip


def cell(function: Callable[..., Any]) -> Step:
    return Step(function, tensors={"i": torch.tensor(2)})


def own_line(error: Any) -> bool:
    """Whether the error names a line of this file or of the file with the cells."""
    return re.match(r".*/test(s/step/steps|_trace_refusals)\.py:\d+$", error.where) is not None


@pytest.mark.parametrize("name", UNSOUND)
def test_unsound(name: str) -> None:
    function, words = UNSOUND[name]
    step: Any = cell(function)
    step.alias = [step.W.data]
    before = {key: value.clone() for key, value in step.state_dict().items()}
    outside = OUTSIDE.clone()
    expected = RuntimeError if words == "must match" else CaptureError
    with pytest.raises(expected, match=words) as error:
        trace(step, dtype=torch.float64)
    if expected is CaptureError:
        assert isinstance(error.value, ArgumentError)
        assert own_line(error.value)
        assert "Expected" in str(error.value) or error.value.fix
    assert all(torch.equal(value, before[key]) for key, value in step.state_dict().items())
    assert torch.equal(OUTSIDE, outside)


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_unsupported(name: str) -> None:
    function, words = UNSUPPORTED[name]
    with pytest.raises(UnsupportedOperation, match=words) as error:
        trace(cell(function), dtype=torch.float64)
    assert isinstance(error.value, ElmanError)
    assert own_line(error.value)


def test_the_line_is_the_users() -> None:
    line = Path(__file__).read_text().split("\n").index('    "cumsum": (lambda c, x, h: x.cumsum(-1), "cumsum"),') + 1
    with pytest.raises(UnsupportedOperation) as error:
        trace(cell(UNSUPPORTED["cumsum"][0]), dtype=torch.float64)
    assert error.value.where == f"{__file__}:{line}"
    assert refusal.user_line().startswith(__file__)


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        (lambda x, h: x, "returned Tensor.*return y, {'h': …}"),
        (lambda x, h: (x, h), "returned tuple"),
        (lambda x, h: (x, {}), r"\(none\).*exactly h"),
        (lambda x, h: (x, {"h": h, "c": h}), "exactly h"),
        (lambda x, h: (x, {"h": h[:, :2]}), r"'h'.*\(n, 2\)"),
        (lambda x, h: (x, {"h": h > 0}), "bool"),
        (lambda x, h: (x, {"h": 0.5}), "float"),
        (lambda x, h: (None, {"h": h}), "output is a NoneType"),
        (lambda x, h: (x[:, 0], {"h": h}), r"shape \(n\)"),
        (lambda x, h: (x, {"h": torch.zeros(x.shape[0], 4)}), "torch.float32"),
    ],
)
def test_what_step_returns(returned: Callable[..., Any], words: str) -> None:
    class Cell(Step):
        def step(self, x: Tensor, *, h: Tensor) -> Any:
            return returned(x, h)

    with pytest.raises(CaptureError, match=words):
        trace(Cell(lambda c, x, h: x), dtype=torch.float64)


@pytest.mark.parametrize(
    ("function", "error"),
    [
        (lambda c, x, h: x @ c.V, RuntimeError),
        (lambda c, x, h: torch.tanh(x, 3), TypeError),  # pyright: ignore[reportCallIssue]
        (lambda c, x, h: c.nothing, AttributeError),
        (lambda c, x, h: {}["nothing"], KeyError),
    ],
)
def test_errors_of_the_step_itself_pass_through(function: Callable[..., Any], error: type[Exception]) -> None:
    step = cell(function)
    real = dict(step.named_parameters())
    with pytest.raises(error):
        trace(step, dtype=torch.float64)
    assert all(value is real[name] for name, value in step.named_parameters())


def test_changed_attributes_are_side_effects() -> None:
    class Counting(Step):
        count = 0

        def step(self, x: Tensor, *, h: Tensor) -> Any:
            self.count += 1
            return x, {"h": h}

    with pytest.raises(UnsupportedOperation, match="changes an attribute"):
        trace(Counting(lambda c, x, h: x), dtype=torch.float64)


def test_hooks_on_gradients_are_seen() -> None:
    step: Any = Step(lambda c, x, h: c.inner(x))
    step.inner = nn.Tanh()
    trace(step, dtype=torch.float64)
    step.inner.register_full_backward_hook(lambda *_: None)
    with pytest.raises(UnsupportedOperation, match="hooks"):
        trace(step, dtype=torch.float64)


def test_a_refusal_is_remembered_and_raised_again() -> None:
    step = cell(UNSUPPORTED["cumsum"][0])
    errors = []
    for _ in range(3):
        with pytest.raises(UnsupportedOperation) as error:
            captured(step, torch.float64)
        errors.append(error.value)
    assert errors[0] is errors[1] is errors[2]


def test_reading_constants_is_no_harm() -> None:
    def function(c: Any, x: Tensor, h: Tensor) -> Tensor:
        factors = torch.tensor([2.0, 3.0]).tolist()
        total = sum(float(i) for i in torch.arange(3))
        return x * factors[0] + h * total if torch.ones(()) > 0 else x

    capture = trace(cell(function), dtype=torch.float64)
    assert not capture.constants
    x, h = inputs()
    y, _ = as_step(capture.program, capture.weights(cell(function)))(x, h=h)
    torch.testing.assert_close(y, 2 * x + 3 * h)


def test_a_watched_step_leaves_the_cell_as_it_was() -> None:
    class Counting(Step):
        count = 0

        def step(self, x: Tensor, *, h: Tensor) -> Any:
            self.count += 1
            self.last = h
            return x, {"h": h}

    step = Counting(lambda c, x, h: x)
    with pytest.raises(UnsupportedOperation):
        trace(step, dtype=torch.float64)
    assert step.count == 0
    assert not hasattr(step, "last")
