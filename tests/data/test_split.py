"""The split: each class in its share, the same text on one side, and what cannot be split."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.split import stratified
from elman.errors import ArgumentError, DataError


def place(row: int) -> str:
    return f"reviews.csv:{row + 2}"


@given(
    counts=st.lists(st.integers(2, 60), min_size=2, max_size=5),
    share=st.floats(0.02, 0.98),
    seed=st.integers(0, 2**32),
)
def test_each_class_keeps_its_share(counts: list[int], share: float, seed: int) -> None:
    keys = [(f"class {c}",) for c, n in enumerate(counts) for _ in range(n)]
    train, validation = stratified(keys, [str(i) for i in range(len(keys))], share, seed)
    assert sorted([*train.tolist(), *validation.tolist()]) == list(range(len(keys)))
    assert train.dtype == validation.dtype == np.int64
    kept = Counter(keys[row][0] for row in validation)
    for c, n in enumerate(counts):
        assert 1 <= kept[f"class {c}"] < n
        assert abs(kept[f"class {c}"] - share * n) <= 1


@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from("ab")), min_size=20, max_size=60), st.integers(0, 99))
def test_the_same_text_stays_on_one_side(rows: list[tuple[int, str]], seed: int) -> None:
    """Texts repeat, with the same label and with another."""
    rows = [*rows, (10, "a"), (11, "a"), (12, "b"), (13, "b")]
    texts, keys = [f"text {number}" for number, _ in rows], [(label,) for _, label in rows]
    train, validation = stratified(keys, texts, 0.3, seed)
    assert not {texts[row] for row in train} & {texts[row] for row in validation}
    assert len(train) + len(validation) == len(rows)
    assert len(train) > 0 < len(validation)


def test_only_the_arguments_decide() -> None:
    keys, texts = [("a",), ("b",)] * 50, [str(i) for i in range(100)]
    assert stratified(keys, texts, 0.1, 0)[1].tolist() == stratified(keys, texts, 0.1, 0)[1].tolist()
    assert stratified(keys, texts, 0.1, 0)[1].tolist() != stratified(keys, texts, 0.1, 1)[1].tolist()


def test_several_labels_count_by_the_rarest() -> None:
    keys = [("common",)] * 80 + [("common", "rare")] * 10 + [()] * 10
    _, validation = stratified(keys, [str(i) for i in range(100)], 0.2, 0)
    assert Counter(keys[row] for row in validation) == {("common",): 16, ("common", "rare"): 2, (): 2}


def test_a_single_text_of_one_of_several_labels_is_learned_from() -> None:
    keys = [("a",)] * 9 + [("a", "b")]
    train, validation = stratified(keys, [str(i) for i in range(10)], 0.5, 0)
    assert 9 in train
    assert len(validation)


@pytest.mark.parametrize(
    ("keys", "texts", "message"),
    [
        ([("a",)] * 3, ["x", "y", "z"], r"every row, from reviews.csv:2 on, has the same label, 'a'.*--label"),
        ([("a",), ("a",), ("b",)], ["x", "y", "z"], r"class 'b' has a single row, reviews.csv:4"),
        (
            [("a",), ("b",), ("a",), ("b",)],
            ["x", "y", "z", "y"],
            r"'b' has 2 rows with one and the same text, the first at reviews.csv:3.*--validation",
        ),
        ([], [], "there are no rows"),
    ],
)
def test_what_cannot_be_split(keys: list[tuple[str, ...]], texts: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        stratified(keys, texts, 0.5, 0, place=place)


@pytest.mark.parametrize("share", [0, 1, -0.1, float("nan")])
def test_wrong_share(share: float) -> None:
    with pytest.raises(ArgumentError, match="between 0 and 1"):
        stratified([("a",), ("b",)] * 3, list("uvwxyz"), share, 0)


def test_as_many_texts_as_labels() -> None:
    with pytest.raises(ArgumentError, match="3 labels for 2 texts"):
        stratified([("a",), ("b",), ("a",)], ["x", "y"], 0.5, 0)


def test_a_text_that_comes_again_and_again_does_not_fill_the_validation() -> None:
    texts = ["often"] * 96 + ["w", "x", "y", "z"] + [str(i) for i in range(100)]
    keys = [("a",)] * 100 + [("b",)] * 100
    for seed in range(8):
        kept = Counter(keys[row][0] for row in stratified(keys, texts, 0.1, seed)[1])
        assert kept == {"a": 4, "b": 10}


def test_a_split_is_the_same_for_ever() -> None:
    keys, texts = [("ab"[i % 2],) for i in range(40)], [str(i % 34) for i in range(40)]
    assert stratified(keys, texts, 0.2, 7)[1].tolist() == [6, 9, 12, 16, 21, 29, 32, 33]
