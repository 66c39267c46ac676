"""A trained classifier: predictions in every form, several labels, odd texts, saving and reading."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import elman
from elman.data.config_file import merge
from elman.data.labelled import from_lists
from elman.errors import ArgumentError, ArgumentTypeError, ConfigError, DataError, RunError
from elman.tasks.classify.classifier import TextClassifier
from elman.tasks.classify.options import ClassifyOptions
from elman.tasks.classify.training import train_classifier

WORDS = {"sad": "tears", "funny": "laugh", "long": "hours"}


def options(**changes: Any) -> ClassifyOptions:
    small = {"threads": 1, "embedding": 8, "hidden": 8, "epochs": 12, "batch_size": 16, "learning_rate": 0.02}
    small |= {"bidirectional": False, "pairs": 0, "word_dropout": 0.1, "embedding_dropout": 0.1, "dropout": 0.1}
    return merge(ClassifyOptions, overrides={**small, **changes})[0]


def rows(n: int, multi: bool, seed: int = 0) -> tuple[list[str], list[Any]]:
    """Texts that hold the word of each of their labels: exactly one, or any number."""
    rng = np.random.default_rng(seed)
    texts, labels = [], []
    for i in range(n):
        own = [name for name in WORDS if rng.random() < 0.4] if multi else [list(WORDS)[i % 3]]
        words = [*(WORDS[name] for name in own), *rng.choice(["a", "b", "c", "d"], rng.integers(1, 9))]
        texts.append(" ".join(rng.permutation(words)))
        labels.append(own if multi else own[0])
    return texts, labels


@pytest.fixture(scope="module")
def model() -> TextClassifier:
    return train_classifier(from_lists(*rows(240, multi=False)), options())


@pytest.fixture(scope="module")
def multi() -> TextClassifier:
    return train_classifier(from_lists(*rows(300, multi=True)), options(epochs=16))


def test_three_classes(model: TextClassifier) -> None:
    texts, labels = rows(60, multi=False, seed=1)
    assert model.classes == ["funny", "long", "sad"]
    predicted = model.predict(texts)
    assert np.mean([a == b for a, b in zip(predicted, labels, strict=True)]) > 0.9
    p = model.probabilities(texts)
    assert p.shape == (60, 3)
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-12)
    assert predicted == [model.classes[k] for k in p.argmax(axis=1)]


def test_several_labels(multi: TextClassifier) -> None:
    texts, labels = rows(60, multi=True, seed=1)
    assert multi.multi
    predicted = multi.predict(texts)
    assert all(isinstance(row, tuple) for row in predicted)
    result = multi.evaluate(texts, labels)
    assert result["accuracy"] == np.mean([set(a) == set(b) for a, b in zip(predicted, labels, strict=True)])
    assert result["accuracy"] > 0.8
    assert result["micro_f1"] > 0.9
    assert set(result["contrasts"]) == {"bag_of_words", "majority"}
    assert multi.predict(["a b c"]) == [()]
    assert multi.predict(["tears laugh hours"]) == [("funny", "long", "sad")]


@pytest.mark.parametrize("which", ["model", "multi"])
def test_a_text_alone_is_labelled_as_in_a_batch(which: str, request: pytest.FixtureRequest) -> None:
    model: TextClassifier = request.getfixturevalue(which)
    texts = [*rows(40, multi=False, seed=2)[0], "", "tears " * 300]
    together = model.probabilities(texts)
    alone = np.concatenate([model.probabilities([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    backwards = model.probabilities(texts[::-1])
    np.testing.assert_allclose(together, backwards[::-1], atol=1e-6)


def test_odd_texts(model: TextClassifier) -> None:
    odd = ["", " \n", "<br />", "\0", "☃ 日本", "\ud800", "x" * 100_000, "tears " * 1_000_000]
    p = model.probabilities(odd)
    assert np.isfinite(p).all()
    np.testing.assert_array_equal(p[0], p[1])
    assert model.predict([]) == []
    assert model.probabilities([]).shape == (0, 3)


def test_one_huge_text_read_whole() -> None:
    model = train_classifier(from_lists(*rows(60, multi=False)), options(max_length=0, epochs=1))
    texts = ["laugh " * 20_000, *["a"] * 300]
    assert np.isfinite(model.probabilities(texts)).all()


@pytest.mark.parametrize(("wrong", "words"), [("a text", "[text]"), ([1], "texts[0]"), (["a", None], "texts[1]")])
def test_things_that_are_no_texts(model: TextClassifier, wrong: Any, words: str) -> None:
    with pytest.raises(ArgumentTypeError) as caught:
        model.predict(wrong)
    assert words in str(caught.value)


def test_evaluate_takes_a_file_lists_or_rows(model: TextClassifier, tmp_path: Path) -> None:
    texts, labels = rows(30, multi=False, seed=3)
    path = tmp_path / "test.csv"
    path.write_text("kind,words\n" + "".join(f"{label},{text}\n" for text, label in zip(texts, labels, strict=True)))
    from_file = model.evaluate(path, text="words", label="kind")
    assert from_file == model.evaluate(texts, labels) == model.evaluate(from_lists(texts, labels))
    assert from_file["accuracy_low"] < from_file["accuracy"] <= from_file["accuracy_high"]
    wrongs: list[Any] = [(texts,), (texts, labels[:3]), ([], []), (path, labels)]
    for wrong in wrongs:
        with pytest.raises(ArgumentError):
            model.evaluate(*wrong)


@pytest.mark.parametrize("which", ["model", "multi"])
def test_saved_and_read_it_is_the_same(which: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    model: TextClassifier = request.getfixturevalue(which)
    texts, labels = rows(30, multi=which == "multi", seed=4)
    model.save(tmp_path / "saved")
    loaded = elman.load(tmp_path / "saved")
    np.testing.assert_array_equal(loaded.probabilities(texts), model.probabilities(texts))
    assert loaded.evaluate(texts, labels) == model.evaluate(texts, labels)
    assert (loaded.classes, loaded.multi, loaded.options) == (model.classes, model.multi, model.options)
    assert loaded.summary() == model.summary()
    loaded.save(tmp_path / "again")
    assert (tmp_path / "again" / "model.safetensors").read_bytes() == (
        tmp_path / "saved" / "model.safetensors"
    ).read_bytes()


def test_weights_that_do_not_fit_are_refused(model: TextClassifier, tmp_path: Path) -> None:
    import hashlib

    model.save(tmp_path / "saved")
    sums = tmp_path / "saved" / "SHA256SUMS"
    config = tmp_path / "saved" / "config.yaml"
    before = hashlib.sha256(config.read_bytes()).hexdigest()
    config.write_text(config.read_text().replace("hidden: 8", "hidden: 9"))
    sums.write_text(sums.read_text().replace(before, hashlib.sha256(config.read_bytes()).hexdigest()))
    with pytest.raises(RunError, match="no text classifier"):
        elman.load(tmp_path / "saved")


def test_a_run_of_another_task_is_named(model: TextClassifier, tmp_path: Path) -> None:
    from elman.learn.folder import RunFolder

    with RunFolder(tmp_path / "run") as run:
        run.begin({}, {})
        run.finish({"model.safetensors": b""}, {"task": "sing"})
    with pytest.raises(RunError, match="'sing'"):
        elman.load(tmp_path / "run")


def test_unknown_ways_of_reading_are_refused(model: TextClassifier, tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("text,label\ntears,sad\n")
    with pytest.raises(ConfigError, match="there is no option 'word'"):
        model.evaluate(tmp_path / "c.csv", word="foo")
    with pytest.raises(ConfigError, match="format is 'xml'"):
        model.read(tmp_path / "c.csv", format="xml")


def test_rows_with_several_labels_or_none_are_refused(model: TextClassifier, tmp_path: Path) -> None:
    for labels, number in (([], "no labels"), (["sad", "long"], "2 labels")):
        with pytest.raises(DataError, match=f"row 1, column 'label': the row has {number}. Expected one label"):
            model.evaluate(["tears", "hours"], [["sad"], labels])
    path = tmp_path / "test.jsonl"
    rows = [{"text": "tears", "label": label} for label in (["sad"], ["sad", "long"], [])]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(DataError, match=r"test.jsonl:2, .* \(also in 1 other rows\)"):
        model.evaluate(path)
    (tmp_path / "train.csv").write_text("text,label\n" + "tears,sad\nhours,long\n" * 10)
    with pytest.raises(DataError, match=r"test.jsonl:2"):  # before the training, not after it
        train_classifier(tmp_path / "train.csv", options(epochs=1, test=str(path)))
