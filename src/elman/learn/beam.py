"""Beam search: the most probable whole sequences, several prefixes of each row kept at every step."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from elman.arguments import number, size
from elman.learn.decoding import NEVER, Hypothesis, Step, as_bounds, take, without


@torch.no_grad()
def beam_search(
    step: Step,
    state: Any,
    first: Tensor,
    *,
    end: int,
    most: int | Sequence[int] | Tensor,
    width: int = 5,
    best: int = 1,
    length_penalty: float = 1.0,
    forbidden: Sequence[int] = (),
) -> list[list[Hypothesis]]:
    """The best sequences of each row that a search with a bounded number of prefixes finds.

        score(y) = log p(y) / ((5 + |y|) / 6)^α        |y|: symbols, the end included

    At each step the prefixes of a row are continued in every way, and the `width` best that do not end are kept. One
    that ends, and is among the `width` best continuations, is a hypothesis; with `width` of them the search of a row
    is over. With width = 1 it is the greedy one; wide enough, it finds what an exhaustive search does.

    Args:
        step: symbols (m) and a state → log-probabilities (m, V) and the next state. The rows of a sequence stand side
            by side, equally many of each.
        state, first: of n rows, as for `elman.learn.decoding.walk`.
        end: the symbol that ends a sequence.
        most: bound on the symbols of all rows, or of each (n), the end among them.
        width: prefixes of a row, at most 1,000.
        best: hypotheses returned for each row, at most `width`.
        length_penalty: α, from -100 to 100; 0 compares log-probabilities, which favours short sequences.
        forbidden: symbols that never come.

    Returns:
        For each row up to `best` hypotheses, the best first; those that ended before those that met the bound.

    Raises:
        ArgumentError, ArgumentTypeError: a number out of its bounds.

    Example:
        >>> p = torch.tensor([[0.0, 0.55, 0.45, 0.0], [0.0, 0.3, 0.3, 0.4], [0.0, 0.05, 0.05, 0.9], [0.0, 0, 0, 1]])
        >>> step = lambda symbols, state: (p[symbols].log(), state)
        >>> [found] = beam_search(step, {}, torch.tensor([0]), end=3, most=5, width=2, best=2, length_penalty=0)
        >>> [(one.symbols, round(one.log_probability, 2)) for one in found]      # greedy would have begun with 1
        [([2], -0.9), ([1], -1.51)]

    Source: the penalty is that of Y. Wu et al., "Google's neural machine translation system", arXiv:1609.08144 (2016).
    """
    width, best = size("width", width, most=1000), size("best", best)
    penalty = number("length_penalty", length_penalty, least=-100, most=100)
    search = _Search(width, min(best, width), penalty, end, len(first))
    search.run(step, state, first, as_bounds(most, len(first), first.device), forbidden)
    return search.results()


class _Search:
    """What was found so far, and how prefixes are continued.

    Args:
        width, best, penalty, end: as above.
        n: rows.
    """

    def __init__(self, width: int, best: int, penalty: float, end: int, n: int) -> None:
        self.width, self.best, self.penalty, self.end = width, best, penalty, end
        self.found: list[list[Hypothesis]] = [[] for _ in range(n)]

    def run(self, step: Step, state: Any, first: Tensor, bounds: Tensor, forbidden: Sequence[int]) -> None:
        """Search all rows, step after step; those that are done are left out."""
        live = (bounds > 0).nonzero().squeeze(1)  # numbers of the rows still searched (r)
        if len(live) < len(first):
            state, first = take(state, live), first[live]
        total = torch.zeros(len(live), 1, device=first.device)  # log p of each prefix (r, k)
        symbols, history = first, first.new_empty(len(first), 0)  # of all prefixes: (r k), (r k, t)
        done = 0
        while len(live):
            log_p, state = step(symbols, state)
            total, prefix, symbols = self.continued(without(log_p, forbidden), total)  # each (r, 2 width)
            history = torch.cat([history[prefix], symbols.unsqueeze(2)], dim=2)
            done += 1
            self.ends(live, total, history, done)
            total, prefix, history = self.kept(total, prefix, history)  # (r, width), …
            over = self.over(live) | (bounds[live] <= done) | torch.isneginf(total).all(dim=1)
            self.cut(live[over], total[over], history[over], done)
            going = (~over).nonzero().squeeze(1)
            if len(going) < len(live):
                live, total, prefix, history = live[going], total[going], prefix[going], history[going]
            history = history.flatten(0, 1)
            state, symbols = take(state, prefix.flatten()), history[:, -1]

    def continued(self, log_p: Tensor, total: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The 2 width best continuations of each row, enough for width of them not to end.

        Args:
            log_p: of the next symbol (r k, V).
            total: of the prefixes (r, k).

        Returns:
            log p (r, 2 width), the prefix's number among r k, and the symbol; -∞ where there are fewer.
        """
        r, k = total.shape
        each = min(2 * self.width, log_p.shape[1])
        values, symbols = log_p.topk(each, dim=1)  # (r k, each): no prefix has more among the best of its row
        sums = (total.view(-1, 1).to(values.dtype) + values).view(r, k * each)
        chosen = sums.topk(min(2 * self.width, k * each), dim=1)
        prefix = chosen.indices // each + k * torch.arange(r, device=total.device).unsqueeze(1)
        return chosen.values, prefix, symbols.view(r, -1).gather(1, chosen.indices)

    def ends(self, live: Tensor, total: Tensor, history: Tensor, length: int) -> None:
        """Note the continuations that end, of the `width` best of each row."""
        ended = (history[:, : self.width, -1] == self.end) & ~torch.isneginf(total[:, : self.width])
        for row, place in ended.nonzero().tolist():
            self._note(int(live[row]), float(total[row, place]), history[row, place, :-1].tolist(), length, ended=True)

    def kept(self, total: Tensor, prefix: Tensor, history: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The `width` best continuations of each row that do not end."""
        open_ = total.masked_fill(history[:, :, -1] == self.end, NEVER)
        open_, order = open_.topk(min(self.width, open_.shape[1]), dim=1)
        wide = order.unsqueeze(2).expand(-1, -1, history.shape[2])
        return open_, prefix.gather(1, order), history.gather(1, wide)

    def over(self, live: Tensor) -> Tensor:
        """Which rows have enough hypotheses (r)."""
        enough = [len(self.found[row]) >= self.width for row in live.tolist()]
        return torch.tensor(enough, dtype=torch.bool, device=live.device)

    def cut(self, rows: Tensor, total: Tensor, history: Tensor, length: int) -> None:
        """Note the open prefixes of rows that have met their bound, where fewer have ended than are wanted."""
        for i, row in enumerate(rows.tolist()):
            for place in range(total.shape[1] if len(self.found[row]) < self.best else 0):
                value = float(total[i, place])
                if value > NEVER:
                    self._note(row, value, history[i, place].tolist(), length, ended=False)

    def results(self) -> list[list[Hypothesis]]:
        """The best of each row, in order."""
        return [sorted(row, key=lambda one: (not one.ended, -one.score))[: self.best] for row in self.found]

    def _note(self, row: int, log_p: float, symbols: list[int], length: int, *, ended: bool) -> None:
        power = min(-self.penalty * math.log((5 + length) / 6), 700.0)  # e^710 is no number any more
        score = log_p * math.exp(power)
        self.found[row].append(Hypothesis(symbols, log_p, score, ended))
