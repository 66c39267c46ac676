"""A gradient kept within bounds on its way back."""

from typing import Any

import torch
from torch import Tensor

from elman.arguments import number

_library = torch.library.Library("elman", "FRAGMENT")
_library.define("clip_gradient(Tensor a, float bound) -> Tensor")
_library.impl("clip_gradient", lambda a, bound: a.clone(), "CompositeExplicitAutograd")


def clip_gradient(a: Tensor, bound: float) -> Tensor:
    """The same numbers, whose gradient cannot leave [-bound, bound].

        y = a,  ∂loss/∂a = min(max(∂loss/∂y, -bound), bound)

    In a step, on a state, it keeps what flows back through time from growing from step to step, each entry for
    itself; clipping the gradient of all weights at once comes after, and too late for one that is infinite.

    Args:
        a: any tensor.
        bound: a number above 0.

    Raises:
        ArgumentError, ArgumentTypeError: a bound that is not a finite number above 0.

    Example:
        >>> a = torch.tensor([1.0, 2.0], requires_grad=True)
        >>> (clip_gradient(a, 0.5) * torch.tensor([0.1, -7.0])).sum().backward()
        >>> a.grad
        tensor([ 0.1000, -0.5000])

    Source: A. Graves, "Generating sequences with recurrent neural networks", arXiv:1308.0850 (2013), section 2.1.
    """
    bound = number("bound", bound, above=0)
    # What `register_autograd` makes does not serve torch.func, nor then the second derivatives of a layer.
    return (Clip.apply if torch._C._are_functorch_transforms_active() else torch.ops.elman.clip_gradient)(a, bound)


def clipped(gradient: Tensor, bound: float) -> Tensor:
    """A gradient within its bounds; NaN stays."""
    return torch.minimum(torch.maximum(gradient, gradient.new_tensor(-bound)), gradient.new_tensor(bound))


class Clip(torch.autograd.Function):
    """`elman::clip_gradient` with its derivative."""

    generate_vmap_rule = True

    @staticmethod
    def forward(a: Tensor, bound: float) -> Tensor:
        """The same numbers."""
        return a.clone()

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """What the gradient will need."""
        ctx.bound = inputs[1]

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """The gradient within its bounds."""
        return clipped(gradients[0], ctx.bound), None


torch.library.register_fake("elman::clip_gradient", lambda a, bound: torch.empty_like(a), lib=_library)
torch.library.register_autograd("elman::clip_gradient", Clip.backward, setup_context=Clip.setup_context, lib=_library)
