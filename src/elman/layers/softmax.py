"""From hidden vectors to probabilities of many classes: the whole softmax in pieces, a sampled one, an adaptive one."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import embedding, linear, softplus

from elman.arguments import size
from elman.errors import ArgumentError

# Logits held at a time: 16 MB in float32. Of 700 rows and 10,000 classes with all gradients, one thread of a Zen 4 took
# 65 ms at a width of 100 and 135 at 256; pieces of 4 MB took 69 and 150, of 32 MB 65 and 130.
PIECE = 1 << 22


def cross_entropy(h: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor, smoothing: float = 0.0) -> Tensor:
    """Mean cross-entropy of a softmax over many classes, without ever holding all logits.

        loss = mean_i (log Σ_k exp o_ik - (1 - ε) o_{i, targets_i} - ε mean_k o_ik)        o = h weightᵀ + bias

    The gradients are made at once, piece after piece of the rows: those of h, weight and bias are kept, not the logits
    (N, K). There is no second derivative: the first one counts as a constant.

    Args:
        h: hidden vectors (N, h).
        weight: a vector for each class (K, h).
        bias: (K), or None.
        targets: classes (N), int64.
        smoothing: ε, the share of a target that is spread over all classes alike (label smoothing).

    Returns:
        A scalar; 0 for no rows.

    Example:
        >>> h, weight, targets = torch.randn(7, 3), torch.randn(5, 3), torch.tensor([0, 1, 2, 3, 4, 0, 1])
        >>> expected = torch.nn.functional.cross_entropy(h @ weight.t(), targets)
        >>> torch.allclose(cross_entropy(h, weight, None, targets), expected)
        True
    """
    return _CrossEntropy.apply(h, weight, bias, targets, smoothing, torch.is_grad_enabled())  # pyright: ignore[reportReturnType]


@torch.no_grad()
def log_probability(h: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor) -> Tensor:
    """log p of one class for each row (N), without a gradient; arguments as for `cross_entropy`."""
    found = h.new_empty(len(h))
    for rows in _pieces(len(h), len(weight)):
        o = linear(h[rows], weight, bias)
        found[rows] = o.gather(1, targets[rows].unsqueeze(1)).squeeze(1) - o.logsumexp(dim=1)
    return found


class Softmax(nn.Module):
    """A readout with a softmax over many classes, such as the words of a language.

        p(k | h) = exp o_k / Σ_j exp o_j        o = h Eᵀ + c

    Args:
        input_size: width h of the hidden vector.
        classes: K.

    Attributes:
        E: a vector for each class (K, h), uniform (Glorot) at first; a language model may read its symbols with it.
        c: bias (K), zero at first.

    Raises:
        ArgumentError, ArgumentTypeError: a wrong size.

    Example:
        >>> softmax = Softmax(3, 5)
        >>> h, targets = torch.randn(2, 4, 3), torch.zeros(2, 4, dtype=torch.int64)
        >>> softmax(h, targets).shape, softmax.log_probabilities(h).exp().sum(dim=2).allclose(torch.ones(2, 4))
        (torch.Size([]), True)
    """

    def __init__(self, input_size: int, classes: int) -> None:
        super().__init__()
        self.input_size, self.classes = size("input_size", input_size), size("classes", classes)
        self.E = nn.Parameter(torch.empty(classes, input_size))
        self.c = nn.Parameter(torch.zeros(classes))
        nn.init.xavier_uniform_(self.E)

    def forward(self, h: Tensor, targets: Tensor) -> Tensor:
        """Mean of -log p(target), a scalar, from h (…, h) and targets (…)."""
        return cross_entropy(h.reshape(-1, self.input_size), self.E, self.c, targets.reshape(-1))

    def log_probabilities(self, h: Tensor) -> Tensor:
        """log p of every class (…, K)."""
        return linear(h, self.E, self.c).log_softmax(dim=-1)

    def log_probability(self, h: Tensor, targets: Tensor) -> Tensor:
        """log p(target) (…), without a gradient."""
        return log_probability(h.reshape(-1, self.input_size), self.E, self.c, targets.reshape(-1)).view(targets.shape)

    def extra_repr(self) -> str:
        """Sizes for `print(softmax)`."""
        return f"{self.input_size} → {self.classes}"


class SampledSoftmax(Softmax):
    """A softmax that in training looks at a few classes only, drawn for each batch; otherwise it is the whole one.

        loss = mean_i log (exp o_iy + Σ_{s ≠ y} exp (o_is - log m q_s)) - o_iy        s: m draws from q

    The sum over the draws is on average that over all classes but y. The more draws, the nearer the gradient comes to
    that of the whole softmax.

    Args:
        input_size, classes: as for `Softmax`.
        samples: m, draws for each batch.
        frequencies: how often each class occurs (K), or anything proportional to it; None: all alike.
        power: q is proportional to frequency ^ power.

    Raises:
        ArgumentError, ArgumentTypeError: a wrong size, or frequencies that are not K positive numbers.

    Example:
        >>> softmax = SampledSoftmax(3, 1000, samples=50)
        >>> softmax(torch.randn(8, 3), torch.arange(8)).item() > 0
        True

    Source: Y. Bengio and J.-S. Senécal, "Adaptive importance sampling to accelerate training of a neural probabilistic
    language model", IEEE Transactions on Neural Networks 19 (2008), 713-722; S. Jean et al., "On using very large
    target vocabulary for neural machine translation", ACL 2015.
    """

    q: Tensor

    def __init__(
        self, input_size: int, classes: int, samples: int, frequencies: Tensor | None = None, power: float = 0.75
    ) -> None:
        super().__init__(input_size, classes)
        self.samples = size("samples", samples)
        weights = torch.ones(classes) if frequencies is None else frequencies.float() ** power
        if weights.shape != (classes,) or not bool((weights > 0).all()) or not bool(weights.isfinite().all()):
            raise ArgumentError(
                f"frequencies have shape {tuple(weights.shape)}", expected=f"{classes} finite numbers above 0"
            )
        self.register_buffer("q", weights / weights.sum())

    def forward(self, h: Tensor, targets: Tensor) -> Tensor:
        """Mean loss over the drawn classes in training, over all of them otherwise."""
        if not self.training:
            return super().forward(h, targets)
        h, targets = h.reshape(-1, self.input_size), targets.reshape(-1)
        drawn = torch.multinomial(self.q, self.samples, replacement=True)
        o = linear(h, embedding(drawn, self.E), self.c[drawn] - (self.samples * self.q[drawn]).log())  # (N, m)
        # Not -inf, whose logsumexp has no derivative where every draw is the target.
        o = o.masked_fill_(drawn == targets.unsqueeze(1), torch.finfo(o.dtype).min)
        own = (h * embedding(targets, self.E)).sum(dim=1) + self.c[targets]
        return softplus(o.logsumexp(dim=1) - own).mean() if len(h) else h.sum()


class AdaptiveSoftmax(nn.Module):
    """A softmax in two levels: frequent classes at once, rare ones within groups, with narrower vectors.

        p(k | h) = p(group of k | h) p(k | group, h)

    The classes must be sorted by how frequent they are. It is `torch.nn.AdaptiveLogSoftmaxWithLoss` with the interface
    of `Softmax`.

    Args:
        input_size, classes: as for `Softmax`.
        cutoffs: how many classes stand before each group of rare ones; None: a fifth of all, and half of all where
            there are 50,000 or more.

    Raises:
        ArgumentError: so few classes, or a hidden vector so narrow, that nothing is won.

    Example:
        >>> softmax = AdaptiveSoftmax(16, 1000)
        >>> softmax.log_probabilities(torch.randn(2, 16)).exp().sum(dim=1).allclose(torch.ones(2), atol=1e-5)
        True

    Source: E. Grave et al., "Efficient softmax approximation for GPUs", ICML 2017, arXiv:1609.04309.
    """

    def __init__(self, input_size: int, classes: int, cutoffs: list[int] | None = None) -> None:
        super().__init__()
        self.input_size, self.classes = size("input_size", input_size), size("classes", classes)
        if classes < 100 or input_size < 4:
            raise ArgumentError(
                f"an adaptive softmax over {classes} classes of vectors of width {input_size}",
                expected="at least 100 classes and a width of 4",
                fix="Use the full softmax.",
            )
        self.cutoffs = cutoffs or ([classes // 5, classes // 2] if classes >= 50_000 else [classes // 5])
        self.inner = nn.AdaptiveLogSoftmaxWithLoss(input_size, classes, self.cutoffs)

    def forward(self, h: Tensor, targets: Tensor) -> Tensor:
        """Mean of -log p(target), a scalar, from h (…, h) and targets (…)."""
        return self.inner(h.reshape(-1, self.input_size), targets.reshape(-1)).loss

    def log_probabilities(self, h: Tensor) -> Tensor:
        """log p of every class (…, K)."""
        return self.inner.log_prob(h.reshape(-1, self.input_size)).view(*h.shape[:-1], self.classes)

    @torch.no_grad()
    def log_probability(self, h: Tensor, targets: Tensor) -> Tensor:
        """log p(target) (…), without a gradient."""
        h, flat = h.reshape(-1, self.input_size), targets.reshape(-1)
        found = h.new_empty(len(h))
        for rows in _pieces(len(h), self.classes):
            found[rows] = self.inner(h[rows], flat[rows]).output
        return found.view(targets.shape)


class _CrossEntropy(torch.autograd.Function):
    """`cross_entropy`: the gradients of all three inputs are made on the way forward."""

    @staticmethod
    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, h: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor, smoothing: float, learns: bool
    ) -> Tensor:
        total, n = h.new_zeros(()), max(len(h), 1)
        dh = torch.empty_like(h) if learns else None
        dw = torch.zeros_like(weight) if learns else None
        db = torch.zeros_like(bias) if learns and bias is not None else None
        for rows in _pieces(len(h), len(weight)):
            x, own = h[rows], targets[rows].unsqueeze(1)
            o = linear(x, weight, bias)  # (piece, K)
            total += smoothing * o.gather(1, own).sum()
            p = torch.softmax(o, 1, out=o)  # in place: one pass over the logits
            total -= _log(p.gather(1, own), x, own, weight, bias).sum()
            if dh is not None and dw is not None:
                p.scatter_add_(1, own, p.new_full(own.shape, smoothing - 1))  # n times the derivative by o
                torch.mm(p, weight, out=dh[rows])
                dw.addmm_(p.t(), x, alpha=1 / n)
                if db is not None:
                    db.add_(p.sum(dim=0), alpha=1 / n)
        if dh is not None:
            dh /= n
        total = total / n
        if smoothing and len(h):  # ε mean_k o_ik is linear in each of h, weight and bias
            mean, shift = weight.mean(dim=0), h.new_zeros(()) if bias is None else bias.mean()
            total -= smoothing * (h.mean(dim=0) @ mean + shift)
            if dh is not None and dw is not None:
                dh -= smoothing / n * mean
                dw -= smoothing / len(weight) * h.mean(dim=0)
            if db is not None:
                db -= smoothing / len(weight)
        ctx.save_for_backward(dh, dw, db)
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        return *(None if own is None else own * grad for own in ctx.saved_tensors), None, None, None


def _log(p: Tensor, h: Tensor, own: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """log p (n, 1) of the own classes; from the logits once more where p is too small a number to tell."""
    if bool((p < torch.finfo(p.dtype).tiny).any()):
        return linear(h, weight, bias).log_softmax(dim=1).gather(1, own)
    return p.log()


def _pieces(n: int, classes: int) -> list[slice]:
    """The rows 0 … n - 1 in pieces whose logits fit into `PIECE` numbers."""
    each = max(1, PIECE // classes)
    return [slice(begin, min(begin + each, n)) for begin in range(0, n, each)]
