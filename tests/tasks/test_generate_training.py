"""From a text to a run folder: parts, resumed and finished runs, results beside counted runs of symbols."""

import io
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import elman
from elman.data.config_file import merge
from elman.data.corpus import Streams
from elman.errors import DataError, RunError
from elman.learn.report import Lines, Silent
from elman.tasks.generate.contrasts import Contrasts
from elman.tasks.generate.options import GenerateOptions
from elman.tasks.generate.preparation import find_texts, prepare
from elman.tasks.generate.training import CarriedState, train_language_model

SMALL: dict[str, Any] = {
    "threads": 1, "embedding": 8, "hidden": 24, "epochs": 3, "batch_size": 4, "steps": 16, "learning_rate": 0.01
}  # fmt: skip
NAMES = ["Anna", "Bert", "Clara", "Dora"]


def story(lines: int, seed: int = 0) -> str:
    """Lines in which the last word is the first one: more than a few symbols must be kept in mind."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(lines):
        name = NAMES[rng.integers(4)]
        rows.append(f"{name} went {['home', 'away'][rng.integers(2)]} and that was {name}")
    return "\n".join(rows) + "\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "story.txt"
    path.write_text(story(300))
    return path


def options(**given: Any) -> GenerateOptions:
    return merge(GenerateOptions, overrides={**SMALL, **given})[0]


def test_a_run_from_file_to_folder(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    test = tmp_path / "test.txt"
    test.write_text(story(40, seed=1))
    out = tmp_path / "run"
    more = {"tokens": "space", "epochs": 15, "patience": 0}
    model = elman.train(file, task="generate", out=out, test=str(test), **{**SMALL, **more})
    printed = capsys.readouterr().out
    for told in (
        "train: ",
        "different symbols (space)",
        "epoch 15/15",
        "perplexity",
        "Kneser–Ney 3-gram",
        "on the test",
    ):
        assert told in printed
    made = {"README.md", "SHA256SUMS", "config.yaml", "metrics.jsonl", "model.safetensors", "run.json", "symbols.json"}
    assert {path.name for path in out.iterdir()} == made | {"ngrams.safetensors", "checkpoints"}
    about = json.loads((out / "run.json").read_text())
    results = about["results"]["test"]
    assert list(results) == ["model", "1-gram", "2-gram", "3-gram"]
    # A line has 2 bits for the name and 1 for the place; the seven other symbols are certain. Trigrams cannot know the
    # last word: 2 bits more.
    least = 3 * math.log(2) / 8
    assert results["3-gram"]["loss"] > least + 1.8 * math.log(2) / 8
    assert least - 0.05 < results["model"]["loss"] < results["3-gram"]["loss"]
    assert "beats the 3-gram" in printed
    again = elman.load(out)
    for other in (model, again):
        found = other.evaluate(test)
        assert found["loss"] == pytest.approx(results["model"]["loss"], rel=1e-6)
        assert found["contrasts"]["3-gram"]["loss"] == results["3-gram"]["loss"]
    assert again.generate("Anna went", length=6, seed=1) == model.generate("Anna went", length=6, seed=1)
    card = (out / "README.md").read_text()
    assert about["data"]["train"] in card
    assert f"{results['model']['perplexity']:,.2f}" in card


def test_parts_are_cut_from_the_end_in_order(file: Path) -> None:
    text = file.read_text()
    found = find_texts(str(file), options(validation_share=0.2, test_share=0.1))
    parts = {name: "".join(part.pieces()) for name, part in found.all.items()}
    assert parts["train"] + parts["validation"] + parts["test"] == text
    assert len(parts["test"]) == len(text) - round(0.9 * len(text))
    by_line = find_texts(str(file), options(validation_share=0.2, test_share=0.1, tokens="word"))
    pieces = ["".join(part.pieces()) for part in by_line.all.values()]
    assert "".join(pieces) == text
    assert all(piece.endswith("\n") for piece in pieces)
    named = find_texts(str(file), options(validation=str(file), test=str(file)))
    assert "".join(named.train.pieces()) == "".join(named.validation.pieces()) == text
    assert set(named.hashes) == {"train", "validation", "test"}


def test_symbols_are_those_of_the_training_text(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("ab" * 50 + "c" * 12)
    found = prepare(find_texts(str(path), options()), options(), None, Silent())
    assert set(found.vocabulary.names) == {"<unk>", "a", "b", "c"}
    assert found.validation.unknown == 0
    path.write_text("ab" * 50 + "c" * 11)
    assert prepare(find_texts(str(path), options()), options(), None, Silent()).validation.unknown == 11


class Pulled(Exception):
    """The plug."""


class PullsThePlug(Lines):
    """Ends the training from outside after some steps."""

    def __init__(self, after: int) -> None:
        super().__init__(io.StringIO())
        self.after = after

    def step(self, moment: Any) -> None:
        if moment.step == self.after:
            raise Pulled

    def epoch(self, record: Mapping[str, Any]) -> None:
        super().epoch(record)


@pytest.mark.parametrize("after", [1, 50])
def test_an_interrupted_run_ends_as_an_unbroken_one(file: Path, tmp_path: Path, after: int) -> None:
    file.write_text(story(60))
    # A checkpoint before every step, so that the state carried from chunk to chunk must come out of one.
    own = options(
        checkpoint_minutes=0.0, dropout=0.2, embedding_dropout=0.1, layers=2, layer_dropout=0.2, schedule="plateau",
        average=1, weight_drop=0.2, change_penalty=1.0,
    )  # fmt: skip
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    train_language_model(str(file), own, whole)
    with pytest.raises(Pulled):
        train_language_model(str(file), own, broken, PullsThePlug(after))
    with pytest.raises(RunError, match="not finished"):
        elman.load(broken)
    stream = io.StringIO()
    train_language_model(str(file), own, broken, Lines(stream))
    assert "Continuing" in stream.getvalue()
    for name in ("model.safetensors", "symbols.json", "ngrams.safetensors"):
        assert (whole / name).read_bytes() == (broken / name).read_bytes()


def test_the_state_is_carried_and_its_gradient_is_cut(file: Path) -> None:
    carried = CarriedState()
    assert carried.tensors() == {}
    value = torch.ones(2, 3, requires_grad=True) * 2
    carried.keep({"h": value})
    assert not carried.tensors()["h"].requires_grad
    other = CarriedState()
    other.restore(carried.tensors())
    assert other.state is not None
    assert torch.equal(other.state["h"], value)
    carried.start()
    assert carried.state is None
    # Without it, a text whose symbols depend on the chunk before cannot be learned: the period is longer than a chunk.
    text = file.with_name("period.txt")
    text.write_text(("a" * 5 + "b" * 7 + "c" * 3) * 300)
    model = elman.train(
        text, task="generate", quiet=True, out=file.with_name("p"), **{**SMALL, "steps": 5, "epochs": 12}
    )
    assert model.record["results"]["validation"]["model"]["loss"] < 0.05


def test_one_run_reads_every_symbol_once_and_scales_the_step(file: Path) -> None:
    parts = prepare(find_texts(str(file), options()), options(), None, Silent())
    streams = Streams(parts.train, 4, 16, vary=True, seed=0)
    lengths = [streams.length(batch) for batch in streams.batches(0)]
    assert sum(lengths) == len(parts.train) // 4
    from elman.tasks.generate.network import Network
    from elman.tasks.generate.training import _problem

    problem = _problem(parts, Network(parts.vocabulary.size, options().model), options())
    assert problem.rate is not None
    for batch, length in zip(streams.batches(0), lengths, strict=True):
        assert problem.units(batch) == 4 * length
        assert problem.rate(batch) == length / 16


def test_other_data_and_repeated_runs(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = {**SMALL, "epochs": 1}
    first = elman.train(file, task="generate", out=tmp_path / "run", **own)
    capsys.readouterr()
    second = elman.train(file, task="generate", out=tmp_path / "run", **own)
    printed = capsys.readouterr().out
    assert "finished" in printed
    assert first.summary() in printed
    assert second.generate("A", length=9, seed=0) == first.generate("A", length=9, seed=0)
    file.write_text(story(299))
    with pytest.raises(RunError, match="the data has changed"):
        elman.train(file, task="generate", out=tmp_path / "run", **own)


def test_a_saved_model_is_a_run(file: Path, tmp_path: Path) -> None:
    model = train_language_model(str(file), options(epochs=1), contrasts=False)
    model.save(tmp_path / "saved")
    again = elman.load(tmp_path / "saved")
    assert again.generate("A", length=9, seed=0) == model.generate("A", length=9, seed=0)
    assert "contrasts" not in again.evaluate(file)
    assert "nothing was compared" in model.summary()


def test_the_seed_decides_the_weights(file: Path, tmp_path: Path) -> None:
    own = {**SMALL, "epochs": 1}
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        torch.manual_seed(ord(name))
        elman.train(file, task="generate", out=tmp_path / name, quiet=True, seed=seed, **own)
    a, b, c = (load_file(tmp_path / name / "model.safetensors") for name in "abc")
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert not torch.equal(a["softmax.E"], c["softmax.E"])


@pytest.mark.parametrize("content", ["", "a"])
def test_texts_too_short_to_learn_from(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.txt"
    path.write_text(content)
    with pytest.raises(DataError, match="empty" if not content else "too few"):
        train_language_model(str(path), options())


@pytest.mark.parametrize("tokens", ["character", "word", "space", "bpe"])
def test_one_line_is_enough(tmp_path: Path, tokens: str) -> None:
    path = tmp_path / "x.txt"
    path.write_text("to be or not to be that is the question whether it is nobler")
    model = train_language_model(str(path), options(tokens=tokens, epochs=1))
    assert math.isfinite(model.record["results"]["validation"]["model"]["loss"])


def test_contrasts_of_a_long_text_are_the_same_in_parts(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = prepare(find_texts(str(file), options()), options(), None, Silent())
    own = Contrasts.fit(parts.train, parts.vocabulary.size, "character")
    whole = own.losses(parts.validation)
    monkeypatch.setattr("elman.tasks.generate.contrasts._PART", 17)
    assert own.losses(parts.validation) == pytest.approx(whole, rel=1e-12)


def test_a_column_of_a_table_is_a_text(tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    path.write_text("text,label\n" + "a fine film,1\nhow dull,0\n" * 30)
    model = train_language_model(str(path), options(tokens="word", epochs=1))
    assert {"fine", "dull", "<eol>"} <= set(model.vocabulary.names)
    assert "label" not in model.vocabulary.names
    assert model.evaluate(path)["tokens"] == 30 * 7
