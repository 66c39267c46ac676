"""The conditional random field beside an enumeration of all sequences, and beside an example worked by hand."""

import itertools
import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

from elman.errors import ArgumentError, ArgumentTypeError
from elman.layers.crf import CRF, Allowed, viterbi

# Sums of at most 4^5 terms of float64, each right to 1e-16 times a few operations.
CLOSE = 1e-11
LENGTHS = [3, 0, 5, 1, 2]


def example(tags: int = 4, seed: int = 0) -> tuple[CRF, Tensor]:
    """A field with weights drawn at random, and scores (5, 5, tags) with NaN in the padding."""
    torch.manual_seed(seed)
    crf = CRF(tags).double()
    for weight in crf.parameters():
        torch.nn.init.normal_(weight, std=2)
    x = 3 * torch.randn(len(LENGTHS), max(LENGTHS), tags, dtype=torch.float64)
    for row, length in enumerate(LENGTHS):
        x[row, length:] = math.nan
    return crf, x


def paths(crf: CRF, x: Tensor, length: int) -> Iterator[tuple[tuple[int, ...], float]]:
    """Every sequence of tags with its score, by the definition, in plain Python numbers."""
    A, b, e = (np.asarray(v.detach()) for v in (crf.A, crf.b, crf.e))
    scores = np.asarray(x.detach())
    for y in itertools.product(range(crf.tags), repeat=length):
        own = sum(float(scores[t, tag]) for t, tag in enumerate(y))
        steps = sum(float(A[i, j]) for i, j in itertools.pairwise(y))
        yield y, own + steps + (float(b[y[0]] + e[y[-1]]) if y else 0.0)


def test_an_example_worked_by_hand() -> None:
    """Two steps, two tags: the weights of the paths 00, 01, 10, 11 are 1·1·3, 1·2·1, 2·4·3 and 2·1·1, together 31."""
    crf = CRF(2).double()
    with torch.no_grad():
        crf.A.copy_(torch.tensor([[1.0, 2.0], [4.0, 1.0]], dtype=torch.float64).log())
    x = torch.tensor([[[1.0, 2.0], [3.0, 1.0]]], dtype=torch.float64).log()
    assert crf.log_partition(x).item() == pytest.approx(math.log(31), abs=1e-14)
    assert crf.log_likelihood(x, torch.tensor([[1, 0]])).item() == pytest.approx(math.log(24 / 31), abs=1e-14)
    assert crf.marginals(x)[0].flatten().tolist() == pytest.approx([5 / 31, 26 / 31, 27 / 31, 4 / 31], abs=1e-14)
    assert crf.decode(x).tolist() == [[1, 0]]


@pytest.mark.parametrize("tags", [1, 2, 4])
def test_the_sum_over_all_sequences(tags: int) -> None:
    crf, x = example(tags)
    for row, (length, found) in enumerate(zip(LENGTHS, crf.log_partition(x, LENGTHS), strict=True)):
        scores = [score for _, score in paths(crf, x[row], length)]
        assert found.item() == pytest.approx(float(np.logaddexp.reduce(scores)), rel=CLOSE, abs=CLOSE)


def test_the_probability_of_a_sequence() -> None:
    crf, x = example()
    y = torch.randint(4, (5, 5))
    found = crf.log_likelihood(x, y, LENGTHS)
    for row, length in enumerate(LENGTHS):
        scores = dict(paths(crf, x[row], length))
        expected = scores[tuple(y[row, :length].tolist())] - np.logaddexp.reduce(list(scores.values()))
        assert found[row].item() == pytest.approx(float(expected), rel=CLOSE, abs=CLOSE)
    assert found[1].item() == 0.0  # no step: one sequence, of probability 1


def test_the_probability_of_each_tag_at_each_step() -> None:
    crf, x = example()
    found = crf.marginals(x, LENGTHS)
    for row, length in enumerate(LENGTHS):
        expected = np.zeros((max(LENGTHS), 4))
        scores = dict(paths(crf, x[row], length))
        total = np.logaddexp.reduce(list(scores.values()))
        for y, score in scores.items():
            for t, tag in enumerate(y):
                expected[t, tag] += math.exp(score - total)
        torch.testing.assert_close(found[row], torch.from_numpy(expected), rtol=CLOSE, atol=CLOSE)


def test_the_best_sequence() -> None:
    crf, x = example()
    found = crf.decode(x, LENGTHS)
    for row, length in enumerate(LENGTHS):
        best, _ = max(paths(crf, x[row], length), key=lambda path: path[1])
        assert found[row].tolist() == [*best, *[0] * (max(LENGTHS) - length)]


