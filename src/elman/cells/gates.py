"""Initial values of cells whose gates stand side by side in one matrix."""

import math

from torch import Tensor, nn


def draw_gates(U: Tensor, W: Tensor, b: Tensor | None) -> None:
    """Draw each gate's block as if it stood alone: U uniform (Glorot), W orthogonal; b zero.

    Args:
        U: input → gates (d, gates · h), changed in place.
        W: hidden → gates (h, gates · h), changed in place.
        b: bias (gates · h) or None, changed in place.
    """
    d, h = U.shape[0], W.shape[0]
    bound = math.sqrt(6 / (d + h))
    nn.init.uniform_(U, -bound, bound)
    for block in W.detach().split(h, dim=1):  # a view: written through
        nn.init.orthogonal_(block)
    if b is not None:
        nn.init.zeros_(b)
