"""A classifier that begins with a language model: which weights it takes, which groups learn when, what is refused."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import elman
from elman.data.config_file import merge
from elman.data.symbols import Symbols
from elman.errors import ConfigError, RunError
from elman.learn.report import Silent
from elman.tasks.classify.network import Network
from elman.tasks.classify.options import ClassifyOptions
from elman.tasks.classify.pretrained import read_pretrained, step_groups, step_shares
from elman.tasks.classify.training import train_classifier

SMALL: dict[str, Any] = {"threads": 1, "embedding": 6, "hidden": 10, "epochs": 2, "batch_size": 4}
LANGUAGE: dict[str, Any] = {**SMALL, "task": "generate", "quiet": True, "steps": 12, "tokens": "word"}


def reviews(path: Path, rows: int = 120) -> Path:
    rng = np.random.default_rng(0)
    lines = ["text,label"]
    for i in range(rows):
        words = rng.choice([f"word{k}" for k in range(20)], 5).tolist()
        words[rng.integers(5)] = ["Dull", "Fine"][i % 2]
        lines.append(f"{' '.join(words)},{['bad', 'good'][i % 2]}")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return reviews(tmp_path / "reviews.csv")


def language(file: Path, out: str = "language", **more: Any) -> Path:
    elman.train(file, out=file.with_name(out), **{**LANGUAGE, **more})
    return file.with_name(out)


def made(file: Path, run: Path, **more: Any) -> tuple[Any, Symbols, Network]:
    origin = read_pretrained(str(run))
    options = origin.adapted(merge(ClassifyOptions, overrides=more)[0])
    symbols = Symbols.learn(["word1 word2 fine Fine unheard"], options.symbols)
    return origin, symbols, Network(symbols.size, 2, options.model)


@pytest.mark.parametrize("more", [{}, {"tied": True}, {"weight_drop": 0.3}, {"cell": "gru"}], ids=str)
def test_vectors_are_taken_by_their_names_and_layers_as_they_are(file: Path, more: dict[str, Any]) -> None:
    run = language(file, **more)
    model = elman.load(run)
    origin, symbols, network = made(file, run)
    assert origin.into(network, symbols) == 4  # <unk>, word1, word2, Fine; case is kept as in the language model
    vectors = model.network.vectors.detach()
    for i, name in enumerate(symbols.names):
        number = model.vocabulary.id(name)
        expected = vectors.mean(dim=0) if number is None else vectors[number]
        assert torch.equal(network.embedding.weight[i], expected)
    # The layer gives on the same vectors what the language model's gives, and the other direction is its own.
    x = torch.randn(3, 7, 6)
    y, _ = network.recurrent(x)
    expected, _ = model.network.recurrent(x)
    torch.testing.assert_close(y[..., :10], expected)
    assert (y[:, 0, 10:] != expected[:, 0]).any()


def test_two_layers_in_one_direction(file: Path) -> None:
    run = language(file, layers=2)
    with pytest.raises(ConfigError, match="--no-bidirectional"):
        made(file, run)
    origin, symbols, network = made(file, run, bidirectional=False)
    origin.into(network, symbols)
    x = torch.randn(2, 5, 6)
    torch.testing.assert_close(network.eval().recurrent(x)[0], elman.load(run).network.recurrent(x)[0])


def test_groups_are_all_weights_once_from_the_top_down(file: Path) -> None:
    run = language(file, layers=2)
    _, _, network = made(file, run, bidirectional=False)
    groups = step_groups(network)
    names = {id(p): name for name, p in network.named_parameters()}
    found = [{names[id(p)].split(".W")[0].split(".U")[0].split(".b")[0] for p in group} for group in groups]
    assert found[0] == {"readout.V", "readout.c"} or all(name.startswith("readout") for name in found[0])
    assert found[1:] == [{"recurrent.cells.l1"}, {"recurrent.cells.l0"}, {"embedding.weight"}]
    assert sorted(id(p) for group in groups for p in group) == sorted(names)
    assert step_shares(4, 0, 2, 0.5) == [1.0, 0.0, 0.0, 0.0]
    assert step_shares(4, 4, 2, 0.5) == [1.0, 0.5, 0.25, 0.0]
    assert step_shares(4, 0, 0, 0.5) == [1.0, 0.5, 0.25, 0.125]


def test_what_is_frozen_does_not_move(file: Path) -> None:
    run = language(file)
    options, _ = merge(ClassifyOptions, overrides={**SMALL, "init_from": str(run), "epochs": 1, "thaw": 5})
    model = train_classifier(str(file), options)
    known = elman.load(run)
    i = model.symbols.names.index("Fine")
    assert torch.equal(model.network.embedding.weight[i], known.network.vectors[known.vocabulary.id("Fine")])
    weights, before = model.network.recurrent.cells["l0"].state_dict(), known.network.recurrent.cells["l0"].state_dict()
    assert all(torch.equal(weights[name], before[name]) for name in before)
    thawed, _ = merge(ClassifyOptions, overrides={**SMALL, "init_from": str(run), "epochs": 1, "thaw": 0})
    moved = train_classifier(str(file), thawed).network.recurrent.cells["l0"].state_dict()
    assert not torch.equal(moved["W"], before["W"])


def test_a_run_begun_from_a_language_model(file: Path, tmp_path: Path) -> None:
    run = language(file)
    more = {**SMALL, "embedding": 99, "init_from": str(run), "epochs": 4, "quiet": True}
    model = elman.train(file, task="classify", out=tmp_path / "run", **more)
    assert model.options.model.cell == "lstm"  # as the language model, whatever else is asked for
    assert (model.options.model.embedding, model.options.symbols.lowercase) == (6, False)
    again = elman.load(tmp_path / "run")
    assert again.predict(["word1 Fine word2"]) == model.predict(["word1 Fine word2"])
    assert elman.train(file, task="classify", out=tmp_path / "run", **more).predict(["Dull"]) == model.predict(["Dull"])
    other = language(file, "other", seed=5)
    with pytest.raises((RunError, ConfigError), match="init_from"):
        elman.train(file, task="classify", out=tmp_path / "run", **{**more, "init_from": str(other)})


def test_words_that_no_row_holds_are_known(file: Path, tmp_path: Path) -> None:
    """What the language model has read is known where room is left in the vocabulary, behind the rows' own words."""
    run, few = language(file), tmp_path / "few.csv"
    few.write_text("text,label\n" + "word1 Fine,good\nFine word1,good\nword2 Dull,bad\nDull word2,bad\n" * 10)
    more = {**SMALL, "init_from": str(run), "epochs": 1}
    model = train_classifier(str(few), merge(ClassifyOptions, overrides=more)[0])
    names, origin = model.symbols.names, read_pretrained(str(run))
    assert set(origin.names) - {"<unk>", "<eol>"} <= set(names)
    assert set(names[2:6]) == {"word1", "word2", "Fine", "Dull"}
    word = model.network.embedding.weight[names.index("word7")]
    assert torch.equal(word, origin.vectors[origin.names.index("word7")])  # nothing in the rows has moved it
    small = merge(ClassifyOptions, overrides={**more, "vocabulary": 8})[0]
    assert train_classifier(str(few), small).symbols.size == 8


