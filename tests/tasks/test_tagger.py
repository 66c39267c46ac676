"""A tagger from sentences to a run folder and back: it learns what the words beside tell, and two outputs at once."""

from pathlib import Path
from typing import Any

import pytest
import torch

import elman
from elman.data.sentences import from_sentences
from elman.errors import ArgumentError, ArgumentTypeError, DataError, RunError, TrainingError
from elman.learn.report import Silent
from elman.learn.spans import invalid
from elman.tasks.tag.contrasts import MostFrequent
from elman.tasks.tag.options import TagDataOptions, TagModelOptions, TagOptions, TagTraining
from elman.tasks.tag.preparation import prepare, split_rows
from elman.tasks.tag.tagger import Tagger
from elman.tasks.tag.training import _validate, train_tagger

MODEL = TagModelOptions(embedding=8, character_embedding=6, character_hidden=4, affix_embedding=4, hidden=12)
# "run" and "walk" are nouns after "the" and verbs after "to"; only the words beside tell.
VERBS = ["run", "walk", "jump", "ride", "swim"]
WORDS = [
    s for v in VERBS for w in VERBS for s in (["the", v, "to", w], ["to", v, "the", w], ["to", v], ["the", v, "."])
]
WHAT = {"the": "DET", "to": "PART", ".": "PUNCT"}
TAGS = [[WHAT.get(w) or ("NOUN" if s[i - 1] == "the" else "VERB") for i, w in enumerate(s)] for s in WORDS]
LABELS = ["thing" if s[0] == "the" else "deed" for s in WORDS]


def options(output: str = "softmax", epochs: int = 12, **more: Any) -> TagOptions:
    model = TagModelOptions(**{**vars(MODEL), "output": output, **more})
    return TagOptions(model=model, training=TagTraining(epochs=epochs, batch_size=8, learning_rate=0.01, threads=1))


@pytest.fixture(scope="module")
def trained() -> Tagger:
    """A tagger with two outputs."""
    return train_tagger(from_sentences(WORDS, TAGS, LABELS), options("crf"))


@pytest.mark.parametrize("output", ["softmax", "crf"])
def test_it_learns_what_the_words_beside_tell(output: str) -> None:
    """The most frequent tag of a word cannot be right about words that are nouns and verbs as often."""
    model = train_tagger(from_sentences(WORDS, TAGS), options(output))
    assert model.predict([["to", "walk", "the", "walk"]]) == [["PART", "VERB", "DET", "NOUN"]]
    scores = model.evaluate(WORDS, TAGS)
    assert scores["accuracy"] == 1.0
    assert scores["contrasts"]["most_frequent"]["accuracy"] < 0.9
    assert "label" not in scores
    assert "beats the most frequent tag" in model.summary()


def test_two_outputs_at_once(trained: Tagger) -> None:
    scores = trained.evaluate(WORDS, TAGS, LABELS)
    assert (scores["accuracy"], scores["label"]["accuracy"], scores["label"]["both"]) == (1.0, 1.0, 1.0)
    assert trained.predict_labels([["the", "jump"], ["to", "ride"]]) == ["thing", "deed"]
    assert trained.predict_both([["the", "jump"]]) == ([["DET", "NOUN"]], ["thing"])
    wrong = trained.evaluate(WORDS[:4], TAGS[:4], ["thing", "deed", "thing", "never seen"])
    assert wrong["label"]["accuracy"] == 0.5  # the first two are right
    assert wrong["label"]["unseen_labels"] == {"never seen": 1}


def test_what_an_evaluation_counts(trained: Tagger) -> None:
    """Six words, one with a tag that the training does not have, one with a tag that is wrong, two never seen."""
    scores = trained.evaluate(
        [["the", "run", "."], ["to", "xyz", "zyx"]], [["DET", "NOUN", "ODD"], ["PART", "DET", "DET"]]
    )
    found = trained.predict([["to", "xyz", "zyx"]])[0]
    right = 2 + 1 + found[1:].count("DET")
    assert scores["accuracy"] == right / 6
    assert (scores["sentences"], scores["rows"], scores["unseen_tags"]) == (2, 6, {"ODD": 1})
    assert scores["unknown_words"] == {"rows": 2, "accuracy": found[1:].count("DET") / 2}
    assert scores["whole_sentences"] == 0.0
    assert scores["per_class"]["ODD"]["recall"] == 0.0
    assert "The training never saw the tag 'ODD': 1 word counted as wrong." in trained.table("x", scores)


