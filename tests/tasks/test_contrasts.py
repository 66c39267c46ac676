"""The contrasts: the bag of words against scikit-learn's tf-idf and logistic regression, the window against its law."""

from typing import Any

import numpy as np
import pytest
import torch

from elman.data.ragged import Ragged
from elman.tasks.classify import bag_of_words
from elman.tasks.classify.bag_of_words import BagOfWords
from elman.tasks.classify.contrasts import Window, majority

SIZE = 30


def ragged(rows: list[list[int]]) -> Ragged:
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    return Ragged(np.array([s for row in rows for s in row], dtype=np.int32), offsets)


def texts(n: int, classes: int, seed: int) -> tuple[list[list[int]], np.ndarray]:
    """Rows of 0 to 19 symbols; class k uses symbols 5k … 5k+4 oftener."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=n)
    rows: list[list[int]] = []
    for label in labels:
        own = rng.random(20) < 0.15
        symbols = np.where(own, 5 * label + rng.integers(5, size=20), rng.integers(SIZE, size=20))
        rows.append(symbols[: rng.integers(0, 20)].tolist())
    return rows, labels


def tfidf(rows: list[list[int]], others: list[list[int]]) -> tuple[Any, Any]:
    text = pytest.importorskip("sklearn.feature_extraction.text")
    vectorizer = text.TfidfVectorizer(
        analyzer=lambda row: map(str, row), vocabulary={str(s): s for s in range(SIZE)}, sublinear_tf=True
    )
    return vectorizer.fit_transform(rows), vectorizer.transform(others)


def softmax(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize("classes", [2, 4])
def test_bag_of_words_is_scikit_learns(classes: int, balanced: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    monkeypatch.setattr(bag_of_words, "STRENGTHS", (0.5,))
    rows, labels = texts(300, classes, seed=0)
    others, _ = texts(50, classes, seed=1)
    targets = torch.eye(classes)[labels]
    weights = torch.tensor(len(labels) / (classes * np.bincount(labels))).float() if balanced else None
    bag = BagOfWords(SIZE).fit(ragged(rows), targets, ragged(rows), targets, weights)
    x, z = tfidf(rows, others)
    peer = linear.LogisticRegression(C=2.0, tol=1e-8, max_iter=1000, class_weight="balanced" if balanced else None)
    expected = peer.fit(x, labels).predict_proba(z)
    if classes == 2:  # scikit-learn has one column of weights here, so its penalty on the difference is half of ours
        peer = linear.LogisticRegression(C=4.0, tol=1e-8, max_iter=1000, class_weight=peer.class_weight)
        expected = peer.fit(x, labels).predict_proba(z)
    np.testing.assert_allclose(softmax(bag.logits(ragged(others))), expected, atol=2e-3)


def test_bag_of_words_with_several_labels_is_scikit_learns(monkeypatch: pytest.MonkeyPatch) -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    monkeypatch.setattr(bag_of_words, "STRENGTHS", (0.5,))
    rows, labels = texts(300, 4, seed=0)
    targets = torch.eye(4)[labels] + torch.eye(4)[(labels + 1) % 4] * torch.from_numpy(labels % 2)[:, None]
    bag = BagOfWords(SIZE, multi=True).fit(ragged(rows), targets, ragged(rows), targets)
    x, z = tfidf(rows, rows[:40])
    logits = bag.logits(ragged(rows[:40]))
    for k in range(4):
        peer = linear.LogisticRegression(C=1 / (0.5 * 4), tol=1e-8, max_iter=1000).fit(x, targets[:, k].numpy())
        np.testing.assert_allclose(logits[:, k], peer.decision_function(z), atol=5e-3)


def test_bag_of_words_is_blind_to_order_and_takes_the_best_penalty() -> None:
    rows, labels = texts(400, 2, seed=0)
    held, held_labels = texts(200, 2, seed=1)
    targets, held_targets = torch.eye(2)[labels], torch.eye(2)[held_labels]
    bag = BagOfWords(SIZE).fit(ragged(rows), targets, ragged(held), held_targets)
    backwards = [row[::-1] for row in held]
    np.testing.assert_array_equal(bag.logits(ragged(held)), bag.logits(ragged(backwards)))
    assert (bag.logits(ragged(held)).argmax(1) == held_labels).mean() > 0.65

    losses = {}
    for strength in bag_of_words.STRENGTHS:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bag_of_words, "STRENGTHS", (strength,))
            one = BagOfWords(SIZE).fit(ragged(rows), targets, ragged(held), held_targets)
        p = softmax(one.logits(ragged(held)))
        losses[strength] = -np.log(p[np.arange(200), held_labels]).mean()
    assert bag.strength * 400 == pytest.approx(min(losses, key=lambda s: losses[s]))


def test_bag_of_words_of_empty_texts_says_the_shares_of_the_classes() -> None:
    empty = ragged([[]] * 4)
    targets = torch.eye(2)[[0, 0, 0, 1]]
    bag = BagOfWords(SIZE).fit(empty, targets, empty, targets)
    np.testing.assert_allclose(softmax(bag.logits(ragged([[]]))), [[0.75, 0.25]], atol=1e-4)


def test_majority_counts_sets_and_breaks_ties_by_the_alphabet() -> None:
    assert majority([("b",), ("a",), ("b",)]) == ("b",)
    assert majority([("b",), ("a",)]) == ("a",)
    assert majority([("a", "b"), ("a",), ("a", "b"), ()]) == ("a", "b")


def test_the_window_sees_its_first_symbols_only() -> None:
    window = Window(SIZE, 2, width=3, embedding=4, hidden=5)
    ids = torch.tensor([[4, 5, 6, 7, 8], [4, 5, 6, 9, 9], [4, 5, 9, 7, 8]])
    logits = window(ids)
    assert torch.equal(logits[0], logits[1])
    assert not torch.equal(logits[0], logits[2])
    torch.testing.assert_close(window(ids, lengths=[2, 2, 2]), window(ids[:, :2], lengths=[2, 2, 2]))
