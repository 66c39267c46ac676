"""A translator from pairs to a run folder and back; its figures against each other, and what it refuses."""

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import elman
from elman.data.parallel import pairs_of
from elman.data.parallel_options import PairDataOptions
from elman.data.ragged import Ragged
from elman.errors import ArgumentError, ArgumentTypeError, ConfigError, DataError, RunError, TrainingError
from elman.learn.pair_options import EncoderDecoderOptions, PairSymbolOptions, PairTraining
from elman.learn.pairs import EncodedPairs
from elman.learn.report import Lines
from elman.tasks.translate import Translator, train_translator
from elman.tasks.translate.options import TranslateOptions
from elman.tasks.translate.preparation import by_source, prepare
from elman.tasks.translate.results import evaluation, summary

WORDS = {"one": "eins", "two": "zwei", "three": "drei", "four": "vier", "five": "fünf"}
PAIRS = [(f"{a} {b} {c}.".capitalize(), f"{WORDS[a]} {WORDS[b]} {WORDS[c]}.".capitalize())
         for a, b, c in itertools.product(WORDS, repeat=3)]  # fmt: skip
UNSEEN = PAIRS[::5]
SMALL: dict[str, Any] = {
    "embedding": 32, "hidden": 32, "dropout": 0.0, "word_dropout": 0.0, "vocabulary": 320, "epochs": 12,
    "batch_size": 16, "learning_rate": 0.01, "threads": 1, "patience": 0,
}  # fmt: skip