def test_a_run_folder_and_back(tmp_path: Path) -> None:
    rows = [f"# mood = {label}\n" + "".join(f"{w}\t{t}\n" for w, t in zip(s, own, strict=True))
            for s, own, label in zip(WORDS, TAGS, LABELS, strict=True)]  # fmt: skip
    (tmp_path / "a.conll").write_text("\n".join(rows))
    said = Said()
    chosen = TagOptions(data=TagDataOptions(label="mood"), model=MODEL, training=options(epochs=3).training)
    model = train_tagger(tmp_path / "a.conll", chosen, tmp_path / "run", said)
    back = elman.load(tmp_path / "run")
    assert (back.classes, back.labels, back.scheme) == (model.classes, model.labels, model.scheme)
    assert back.predict_both(WORDS) == model.predict_both(WORDS)
    assert back.summary() == model.summary()
    assert back.evaluate(tmp_path / "a.conll") == model.evaluate(tmp_path / "a.conll")
    assert "label" in back.evaluate(tmp_path / "a.conll")
    (tmp_path / "b.conll").write_text("the\tDET\nrun\tNOUN\n")  # no label: only the tags are compared
    assert "label" not in back.evaluate(tmp_path / "b.conll")
    text = (tmp_path / "run" / "README.md").read_text()
    assert "deed, thing" in text
    again = train_tagger(tmp_path / "a.conll", chosen, tmp_path / "run", said)
    assert again.predict(WORDS) == model.predict(WORDS)
    assert any("holds this training, finished" in line for line in said.lines)
    (tmp_path / "a.conll").write_text("\n".join(rows[1:]))
    with pytest.raises(RunError, match="changed"):
        train_tagger(tmp_path / "a.conll", chosen, tmp_path / "run")
    (tmp_path / "run" / "tokenizer.json").write_text("{}")
    with pytest.raises(RunError, match="damaged"):
        elman.load(tmp_path / "run")


