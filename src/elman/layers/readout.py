"""The third block of every recurrent network: hidden → output."""

import math

import torch
from torch import Tensor, nn

from elman.arguments import size


class Readout(nn.Module):
    """Hidden state to outputs, without a nonlinearity: softmax or sigmoid belong to the loss.

        o = h V + c

    Args:
        input_size: width h of the hidden vector.
        output_size: width o of the output.

    Attributes:
        V: hidden → output (h, o), uniform (Glorot) at first.
        c: bias (o), zero at first.

    Example:
        >>> Readout(5, 2)(torch.zeros(3, 5)).tolist()
        [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]
    """

    def __init__(self, input_size: int, output_size: int) -> None:
        super().__init__()
        self.input_size, self.output_size = size("input_size", input_size), size("output_size", output_size)
        bound = math.sqrt(6 / (input_size + output_size))
        self.V = nn.Parameter(torch.empty(input_size, output_size).uniform_(-bound, bound))
        self.c = nn.Parameter(torch.zeros(output_size))

    def forward(self, h: Tensor) -> Tensor:
        """o (…, o) from h (…, h)."""
        return h @ self.V + self.c

    def extra_repr(self) -> str:
        """Sizes for `print(readout)`."""
        return f"{self.input_size} → {self.output_size}"
