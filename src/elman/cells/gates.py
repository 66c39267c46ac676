"""Initial values that cells share."""

import math

from torch import Tensor, nn


def draw(weight: Tensor) -> None:
    """Draw a matrix (d, h) uniformly between ±√(6 / (d + h)), in place.

    Source: X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks",
    AISTATS 2010, equation 16.
    """
    bound = math.sqrt(6 / sum(weight.shape))
    nn.init.uniform_(weight, -bound, bound)


def draw_gates(U: Tensor, W: Tensor, b: Tensor | None, width: int | None = None) -> None:
    """Draw each gate's block as if it stood alone: U uniform (Glorot), W orthogonal; b zero.

    Args:
        U: input → gates (d, gates · h), changed in place.
        W: hidden → gates (h, gates · h), changed in place.
        b: bias (gates · h) or None, changed in place.
        width: h, where W does not have as many rows.
    """
    d, h = U.shape[0], width or W.shape[0]
    bound = math.sqrt(6 / (d + h))
    nn.init.uniform_(U, -bound, bound)
    for block in W.detach().split(h, dim=1):  # a view: written through
        nn.init.orthogonal_(block)
    if b is not None:
        nn.init.zeros_(b)