class Said(Silent):
    """A report that remembers what it was told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        """Remember one line."""
        self.lines.append(text)


def test_saved_by_hand(trained: Tagger, tmp_path: Path) -> None:
    trained.save(tmp_path / "run")
    assert elman.load(tmp_path / "run").predict_both(WORDS) == trained.predict_both(WORDS)


def test_the_same_seed_gives_the_same_tagger() -> None:
    data = from_sentences(WORDS, TAGS)
    first, second = (train_tagger(data, options(epochs=2)) for _ in range(2))
    assert all(
        bool((a == b).all()) for a, b in zip(first.network.parameters(), second.network.parameters(), strict=True)
    )


def test_sentences_of_any_length_and_words_of_any_size(trained: Tagger) -> None:
    assert trained.predict([]) == []
    assert trained.predict([[], ["run"], []])[0::2] == [[], []]
    long = ["the", "run"] * 5000
    assert len(trained.predict([long])[0]) == 10_000
    assert len(trained.predict([["x" * 10_000_000, "run"]])[0]) == 2
    with pytest.raises(ArgumentTypeError, match=r"words is one string"):
        trained.predict("the run")
    with pytest.raises(ArgumentError, match="not a single word"):
        trained.evaluate([[]], [[]])


def test_a_tagger_without_labels_says_so() -> None:
    model = train_tagger(from_sentences(WORDS, TAGS), options(epochs=1))
    assert model.predict_both(WORDS[:1])[1] is None
    with pytest.raises(ArgumentError, match=r"no labels of sentences.*--label"):
        model.predict_labels(WORDS[:1])


def test_entities_are_valid_from_the_first_epoch_on() -> None:
    """After one step the tags are all but random; what is predicted keeps to BIO all the same."""
    tags = [["B-x" if i == 0 else "I-x" if i == 1 else "O" for i in range(len(s))] for s in WORDS]
    model = train_tagger(from_sentences(WORDS, tags), options(epochs=1))
    assert model.scheme == "bio"
    assert [place for row in model.predict(WORDS) for place in invalid(row, "bio")] == []
    scores = model.evaluate(WORDS, tags)
    assert scores["entities"]["entities"] == len(WORDS)
    assert "F1" in model.table("x", scores)
    assert {"validation_F1", "validation_error"} <= set(model.record["history"]["epochs"][0])


@pytest.mark.parametrize(
    ("words", "tags", "message"),
    [
        ([["a", "b"]], [["X", "Y"]], "there is a single sentence"),
        ([["a", "b"]] * 9, [["X", "Y"]] * 9, "one sentence only, again and again"),
        ([["a"], ["b"]], [["X"], ["X"]], "every word has the tag 'X'"),
        ([], [], "not a single word"),
        ([[], []], [[], []], "not a single word"),
    ],
    ids=["one", "repeated", "one tag", "none", "no words"],
)
def test_what_cannot_be_learned_from(words: list[list[str]], tags: list[list[str]], message: str) -> None:
    with pytest.raises(DataError, match=message):
        train_tagger(from_sentences(words, tags), options(epochs=1))


def test_sentences_without_words_are_passed_over() -> None:
    """More of them than a batch has rows: the mean over no words would be no number."""
    data = from_sentences([[] for _ in range(40)] + WORDS, [[] for _ in range(40)] + TAGS)
    model = train_tagger(data, options(epochs=1))
    assert model.record["history"]["steps"] > 0
    assert model.record["rows"]["train"] <= len(WORDS)


def test_validation_without_a_known_tag_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.conll").write_text("a X\nb Y\n\nc X\nd Y\n")
    (tmp_path / "v.conll").write_text("a P\nb Q\n")
    chosen = TagOptions(data=TagDataOptions(validation=str(tmp_path / "v.conll")), model=MODEL)
    with pytest.raises(TrainingError, match=r"no word of .*v.conll has a tag of the training"):
        train_tagger(tmp_path / "a.conll", chosen)


def test_unknown_tags_in_validation_and_test_are_told_and_wrong(tmp_path: Path) -> None:
    rows = ["".join(f"{w} {t}\n" for w, t in zip(s, own, strict=True)) for s, own in zip(WORDS, TAGS, strict=True)]
    (tmp_path / "a.conll").write_text("\n".join(rows))
    (tmp_path / "v.conll").write_text("the DET\nrun ODD\n\nto PART\nrun VERB\n")
    data = TagDataOptions(validation=str(tmp_path / "v.conll"), test=str(tmp_path / "v.conll"))
    said = Said()
    model = train_tagger(
        tmp_path / "a.conll", TagOptions(data=data, model=MODEL, training=options().training), None, said
    )
    scores = model.record["results"]["test"]["model"]
    assert (scores["accuracy"], scores["unseen_tags"]) == (0.75, {"ODD": 1})
    assert any("1 validation words have tags that the training does not have, 'ODD'" in line for line in said.lines)


def test_the_most_frequent_tag_by_hand() -> None:
    """Walked twice V and once N is V; "jumped" is new and ends in -ped, -ed … as "walked" does in -ked, -ed: V; "x" is
    nothing known, and of the three words two are V."""
    model = MostFrequent.fit(
        [["walked", "walked", "walked"], ["red", "saw"]], [["V", "V", "N"], ["A", "V"]], ["p", "q"]
    )
    assert model.predict([["walked", "jumped", "x", "red", "bred"]]) == [["V", "V", "V", "A", "A"]]
    assert model.label == "p"
    assert MostFrequent.from_json(model.to_json()).predict([["bred"]]) == [["A"]]
    with pytest.raises(ArgumentError, match="most frequent tags"):
        MostFrequent.from_json("[]")


def test_the_same_sentence_is_never_on_both_sides() -> None:
    words = [["a"], ["b"], ["c"], ["d"]] * 25
    for seed in range(5):
        train, validation = split_rows(words, 0.25, seed)
        assert sorted(train + validation) == list(range(100))
        assert not {words[i][0] for i in train} & {words[i][0] for i in validation}
        assert len(validation) == 25


def test_among_epochs_of_the_same_f1_the_accuracy_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    tags = [["B-x" if i == 0 else "I-x" if i == 1 else "O" for i in range(len(s))] for s in WORDS]
    chosen = options(epochs=1)
    parts = prepare(from_sentences(WORDS, tags), chosen.data, 0, Silent())
    model = train_tagger(from_sentences(WORDS, tags), chosen)

    def error(tag: str) -> float:
        monkeypatch.setattr(model, "predict", lambda words: [[tag] * len(row) for row in words])
        with torch.no_grad():
            return _validate(model, parts)["error"]

    assert 1.0 < error("O") < error("S-y") <= 1.000001  # no entity is right in either


@pytest.mark.parametrize("output", ["softmax", "crf"])
def test_a_batch_of_sentences_without_words(output: str) -> None:
    tags = [["B-x" if i == 0 else "I-x" if i == 1 else "O" for i in range(len(s))] for s in WORDS]
    model = train_tagger(from_sentences(WORDS, tags), options(output, epochs=1))
    assert model.predict([[]]) == [[]]
    assert model.predict([[], []]) == [[], []]


def test_a_sentence_that_comes_again_and_again_does_not_fill_the_validation() -> None:
    words = [["often"]] * 96 + [["a"], ["b"], ["c"], ["d"]]
    for seed in range(8):
        train, validation = split_rows(words, 0.1, seed)
        assert len(validation) == 4
        assert sorted(train) == list(range(96))
    assert split_rows([["often"]] * 96 + [["a"]] * 4, 0.01, 0)[1] == [96, 97, 98, 99]  # none fits: the smallest


def test_a_split_of_sentences_is_the_same_for_ever() -> None:
    words = [[str(i % 45)] for i in range(50)]
    assert split_rows(words, 0.2, 7)[1] == [0, 6, 10, 19, 28, 32, 37, 42, 43, 45]