def test_the_best_sequence_of_those_allowed() -> None:
    """Like B, I and O: I stands only after B or I; here nothing may end in B either."""
    crf, x = example(3)
    follows = torch.tensor([[True, True, True], [True, True, True], [True, False, True]])
    first, last = torch.tensor([True, False, True]), torch.tensor([False, True, True])
    found = viterbi(x, crf.A.detach(), crf.b.detach(), crf.e.detach(), LENGTHS, Allowed(first, follows, last))
    for row, length in enumerate(LENGTHS):
        permitted = [
            (y, score)
            for y, score in paths(crf, x[row], length)
            if not y or (first[y[0]] and last[y[-1]] and all(follows[i, j] for i, j in itertools.pairwise(y)))
        ]
        best, _ = max(permitted, key=lambda path: path[1])
        assert found[row, :length].tolist() == list(best)
        assert found[row, length:].tolist() == [0] * (max(LENGTHS) - length)


def test_a_step_that_allows_nothing_is_decoded_all_the_same() -> None:
    nothing = torch.zeros(2, dtype=torch.bool)
    allowed = Allowed(nothing, torch.ones(2, 2, dtype=torch.bool), ~nothing)
    x = torch.tensor([[[0.0, 1.0]]])
    assert viterbi(x, torch.zeros(2, 2), torch.zeros(2), torch.zeros(2), None, allowed).tolist() == [[1]]


def test_the_gradients() -> None:
    crf, x = example(3)
    x = x.nan_to_num(0.0)
    y = torch.randint(3, (5, 5))

    def likelihood(x: Tensor, A: Tensor, b: Tensor, e: Tensor) -> Tensor:
        weights = {"sums.cells.l0.A": A, "b": b, "e": e}
        return torch.func.functional_call(crf, weights, (x, y), strict=True)

    crf.forward = lambda x, y: crf.log_likelihood(x, y, LENGTHS)
    given = [v.detach().clone().requires_grad_() for v in (x, crf.A, crf.b, crf.e)]
    assert torch.autograd.gradcheck(likelihood, given)


def test_padding_never_reaches_a_gradient() -> None:
    crf, x = example()
    x.requires_grad_()
    crf.log_likelihood(x, torch.zeros(5, 5, dtype=torch.int64), LENGTHS).sum().backward()
    assert x.grad is not None
    for row, length in enumerate(LENGTHS):
        assert torch.isfinite(x.grad[row, :length]).all()
        assert not x.grad[row, length:].any()
    for weight in crf.parameters():
        assert weight.grad is not None
        assert torch.isfinite(weight.grad).all()


def test_long_sequences_and_large_scores_do_not_overflow() -> None:
    """Without transitions the steps are independent, so that the sum is a product over the steps."""
    x = 500 * torch.randn(2, 400, 3)
    found = CRF(3).log_partition(x)
    expected = torch.logsumexp(x.double(), dim=2).sum(dim=1)
    # 400 roundings of a sum of about 1e5, each of at most 6e-8 of it.
    torch.testing.assert_close(found.double(), expected, rtol=400 * 6e-8, atol=0.0)


@pytest.mark.parametrize("shape", [(0, 4, 3), (2, 0, 3)], ids=["no rows", "no steps"])
def test_nothing_at_all(shape: tuple[int, int, int]) -> None:
    crf, x = CRF(3), torch.zeros(shape)
    assert crf.log_likelihood(x, torch.zeros(shape[:2], dtype=torch.int64)).tolist() == [0.0] * shape[0]
    assert crf.decode(x).shape == shape[:2]
    assert crf.marginals(x).shape == shape


def test_what_does_not_fit_is_refused() -> None:
    crf, x = CRF(3), torch.zeros(2, 4, 3)
    with pytest.raises(ArgumentError, match=r"shape \(2, 4, 2\). Expected \(n, T, 3\)"):
        crf.decode(x[..., :2])
    with pytest.raises(ArgumentError, match=r"the tags have shape \(2, 3\)"):
        crf.log_likelihood(x, torch.zeros(2, 3, dtype=torch.int64))
    with pytest.raises(ArgumentError, match=r"the tags are from 0 to 3\. Expected 0 to 2"):
        crf.log_likelihood(x, torch.tensor([[0, 1, 2, 3], [0, 0, 0, 0]]))
    crf.log_likelihood(x, torch.tensor([[0, 1, 2, -1], [0, 0, 0, 9]]), lengths=[3, 3])  # beyond the lengths
    with pytest.raises(ArgumentTypeError, match=r"of type torch\.float32"):
        crf.log_likelihood(x, torch.zeros(2, 4))
    with pytest.raises(ArgumentError):
        CRF(0)


@pytest.mark.parametrize("value", [100.0, -300.0])
def test_large_transitions_do_not_overflow(value: float) -> None:
    """All of them alike, each step but the first adds them: rows of 3, 0, 5, 1 and 2 steps."""
    x = torch.randn(5, 5, 3)
    crf = CRF(3)
    expected = crf.log_partition(x, LENGTHS).detach() + value * torch.tensor([2.0, 0.0, 4.0, 0.0, 1.0])
    with torch.no_grad():
        crf.A.fill_(value)
    # Float32 holds numbers of about 1000 to 6e-5, and there are at most five sums.
    torch.testing.assert_close(crf.log_partition(x, LENGTHS).detach(), expected, rtol=0.0, atol=5 * 6e-5)
