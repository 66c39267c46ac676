"""A loop that is linear in its state, computed for all time steps at once.

    s_t = A_t s_{t-1} + B_t        (A_2, B_2) ∘ (A_1, B_1) = (A_2 A_1, A_2 B_1 + B_2)

Since ∘ is associative, all s_t follow in log₂ T passes over all steps instead of T passes over one.

Source: G. E. Blelloch, "Prefix sums and their applications", CMU-CS-90-190 (1990); W. D. Hillis and G. L. Steele,
"Data parallel algorithms", Communications of the ACM 29 (1986), 1170-1183.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from elman.step.program import Node, Stage
from elman.step.split import leading_to

Affine = tuple[Tensor | float, Tensor | float]  # A and B of A s + B


def scanned(
    stage: Stage,
    new: str,
    alive: Sequence[int],
    owner: Tensor,
    values: Mapping[str, Tensor],
    start: Tensor,
    adjoint: bool,
) -> tuple[Tensor, Tensor] | None:
    """The old values of the stage's one state at all packed steps (P, w), and its values at the end (n, w).

    Args:
        stage: a linear loop of one state.
        new: the name of the state's new value.
        alive: how many rows take part in each step.
        owner: sorted place of the row of each packed step (P).
        values: what the loop reads, by name: rows (P, w), vectors and weights.
        start: the state at the beginning, of sorted rows (n, w).
        adjoint: go from the last step to the first.

    Returns:
        None where the products of A leave the range of numbers, though the states need not.
    """
    (state,) = stage.states
    factor, term = _affine(leading_to({new}, stage.nodes), state, values)[new]
    n, width = start.shape
    steps = len(alive)
    counts = torch.tensor(alive, device=start.device)
    place = torch.repeat_interleave(torch.arange(steps, device=start.device), counts), owner
    dense = start.new_ones(steps, n, width), start.new_zeros(steps, n, width)  # the padding changes nothing
    for whole, part in zip(dense, (factor, term), strict=True):
        filled = part if isinstance(part, Tensor) else start.new_full((), part)
        whole[place] = filled.expand(len(owner), width)
    a, b = (whole.flip(0) for whole in dense) if adjoint else dense
    b = torch.cat([(a[:1] * start + b[:1]), b[1:]])
    distance = 1
    while distance < steps:
        b = torch.cat([b[:distance], torch.addcmul(b[distance:], a[distance:], b[:-distance])])
        a = torch.cat([a[:distance], a[distance:] * a[:-distance]])
        distance *= 2
    if not bool(a.isfinite().all()):
        return None
    old = torch.cat([start[None], b[:-1]])
    old = old.flip(0) if adjoint else old
    return old[place], b[-1]


def _affine(nodes: Sequence[Node], state: str, values: Mapping[str, Tensor]) -> dict[str, Affine]:
    """A and B of every node, as `elman.step.split` promises: add, sub, neg, and mul and div by what does not vary."""
    found: dict[str, Affine] = {state: (1.0, 0.0)}

    def of(arg: str | float) -> Affine:
        if not isinstance(arg, str):
            return 0.0, arg
        return found[arg] if arg in found else (0.0, values[arg])

    for node in nodes:
        (a, b), *others = (of(arg) for arg in node.args)
        if node.op == "neg":
            found[node.name] = -a, -b
            continue
        ((c, d),) = others
        if node.op in ("add", "sub"):
            sign = 1.0 if node.op == "add" else -1.0
            found[node.name] = a + sign * c, b + sign * d
        elif node.op == "div":
            found[node.name] = a / d, b / d
        elif node.args[0] in found:
            found[node.name] = a * d, b * d
        else:
            found[node.name] = c * b, d * b
    return found
