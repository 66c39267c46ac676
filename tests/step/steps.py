"""Cells of one function, and the two ways to run them: as written, and as the program that was captured."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from elman.step.interpret import as_step
from elman.step.trace import Capture, trace

WIDTH = 4


class Step(nn.Module):
    """x and one state h, both (n, 4); what the function returns is the output and the new state.

    Args:
        function: `function(cell, x, h)`, a tensor (n, output_size).
        output_size: its width.
        tensors: parameters, and buffers where they are no floating-point numbers.
    """

    def __init__(
        self,
        function: Callable[[Any, Tensor, Tensor], Any],
        output_size: int = WIDTH,
        tensors: Mapping[str, Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.function, self.input_size, self.output_size = function, WIDTH, output_size
        self.states = {"h": WIDTH}
        for name, tensor in (weights() | dict(tensors or {})).items():
            if tensor.is_floating_point():
                setattr(self, name, nn.Parameter(tensor))
            else:
                self.register_buffer(name, tensor)

    def step(self, x: Tensor, *, h: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        y = self.function(self, x, h)
        return y, {"h": h + y.sum(-1, keepdim=True)}


def weights() -> dict[str, Tensor]:
    """A matrix, one to be transposed, a vector, a scale, a scalar, three matrices in one, two stacks of matrices."""
    torch.manual_seed(1)
    shapes = {"W": (4, 4), "V": (3, 4), "b": (4,), "g": (1,), "a": (), "U": (4, 12), "long": (12,), "S": (2, 2, 3)}
    return {name: torch.randn(shape, dtype=torch.float64) for name, shape in shapes.items()} | {
        "mask": torch.tensor([True, False, True, True])
    }


def inputs(n: int = 6) -> tuple[Tensor, Tensor]:
    """x and h in float64, with numbers at which functions have kinks, and equal ones."""
    torch.manual_seed(2)
    x, h = torch.randn(n, WIDTH, dtype=torch.float64), torch.randn(n, WIDTH, dtype=torch.float64)
    x[0] = torch.tensor([0.0, 1.0, -1.0, 3.0])
    x[1] = torch.tensor([0.5, -0.5, -3.0, 6.0])
    x[2] = 30 * x[2]
    return x, h


def values_and_gradients(cell: Any, step: Callable[..., Any], x: Tensor, h: Tensor) -> list[Tensor]:
    """Output, new state, and the gradients of x, h and every parameter for unequal weights of all results."""
    x, h = x.clone().requires_grad_(), h.clone().requires_grad_()
    parameters = [p for p in cell.parameters() if p.is_floating_point()]
    y, state = step(x, h=h)
    total = torch.stack(
        [(part * torch.linspace(-1, 2, part.numel()).view_as(part)).sum() for part in (y, *state.values())]
    ).sum()
    gradients = torch.autograd.grad(total, [x, h, *parameters], allow_unused=True, materialize_grads=True)
    return [y, *state.values(), *gradients]


def agree(cell: Any, tolerance: float = 1e-11, data: tuple[Tensor, Tensor] | None = None) -> Capture:
    """Check that the captured program gives the step's numbers and gradients; gives the capture.

    The tolerance is some ulps of float64 for sums of a dozen terms, some of them squares of numbers up to 100.
    """
    capture = trace(cell, dtype=torch.float64)
    x, h = data or inputs()
    expected = values_and_gradients(cell, cell.step, x, h)
    got = values_and_gradients(
        cell, lambda x, **state: as_step(capture.program, capture.weights(cell))(x, **state), x, h
    )
    for mine, theirs in zip(got, expected, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=tolerance, atol=tolerance, equal_nan=True)
    return capture
