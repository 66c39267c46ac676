"""The commands of language models: train, generate, score, evaluate, check; and what is refused."""

import csv
import io
import json
import math
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import elman
from elman.cli.app import main

Refused = Callable[..., str]
TINY = ["--epochs", "2", "--embedding", "4", "--hidden", "6", "--batch-size", "4", "--steps", "12", "--threads", "1"]


def lines(count: int) -> str:
    draw = random.Random(0)
    return "".join(f"the {draw.choice(['cat', 'dog'])} {draw.choice(['runs', 'sleeps'])}\n" for _ in range(count))


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("language")
    (folder / "pets.txt").write_text(lines(100))
    words = ["--tokens", "word", "--out", str(folder / "run"), "--quiet", *TINY]
    assert main(["train", str(folder / "pets.txt"), *words]) == 0
    return folder / "run"


@pytest.fixture
def language(taught: Path, work: Path) -> Path:
    return Path(shutil.copytree(taught, work / "language"))


def test_a_file_of_lines_is_a_language_to_learn(language: Path) -> None:
    assert elman.load(language).task == "generate"


def test_generate_prints_the_prompt_and_what_follows(language: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = ["generate", str(language), "--prompt", "the cat", "--length", "9", "--seed", "3"]
    assert main(call) == 0
    out, err = capsys.readouterr()
    assert out == f"the cat{elman.load(language).generate('the cat', length=9, seed=3)}\n"
    assert err == ""
    assert main([*call, "--stream"]) == 0
    assert capsys.readouterr().out == out
    assert main([*call, "--temperature", "0", "--stop", r"\n", "--stop", "zebra"]) == 0
    assert capsys.readouterr().out.count("\n") == 1
    assert main(["generate", str(language), "-p", "the", "--length", "4", "--beam", "3"]) == 0
    [(text, _)] = elman.load(language).beam("the", length=4, width=3)
    assert capsys.readouterr().out == f"the{text}\n"
    assert main([*call, "--top-k", "1"]) == 0
    assert capsys.readouterr().out == f"the cat{elman.load(language).generate('the cat', length=9, temperature=0)}\n"


def test_a_prompt_from_the_standard_input(
    language: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def given(raw: bytes) -> int:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(raw))))
        return main(["generate", str(language), "-p", "-", "--length", "2", "--seed", "0"])

    assert given(b"the cat runs\r\nthe") == 0
    assert capsys.readouterr().out.startswith("the cat runs\nthe ")
    assert given("the cat runs\nthe".encode("utf-16")) == 0
    out, err = capsys.readouterr()
    assert out.startswith("the cat runs\nthe ")
    assert "byte-order mark" in err
    assert given(b"the\ncaf\xe9") == 2
    assert "standard input:2: " in capsys.readouterr().err


def test_generation_without_end_goes_through_a_pipe_and_ends_with_it(language: Path) -> None:
    program = [sys.executable, "-m", "elman", "generate", str(language), "--length", "0", "--seed", "0", "--stream"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert len(process.stdout.read(2000)) == 2000
        process.stdout.close()
        assert process.wait(timeout=60) == 141
        assert process.stderr.read() == b""


def test_score_writes_every_symbol_and_their_sum(
    language: Path, work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (work / "new.txt").write_text("the dog runs\nthe zebra\n")
    assert main(["score", str(language), "new.txt"]) == 0
    out, err = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(out)))
    expected = elman.load(language).score("the dog runs\nthe zebra\n")
    assert [row["symbol"] for row in rows] == ["the", "dog", "runs", "<eol>", "the", "<unk>", "<eol>"]
    for row, one in zip(rows, expected, strict=True):
        assert float(row["log_probability"]) == pytest.approx(one.log_probability, rel=1e-5)
    total = sum(one.log_probability for one in expected)
    assert f"7 symbols, log-probability {total:.4f}" in err
    assert f"perplexity {math.exp(-total / 7):.2f}" in err
    assert main(["score", str(language), "new.txt", "--lines", "--out", "lines.csv"]) == 0
    by_line = list(csv.DictReader((work / "lines.csv").open()))
    assert [(row["line"], row["symbols"]) for row in by_line] == [("1", "4"), ("2", "3")]
    assert sum(float(row["log_probability"]) for row in by_line) == pytest.approx(total, rel=1e-5)