def write(path: Path, pairs: list[tuple[str, str]]) -> Path:
    path.write_text("".join(f"{source}\t{target}\n" for source, target in pairs))
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained run: three numbers from English to German."""
    folder = tmp_path_factory.mktemp("translate")
    write(folder / "train.tsv", [pair for pair in PAIRS if pair not in UNSEEN] * 3)
    write(folder / "test.tsv", UNSEEN)
    elman.train(
        folder / "train.tsv", task="translate", out=folder / "run", quiet=True, test=str(folder / "test.tsv"), **SMALL
    )
    return folder / "run"


@pytest.fixture(scope="module")
def model(run: Path) -> Translator:
    return elman.load(run)


def test_it_has_learned_to_translate(model: Translator):
    """Pairs that it has never seen; capitals and the full stop are written as they should be."""
    written = model.translate([source for source, _ in UNSEEN])
    assert (
        sum(a == b for a, (_, b) in zip(written, UNSEEN, strict=True)) >= 20
    )  # of 25; by chance, of 125 sentences, none


def test_what_the_run_folder_tells(run: Path, model: Translator):
    about = json.loads((run / "run.json").read_text())
    assert about["names"] == ["column_1", "column_2"]
    assert about["rows"] == {"train": 285, "validation": 15, "test": 25}  # 5 of 100 different sources, three times each
    test = about["results"]["test"]
    again = model.evaluate(run.parent / "test.tsv")
    assert {name: again[name] for name in test} == pytest.approx(test)
    assert (run.parent / "run" / "README.md").read_text().count("sacrebleu") + ("bleu" in test) >= 1
    assert "perplexity" in model.summary()


def test_the_perplexity_is_that_of_the_scores(model: Translator):
    pairs = PAIRS[1:20:2]
    sources, targets = [s for s, _ in pairs], [t for _, t in pairs]
    log_p = model.score(sources, targets)
    symbols = sum(len(model.symbols.encode([t]).row(0)) + 1 for t in targets)
    result = model.evaluate(sources, targets)
    assert result["perplexity"] == pytest.approx(math.exp(-log_p.sum() / symbols), rel=1e-6)
    assert result["rows"] == 10
    # A batch of unequal texts is only a matter of speed: float32 through 20 steps, log p of some 5.
    alone = np.array([model.score([s], [t])[0] for s, t in pairs])
    np.testing.assert_allclose(log_p, alone, atol=2e-5)


def test_the_best_translations_have_the_probability_that_they_claim(model: Translator):
    texts = ["Two five one.", "Four.", "Three three three three."]
    found = model.best(texts, 4, beam=6, length_penalty=0.7)
    for text, row in zip(texts, found, strict=True):
        assert len({one.text for one in row}) == len(row) == 4
        assert [one.score for one in row] == sorted((one.score for one in row), reverse=True)
        for one in row:
            assert one.ended
            ids = model.symbols.encode([one.text]).row(0)
            if model.symbols.decode([ids.tolist()]) == [one.text]:
                # The same text may be spelled with other symbols, whose probability is its own.
                spelled = model.score([text], [one.text])[0]
                penalty = one.log_probability / one.score
                assert penalty == pytest.approx(((5 + len(ids) + 1) / 6) ** 0.7, rel=0.3)
                assert spelled <= 0


def test_the_order_of_texts_decides_nothing(model: Translator):
    texts = ["Two five one.", "", "Four four two.", "One.", "Five two three."]
    forward = model.translate(texts, beam=3)
    assert forward[1] == ""
    assert model.translate(texts[::-1], beam=3) == forward[::-1]
    assert [model.translate([text], beam=3)[0] for text in texts] == forward


def test_a_greedy_search_and_a_wide_one(model: Translator):
    texts = [source for source, _ in PAIRS[:20]]
    greedy = [row[0] for row in model.best(texts, 1, beam=1, length_penalty=0)]
    wide = [row[0] for row in model.best(texts, 1, beam=8, length_penalty=0)]
    assert all(b.log_probability >= a.log_probability - 1e-4 for a, b in zip(greedy, wide, strict=True) if a.ended)


def test_attention_is_a_distribution_over_what_is_read(model: Translator):
    found = model.attention("One two three.")
    assert found.weights.shape == (len(found.target), len(found.source))
    np.testing.assert_allclose(found.weights.sum(axis=1), 1, rtol=1e-5)
    assert found.target[-1] == "⏎"
    assert "".join(found.source).replace("_", " ").strip() == "One two three."
    forced = model.attention("One two three.", "Eins")
    assert "".join(forced.target) == "_Eins⏎"
    with pytest.raises(ArgumentError, match="nothing to read"):
        model.attention("")


def test_saved_and_read_back(model: Translator, tmp_path: Path):
    model.save(tmp_path / "copy")
    again = elman.load(tmp_path / "copy")
    texts = [source for source, _ in PAIRS[:30]]
    assert again.translate(texts) == model.translate(texts)
    assert np.array_equal(again.score(texts[:3], texts[:3]), model.score(texts[:3], texts[:3]))
    (tmp_path / "copy" / "SHA256SUMS").unlink()
    with pytest.raises(RunError):
        elman.load(tmp_path / "copy")


@pytest.mark.parametrize("tied", ["all", "target", "none"])
def test_shared_matrices_are_stored_once(tmp_path: Path, tied: str):
    options = TranslateOptions(
        symbols=PairSymbolOptions(tokens="word"),
        model=EncoderDecoderOptions(embedding=5, hidden=6, shared=tied),
        training=PairTraining(epochs=1, threads=1),
    )
    made = train_translator(pairs_of(*map(list, zip(*PAIRS, strict=True))), options, tmp_path / "run")
    from safetensors.torch import load_file

    stored = {name for name in load_file(tmp_path / "run" / "model.safetensors") if name.endswith(".weight")}
    assert len(stored) == {"all": 1, "target": 2, "none": 3}[tied]
    again = elman.load(tmp_path / "run")
    texts, targets = [PAIRS[0][0]], [PAIRS[0][1]]
    assert np.array_equal(again.score(texts, targets), made.score(texts, targets))


def test_a_stopped_training_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The weights at the end are those of a training that was never stopped, bit for bit."""
    file = write(tmp_path / "a.tsv", PAIRS[:40])
    own = {**SMALL, "epochs": 3, "dropout": 0.2, "word_dropout": 0.1, "checkpoint_minutes": 0.0}
    whole = elman.train(file, task="translate", out=tmp_path / "whole", quiet=True, **own)
    from elman.learn.loop import _Training  # pyright: ignore[reportPrivateUsage]

    step, made = _Training._step, []  # pyright: ignore[reportPrivateUsage]

    def stops(self: Any, batch: np.ndarray) -> None:
        if len(made) == 7:
            raise KeyboardInterrupt
        made.append(1)
        step(self, batch)

    monkeypatch.setattr(_Training, "_step", stops)
    with pytest.raises(KeyboardInterrupt):
        elman.train(file, task="translate", out=tmp_path / "parts", quiet=True, **own)
    monkeypatch.setattr(_Training, "_step", step)
    parts = elman.train(file, task="translate", out=tmp_path / "parts", quiet=True, **own)
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, parts.network.state_dict()[name]), name


# What is not kind ---------------------------------------------------------------------------------------------------


