"""Labels as numbers, scores with labels never seen, and the sentence that says which model is better."""

from typing import Any

import numpy as np
import pytest

from elman.learn.label_scores import decide, indices, known, one_hot, score
from elman.tasks.classify.inference import probabilities_of
from elman.tasks.classify.preparation import class_weights
from elman.tasks.classify.results import table, verdict


def test_a_label_never_seen_counts_as_wrong() -> None:
    truth, predicted = [("a",), ("b",), ("z",), ("z",)], [("a",), ("b",), ("a",), ("b",)]
    result = score(truth, predicted, ["a", "b"], multi=False, probabilities=np.full((4, 2), 0.5))
    assert result["accuracy"] == 0.5
    assert result["classes"] == ["a", "b", "z"]
    assert result["unseen_labels"] == {"z": 2}
    assert result["confusion"] == [[1, 0, 0], [0, 1, 0], [1, 1, 0]]
    assert result["per_class"]["z"]["recall"] == 0
    assert result["log_loss"] == pytest.approx(np.log(2))


def test_an_unseen_label_among_several_makes_its_row_wrong() -> None:
    result = score([("a", "z"), ("a",)], [("a",), ("a",)], ["a", "b"], multi=True)
    assert result["accuracy"] == 0.5
    assert result["unseen_labels"] == {"z": 1}
    assert result["micro_f1"] == pytest.approx(2 * 2 / (2 + 3))


def test_scores_are_scikit_learns() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    classes = ["a", "b", "c"]
    truth, p = rng.integers(3, size=200), rng.dirichlet([1, 1, 1], size=200)
    labels, predicted = [(classes[k],) for k in truth], decide(p, classes, multi=False)
    result = score(labels, predicted, classes, multi=False, probabilities=p)
    assert result["accuracy"] == pytest.approx(metrics.accuracy_score(truth, p.argmax(1)))
    assert result["macro_f1"] == pytest.approx(metrics.f1_score(truth, p.argmax(1), average="macro"))
    assert result["log_loss"] == pytest.approx(metrics.log_loss(truth, p))


def test_labels_as_numbers() -> None:
    assert indices([("b",), ("?",)], ["a", "b"]).tolist() == [1, -1]
    assert one_hot([(), ("b", "?")], ["a", "b"]).tolist() == [[False, False], [False, True]]
    assert known([("b",), ("b", "?"), ()], ["a", "b"]).tolist() == [True, False, True]


def test_probabilities_of_huge_logits_are_finite() -> None:
    huge = np.array([[1e4, -1e4]])
    assert probabilities_of(huge, multi=False).tolist() == [[1.0, 0.0]]
    assert probabilities_of(huge, multi=True).tolist() == [[1.0, 0.0]]


def test_balanced_weights_are_scikit_learns() -> None:
    utils = pytest.importorskip("sklearn.utils.class_weight")
    y = ["a"] * 7 + ["b"] * 2 + ["c"]
    expected = utils.compute_class_weight("balanced", classes=np.array(["a", "b", "c"]), y=np.array(y))
    np.testing.assert_allclose(class_weights([(n,) for n in y], ["a", "b", "c"], multi=False), expected, rtol=1e-6)


def numbers(accuracy: float, rows: int = 1000) -> dict[str, Any]:
    return {
        "rows": rows, "accuracy": accuracy, "accuracy_low": accuracy - 0.02, "accuracy_high": accuracy + 0.02,
        "macro_f1": accuracy,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("model", "bag", "most", "words"),
    [
        (0.90, 0.80, 0.50, ["beats the bag of words", "90.00 % against 80.00 %"]),
        (0.81, 0.80, 0.50, ["beats the bag of words", "uncertainty"]),
        (0.80, 0.80, 0.50, ["does not beat the bag of words"]),
        (0.40, 0.30, 0.50, ["does not beat the majority class", "nothing of use"]),
    ],
)
def test_the_verdict_is_plain(model: float, bag: float, most: float, words: list[str]) -> None:
    scores = {"model": numbers(model), "bag_of_words": numbers(bag), "majority": numbers(most)}
    text = verdict({"validation": scores})
    assert all(word in text for word in words)
    assert "validation rows" in text


def test_the_verdict_is_about_the_test_rows_if_there_are_any() -> None:
    good, bad = numbers(0.9), numbers(0.8)
    validation = {"model": good, "bag_of_words": bad, "majority": bad}
    text = verdict({"validation": validation, "test": {**validation, "model": numbers(0.7)}})
    assert "does not beat" in text
    assert "test rows" in text


def test_the_table_has_a_line_for_each() -> None:
    scores = {"model": numbers(0.9, 25_000), "bag_of_words": numbers(0.8), "majority": numbers(0.5)}
    lines = table({"validation": scores, "test": scores}).splitlines()
    assert len(lines) == 7
    words = " ".join(lines[1].split())
    assert words == "validation, 25,000 recurrent network 90.00 % 88.00 – 92.00 % 90.00 %"