def test_evaluate_shows_the_contrasts(language: Path, work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (work / "new.txt").write_text("the dog runs\nthe zebra\n")
    assert main(["evaluate", str(language), "new.txt"]) == 0
    out = capsys.readouterr().out
    for told in ("perplexity", "Kneser–Ney 3-gram", "1 symbols (14.29 %) are unknown"):
        assert told in out
    assert main(["evaluate", str(language), "new.txt", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tokens"] == 7
    assert main(["info", str(language)]) == 0
    assert "Kneser–Ney 2-gram" in capsys.readouterr().out


def test_check_says_what_is_in_a_text(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (work / "pets.txt").write_text(lines(3) + "a\tb é")
    assert main(["check", "pets.txt"]) == 0
    out = capsys.readouterr().out
    for told in ("4 lines", "12 between spaces", "are few"):
        assert told in out
    assert main(["check", "pets.txt", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["sound"]
    assert found["files"][0]["lines"] == 4
    assert found["files"][0]["characters"] == len(lines(3)) + 5
    for content, problem in (("", "is empty"), (" \n\n", "is blank"), ("word", "4 characters are too few")):
        (work / "none.txt").write_text(content)
        assert main(["check", "none.txt"]) == 2
        assert problem in capsys.readouterr().out
    (work / "bad.txt").write_bytes(b"a\nb \xff\n")
    assert main(["check", "bad.txt"]) == 2
    assert "bad.txt:2" in capsys.readouterr().err


FILES: dict[str, tuple[bytes, list[str], list[str]]] = {
    "empty": (b"", [], [r"a\.txt", "the text is empty"]),
    "one letter": (b"a", [], ["1 characters, too few"]),
    "blank lines": (b"\n \n\t\n" * 9, [], [r"a\.txt", "is blank"]),
    "a seed of many digits": (b"one two three\n" * 9, ["--seed", "9" * 30], ["seed is 999"]),
    "invalid UTF-8": (b"one\ntwo \xe9\xff three\n", [], [r"a\.txt:2", "0xe9 at position 8", "--encoding"]),
    "NUL": (b"one\ntwo\0\n", [], [r"a\.txt:2", "NUL"]),
    "a picture": (b"\x89PNG\r\n", [], ["PNG"]),
    "byte pairs without room": (b"one two three\n" * 9, ["--tokens", "bpe", "--vocabulary", "99"], ["at least 257"]),
    "weight drop of what has no weights": (
        b"one two three\n" * 9,
        ["--cell", "indrnn", "--weight-drop", "0.5"],
        ["indrnn has no matrix"],
    ),
    "tied vectors of several widths": (b"abc\n" * 9, ["--tied", "--softmax", "adaptive"], ["tied"]),
    "an adaptive softmax over few": (b"abc\n" * 9, ["--softmax", "adaptive"], ["full softmax"]),
    "no such validation": (b"abc\n" * 9, ["--validation", "b.txt"], [r"there is no file 'b\.txt'"]),
}


@pytest.mark.parametrize("case", FILES)
def test_texts_and_options_that_are_refused(case: str, work: Path, refused: Refused) -> None:
    content, flags, wanted = FILES[case]
    (work / "a.txt").write_bytes(content)
    message = refused("train", "a.txt", "--task", "generate", "--out", "run", *TINY, *flags)
    for pattern in wanted:
        assert re.search(pattern, message), message


def test_long_words_and_long_texts_are_fine(language: Path, work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (work / "long.txt").write_text("the cat " + "x" * 10_000_000 + " runs\n")
    assert main(["evaluate", str(language), "long.txt", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["unknown"] >= 1
    (work / "far.txt").write_text("the cat runs " * 5000)  # far longer than any line of the training
    assert main(["evaluate", str(language), "far.txt", "--json"]) == 0
    assert math.isfinite(json.loads(capsys.readouterr().out)["loss"])


def test_uses_that_are_refused(language: Path, run: Path, refused: Refused) -> None:
    name = str(language)
    assert "--task generate" in refused("generate", str(run))
    assert "--task generate" in refused("score", str(run), "reviews.csv")
    assert "temperature" in refused("generate", name, "--temperature", "-1")
    assert "top_p" in refused("generate", name, "--top-p", "0")
    assert "--length" in refused("generate", name, "--beam", "2", "--length", "0")
    assert "--beam is -1" in refused("generate", name, "--beam", "-1")
    drawn = ["--temperature", "0.5", "--top-k", "3", "--no-repeat", "2", "--seed", "0"]
    assert "--beam with --temperature, --top-k, --no-repeat, --seed" in refused("generate", name, "--beam", "2", *drawn)
    assert "seed is -1" in refused("generate", name, "--seed", "-1")
    assert "seed is 999" in refused("generate", name, "--seed", "9" * 30)
    assert f"elman predict {run} FILE" in refused("generate", str(run))
    assert "one of them at most" in refused("generate", name, "--beam", "2", "--stop", "a", "--stop", "b")
    assert "not one symbol" in refused("generate", name, "--beam", "2", "--stop", "zebra")
    assert "there is no file 'none.txt'" in refused("score", name, "none.txt")
    Path("empty.txt").touch()
    assert "the text is empty" in refused("score", name, "empty.txt", "--out", "scores.csv")
    assert not Path("scores.csv").exists()
    assert "elman generate RUN" in refused("predict", name, "reviews.csv")


def test_a_prompt_of_unknown_words_is_said_to_be_one(language: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", str(language), "-p", "the zebra 東京", "--length", "3", "--seed", "0"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("the zebra 東京")
    assert "read as unknown: 'zebra', '東京'" in err


def test_special_spaces_are_written_as_they_are(
    work: Path, capsys: pytest.CaptureFixture[str], refused: Refused
) -> None:
    Path("oui.txt").write_text("«\u00a0oui\u202f!\u00a0»\u3000非\u200d" * 40)
    assert main(["train", "oui.txt", "--task", "generate", "--tokens", "character", "--out", "run", *TINY]) == 0
    capsys.readouterr()
    prompt = "«\u00a0"
    assert main(["generate", "run", "-p", prompt, "--length", "40", "--seed", "0"]) == 0
    written = capsys.readouterr().out
    assert written == f"{prompt}{elman.load('run').generate(prompt, length=40, seed=0)}\n"
    assert {"\u00a0", "\u202f"} & set(written)
    assert "does not know the end of a line" in refused("score", "run", "oui.txt", "--lines")


def test_lines_of_byte_pairs_end_where_a_symbol_holds_their_end(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = " it is \n the market was \n\n the\n"
    Path("bank.txt").write_text(text * 60)
    sizes = ["--tokens", "bpe", "--vocabulary", "300", "--out", "run", *TINY]
    assert main(["train", "bank.txt", "--task", "generate", *sizes]) == 0
    Path("new.txt").write_text(text)
    capsys.readouterr()
    assert main(["score", "run", "new.txt", "--lines"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    scored = elman.load("run").score(text)
    assert "".join(one.symbol for one in scored) == text
    assert {int(row["line"]) for row in rows} in ({1, 2, 3, 4}, {1, 2, 4})  # the empty line may be joined to the second
    assert sum(int(row["symbols"]) for row in rows) == len(scored)


def test_no_second_space_after_a_prompt_that_ends_with_one(language: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", str(language), "-p", "the ", "--length", "1", "--temperature", "0"]) == 0
    out = capsys.readouterr().out
    assert out[:4] == "the "
    assert out[4] != " "


def test_byte_pairs_have_no_adaptive_softmax(refused: Refused, work: Path) -> None:
    Path("pets.txt").write_text(lines(50))
    flags = ["--task", "generate", "--tokens", "bpe", "--vocabulary", "300", "--softmax", "adaptive", "--out", "run"]
    assert "byte pairs" in refused("train", "pets.txt", *flags)
    assert not Path("run").exists()


@pytest.mark.parametrize("words", [["score", "new.txt"], ["generate"]], ids=str)
def test_ctrl_c_is_told(
    language: Path, words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    Path("new.txt").write_text("the dog\n")
    for name in ("score_stream", "stream"):
        monkeypatch.setattr(f"elman.tasks.generate.language_model.LanguageModel.{name}", stopped)
    assert main([words[0], str(language), *words[1:]]) == 130
    assert "stopped by Ctrl-C." in capsys.readouterr().err
