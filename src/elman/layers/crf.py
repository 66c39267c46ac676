"""A linear-chain conditional random field: sequences of tags scored as a whole."""

import torch
from torch import Tensor, nn

from elman.cells.cell import Cell, size
from elman.errors import ArgumentError, ArgumentTypeError
from elman.layers.lengths import Lengths, as_lengths, real_steps
from elman.layers.recurrent import Recurrent


class ForwardSums(Cell):
    """The forward algorithm as a recurrent step: the log of the summed weights of all paths to each tag.

        a_t = x_t + m + c + log(exp(a_{t-1} - m) exp(A - c))        m = max a_{t-1}, c = max A: nothing overflows

    The sum over the tag before is a product with the matrix exp(A), which lets the machines run the loop at full
    speed, and find its derivative. Where transitions differ by more than about 80, float32 loses the weakest paths.

    Args:
        tags: k, how many tags there are; x_t and a_t have this width.

    Attributes:
        A: transitions (k, k): the score of tag j after tag i stands in row i, column j.

    Example:
        >>> cell = ForwardSums(2)
        >>> a, _ = cell.step(torch.zeros(1, 2), a=torch.zeros(1, 2))        # two paths to either tag, of weight 1
        >>> a.exp().tolist()
        [[2.0, 2.0]]

    Source: L. R. Rabiner, "A tutorial on hidden Markov models", Proceedings of the IEEE 77 (1989), 257-286.
    """

    def __init__(self, tags: int) -> None:
        tags = size("tags", tags)
        super().__init__(input_size=tags, output_size=tags, states={"a": tags})
        self.A = nn.Parameter(torch.zeros(tags, tags))

    def step(self, x: Tensor, *, a: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """a_t = x_t + m + c + log(exp(a_{t-1} - m) exp(A - c))."""
        m, c = a.amax(dim=-1, keepdim=True), self.A.amax()
        a = x + m + c + torch.log(torch.exp(a - m) @ torch.exp(self.A - c))
        return a, {"a": a}


class CRF(nn.Module):
    """A linear-chain conditional random field over k tags.

        score(y | x) = b_{y_1} + Σ_t x_{t, y_t} + Σ_{t>1} A_{y_{t-1}, y_t} + e_{y_T}
        p(y | x) = exp score(y | x) / Σ over all sequences y' of exp score(y' | x)

    x_t (k) are scores from any network. A sequence of no steps has probability 1.

    Args:
        tags: k, how many tags there are.
        machine: what runs the loop over time, as in `Recurrent`.

    Attributes:
        A: transitions (k, k), from the tag of a row to that of a column; b, e: scores of the first and the last tag
            (k). All are zero at first, then every tag is independent of the others.

    Raises:
        ArgumentError, ArgumentTypeError: fewer than one tag.

    Example:
        >>> crf = CRF(3)
        >>> x = torch.tensor([[[0.0, 2.0, 1.0], [1.0, 0.0, 3.0]]])
        >>> crf.decode(x)[0].tolist(), round(crf.log_likelihood(x, torch.tensor([[1, 2]])).item(), 3)
        ([1, 2], -0.577)

    Source: J. Lafferty, A. McCallum and F. Pereira, "Conditional random fields", ICML 2001.
    """

    def __init__(self, tags: int, *, machine: str = "auto") -> None:
        super().__init__()
        self.tags = size("tags", tags)
        self.sums = Recurrent(ForwardSums(self.tags), machine=machine)
        self.b, self.e = nn.Parameter(torch.zeros(self.tags)), nn.Parameter(torch.zeros(self.tags))

    @property
    def A(self) -> Tensor:  # noqa: N802
        """Transitions (k, k)."""
        cell = self.sums.cells["l0"]
        assert isinstance(cell, ForwardSums)
        return cell.A

    def log_likelihood(self, x: Tensor, y: Tensor, lengths: Lengths | None = None) -> Tensor:
        """log p(y | x) of each row (n).

        Args:
            x: scores (n, T, k).
            y: tags (n, T), whole numbers below k; what stands beyond a row's length is not read.
            lengths: real steps of each row (n), zeros allowed; None where every row fills all T.

        Raises:
            ArgumentError, ArgumentTypeError: shapes or tags that do not fit.
        """
        lengths = self._checked(x, lengths)
        return self._score(x, self._tags_of(x, y, lengths), lengths) - self.log_partition(x, lengths)

    def log_partition(self, x: Tensor, lengths: Lengths | None = None) -> Tensor:
        """The log of the summed weights of all sequences of tags, for each row (n)."""
        lengths = self._checked(x, lengths)
        if x.shape[1] == 0:
            return x.new_zeros(len(x))
        # The first step has no tag before it, so it is where the loop starts from, and the loop has one step less.
        real = lengths.to(x.device) > 0
        start = {"a": self.b + torch.where(real.unsqueeze(1), x[:, 0], 0.0)}
        _, state = self.sums(x[:, 1:], (lengths - 1).clamp(min=0), start)
        total = torch.logsumexp(state["a"] + self.e, dim=-1)
        return torch.where(real, total, 0.0)

    def marginals(self, x: Tensor, lengths: Lengths | None = None) -> Tensor:
        """p(y_t = j | x) for every step and tag (n, T, k), 0 beyond a row's length; without gradients.

        They are the derivative of the log partition by the scores x.
        """
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            total = self.log_partition(x, lengths).sum()
            if not total.requires_grad:  # no step at all
                return torch.zeros_like(x)
            (found,) = torch.autograd.grad(total, x)
        return found

    def decode(self, x: Tensor, lengths: Lengths | None = None, allowed: "Allowed | None" = None) -> Tensor:
        """The most probable tags of each row (n, T), int64, 0 beyond its length.

        Args:
            x: scores (n, T, k).
            lengths: real steps of each row (n).
            allowed: which tags may begin, follow each other and end; None: all.

        Raises:
            ArgumentError: shapes that do not fit.
        """
        lengths = self._checked(x, lengths)
        with torch.no_grad():
            return viterbi(x, self.A, self.b, self.e, lengths, allowed)

    def _score(self, x: Tensor, y: Tensor, lengths: Tensor) -> Tensor:
        """The score of the sequences y (n)."""
        n, time, _ = x.shape
        if time == 0:
            return x.new_zeros(n)
        lengths = lengths.to(x.device)
        real = real_steps(lengths, time, x.device)
        own = torch.where(real, x.gather(2, y.unsqueeze(2)).squeeze(2), 0.0).sum(dim=1)
        steps = torch.where(real[:, 1:], self.A[y[:, :-1], y[:, 1:]], 0.0).sum(dim=1)
        last = y.gather(1, (lengths - 1).clamp(min=0).unsqueeze(1)).squeeze(1)
        return own + steps + torch.where(lengths > 0, self.b[y[:, 0]] + self.e[last], 0.0)

    def _checked(self, x: Tensor, lengths: Lengths | None) -> Tensor:
        if x.dim() != 3 or x.shape[2] != self.tags:
            raise ArgumentError(f"the scores have shape {tuple(x.shape)}", f"(n, T, {self.tags})")
        return as_lengths(lengths, *x.shape[:2])

    def _tags_of(self, x: Tensor, y: Tensor, lengths: Tensor) -> Tensor:
        """y as int64, 0 in the padding."""
        if y.shape != x.shape[:2]:
            raise ArgumentError(f"the tags have shape {tuple(y.shape)}", f"{tuple(x.shape[:2])}, as the scores")
        if y.is_floating_point() or y.dtype == torch.bool:
            raise ArgumentTypeError(f"the tags are of type {y.dtype}", "whole numbers", "Write y.long()")
        y = torch.where(real_steps(lengths, x.shape[1], y.device), y.long(), 0)
        if y.numel() and not (int(y.min()) >= 0 and int(y.max()) < self.tags):
            raise ArgumentError(f"the tags are from {int(y.min())} to {int(y.max())}", f"0 to {self.tags - 1}")
        return y

    def extra_repr(self) -> str:
        """The number of tags for `print(crf)`."""
        return f"{self.tags} tags"


class Allowed(nn.Module):
    """Which tags may begin a sequence, follow each other, and end it: constraints on decoding.

    Args:
        first: whether a tag may stand first (k), bool.
        follows: whether the tag of a column may follow that of a row (k, k), bool.
        last: whether a tag may stand last (k), bool.
    """

    first: Tensor
    follows: Tensor
    last: Tensor

    def __init__(self, first: Tensor, follows: Tensor, last: Tensor) -> None:
        super().__init__()
        self.register_buffer("first", first, persistent=False)
        self.register_buffer("follows", follows, persistent=False)
        self.register_buffer("last", last, persistent=False)


def viterbi(
    x: Tensor,
    transitions: Tensor,
    first: Tensor,
    last: Tensor,
    lengths: Lengths | None = None,
    allowed: Allowed | None = None,
) -> Tensor:
    """The sequence of tags with the highest score, of each row (n, T), int64, 0 beyond its length.

        v_1 = first + x_1        v_t[j] = x_t[j] + max_i (v_{t-1}[i] + transitions[i, j])        back from v_T + last

    Args:
        x: scores (n, T, k).
        transitions: score of the tag of a column after that of a row (k, k).
        first, last: scores of the first and the last tag (k).
        lengths: real steps of each row (n), zeros allowed.
        allowed: which tags may begin, follow each other and end; sequences that may not be are never taken, unless
            there are no others.

    Example:
        >>> x = torch.tensor([[[0.0, 1.0], [0.0, 2.0]]])
        >>> never_again = torch.tensor([[0.0, 0.0], [0.0, -9.0]])
        >>> viterbi(x, never_again, torch.zeros(2), torch.zeros(2)).tolist()
        [[0, 1]]

    Source: A. J. Viterbi, "Error bounds for convolutional codes", IEEE Transactions on Information Theory 13 (1967).
    """
    n, time, _ = x.shape
    lengths = as_lengths(lengths, n, time)
    real, lengths = real_steps(lengths, time, x.device), lengths.to(x.device)
    if not x.numel():
        return torch.zeros(n, time, dtype=torch.int64, device=x.device)
    if allowed is not None:
        # Finite, so that a row without any permitted sequence still has a best one.
        never = -1e4 - 10 * float(torch.where(real.unsqueeze(2), x, 0.0).abs().amax())
        transitions = transitions.masked_fill(~allowed.follows, never)
        first, last = first.masked_fill(~allowed.first, never), last.masked_fill(~allowed.last, never)
    best = first + x[:, 0]
    came: list[Tensor] = []  # the best tag before each tag (n, k), of each step but the first
    for t in range(1, time):
        value, before = (best.unsqueeze(2) + transitions).max(dim=1)
        on = (t < lengths).unsqueeze(1)
        best = torch.where(on, value + x[:, t], best)
        came.append(before)
    tag = (best + last).argmax(dim=1)
    found = [tag]
    for t in range(time - 1, 0, -1):
        # A row that ends before step t has not been entered yet: its last tag waits.
        tag = torch.where(t < lengths, came[t - 1].gather(1, tag.unsqueeze(1)).squeeze(1), tag)
        found.append(tag)
    found.reverse()
    return torch.where(real, torch.stack(found, dim=1), 0)
