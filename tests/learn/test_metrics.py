"""The numbers against scikit-learn's and against published ones."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.errors import ArgumentError
from elman.learn.metrics import confusion, log_loss, multi_label, single_label, wilson

NAMES = ["a", "b", "c", "d"]


def drawn(seed: int, rows: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, probabilities and predictions over four classes."""
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, 4, rows)
    probabilities = draw.dirichlet(np.ones(4), rows)
    probabilities[np.arange(rows), truth] += 0.3
    probabilities /= probabilities.sum(1, keepdims=True)
    return truth, probabilities, probabilities.argmax(1)


def test_single_label_as_scikit_learn() -> None:
    sk = pytest.importorskip("sklearn.metrics")
    truth, probabilities, predicted = drawn(0)
    numbers = single_label(truth, predicted, NAMES)
    assert numbers["accuracy"] == pytest.approx(sk.accuracy_score(truth, predicted))
    assert numbers["macro_f1"] == pytest.approx(sk.f1_score(truth, predicted, average="macro"))
    assert numbers["confusion"] == sk.confusion_matrix(truth, predicted).tolist()
    precision, recall, f1, support = sk.precision_recall_fscore_support(truth, predicted)
    for i, name in enumerate(NAMES):
        own = numbers["per_class"][name]
        assert [own["precision"], own["recall"], own["f1"], own["rows"]] == pytest.approx(
            [precision[i], recall[i], f1[i], support[i]]
        )
    assert log_loss(probabilities, truth) == pytest.approx(sk.log_loss(truth, probabilities))


def test_multi_label_as_scikit_learn() -> None:
    sk = pytest.importorskip("sklearn.metrics")
    draw = np.random.default_rng(1)
    truth, predicted = draw.random((90, 4)) < 0.3, draw.random((90, 4)) < 0.4
    numbers = multi_label(truth, predicted, NAMES)
    assert numbers["accuracy"] == pytest.approx(sk.accuracy_score(truth, predicted))
    assert numbers["micro_f1"] == pytest.approx(sk.f1_score(truth, predicted, average="micro"))
    assert numbers["macro_f1"] == pytest.approx(sk.f1_score(truth, predicted, average="macro"))


def test_unknown_classes_are_wrong() -> None:
    numbers = single_label(np.array([0, 1, -1, -1]), np.array([0, 1, 0, 1]), ["x", "y"])
    assert numbers["rows"] == 4
    assert numbers["accuracy"] == 0.5
    assert numbers["per_class"]["x"] == {"precision": 0.5, "recall": 1.0, "f1": 2 / 3, "rows": 1, "predicted": 2}
    assert numbers["confusion"] == [[1, 0], [0, 1]]


def test_classes_that_do_not_occur_and_no_rows() -> None:
    numbers = single_label(np.array([0, 0]), np.array([0, 0]), NAMES)
    assert numbers["macro_f1"] == 1.0
    nothing = np.zeros(0, dtype=int)
    assert single_label(nothing, nothing, NAMES)["accuracy"] == 0.0
    assert (single_label(nothing, nothing, NAMES)["accuracy_low"], wilson(0, 0)) == (0.0, (0.0, 1.0))
    assert math.isnan(log_loss(np.zeros((0, 2)), nothing))
    assert multi_label(np.zeros((2, 4), bool), np.zeros((2, 4), bool), NAMES)["micro_f1"] == 0.0
    assert confusion(nothing, nothing, 2).tolist() == [[0, 0], [0, 0]]


# Newcombe (1998), Two-sided confidence intervals for the single proportion, table I, method 3.
@pytest.mark.parametrize(
    ("correct", "rows", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_as_published(correct: int, rows: int, low: float, high: float) -> None:
    assert wilson(correct, rows) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share(pair: tuple[int, int]) -> None:
    correct, rows = pair
    low, high = wilson(correct, rows)
    assert 0.0 <= low <= correct / rows <= high <= 1.0
    assert wilson(rows - correct, rows) == pytest.approx((1 - high, 1 - low))


def test_arguments_that_do_not_fit() -> None:
    with pytest.raises(ArgumentError, match="5 of 3"):
        wilson(5, 3)
    with pytest.raises(ArgumentError, match=r"\(2,\).*\(3,\)"):
        single_label(np.zeros(2), np.zeros(3), NAMES)
    with pytest.raises(ArgumentError, match="shape"):
        multi_label(np.zeros((2, 3), bool), np.zeros((2, 4), bool), NAMES)
