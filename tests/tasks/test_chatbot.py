"""A chatbot: contexts by hand, answers that are the same whichever way they are asked for, measures by hand."""

import io
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

import elman
from elman.cli.app import main
from elman.data.dialogue_options import DialogueDataOptions
from elman.data.dialogues import dialogues_of
from elman.data.options import SymbolOptions
from elman.data.symbols import Symbols
from elman.errors import ArgumentError, ArgumentTypeError, ConfigError, DataError, TrainingError
from elman.learn.pair_options import EncoderDecoderOptions, PairTraining
from elman.learn.pairs import END, make_network
from elman.learn.report import Lines
from elman.tasks.chat import Chatbot, chatbot, train_chatbot
from elman.tasks.chat.contexts import SYMBOLS, contexts, encoded
from elman.tasks.chat.measures import distinct
from elman.tasks.chat.options import ChatOptions, ChatSymbolOptions
from elman.tasks.chat.results import table

SAID = {"hello": "good day to you", "how are you": "fine", "who is there": "it is me", "where is it": "over there"}
CHATS = [[a, SAID[a], b, SAID[b]] for a in SAID for b in SAID]
SMALL: dict[str, Any] = {
    "tokens": "word", "embedding": 24, "hidden": 24, "dropout": 0.0, "word_dropout": 0.0, "epochs": 12,
    "batch_size": 16, "learning_rate": 0.02, "threads": 1, "patience": 0,
}  # fmt: skip
DRAWN: dict[str, Any] = {"temperature": 1.5, "top_p": 1.0, "repetition": 1.0, "no_repeat": 0}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained run."""
    folder = tmp_path_factory.mktemp("chat")
    (folder / "chats.txt").write_text("".join(" __eou__ ".join(own) + " __eou__\n" for own in CHATS * 3))
    elman.train(folder / "chats.txt", task="chat", out=folder / "run", quiet=True, **SMALL)
    return folder / "run"


@pytest.fixture(scope="module")
def model(run: Path) -> Chatbot:
    return elman.load(run)


def test_contexts_by_hand():
    """The last turns, each after the symbol of its speaker: 4 for who answers, 5 for the other."""
    symbols = Symbols.learn(["a b c d"], SymbolOptions(tokens="word", max_length=5, keep="first"), SYMBOLS)
    a, b, c, d = (symbols.id_of(name) for name in "abcd")
    pairs = encoded(symbols, dialogues_of([["a b", "c", "d", "a"], ["b"], ["c", "b"]]), 2)
    sources = [pairs.sources.row(i).tolist() for i in range(len(pairs))]
    # Of a longer context the last five symbols are read.
    assert sources == [[5, a, b], [4, a, b, 5, c], [4, c, 5, d], [5, c]]
    assert [pairs.targets.row(i).tolist() for i in range(4)] == [[c], [d], [a], [b]]
    assert contexts(symbols, [["a", "b c", "d a b"]], 2).row(0).tolist() == [c, 5, d, a, b]


@pytest.mark.parametrize("tokens", ["character", "bpe"])
def test_the_end_of_a_long_turn_is_read_after_the_mark_of_its_speaker(tokens: str):
    """4 symbols are read: of a long turn the last ones, whether it is the last turn or the one before it."""
    options = SymbolOptions(tokens=tokens, vocabulary=262, max_length=4, keep="first", lowercase=False)
    symbols = Symbols.learn(["abcde"], options, SYMBOLS)
    a, c, d, e = (symbols.id_of(name) for name in "acde")
    first = symbols.encode(["aab"]).row(0).tolist()  # of byte pairs the space before it, too
    for long in ("aabbccde", "x" * 1_000_000 + "cde"):
        assert contexts(symbols, [["a", long]], 2).row(0).tolist() == [5, c, d, e]
        both = contexts(symbols, [[long, "a"]], 2).row(0).tolist()
        assert both == ([d, e, 5, a] if tokens == "character" else [e, 5, *symbols.encode(["a"]).row(0).tolist()])
    pairs = encoded(symbols, dialogues_of([["a", "aabbccde", "c"]]), 2)
    assert pairs.sources.row(1).tolist() == [5, c, d, e]
    assert pairs.targets.row(0).tolist()[:3] == first[:3]  # what is written is learned from its beginning


def test_it_has_learned_to_answer(model: Chatbot):
    for asked, answer in SAID.items():
        assert model.reply([asked], temperature=0) == answer
        assert model.reply(["hello", SAID["hello"], asked], temperature=0) == answer


def test_an_answer_in_pieces_is_the_answer(model: Chatbot):
    for seed in range(5):
        pieces = list(model.stream(["hello"], seed=seed, **DRAWN))
        assert "".join(pieces) == model.reply(["hello"], seed=seed, **DRAWN)
    assert len({model.reply(["hello"], seed=seed, **DRAWN) for seed in range(8)}) > 1
    torch.manual_seed(0)
    before = torch.is_grad_enabled()
    next(iter(model.stream(["hello"])))
    assert torch.is_grad_enabled() == before  # a generator that is left leaves nothing behind


def test_many_answers_at_once_are_those_of_each(model: Chatbot):
    asked = [["hello"], ["hello", "fine", "who is there"], ["where is it"], ["good day to you", "how are you"]]
    assert model.replies(asked, temperature=0) == [model.reply(turns, temperature=0) for turns in asked]


def test_why_names_probabilities_and_what_was_looked_at(model: Chatbot):
    """The product of the probabilities is that of the whole answer, as the perplexity has it."""
    reasons = model.why(["how are you"], "it is me")
    assert [reason.symbol for reason in reasons] == ["it", "is", "me", "<end of text>"]
    total = sum(math.log(reason.probability) for reason in reasons)
    loss = model.evaluate([["how are you", "it is me"]])["loss"]
    assert -total / 4 == pytest.approx(loss, rel=1e-4)  # float32
    for reason in reasons:
        assert [p for _, p in reason.others] == sorted((p for _, p in reason.others), reverse=True)
        assert sum(weight for _, weight in reason.looked) <= 1 + 1e-5
        assert all(name in ("how", "are", "you", "<the other speaker>") for name, _ in reason.looked)


def test_why_explains_the_symbols_that_were_drawn(model: Chatbot):
    """Also of an answer that was cut, which has no end; those of the same text are the same."""
    drawn: list[int] = []
    said = "".join(model.stream(["hello"], drawn=drawn, temperature=0))
    assert drawn[-1] == END
    assert model.why(["hello"], drawn) == model.why(["hello"], said)
    drawn.clear()
    list(model.stream(["hello"], drawn=drawn, temperature=0, max_reply=2))
    assert [reason.symbol for reason in model.why(["hello"], drawn)] == ["good", "day"]


def test_evaluate_counts_answers_and_measures_variety(model: Chatbot):
    result = model.evaluate(CHATS)
    assert (result["dialogues"], result["rows"], result["sampled"]) == (16, 48, 48)
    given = [own[i] for own in CHATS for i in range(1, 4)]
    assert result["given_distinct_1"] == distinct(given, 1)
    assert result["given_words"] == pytest.approx(np.mean([len(text.split()) for text in given]))
    assert result["perplexity"] == pytest.approx(math.exp(result["loss"]))
    assert "distinct-2" in table({"test": result})
    assert model.evaluate(CHATS) == result  # drawn by a seed


def test_distinct_by_hand():
    assert distinct(["a b a", "a b"], 1) == 2 / 5
    assert distinct(["a b a", "a b"], 2) == 2 / 3
    assert distinct(["a"], 2) == 0
    assert distinct([], 1) == 0


def test_saved_and_read_back(model: Chatbot, tmp_path: Path):
    model.save(tmp_path / "copy")
    again = elman.load(tmp_path / "copy")
    assert again.reply(["hello"], seed=3, **DRAWN) == model.reply(["hello"], seed=3, **DRAWN)
    assert "Do not let it speak" in (tmp_path / "copy" / "README.md").read_text()


def test_turns_that_are_not_kind(model: Chatbot):
    for turns in (["word " * 5000], ["日本語"], [""], ["\x1b[31m"], ["a"] * 500, ["x" * 10_000_000]):
        assert isinstance(model.reply(turns, seed=0), str)
    with pytest.raises(ArgumentError, match="no turn"):
        model.reply([])
    with pytest.raises(ArgumentTypeError, match=r"Write \[text\]"):
        model.reply("hello")
    with pytest.raises(ArgumentError, match="temperature"):
        model.reply(["hello"], temperature=-1.0)
    with pytest.raises(ArgumentError, match="no heat to choose"):
        model.reply(["hello"], heat=1.0)


def test_names_and_numbers_that_are_not_there(model: Chatbot):
    with pytest.raises(ArgumentError, match="there is no temprature to choose"):
        model.reply(["hello"], temprature=1.0, top_p=0.5)
    with pytest.raises(ArgumentError, match="max_reply is 0"):
        model.reply(["hello"], max_reply=0)
    with pytest.raises(ArgumentError, match="others is -1"):
        model.why(["hello"], "fine", others=-1)
    with pytest.raises(ArgumentTypeError, match=r"others is 2\.5"):
        model.why(["hello"], "fine", others=2.5)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ConfigError, match=r"no option 'dialoge'.*Did you mean 'dialogue'"):
        model.evaluate("a.txt", dialoge="x")


def test_a_last_character_of_which_bytes_are_missing_is_shown(monkeypatch: pytest.MonkeyPatch):
    options = ChatOptions(model=EncoderDecoderOptions(embedding=3, hidden=3), symbols=ChatSymbolOptions(vocabulary=270))
    symbols = Symbols.learn(["a"], options.symbols.of_texts(), SYMBOLS)
    model = Chatbot(make_network(symbols.size, options.model), symbols, options)
    drawn = [symbols.id_of("a"), symbols.id_of("Ã"), END]  # the second is the first byte of é
    monkeypatch.setattr(
        chatbot, "walk", lambda *_, **__: iter(SimpleNamespace(symbols=torch.tensor([i])) for i in drawn)
    )
    assert list(model.stream(["a"])) == ["a", "\N{REPLACEMENT CHARACTER}"]


def test_answers_that_are_not_learned_from_are_counted(tmp_path: Path):
    chats = [["hello", "good day"], ["hello", "one two three four five"], ["hi", "good day to you"], ["hi", "<br>"]]
    told: list[str] = []

    class Told(Lines):
        def say(self, text: str) -> None:
            told.append(text)

    def train(max_length: int) -> None:
        symbols = ChatSymbolOptions(tokens="word", max_length=max_length)
        data = DialogueDataOptions(validation=str(tmp_path / "v.txt"))
        small = EncoderDecoderOptions(embedding=3, hidden=3)
        options = ChatOptions(data, symbols, small, PairTraining(epochs=1, threads=1))
        train_chatbot(dialogues_of(chats), options, report=Told())

    (tmp_path / "v.txt").write_text("hello __eou__ good day\nhi __eou__ one two three four five six\n")
    train(5)
    assert "  note: 2 training answers with 5 symbols or more, or none, are left out (--max-length)" in told
    assert "  note: 1 validation answer with 5 symbols or more, or none, is left out (--max-length)" in told
    told.clear()
    train(0)
    assert "  note: 1 training answer with no symbol is left out" in told
    with pytest.raises(TrainingError, match="no training answer has between 1 and 1 symbols"):
        train(2)


def test_a_language_model_answers_as_well(tmp_path: Path):
    """Nothing is looked at: the reasons say so."""
    (tmp_path / "a.txt").write_text("".join(" __eou__ ".join(own) + "\n" for own in CHATS * 3))
    own = elman.train(tmp_path / "a.txt", task="chat", out=tmp_path / "run", quiet=True, networks="one", **SMALL)
    again = elman.load(tmp_path / "run")
    assert again.reply(["hello"], seed=3, **DRAWN) == own.reply(["hello"], seed=3, **DRAWN)
    assert again.why(["hello"], "fine")[0].looked == []
    card = (tmp_path / "run" / "README.md").read_text()
    assert "A recurrent network (gru) that reads the last 3 turns" in card
    assert "attention: none" in card
    with pytest.raises(ConfigError, match="coverage is given, and networks is one"):
        elman.train(tmp_path / "a.txt", task="chat", quiet=True, networks="one", coverage=True)
    assert sum(again.reply([asked], temperature=0) == answer for asked, answer in SAID.items()) >= 3


def test_one_dialogue_is_too_few(tmp_path: Path):
    (tmp_path / "a.txt").write_text("hi __eou__ hello __eou__\n")
    with pytest.raises(DataError, match="1 different dialogue"):
        elman.train(tmp_path / "a.txt", task="chat", out=tmp_path / "run", quiet=True, **SMALL)


def talk(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str, *words: str) -> list[str]:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    capsys.readouterr()
    assert main(["chat", *words]) == 0, capsys.readouterr().err
    return capsys.readouterr().out.splitlines()


def test_the_command(run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    lines = talk(monkeypatch, capsys, "hello\n\nhow are you\n", str(run), "--temperature", "0")
    assert lines == ["good day to you", "fine"]
    typed = "/why\nhello\n/why\n/reset\n/temperature 0.3\n/temperature warm\n/temperature -1\n/what\n/quit\nhello\n"
    lines = talk(monkeypatch, capsys, typed, str(run), "--temperature", "0")
    assert lines[:2] == ["Nothing was said yet.", "good day to you"]
    assert [line.split()[0] for line in lines[2:8]] == ["symbol", "good", "day", "to", "you", "<end"]
    rest = lines[8:]
    assert rest[:2] == ["A new dialogue.", "The temperature is 0.3."]
    assert rest[2] == rest[3] == "Expected a number of at least 0, as in /temperature 0.7"
    assert rest[4] == "There is no /what."
    assert rest[-1].startswith("/quit")  # what came after it was not answered


def test_the_command_takes_what_bounds_an_answer(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    flags = [str(run), "--temperature", "0", "--max-reply", "2", "--no-repeat", "0"]
    said, *why = talk(monkeypatch, capsys, "hello\n/why\n", *flags)
    assert said == "good day"
    assert [line.split()[0] for line in why] == ["symbol", "good", "day"]  # it was cut: no end was drawn


def test_the_same_seed_gives_the_same_dialogue(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    flags = [str(run), "--temperature", "2", "--top-p", "1", "--repetition", "1", "--seed", "4"]
    first = talk(monkeypatch, capsys, "hello\nhello\n", *flags)
    assert talk(monkeypatch, capsys, "hello\nhello\n", *flags) == first


def test_ctrl_c_ends_an_answer_and_not_the_dialogue(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """In a terminal; what was said until then stays in the dialogue. From a pipe it ends the command."""
    heard: list[list[str]] = []

    def stream(self: Chatbot, turns: list[str], **choosing: Any) -> Iterator[str]:
        heard.append(list(turns))
        yield "good "
        if turns[-1] == "hello":
            raise KeyboardInterrupt
        yield "night"

    monkeypatch.setattr(Chatbot, "stream", stream)
    for terminal in (True, False):
        typed = io.TextIOWrapper(io.BytesIO(b"hello\nbye\n"))
        monkeypatch.setattr(typed, "isatty", lambda answer=terminal: answer)
        monkeypatch.setattr(sys, "stdin", typed)
        heard.clear()
        assert main(["chat", str(run)]) == (0 if terminal else 130)
        out = capsys.readouterr().out
        assert out.replace("> ", "").rstrip("\n") == ("good …\ngood night" if terminal else "good ")
        assert heard[1:] == [["hello"], ["hello", "good", "bye"]][: 1 + terminal]  # after the check of the numbers


@pytest.mark.parametrize(
    ("flag", "value"),
    [("temperature", "-2"), ("seed", "-1"), ("seed", "9" * 30), ("max-reply", "0"), ("no-repeat", "-1")],
)
def test_flags_that_make_no_sense(flag: str, value: str, run: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["chat", str(run), f"--{flag}", value]) == 2
    assert f"{flag.replace('-', '_')} is {value}" in capsys.readouterr().err


def test_what_comes_through_a_pipe_is_text_or_refused(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    flags = ["chat", str(run), "--temperature", "0"]
    for raw in ("\ufeffhello\r\nhow are you", "hello\r\nhow are you"):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw.encode())))
        assert main(flags) == 0
        assert capsys.readouterr().out.splitlines() == ["good day to you", "fine"]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"hello\ncaf\xe9\n")))
    assert main(flags) == 2
    out, err = capsys.readouterr()
    assert out == "good day to you\n"
    assert "standard input:2: byte 0xe9" in err