def test_texts_that_are_not_kind(model: Translator):
    """Longer than any seen, of symbols never seen, of one word of 10 MB, of control characters."""
    odd = ["One " * 300, "日本語のテキスト", "x" * 10_000_000, "\x00\x1b[31m", "\u2028 \n", "One\ntwo"]
    written = model.translate(odd, beam=2)
    assert len(written) == len(odd)
    assert all(isinstance(text, str) for text in written)
    assert len(model.translate(["One " * 300], beam=1)[0]) < 20_000  # it ends
    with pytest.raises(ArgumentTypeError, match="one string"):
        model.translate("One")
    with pytest.raises(ArgumentTypeError, match=r"\[1\] is None"):
        model.translate(["One", None])  # pyright: ignore[reportArgumentType]
    assert model.translate([]) == []


def test_a_blank_text_is_not_translated(model: Translator):
    """A space is a symbol of its own, and yet there is nothing to translate."""
    assert model.translate([" ", "\t", "\u00a0", "<br />", " \u2003<BR>", "\n"]) == [""] * 6
    assert model.best(["One.", " "], 2)[1] == []


def test_numbers_of_a_search_that_make_no_sense(model: Translator):
    for beam in (True, "5", 2.5):
        with pytest.raises(ArgumentTypeError, match="beam is"):
            model.translate(["One."], beam=beam)  # pyright: ignore[reportArgumentType]
    for beam in (0, -3, 1001):
        with pytest.raises(ArgumentError, match=f"beam is {beam}"):
            model.translate(["One."], beam=beam)
    with pytest.raises(ArgumentError, match="count is 0"):
        model.best(["One."], 0)
    with pytest.raises(ArgumentError, match="length_penalty is 5000"):
        model.translate(["One."], length_penalty=5000)


def test_words_never_seen_are_read_and_never_written(tmp_path: Path):
    options = TranslateOptions(
        symbols=PairSymbolOptions(tokens="word"), training=PairTraining(epochs=1, threads=1, learning_rate=1e-6)
    )
    made = train_translator(pairs_of(*map(list, zip(*PAIRS, strict=True))), options)
    for row in made.best(["Nine hundred.", "Xyz"], 5):
        assert all("<unk>" not in one.text and "<pad>" not in one.text for one in row)


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([("One.", "Eins.")], "there is 1 different source"),
        ([("One.", "Eins."), ("One.", "Ein.")], "there is 1 different source"),
        ([("One.", "Eins."), ("Two.", "")], "no training pair has texts on both sides"),
    ],
    ids=["one line", "one source", "one full pair"],
)
def test_too_few_pairs(tmp_path: Path, pairs: list[tuple[str, str]], message: str):
    own = {**SMALL, "epochs": 1, "seed": 1}  # by which the full pair is kept for validation
    with pytest.raises((DataError, TrainingError), match=message):
        elman.train(write(tmp_path / "a.tsv", pairs), task="translate", out=tmp_path / "run", quiet=True, **own)


def test_pairs_with_an_empty_side_are_named_and_left_out(tmp_path: Path):
    file = write(tmp_path / "a.tsv", [*PAIRS[:10], ("", "Leer."), *PAIRS[10:20], ("Empty.", "  ")])
    told: list[str] = []

    class Told(Lines):
        def say(self, text: str) -> None:
            told.append(text)

    options = PairDataOptions(validation=str(write(tmp_path / "v.tsv", PAIRS[20:25])))
    parts = prepare(str(file), options, 0, Told())
    assert len(parts.train) == 20
    assert any("2 training pairs" in text and "a.tsv:11" in text and "a.tsv:22" in text for text in told)
    assert parts.train.place(10).endswith("a.tsv:12")


def test_the_same_source_is_never_on_two_sides():
    pairs = pairs_of([f"source {i % 40}" for i in range(200)], [str(i) for i in range(200)])
    parts = by_source(pairs, {"test": 0.1, "validation": 0.2}, seed=4)
    assert sorted(itertools.chain(*parts.values())) == list(range(200))
    texts = {name: {pairs.sources[row] for row in rows} for name, rows in parts.items()}
    assert [len(texts[name]) for name in ("test", "validation", "train")] == [4, 8, 28]
    assert not texts["test"] & texts["train"]
    assert not texts["validation"] & (texts["train"] | texts["test"])
    assert by_source(pairs, {"test": 0.0, "validation": 0.2}, seed=4)["test"] == []


