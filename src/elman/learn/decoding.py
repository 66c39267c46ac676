"""From a network that gives the probabilities of the next symbol to sequences: the most probable, or drawn.

A network is known here by its step only: the symbols chosen last and a state go in, log-probabilities and the next
state come out. The state is carried, so that every further symbol costs the same; rows that have ended are dropped.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from elman.arguments import number, size
from elman.errors import ArgumentError

Step = Callable[[Tensor, Any], tuple[Tensor, Any]]
NEVER = -torch.inf


@dataclass(frozen=True)
class Sampling:
    """How the next symbol is chosen from the log-probabilities ℓ (V) of all symbols.

        ℓ_i ← θ ℓ_i for symbols i that have occurred        θ: repetition
        p_i ∝ exp(ℓ_i / τ)                                  τ: temperature; the most probable symbol where it is 0
        only the k most probable keep their p_i, and of those the fewest that have p together at least (the nucleus)

    Args:
        temperature: τ; 1 draws from the network's own distribution, less prefers what is probable.
        top_k: k; 0 keeps all.
        top_p: p; 1 keeps all.
        repetition: θ, from 1 to a million: what the log-probability of a symbol that has occurred is multiplied by.
        window: how many of the last symbols count as having occurred; 0: all.
        no_repeat: no run of so many symbols occurs twice; 0: no such rule.

    Raises:
        ArgumentError, ArgumentTypeError: a value out of its bounds.

    Example:
        >>> p = torch.tensor([[0.5, 0.3, 0.2]])
        >>> Sampling(top_p=0.7).distribution(p.log()).exp()
        tensor([[0.6250, 0.3750, 0.0000]])

    Source: A. Holtzman et al., "The curious case of neural text degeneration", ICLR 2020 (nucleus); A. Fan, M. Lewis
    and Y. Dauphin, "Hierarchical neural story generation", ACL 2018 (top-k); N. S. Keskar et al., "CTRL: a conditional
    transformer language model for controllable generation", arXiv:1909.05858 (repetition, there on the logits).
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    repetition: float = 1.0
    window: int = 0
    no_repeat: int = 0

    def __post_init__(self) -> None:
        number("temperature", self.temperature, least=0)
        number("top_p", self.top_p, above=0, most=1)
        number("repetition", self.repetition, least=1, most=1e6)
        for name in ("top_k", "window", "no_repeat"):
            size(name, getattr(self, name), least=0)

    def distribution(self, log_probabilities: Tensor, before: Tensor | None = None) -> Tensor:
        """The log-probabilities (n, V) that a symbol is drawn with.

        Args:
            log_probabilities: the network's (n, V); -∞ for what must not occur.
            before: the symbols so far (n, t).
        """
        own = self._unlike(log_probabilities, before) if before is not None and before.shape[1] else log_probabilities
        if not self.temperature:
            best = own.argmax(dim=1, keepdim=True)
            return torch.full_like(own, NEVER).scatter(1, best, 0.0)
        # The largest becomes 0 first: a small τ would take all of them to -∞. τ itself must be neither 0 nor ∞ as own's
        # kind of number: 0 / 0 and ∞ / ∞ are none.
        bounds = torch.finfo(own.dtype)
        temperature = min(max(self.temperature, bounds.tiny), bounds.max)
        own = (own - own.amax(dim=1, keepdim=True)) / temperature
        if self.top_k and self.top_k < own.shape[1]:
            kept = own.topk(self.top_k, dim=1)
            own = torch.full_like(own, NEVER).scatter(1, kept.indices, kept.values)
        if self.top_p < 1:
            own = self._nucleus(own)
        return own.log_softmax(dim=1)

    def choose(self, distribution: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """One symbol for each row (n), drawn from log-probabilities (n, V) on the generator's device."""
        if not self.temperature:
            return distribution.argmax(dim=1)
        p = distribution.exp().to(distribution.device if generator is None else generator.device)
        return torch.multinomial(p, 1, generator=generator).squeeze(1).to(distribution.device)

    def _nucleus(self, own: Tensor) -> Tensor:
        """The fewest symbols with the probability p together; the others get -∞."""
        p, order = own.softmax(dim=1).sort(dim=1, descending=True, stable=True)
        beyond = p.cumsum(dim=1) - p >= self.top_p  # what stands before a symbol is enough already
        beyond[:, 0] = False
        return own.masked_fill(torch.zeros_like(beyond).scatter(1, order, beyond), NEVER)

    def _unlike(self, own: Tensor, before: Tensor) -> Tensor:
        """ℓ (n, V) after both rules against repetition."""
        if self.repetition > 1:
            recent = before[:, -self.window :] if self.window else before
            # A symbol that occurs twice is written twice, with the same value. -∞ stays -∞.
            own = own.scatter(1, recent, own.gather(1, recent) * self.repetition)
        if 0 < self.no_repeat <= before.shape[1]:
            own = self._no_runs(own, before)
        return own

    def _no_runs(self, own: Tensor, before: Tensor) -> Tensor:
        """ℓ (n, V), -∞ for what would end a run of `no_repeat` symbols that was there before."""
        runs = before.unfold(1, self.no_repeat, 1)  # (n, t - r + 1, r)
        last = before[:, before.shape[1] - self.no_repeat + 1 :].unsqueeze(1)  # (n, 1, r - 1)
        row, run = (runs[:, :, :-1] == last).all(dim=2).nonzero(as_tuple=True)
        out = own.clone()
        out[row, runs[row, run, -1]] = NEVER
        # Where every symbol is forbidden by that, the rule is dropped: a row must go on.
        return torch.where(torch.isneginf(out).all(dim=1, keepdim=True), own, out)


GREEDY = Sampling(temperature=0.0)


@dataclass(frozen=True)
class Drawn:
    """One step of a decoding, of the rows that had not ended.

    Args:
        rows: their numbers (m).
        symbols: chosen (m), `end` among them.
        log_probabilities: the network's, of the chosen symbols (m).
        all: the network's, of every symbol (m, V).
    """

    rows: Tensor
    symbols: Tensor
    log_probabilities: Tensor
    all: Tensor


@dataclass(frozen=True)
class Hypothesis:
    """A sequence that a network gave.

    Args:
        symbols: ids, without the end.
        log_probability: log p of all symbols, the end included.
        score: by which hypotheses are compared.
        ended: whether the end came before the bound.
    """

    symbols: list[int]
    log_probability: float
    score: float
    ended: bool


def walk(
    step: Step,
    state: Any,
    first: Tensor,
    sampling: Sampling = GREEDY,
    *,
    end: int | None = None,
    most: int | Sequence[int] | Tensor | None = None,
    least: int = 0,
    forbidden: Sequence[int] = (),
    generator: torch.Generator | None = None,
) -> Iterator[Drawn]:
    """Choose symbol after symbol, each as it is asked for.

    Args:
        step: symbols (m) and a state → log-probabilities (m, V) and the next state.
        state: before the first step, of n rows: name → (n, …), or an object with `take(rows)`.
        first: what the first step is given (n): the symbol that begins a text, or the last of a prompt.
        sampling: how a symbol is chosen.
        end: the symbol after which a row is dropped; None: there is none.
        most: bound on the symbols of all rows, or of each (n), the end among them; None where a text need not end.
        least: symbols before the end may come.
        forbidden: symbols that are never chosen.
        generator: of the random numbers; None: torch's own.

    Yields:
        `Drawn`, until every row has ended or reached its bound.

    Example:
        >>> count = lambda symbols, state: (torch.eye(5)[(symbols + 1) % 5].log(), state)
        >>> [int(drawn.symbols) for drawn in walk(count, {}, torch.tensor([0]), end=4)]
        [1, 2, 3, 4]
    """
    symbols, before = first, first.new_empty(len(first), 0)
    rows = torch.arange(len(first), device=first.device)
    bounds = None if most is None else as_bounds(most, len(first), first.device)
    alive = torch.ones_like(rows, dtype=torch.bool) if bounds is None else bounds > 0
    remembers = sampling.repetition > 1 or sampling.no_repeat > 0
    done = 0
    while alive.any():
        if not alive.all():
            kept = alive.nonzero().squeeze(1)
            state, symbols, before, rows = take(state, kept), symbols[kept], before[kept], rows[kept]
            bounds = None if bounds is None else bounds[kept]
        log_p, state = step(symbols, state)
        allowed = without(log_p, forbidden, end if done < least else None)
        symbols = sampling.choose(sampling.distribution(allowed, before if remembers else None), generator)
        yield Drawn(rows, symbols, log_p.gather(1, symbols.unsqueeze(1)).squeeze(1), log_p)
        done += 1
        if remembers:
            before = torch.cat([before, symbols.unsqueeze(1)], dim=1)
        alive = torch.ones_like(symbols, dtype=torch.bool) if end is None else symbols != end
        if bounds is not None:
            alive = alive & (done < bounds)


@torch.no_grad()
def decode(
    step: Step,
    state: Any,
    first: Tensor,
    sampling: Sampling = GREEDY,
    *,
    end: int,
    most: int | Sequence[int] | Tensor,
    least: int = 0,
    forbidden: Sequence[int] = (),
    generator: torch.Generator | None = None,
) -> list[Hypothesis]:
    """A whole sequence for each row: the most probable symbol at each step, or a drawn one.

    Args:
        step, state, first, sampling, end, most, least, forbidden, generator: as for `walk`.

    Returns:
        One hypothesis for each row, its score the log-probability.

    Example:
        >>> count = lambda symbols, state: (torch.eye(5)[(symbols + 1) % 5].log(), state)
        >>> [found.symbols for found in decode(count, {}, torch.tensor([0, 2, 3]), end=4, most=2)]
        [[1, 2], [3], []]
    """
    found: list[list[int]] = [[] for _ in range(len(first))]
    total, ended = [0.0] * len(first), [False] * len(first)
    more = {"end": end, "most": most, "least": least, "forbidden": forbidden, "generator": generator}
    for drawn in walk(step, state, first, sampling, **more):
        chosen = zip(drawn.rows.tolist(), drawn.symbols.tolist(), drawn.log_probabilities.tolist(), strict=True)
        for row, symbol, log_p in chosen:
            total[row] += log_p
            ended[row] = symbol == end
            if not ended[row]:
                found[row].append(symbol)
    return [Hypothesis(*each) for each in zip(found, total, total, ended, strict=True)]


def take(state: Any, rows: Tensor) -> Any:
    """Some rows of a state, in the order given, repeated or not."""
    if isinstance(state, Mapping):
        return {name: value[rows] for name, value in state.items()}
    return state.take(rows)


def without(log_probabilities: Tensor, forbidden: Sequence[int], also: int | None = None) -> Tensor:
    """Log-probabilities (m, V), -∞ for symbols that must not come."""
    never = [*forbidden] if also is None else [*forbidden, also]
    if not never:
        return log_probabilities
    return log_probabilities.index_fill(1, torch.tensor(never, device=log_probabilities.device), NEVER)


def as_bounds(most: int | Sequence[int] | Tensor, n: int, device: torch.device) -> Tensor:
    """The largest number of symbols of each row (n), int64."""
    if isinstance(most, int):
        return torch.full((n,), min(size("most", most, least=0), torch.iinfo(torch.int64).max), device=device)
    bounds = torch.as_tensor(most, device=device)
    if bounds.shape != (n,) or bounds.is_floating_point() or (bounds < 0).any():
        raise ArgumentError(f"most is {most!r}", expected=f"a whole number, or one for each of {n} rows")
    return bounds.long()