def test_a_run_with_something_else_in_it(file: Path) -> None:
    run = language(file)
    config = (run / "config.yaml").read_text()
    for before, after in [("symbols:", "sybmols:"), ("embedding: 6", "embedding: 7")]:
        assert before in config
        (run / "config.yaml").write_text(config.replace(before, after))
        sums = (run / "SHA256SUMS").read_text().splitlines()
        digest = hashlib.sha256((run / "config.yaml").read_bytes()).hexdigest()
        new = [f"{digest}  config.yaml" if line.endswith("config.yaml") else line for line in sums]
        (run / "SHA256SUMS").write_text("\n".join(new) + "\n")
        with pytest.raises(RunError, match="holds no language model"):
            read_pretrained(str(run))


def test_what_does_not_go_together(file: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'bpe'"):
        made(file, language(file, tokens="bpe", vocabulary=300))
    origin, symbols, network = made(file, language(file, "scrn", cell="scrn", context=7))
    with pytest.raises(
        ConfigError, match=r"the layer l0 .* does not fit: its B has the shape \(6, 7\). Expected \(6, 40\)"
    ):
        origin.into(network, symbols)
    origin, symbols, _ = made(file, language(file, "lstm"))
    options = replace(origin.adapted(merge(ClassifyOptions)[0]).model, cell="gru")
    with pytest.raises(ConfigError, match=r"the layer l0 .* does not fit"):
        origin.into(Network(symbols.size, 2, options), symbols)
    classifier = merge(ClassifyOptions, overrides=SMALL)[0]
    train_classifier(str(file), classifier, tmp_path / "classifier", Silent(), contrasts=False)
    with pytest.raises(RunError, match="--task generate"):
        read_pretrained(str(tmp_path / "classifier"))
    with pytest.raises(RunError, match="no folder"):
        read_pretrained(str(tmp_path / "none"))
