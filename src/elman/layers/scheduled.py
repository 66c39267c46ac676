"""Scheduled sampling: from teacher forcing to free running, little by little."""

import math

from elman.arguments import number, one_of, size

# What k may be.
DECAYS: dict[str, dict[str, float]] = {
    "linear": {"above": 0},
    "exponential": {"above": 0, "below": 1},
    "inverse sigmoid": {"least": 1},
}


def scheduled_sampling(step: int, decay: str = "linear", *, k: float, floor: float = 0.0) -> float:
    """How probable teacher forcing is at a step of training, from nearly 1 down to `floor`.

        linear:            max(floor, 1 - i / k)            k > 0: steps until the network is on its own
        exponential:       max(floor, kⁱ)                   0 < k < 1
        inverse sigmoid:   max(floor, k / (k + exp(i / k))) k ≥ 1: the larger, the later

    Args:
        step: i, steps of training so far.
        decay: one of the three.
        k: how fast, as above.
        floor: what it does not fall below.

    Raises:
        ArgumentError, ArgumentTypeError: no such decay, or numbers out of range.

    Example:
        >>> [scheduled_sampling(i, k=100) for i in (0, 50, 200)]
        [1.0, 0.5, 0.0]
        >>> layer = elman.Recurrent(cells.Jordan(3, 5, output_size=2))
        >>> x, targets = torch.randn(4, 6, 3), torch.randn(4, 6, 2)
        >>> for i in range(2):
        ...     y, _ = layer(x, feedback=targets, teacher_forcing=scheduled_sampling(i, k=100))

    Source: S. Bengio, O. Vinyals, N. Jaitly and N. Shazeer, "Scheduled sampling for sequence prediction with recurrent
    neural networks", NeurIPS 2015, arXiv:1506.03099, section 2.4.
    """
    step, floor = size("step", step, least=0), number("floor", floor, least=0, most=1)
    k = number("k", k, **DECAYS[one_of("decay", decay, tuple(DECAYS))])
    if decay == "linear":
        return max(floor, 1 - step / k)
    if decay == "exponential":
        return max(floor, k**step)
    return max(floor, 1 / (1 + math.exp(min(step / k, 700.0)) / k))  # exp of more than 709 is no number
