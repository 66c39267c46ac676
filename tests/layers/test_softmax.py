"""Softmax over many classes: against torch's own, by hand, and against what sampling must give on average."""

import pytest
import torch
from torch import Tensor, nn

from elman.errors import ArgumentError
from elman.layers import softmax as softmax_file
from elman.layers.softmax import AdaptiveSoftmax, SampledSoftmax, Softmax, cross_entropy, log_probability


# float64: sums of at most 50 terms of size 10 are right to about 50 × 10 × 1.1e-16 = 6e-14.
def same(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-13)


def given(n: int, classes: int, width: int, seed: int = 0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    make = lambda *shape: torch.randn(shape, dtype=torch.float64, generator=generator).requires_grad_()  # noqa: E731
    return make(n, width), make(classes, width), make(classes), torch.randint(classes, (n,), generator=generator)


@pytest.mark.parametrize("piece", [1, 7, 50, 1 << 20])
@pytest.mark.parametrize("n", [1, 2, 13])
def test_it_is_the_cross_entropy_of_torch_in_pieces_of_any_size(
    monkeypatch: pytest.MonkeyPatch, n: int, piece: int
) -> None:
    monkeypatch.setattr(softmax_file, "PIECE", piece)
    h, weight, bias, targets = given(n, 7, 5)
    expected = nn.functional.cross_entropy(h @ weight.t() + bias, targets)
    own = cross_entropy(h, weight, bias, targets)
    same(own, expected)
    # A factor behind the loss, as the loop's weight of a process is one.
    expected_grads = torch.autograd.grad(expected * 3, (h, weight, bias))
    for found, grad in zip(torch.autograd.grad(own * 3, (h, weight, bias)), expected_grads, strict=True):
        same(found, grad)


@pytest.mark.parametrize("bias", [True, False])
def test_smoothed_targets_are_those_of_torch(monkeypatch: pytest.MonkeyPatch, bias: bool) -> None:
    monkeypatch.setattr(softmax_file, "PIECE", 20)
    h, weight, own_bias, targets = given(13, 7, 5)
    learned = (h, weight, own_bias) if bias else (h, weight)
    logits = h @ weight.t() + (own_bias if bias else 0)
    expected = nn.functional.cross_entropy(logits, targets, label_smoothing=0.1)
    own = cross_entropy(h, weight, own_bias if bias else None, targets, smoothing=0.1)
    same(own, expected)
    expected_grads = torch.autograd.grad(expected * 3, learned)
    for found, grad in zip(torch.autograd.grad(own * 3, learned), expected_grads, strict=True):
        same(found, grad)


def test_without_a_bias_and_with_few_that_learn() -> None:
    h, weight, _, targets = given(6, 9, 4)
    assert torch.autograd.gradcheck(lambda a, b: cross_entropy(a, b, None, targets), (h, weight))
    loss = cross_entropy(h.detach(), weight, None, targets)
    loss.backward()
    assert weight.grad is not None
    assert h.grad is None


def test_no_rows_and_no_gradient() -> None:
    h, weight, bias, targets = given(0, 4, 3)
    loss = cross_entropy(h, weight, bias, targets)
    loss.backward()
    assert loss.item() == 0
    assert weight.grad is not None
    assert not weight.grad.any()
    with torch.no_grad():
        assert not cross_entropy(*given(5, 4, 3)).requires_grad
    assert log_probability(h, weight, bias, targets).shape == (0,)


def test_large_logits_do_not_overflow() -> None:
    h, weight = torch.tensor([[1000.0], [-1000.0]]), torch.tensor([[1.0], [-1.0]], requires_grad=True)
    # Row 0: logits 1000 and -1000; the loss of class 1 is 2000 + log(1 + e^-2000) = 2000. Row 1 is certain of class 1.
    loss = cross_entropy(h, weight, None, torch.tensor([1, 1]))
    loss.backward()
    assert loss.item() == 1000
    assert weight.grad is not None
    assert weight.grad.tolist() == [[500.0], [-500.0]]


def test_the_first_derivative_is_a_constant() -> None:
    h, weight, bias, targets = given(3, 4, 2)
    (first,) = torch.autograd.grad(cross_entropy(h, weight, bias, targets), h, create_graph=True)
    assert not first.requires_grad


@pytest.mark.parametrize(
    "make", [Softmax, lambda d, k: SampledSoftmax(d, k, 3), AdaptiveSoftmax], ids=["full", "sampled", "adaptive"]
)
def test_loss_and_probabilities_belong_together(make: type[Softmax]) -> None:
    torch.manual_seed(0)
    own = make(8, 203).double().eval()
    h, targets = torch.randn(2, 3, 8, dtype=torch.float64), torch.randint(203, (2, 3))
    every = own.log_probabilities(h)
    same(every.exp().sum(dim=2), torch.ones(2, 3, dtype=torch.float64))
    each = every.gather(2, targets.unsqueeze(2)).squeeze(2)
    same(own.log_probability(h, targets), each)
    same(own(h, targets), -each.mean())


def test_the_sampled_sum_is_on_average_the_whole_one() -> None:
    torch.manual_seed(0)
    frequencies = torch.arange(1.0, 12.0)
    own = SampledSoftmax(3, 11, samples=20_000, frequencies=frequencies, power=1.0).double()
    nn.init.normal_(own.E)
    h, targets = torch.randn(4, 3, dtype=torch.float64), torch.tensor([0, 3, 10, 5])
    whole = -own.log_probability(h, targets)
    # Each loss alone: with a draw's weight exp(o_s)/q_s of a spread comparable to its mean, the estimate of the sum
    # from 20,000 draws is right to about 1/√20,000 = 0.7 %, and so its logarithm to 0.007; four times that.
    for i in range(4):
        assert own(h[i : i + 1], targets[i : i + 1]).item() == pytest.approx(whole[i].item(), abs=0.03)
    own.samples = 1
    losses = torch.stack([own(h[:1], targets[:1]).detach() for _ in range(200)])
    assert losses.std() > 0.03  # the law above could fail


def test_sampled_gradients_reach_drawn_and_own_classes_only() -> None:
    torch.manual_seed(0)
    own = SampledSoftmax(3, 500, samples=5)
    own(torch.randn(2, 3), torch.tensor([7, 499])).backward()
    assert own.E.grad is not None
    touched = set(own.E.grad.abs().sum(dim=1).nonzero().flatten().tolist())
    assert {7, 499} <= touched
    assert len(touched) <= 7


def test_refusals() -> None:
    with pytest.raises(ArgumentError, match="full softmax"):
        AdaptiveSoftmax(8, 50)
    with pytest.raises(ArgumentError, match="5 finite numbers above 0"):
        SampledSoftmax(2, 5, 3, frequencies=torch.tensor([1.0, 2.0, 0.0, 1.0, 1.0]))


def test_sampled_softmax_of_draws_that_are_all_the_target() -> None:
    softmax = SampledSoftmax(3, 1, samples=4).double()
    h = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    loss = softmax(h, torch.zeros(5, dtype=torch.int64))
    loss.backward()
    assert loss.item() == 0  # there is no other class
    assert h.grad is not None
    assert (h.grad == 0).all()