def test_too_long_pairs_are_left_out_of_the_training(tmp_path: Path):
    long = ("One two three four five. " * 30, "Eins zwei drei vier fünf. " * 30)
    file = write(tmp_path / "a.tsv", [*PAIRS[:30], long])
    own = {**SMALL, "epochs": 1, "max_length": 12, "validation": str(write(tmp_path / "v.tsv", PAIRS[30:40]))}
    made = elman.train(file, task="translate", out=tmp_path / "run", quiet=True, **own)
    assert made.evaluate([long[0]], [long[1]])["rows"] == 1
    with pytest.raises(TrainingError, match="between 1 and 1 symbols"):
        elman.train(file, task="translate", out=tmp_path / "other", quiet=True, **{**own, "max_length": 2})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"max_length": 1}, "max_length is 1. Expected at least 2"),
        ({"length_penalty": 101.0}, "length_penalty is 101"),
        ({"networks": "one", "coverage": True}, "coverage is given, and networks is one"),
        ({"networks": "one", "attention": "inside", "input_feeding": True}, "attention inside and input feeding are"),
        ({"networks": "one", "score": "additive"}, "additive score is given"),
    ],
)
def test_options_that_do_not_go_together(tmp_path: Path, given: dict[str, Any], message: str):
    with pytest.raises(ConfigError, match=message):
        elman.train(write(tmp_path / "a.tsv", PAIRS), task="translate", out=tmp_path / "run", quiet=True, **given)
    assert not (tmp_path / "run").exists()


def test_the_card_of_one_network_names_one(tmp_path: Path):
    own = {**SMALL, "epochs": 1, "networks": "one"}
    elman.train(write(tmp_path / "a.tsv", PAIRS[:20]), task="translate", out=tmp_path / "run", quiet=True, **own)
    card = (tmp_path / "run" / "README.md").read_text()
    assert "A recurrent network (gru) that reads a text" in card
    assert "no attention" in card
    assert "Two recurrent networks" not in card
    assert "encoder" not in card


def test_another_kind_of_evaluation(model: Translator):
    with pytest.raises(ConfigError, match=r"no option 'sorce'.*Did you mean 'source'"):
        model.evaluate("a.tsv", sorce="x")
    with pytest.raises(ArgumentError, match="not a single pair"):
        model.evaluate(["One."])
    with pytest.raises(ArgumentError, match="beside the path"):
        model.evaluate("a.tsv", ["Eins."])


# BLEU and chrF ------------------------------------------------------------------------------------------------------


def test_bleu_by_hand():
    """Brevity 4 words for 5, all n-grams right: exp(1 - 5/4); then two references, one of which is it."""
    pytest.importorskip("sacrebleu")
    from elman.tasks.translate.scores import scores

    found = scores(["das ist ein Haus"], [["das ist ein Haus dort"]])
    assert found["bleu"] == pytest.approx(100 * math.exp(1 - 5 / 4), rel=1e-9)
    assert scores(["das ist ein Haus"], [["das ist ein Haus dort", "das ist ein Haus"]])["bleu"] == pytest.approx(100)
    assert "tok:13a" in found["bleu_signature"]
    assert "case:mixed" in found["bleu_signature"]
    same = scores(["Ein Haus.", "Zwei Häuser sind da."], [["Ein Haus."], ["Zwei Häuser sind da.", "Zwei Häuser."]])
    assert same["chrf"] == pytest.approx(100)


def test_results_say_what_is_missing():
    plain = {"rows": 3, "perplexity": 2.5, "loss": math.log(2.5), "length": 1.0}
    assert "elman[translate-metrics]" in evaluation("a.tsv", plain)
    full = {**plain, "bleu": 33.3, "chrf": 60.0, "bleu_signature": "nrefs:1", "chrf_signature": "nc:6"}
    shown = summary({"validation": plain | full, "test": full})
    assert "33.30" in shown
    assert "nrefs:1" in shown
    assert "with all its references: BLEU 40.00" in evaluation("a", {**full, "sources": 2, "bleu_all": 40.0})


def test_batches_of_pairs_hold_what_is_given():
    pairs = EncodedPairs(Ragged.of([[7], [8, 9]]), Ragged.of([[5, 6], []]))
    batch = pairs.batch(np.array([1, 0]))
    assert batch.before.tolist() == [[2, 0, 0], [2, 5, 6]]
    assert batch.targets.tolist() == [3, 5, 6, 3]
    assert pairs.tokens(np.array([0, 1])) == 4
