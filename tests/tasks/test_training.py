"""From a file to a run folder: what is decided and printed, resumed and finished runs, results beside the contrasts."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import elman
from elman.data.labelled import from_lists
from elman.errors import ConfigError, DataError, RunError, TrainingError
from elman.learn.report import Lines
from elman.tasks.classify.options import ClassifyOptions, ModelOptions
from elman.tasks.classify.training import make_loss, train_classifier
from elman.tasks.task import run_folder

# Whatever the defaults are, these tests train a small network with little noise.
CALM = {"bidirectional": False, "pairs": 0, "word_dropout": 0.1, "embedding_dropout": 0.1, "dropout": 0.1}
SMALL: dict[str, Any] = {"threads": 1, "embedding": 8, "hidden": 8, "epochs": 3, "batch_size": 16, **CALM}


def reviews(n: int, seed: int = 0) -> list[tuple[str, str]]:
    """Texts of five words, a good or a bad one among them."""
    rng = np.random.default_rng(seed)
    others = [f"word{i}" for i in range(30)]
    rows: list[tuple[str, str]] = []
    for i in range(n):
        words = rng.choice(others, 5).tolist()
        words[rng.integers(5)] = ["dull", "fine"][i % 2]
        rows.append((" ".join(words), ["bad", "good"][i % 2]))
    return rows


def write(path: Path, rows: list[tuple[str, str]]) -> Path:
    path.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows))
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "reviews.csv", reviews(120))


def test_a_run_from_file_to_folder(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    test = write(tmp_path / "test.csv", reviews(40, seed=1))
    out = tmp_path / "run"
    model = elman.train(file, out=out, test=str(test), **SMALL)
    printed = capsys.readouterr().out
    for told in ("120 rows", "column 'text' (by its name)", "2 classes: bad (60), good (60)", "108 rows for training"):
        assert told in printed
    for told in ("epoch 3/3", "bag of words", "majority class", "95 % interval", "on the test rows"):
        assert told in printed
    made = {
        "README.md",
        "SHA256SUMS",
        "config.yaml",
        "metrics.jsonl",
        "model.safetensors",
        "run.json",
        "tokenizer.json",
    }
    assert made <= {path.name for path in out.iterdir()}

    about = json.loads((out / "run.json").read_text())
    results = about["results"]
    assert set(results) == {"validation", "test"}
    assert list(results["test"]) == ["model", "bag_of_words", "majority"]
    assert results["test"]["bag_of_words"]["accuracy"] > 0.9
    assert results["test"]["majority"]["accuracy"] == 0.5
    assert about["rows"] == {"train": 108, "validation": 12, "test": 40}
    again = model.evaluate(test)
    assert again["accuracy"] == results["test"]["model"]["accuracy"]
    assert again["contrasts"]["bag_of_words"]["accuracy"] == results["test"]["bag_of_words"]["accuracy"]
    card = (out / "README.md").read_text()
    assert about["data"]["train"] in card
    assert f"{100 * results['test']['bag_of_words']['accuracy']:.2f} %" in card


def test_repeating_a_finished_run_reads_it(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = elman.train(file, out=tmp_path / "run", **SMALL)
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "run").iterdir()}
    capsys.readouterr()
    second = elman.train(file, out=tmp_path / "run", **SMALL)
    printed = capsys.readouterr().out
    assert "finished" in printed
    assert first.summary() in printed
    assert "epoch 1" not in printed
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "run").iterdir()} == before
    texts = ["a fine day", "", "dull"]
    np.testing.assert_array_equal(first.probabilities(texts), second.probabilities(texts))
    np.testing.assert_array_equal(first.probabilities(texts), elman.load(tmp_path / "run").probabilities(texts))


class Pulled(Exception):
    """The plug."""


class PullsThePlug(Lines):
    """Ends the training from outside after its second epoch."""

    def epoch(self, record: Mapping[str, Any]) -> None:
        super().epoch(record)
        if record["epoch"] == 2:
            raise Pulled


def test_an_interrupted_run_ends_as_an_unbroken_one(file: Path, tmp_path: Path) -> None:
    from elman.data.config_file import merge

    options, _ = merge(ClassifyOptions, overrides=SMALL)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    train_classifier(str(file), options, whole)
    with pytest.raises(Pulled):
        train_classifier(str(file), options, broken, PullsThePlug(io.StringIO()))
    with pytest.raises(RunError, match="not finished"):
        elman.load(broken)
    stream = io.StringIO()
    train_classifier(str(file), options, broken, Lines(stream))
    assert "epoch 2/3" not in stream.getvalue()
    assert "epoch 3/3" in stream.getvalue()
    for name in ("model.safetensors", "tokenizer.json", "bag-of-words.safetensors"):
        assert (whole / name).read_bytes() == (broken / name).read_bytes()


def test_the_seed_decides_the_weights(file: Path, tmp_path: Path) -> None:
    torch.manual_seed(1)
    elman.train(file, out=tmp_path / "a", quiet=True, seed=7, **SMALL)
    torch.manual_seed(2)
    drawn = torch.random.get_rng_state()
    elman.train(file, out=tmp_path / "b", quiet=True, seed=7, **SMALL)
    assert torch.equal(torch.random.get_rng_state(), drawn)  # the caller's generator is left alone
    elman.train(file, out=tmp_path / "c", quiet=True, seed=8, **SMALL)
    a, b, c = (load_file(tmp_path / name / "model.safetensors") for name in "abc")
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert not torch.equal(a["recurrent.cells.l0.W"], c["recurrent.cells.l0.W"])


def test_other_options_or_data_on_the_same_folder_are_refused(file: Path, tmp_path: Path) -> None:
    elman.train(file, out=tmp_path / "run", quiet=True, **SMALL)
    with pytest.raises(ConfigError, match="hidden"):
        elman.train(file, out=tmp_path / "run", quiet=True, **{**SMALL, "hidden": 9})
    write(file, reviews(121))
    with pytest.raises(RunError, match="data"):
        elman.train(file, out=tmp_path / "run", quiet=True, **SMALL)


def test_where_only_the_order_tells_the_recurrent_network_wins(capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    texts, labels = [], []
    for i in range(400):
        words = rng.choice([f"w{k}" for k in range(10)], 6).tolist()
        first, second = ("x", "y") if i % 2 else ("y", "x")
        a, b = sorted(rng.choice(6, 2, replace=False).tolist())
        words[a], words[b] = first, second
        texts.append(" ".join(words))
        labels.append(f"{first}{second}")
    from elman.data.config_file import merge

    options, _ = merge(
        ClassifyOptions,
        overrides={**SMALL, "epochs": 25, "hidden": 16, "learning_rate": 0.02, "patience": 0, "validation_share": 0.25,
                   "word_dropout": 0, "embedding_dropout": 0, "dropout": 0},
    )  # fmt: skip
    model = train_classifier(from_lists(texts, labels), options, None, Lines())
    scores = model.record["results"]["validation"]
    assert scores["model"]["accuracy"] > 0.9
    assert scores["bag_of_words"]["accuracy"] < 0.7
    assert "beats the bag of words" in capsys.readouterr().out


def test_a_label_of_the_test_file_never_seen_is_reported_and_wrong(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    test = write(tmp_path / "test.csv", [*reviews(8, seed=1), ("a new kind", "odd"), ("another", "odd")])
    model = elman.train(file, out=tmp_path / "run", test=str(test), **SMALL)
    printed = capsys.readouterr().out
    assert "2 test rows have labels that no training row has, 'odd'; they count as wrong" in printed
    result = model.record["results"]["test"]["model"]
    assert result["unseen_labels"] == {"odd": 2}
    assert result["rows"] == 10
    assert result["accuracy"] <= 0.8


def test_a_validation_file_takes_the_place_of_the_split(file: Path, tmp_path: Path) -> None:
    validation = write(tmp_path / "validation.csv", [*reviews(30, seed=2), ("new", "odd")])
    model = elman.train(file, out=tmp_path / "run", quiet=True, validation=str(validation), **SMALL)
    assert model.record["rows"] == {"train": 120, "validation": 31}
    assert model.record["results"]["validation"]["model"]["unseen_labels"] == {"odd": 1}
    accuracy = model.record["results"]["validation"]["model"]["accuracy"]
    assert model.record["history"]["best"]["validation_accuracy"] == pytest.approx(accuracy)
    foreign = write(tmp_path / "foreign.csv", [("a", "x"), ("b", "y")])
    with pytest.raises(TrainingError, match="no row of"):
        elman.train(file, out=tmp_path / "other", quiet=True, validation=str(foreign), **SMALL)


def test_texts_on_both_sides_are_noted(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    test = write(tmp_path / "test.csv", [*reviews(120)[:50], *reviews(8, seed=9)])
    elman.train(file, out=tmp_path / "run", test=str(test), **SMALL)
    assert "of the test texts are also among the training texts" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("a", "x"), ("b", "x"), ("c", "x")], ["'x'", "two classes"]),
        ([("a", "x"), ("b", "x"), ("c", "y")], ["'y'", "single row", "reviews.csv:4"]),
    ],
)
def test_too_few_classes_or_rows(rows: list[tuple[str, str]], words: list[str], tmp_path: Path) -> None:
    path = write(tmp_path / "reviews.csv", rows)
    with pytest.raises(DataError) as caught:
        elman.train(path, out=tmp_path / "run", quiet=True)
    assert all(word in str(caught.value) for word in words)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("wrong", [{"epoch": 3}, {"epochs": 0}, {"hidden": 0}, {"pooling": "sum"}, {"task": "sing"}])
def test_wrong_options_are_refused_before_any_work(wrong: dict[str, Any], file: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        elman.train(file, out=tmp_path / "run", quiet=True, **wrong)
    assert next(iter(wrong)) in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_options_made_in_python_are_checked_too() -> None:
    data = from_lists([text for text, _ in reviews(20)], [label for _, label in reviews(20)])
    with pytest.raises(ConfigError, match="dropout"):
        train_classifier(data, ClassifyOptions(model=ModelOptions(dropout=1.5)))


def test_weighted_losses_are_those_of_the_formula() -> None:
    logits, weights = torch.randn(5, 3), torch.tensor([1.0, 2.0, 4.0])
    classes = torch.tensor([0, 2, 1, 2, 0])
    own = torch.stack([-logits[i].log_softmax(0)[k] for i, k in enumerate(classes)])
    expected = (own * weights[classes]).sum() / weights[classes].sum()
    torch.testing.assert_close(make_loss(weights, multi=False)(logits, classes), expected)
    many = torch.tensor([[1.0, 0, 1]] * 5)
    p = logits.sigmoid()
    expected = -(weights * many * p.log() + (1 - many) * (1 - p).log()).mean()
    torch.testing.assert_close(make_loss(weights, multi=True)(logits, many), expected)


def test_balanced_classes_find_the_rare_one(tmp_path: Path) -> None:
    rows = [*reviews(200)[::2], *reviews(200)[1:16:2]]  # 100 bad, 8 good
    path = write(tmp_path / "reviews.csv", rows)
    recalls = []
    for kind in ("none", "balanced"):
        model = elman.train(path, out=tmp_path / kind, quiet=True, class_weights=kind, patience=0, **SMALL)
        test = reviews(100, seed=5)
        result = model.evaluate([text for text, _ in test], [label for _, label in test])
        recalls.append(result["per_class"]["good"]["recall"])
    assert recalls[0] < recalls[1]


def test_what_chooses_the_epoch(tmp_path: Path) -> None:
    """With a third of the labels wrong the loss rises while the share of right answers still changes."""
    noisy = [(text, label if i % 3 else ["bad", "good"][i % 2]) for i, (text, label) in enumerate(reviews(90))]
    path, kept = write(tmp_path / "reviews.csv", noisy), {}
    for number in ("loss", "accuracy"):
        options = {**SMALL, "epochs": 12, "learning_rate": 0.03, "patience": 0, "chosen_by": number}
        model = elman.train(path, out=tmp_path / number, quiet=True, **options)
        history = model.record["history"]
        found = [epoch[f"validation_{number}"] for epoch in history["epochs"]]
        best = min(found) if number == "loss" else max(found)
        kept[number] = history["best_epoch"]
        assert kept[number] == 1 + found.index(best)
        assert f"chosen by the validation {number}" in (tmp_path / number / "README.md").read_text()
    assert kept["loss"] != kept["accuracy"]


def test_the_run_folder_is_named_after_the_file(monkeypatch: pytest.MonkeyPatch, file: Path, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    elman.train("reviews.csv", quiet=True, **SMALL)
    assert (tmp_path / "runs" / "reviews" / "SHA256SUMS").exists()
    assert run_folder("data/a.b.csv.gz") == Path("runs/a")


def test_a_yaml_file_of_options(file: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("model:\n  hidden: 5\n  pairs: 2\ntraining:\n  epochs: 9\n")
    model = elman.train(file, out=tmp_path / "run", config=config, quiet=True, epochs=1, threads=1)
    assert (model.options.model.hidden, model.options.training.epochs) == (5, 1)
    assert len(model.network.pairs.keys) > 0
    loaded = elman.load(tmp_path / "run")
    np.testing.assert_array_equal(
        loaded.probabilities(["a fine word1 word2"]), model.probabilities(["a fine word1 word2"])
    )


def test_some_movie_reviews(real_data: Path, tmp_path: Path) -> None:
    from elman.data.labelled import read_labelled, select

    reviews = read_labelled(real_data / "imdb" / "train.csv.gz")
    some = select(reviews, np.random.default_rng(0).permutation(25_000)[:1500].tolist())
    from elman.data.config_file import merge

    options, _ = merge(ClassifyOptions, overrides={"threads": 1, "epochs": 2, "vocabulary": 5000, "max_length": 100})
    model = train_classifier(some, options, tmp_path / "run")
    scores = model.record["results"]["validation"]
    assert 0.75 < scores["bag_of_words"]["accuracy"] < 0.95
    assert scores["majority"]["accuracy"] < 0.6
    assert model.record["history"]["epochs"][1]["loss"] < model.record["history"]["epochs"][0]["loss"]
