"""From one vector per step to one vector per row."""

import torch
from torch import Tensor, nn

from elman.arguments import flag, one_of
from elman.errors import ArgumentError
from elman.layers.lengths import Lengths, as_lengths, real_steps

KINDS = ("last", "mean", "max", "mean+max")


class Pooling(nn.Module):
    """One vector per row from the outputs at its real steps.

        last: y_T        mean: (1/T) Σ y_t        max: max_t y_t        mean+max: both, side by side

    In a bidirectional layer the last output of the backward direction is the one at the row's first step. A row of no
    steps gives zeros.

    Args:
        kind: "last", "mean", "max" or "mean+max".
        bidirectional: whether the second half of the features was read backwards.

    Raises:
        ArgumentError, ArgumentTypeError: another kind.

    Example:
        >>> y = torch.tensor([[[1.0], [3.0], [9.0]]])
        >>> Pooling("mean+max")(y, lengths=[2]).tolist()
        [[2.0, 3.0]]
    """

    def __init__(self, kind: str = "last", *, bidirectional: bool = False) -> None:
        super().__init__()
        self.kind, self.bidirectional = one_of("pooling", kind, KINDS), flag("bidirectional", bidirectional)

    def output_size(self, input_size: int) -> int:
        """Width of the pooled vector for outputs of the given width."""
        return 2 * input_size if self.kind == "mean+max" else input_size

    def forward(self, y: Tensor, lengths: Lengths | None = None) -> Tensor:
        """Pooled vectors (n, output_size) from y (n, T, o) and lengths (n)."""
        if not isinstance(y, Tensor) or y.dim() != 3:
            what = f"has shape {tuple(y.shape)}" if isinstance(y, Tensor) else f"is a {type(y).__name__}"
            raise ArgumentError(f"y {what}", expected="a tensor (n, T, o)")
        n, time, width = y.shape
        lengths = as_lengths(lengths, n, time)
        if time == 0:
            return y.new_zeros(n, self.output_size(width))
        mask = real_steps(lengths, time, y.device).unsqueeze(-1)  # (n, T, 1)
        count = lengths.to(y.device).unsqueeze(-1)  # (n, 1)
        if self.kind == "last":
            return self._last(y, count)
        parts: list[Tensor] = []
        if "mean" in self.kind:
            total = torch.where(mask, y, 0).sum(dim=1)
            parts.append(total / count.clamp(min=1))
        if "max" in self.kind:
            top = torch.where(mask, y, -torch.inf).amax(dim=1)
            parts.append(torch.where(count > 0, top, 0))
        return torch.cat(parts, dim=-1)

    def _last(self, y: Tensor, count: Tensor) -> Tensor:
        rows = torch.arange(y.shape[0], device=y.device)
        last = y[rows, (count.squeeze(-1) - 1).clamp(min=0)]
        if self.bidirectional:
            half = y.shape[2] // 2
            last = torch.cat([last[:, :half], y[:, 0, half:]], dim=-1)
        return torch.where(count > 0, last, 0)

    def extra_repr(self) -> str:
        """The kind for `print(pooling)`."""
        return f"{self.kind}{', bidirectional' if self.bidirectional else ''}"
