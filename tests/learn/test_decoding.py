"""Decoding against every sequence there is, and against distributions worked out by hand."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from elman.errors import ArgumentError
from elman.learn.beam import beam_search
from elman.learn.decoding import GREEDY, Sampling, decode, walk

V, END, MOST = 4, 3, 4


class Tiny:
    """A network of V symbols whose probabilities depend on all symbols so far, and on the row."""

    def __init__(self, seed: int = 0, symbols: int = V) -> None:
        random = torch.Generator().manual_seed(seed)
        self.A = torch.randn(5, 5, generator=random, dtype=torch.float64)
        self.E = torch.randn(symbols, 5, generator=random, dtype=torch.float64)
        self.O = 2 * torch.randn(5, symbols, generator=random, dtype=torch.float64)
        self.steps: list[int] = []  # rows of each call

    def start(self, n: int, seed: int = 1) -> dict[str, Tensor]:
        return {"h": torch.randn(n, 5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)}

    def __call__(self, symbols: Tensor, state: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        self.steps.append(len(symbols))
        h = torch.tanh(state["h"] @ self.A + self.E[symbols])
        return (h @ self.O).log_softmax(dim=1), {"h": h}

    def log_p(self, h: Tensor, sequence: tuple[int, ...]) -> float:
        """Of one sequence, symbol after symbol, in NumPy."""
        A, E, out, state = self.A.numpy(), self.E.numpy(), self.O.numpy(), h.numpy()
        total, last = 0.0, 0
        for symbol in sequence:
            state = np.tanh(state @ A + E[last])
            logits = state @ out
            total += logits[symbol] - math.log(np.exp(logits).sum())
            last = symbol
        return total


def sequences(most: int) -> list[tuple[int, ...]]:
    """Every sequence of V symbols that ends within the bound, the end included."""
    others = [symbol for symbol in range(V) if symbol != END]
    return [(*s, END) for length in range(most + 1) for s in itertools.product(others, repeat=length)]


@pytest.mark.parametrize("penalty", [0.0, 1.0, -0.5])
def test_a_wide_beam_finds_what_an_exhaustive_search_finds(penalty: float):
    tiny, n = Tiny(), 3
    state = tiny.start(n)
    found = beam_search(
        tiny, state, torch.zeros(n, dtype=torch.long), end=END, most=MOST, width=400, best=5, length_penalty=penalty
    )
    for row in range(n):
        scored = [(tiny.log_p(state["h"][row], s) / ((5 + len(s)) / 6) ** penalty, s[:-1]) for s in sequences(MOST - 1)]
        expected = sorted(scored, reverse=True)[:5]
        assert [tuple(one.symbols) for one in found[row]] == [s for _, s in expected]
        # Sums of at most five numbers of size 10 in float64, in two ways.
        np.testing.assert_allclose([one.score for one in found[row]], [score for score, _ in expected], rtol=1e-12)
        assert all(one.ended for one in found[row])


def test_every_hypothesis_of_a_narrow_beam_has_the_probability_it_claims():
    tiny = Tiny(3)
    state = tiny.start(2)
    found = beam_search(tiny, state, torch.zeros(2, dtype=torch.long), end=END, most=6, width=3, best=3)
    for row, hypotheses in enumerate(found):
        assert len(hypotheses) == 3
        for one in hypotheses:
            whole = (*one.symbols, END) if one.ended else tuple(one.symbols)
            assert one.log_probability == pytest.approx(tiny.log_p(state["h"][row], whole), rel=1e-12)
            assert one.score == pytest.approx(one.log_probability / ((5 + len(whole)) / 6), rel=1e-12)


def test_a_beam_of_one_is_greedy_and_a_row_alone_is_as_in_a_batch():
    for seed in range(8):
        tiny, n = Tiny(seed), 5
        state, first, bounds = tiny.start(n, seed), torch.tensor([0, 1, 2, 0, 1]), [6, 0, 3, 1, 6]
        greedy = decode(tiny, state, first, end=END, most=bounds)
        narrow = beam_search(tiny, state, first, end=END, most=bounds, width=1, length_penalty=0)
        several = beam_search(tiny, state, first, end=END, most=bounds, width=3, best=2)
        for row in range(n):
            here = {"h": state["h"][row : row + 1]}
            own = [bounds[row]]
            alone = decode(tiny, here, first[row : row + 1], end=END, most=own)[0]
            assert (greedy[row].symbols, greedy[row].ended) == (alone.symbols, alone.ended)
            if not bounds[row]:
                assert (narrow[row], several[row], greedy[row].symbols) == ([], [], [])
                continue
            assert (narrow[row][0].symbols, narrow[row][0].ended) == (alone.symbols, alone.ended)
            assert narrow[row][0].log_probability == pytest.approx(alone.log_probability, rel=1e-12)
            beside = beam_search(tiny, here, first[row : row + 1], end=END, most=own, width=3, best=2)[0]
            assert [one.symbols for one in several[row]] == [one.symbols for one in beside]


def test_a_beam_is_never_worse_than_greedy_on_its_own_scale():
    """Where width 2 loses the greedy prefix it has found better ones at that length; at the end of all it may not."""
    better = 0
    for seed in range(20):
        tiny = Tiny(seed)
        state, first = tiny.start(1, seed), torch.tensor([0])
        greedy = decode(tiny, state, first, end=END, most=MOST)[0]
        wide = beam_search(tiny, state, first, end=END, most=MOST, width=200, length_penalty=0)[0][0]
        if greedy.ended:
            assert wide.log_probability >= greedy.log_probability - 1e-12
            better += wide.log_probability > greedy.log_probability + 1e-9
    assert better  # the search finds more than the first way on some of these


def test_rows_that_have_ended_are_not_computed():
    tiny = Tiny()
    ids = torch.zeros(40, dtype=torch.long)
    drawn = list(walk(tiny, tiny.start(40), ids, Sampling(), end=END, most=30, generator=_seeded(0)))
    alive = [40] + [int((one.symbols != END).sum()) for one in drawn]
    assert tiny.steps == [rows for rows in alive[:30] if rows]
    assert tiny.steps[-1] < 40
    tiny.steps.clear()
    beam_search(tiny, tiny.start(40), ids, end=END, most=30, width=2)
    assert tiny.steps[:2] == [40, 80]
    assert tiny.steps[-1] < 80


def test_forbidden_symbols_never_come_and_the_end_not_too_early():
    tiny = Tiny()
    state, first = tiny.start(50), torch.zeros(50, dtype=torch.long)
    for one in decode(tiny, state, first, Sampling(), end=END, most=9, least=2, forbidden=[1], generator=_seeded(1)):
        assert 1 not in one.symbols
        assert len(one.symbols) >= 2
    for row in beam_search(tiny, state, first, end=END, most=9, width=3, best=3, forbidden=[0, 1]):
        assert all(set(one.symbols) <= {2} for one in row)


@pytest.mark.parametrize("penalty", [-100, 100])
def test_the_largest_penalties_of_length_are_numbers(penalty: int) -> None:
    """Also of sequences of thousands of symbols, the power of whose length is no float."""

    def step(symbols: Tensor, state: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        return torch.tensor([[-0.5, -1.0, -9.0, -torch.inf]]).expand(len(symbols), 4), state

    for most in (3, 9000):
        [[found]] = beam_search(step, {}, torch.tensor([0]), end=END, most=most, width=1, length_penalty=penalty)
        assert len(found.symbols) == most
        assert -math.inf < found.score <= 0
    for other in (2 * penalty, 5000, math.nan):
        with pytest.raises(ArgumentError, match="of at least -100 and of at most 100"):
            beam_search(step, {}, torch.tensor([0]), end=END, most=3, length_penalty=other)


def test_nothing_to_decode():
    tiny = Tiny()
    none = torch.zeros(0, dtype=torch.long)
    assert decode(tiny, tiny.start(0), none, end=END, most=3) == []
    assert beam_search(tiny, tiny.start(0), none, end=END, most=3) == []


def _seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _share_test(counts: np.ndarray, p: np.ndarray) -> None:
    """χ² of counts against probabilities; its 99.9999 % quantile lies below k + 5.2 √(2 k) + 18 for k = 1 … 100."""
    total = counts.sum()
    assert (counts[p == 0] == 0).all()
    kept = p > 0
    k = kept.sum() - 1
    chi = ((counts[kept] - total * p[kept]) ** 2 / (total * p[kept])).sum()
    assert chi < k + 5.2 * math.sqrt(2 * k) + 18


P = np.array([0.4, 0.25, 0.2, 0.1, 0.05])


def _tempered(p: np.ndarray, temperature: float) -> np.ndarray:
    q = p ** (1 / temperature)
    return q / q.sum()


@pytest.mark.parametrize(
    ("sampling", "expected"),
    [
        (Sampling(), P),
        (Sampling(temperature=0.5), P**2 / (P**2).sum()),
        (Sampling(temperature=3.0), _tempered(P, 3.0)),
        (Sampling(top_k=2), np.array([0.4, 0.25, 0, 0, 0]) / 0.65),
        (Sampling(top_k=9), P),
        (Sampling(top_p=0.65 - 1e-9), np.array([0.4, 0.25, 0, 0, 0]) / 0.65),  # the fewest with 0.65: two
        (Sampling(top_p=0.65 + 1e-9), np.array([0.4, 0.25, 0.2, 0, 0]) / 0.85),  # two are not enough
        (Sampling(top_p=0.01), np.array([1.0, 0, 0, 0, 0])),
        (Sampling(top_k=3, top_p=0.7), np.array([0.4, 0.25, 0, 0, 0]) / 0.65),  # of 0.85, 0.65 is 76 %
        (GREEDY, np.array([1.0, 0, 0, 0, 0])),
    ],
    ids=["own", "cold", "hot", "two", "all", "nucleus", "nucleus+", "first", "both", "greedy"],
)
def test_symbols_are_drawn_with_their_probabilities(sampling: Sampling, expected: np.ndarray):
    log_p = torch.from_numpy(P[[3, 0, 4, 2, 1]]).log().unsqueeze(0)  # in another order than their size
    own = sampling.distribution(log_p)
    order = [1, 4, 3, 0, 2]  # of the largest, …
    np.testing.assert_allclose(own.exp()[0, order], expected, atol=1e-12)
    symbols = sampling.choose(own.expand(20_000, 5), _seeded(5))
    counts = torch.bincount(symbols, minlength=5).numpy()[order]
    _share_test(counts, expected)


def test_whole_sequences_are_drawn_with_their_probabilities():
    """The state is carried, and finished rows are dropped, without any change of what is drawn."""
    tiny, n = Tiny(7), 30_000
    state = {"h": tiny.start(1)["h"].expand(n, 5)}
    found = decode(tiny, state, torch.zeros(n, dtype=torch.long), Sampling(), end=END, most=3, generator=_seeded(2))
    counts: dict[tuple[int, ...], int] = {}
    for one in found:
        whole = (*one.symbols, END) if one.ended else tuple(one.symbols)
        counts[whole] = counts.get(whole, 0) + 1
    every = [*sequences(2), *itertools.product([0, 1, 2], repeat=3)]
    p = np.array([math.exp(tiny.log_p(state["h"][0], s)) for s in every])
    assert p.sum() == pytest.approx(1, rel=1e-12)
    rare = p * n < 5  # for χ² each cell needs a few
    seen = np.array([counts.get(s, 0) for s in every])
    assert seen.sum() == n
    _share_test(np.append(seen[~rare], seen[rare].sum()), np.append(p[~rare], p[rare].sum()))


def test_a_very_low_temperature_is_greedy_and_no_error():
    log_p = torch.tensor([[-1000.0, -999.0, -2000.0], [-0.1, -2.0, -torch.inf]])
    assert Sampling(temperature=1e-6).choose(Sampling(temperature=1e-6).distribution(log_p)).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("temperature", "p"), [(1e-50, [0, 1, 0]), (1e-300, [0, 1, 0]), (1e50, [0.5, 0.5, 0]), (1e300, [0.5, 0.5, 0])]
)
def test_no_temperature_is_too_low_or_too_high(temperature: float, p: list[float]):
    """Also those that a number of 32 bits cannot hold, where they are 0 or ∞."""
    log_p = torch.tensor([[-2.0, -0.1, -torch.inf]])
    assert Sampling(temperature=temperature).distribution(log_p).exp().tolist() == [p]


def test_a_bound_beyond_all_numbers_is_one():
    tiny = Tiny()
    steps = walk(tiny, tiny.start(1), torch.tensor([0]), most=10**30, generator=_seeded(1))
    assert len(list(itertools.islice(steps, 5))) == 5


def test_repetition_by_hand():
    """θ = 2 squares the probability of what has occurred: 0.5, 0.3, 0.2 → 0.25, 0.3, 0.04."""
    log_p, before = torch.tensor([[0.5, 0.3, 0.2]], dtype=torch.float64).log(), torch.tensor([[0, 2, 0]])
    own = Sampling(repetition=2.0).distribution(log_p, before).exp()
    np.testing.assert_allclose(own[0], np.array([0.25, 0.3, 0.04]) / 0.59, rtol=1e-12)
    own = Sampling(repetition=2.0, window=1).distribution(log_p, before).exp()
    np.testing.assert_allclose(own[0], np.array([0.25, 0.3, 0.2]) / 0.75, rtol=1e-12)


@pytest.mark.parametrize("run", [1, 2, 3])
def test_no_run_of_symbols_occurs_twice(run: int):
    tiny = Tiny(4, symbols=6)
    first = torch.zeros(20, dtype=torch.long)
    most = 6 if run == 1 else 15
    drawn = list(walk(tiny, tiny.start(20), first, Sampling(no_repeat=run), most=most, generator=_seeded(3)))
    symbols = torch.stack([one.symbols for one in drawn], dim=1)
    for row in symbols.tolist():
        runs = [tuple(row[i : i + run]) for i in range(len(row) - run + 1)]
        assert len(set(runs)) == len(runs)
    free = list(walk(tiny, tiny.start(20), first, Sampling(), most=most, generator=_seeded(3)))
    row = torch.stack([one.symbols for one in free], dim=1)[0].tolist()
    assert len(set(row)) < len(row)  # without the rule they do


def test_no_rule_stops_a_row_for_good():
    """All symbols have occurred: the rule against repetition gives way."""
    tiny = Tiny(symbols=3)
    drawn = list(walk(tiny, tiny.start(1), torch.tensor([0]), Sampling(no_repeat=1), most=5, generator=_seeded(1)))
    assert sorted(int(one.symbols) for one in drawn[:3]) == [0, 1, 2]
    assert len(drawn) == 5


def test_the_log_probabilities_are_the_networks_own():
    tiny = Tiny(2)
    state = tiny.start(1)
    sampling = Sampling(temperature=2.0, top_k=2, repetition=1.3)
    drawn = list(walk(tiny, state, torch.tensor([0]), sampling, most=5, generator=_seeded(4)))
    sequence = tuple(int(one.symbols) for one in drawn)
    total = sum(float(one.log_probabilities) for one in drawn)
    assert total == pytest.approx(tiny.log_p(state["h"][0], sequence), rel=1e-12)
    assert drawn[0].all.exp().sum() == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": -1.0},
        {"temperature": math.nan},
        {"top_k": -1},
        {"top_p": 0.0},
        {"top_p": 1.5},
        {"repetition": 0.5},
        {"repetition": 1e39},
        {"no_repeat": -1},
    ],
    ids=lambda wrong: "".join(f"{name}={value}" for name, value in wrong.items()),
)
def test_wrong_numbers_are_named(wrong: dict[str, float]):
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        Sampling(**wrong)  # pyright: ignore[reportArgumentType]


def test_wrong_bounds():
    tiny = Tiny()
    with pytest.raises(ArgumentError, match="most"):
        decode(tiny, tiny.start(2), torch.zeros(2, dtype=torch.long), end=END, most=[1, 2, 3])
    with pytest.raises(ArgumentError, match="width"):
        beam_search(tiny, tiny.start(2), torch.zeros(2, dtype=torch.long), end=END, most=3, width=0)
    with pytest.raises(ArgumentError, match="width is 1001"):
        beam_search(tiny, tiny.start(2), torch.zeros(2, dtype=torch.long), end=END, most=3, width=1001)
