"""`elman translate` from pairs to lines, n-best lists and pictures; what it refuses, it names."""

import io
import itertools
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from elman.cli.app import main
from elman.plots import attention
from elman.tasks.translate import Translator

Refused = Callable[..., str]
WORDS = {"one": "eins", "two": "zwei", "three": "drei"}
PAIRS = [(" ".join(c), " ".join(WORDS[w] for w in c)) for c in itertools.product(WORDS, repeat=3)]
FLAGS = [
    *("--task", "translate", "--tokens", "word", "--embedding", "16", "--hidden", "16", "--epochs", "2"),
    *("--batch-size", "8", "--threads", "1", "--quiet"),
]


@pytest.fixture(scope="module")
def translator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run trained on two files of lines."""
    folder = tmp_path_factory.mktemp("lines")
    for side, end in enumerate(("en", "de")):
        (folder / f"train.{end}").write_text("".join(f"{pair[side]}\n" for pair in PAIRS))
    flags = ["--source", "en", "--target", "de", "--out", str(folder / "run"), *FLAGS]
    assert main(["train", str(folder / "train"), *flags]) == 0
    return folder / "run"


def out_of(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert main(list(words)) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def test_a_line_for_each_line(translator: Path, work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (work / "new.txt").write_text("one two three\n\nseventeen\n")
    lines = out_of(capsys, "translate", str(translator), "new.txt").split("\n")
    assert len(lines) == 4
    assert lines[1] == lines[3] == ""
    assert set(lines[0].split()) <= set(WORDS.values())
    out_of(capsys, "translate", str(translator), "new.txt", "--out", "new.de", "--beam", "5")
    assert (work / "new.de").read_text().split("\n") == lines
    (work / "new.csv").write_text("id,en\n1,one two three\n2,\n3,seventeen\n")
    assert out_of(capsys, "translate", str(translator), "new.csv").split("\n") == lines


def test_a_text_that_is_too_long_is_named(translator: Path, work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of 20,000 words the first 200 are translated: that is said, and so is it where such a pair is measured."""
    (work / "new.txt").write_text(f"one two\n{'one ' * 20_000}\n")
    capsys.readouterr()
    assert main(["translate", str(translator), "new.txt", "--beam", "1"]) == 0
    out, err = capsys.readouterr()
    assert out.count("\n") == 2
    assert err == "only the first 200 symbols are translated of 1 long text (new.txt:2)\n"
    (work / "new.tsv").write_text(f"en\tde\none\teins\n{'one ' * 300}\teins\ntwo\t{'zwei ' * 300}\n")
    shown = out_of(capsys, "evaluate", str(translator), "new.tsv")
    assert "Of 2 long pairs only the beginning of one side was read" in shown


def test_a_typed_text_that_is_too_long_is_named(
    translator: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = iter(["one two", "one " * 300])
    monkeypatch.setattr("elman.cli.translate.lines", lambda: typed)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    assert main(["translate", str(translator), "--beam", "1"]) == 0
    out, err = capsys.readouterr()
    assert out.count("\n") == 2
    assert err.split("\n", 1)[1] == "only the first 200 symbols are translated of 1 long text (line 2)\n"


def test_lines_with_commas_and_a_side_alone_are_translated(
    translator: Path, work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither commas nor braces make a table of texts, and the file of the other side is not needed."""
    for name, text in (("new.txt", "one, two\nthree one, two, three\n"), ("new.en", "{one} two\none\n")):
        (work / name).write_text(text)
        assert out_of(capsys, "translate", str(translator), name).count("\n") == 2


def test_standard_input_and_several_translations(
    translator: Path, work: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"one two three\ntwo two\n")))
    rows = [line.split("\t") for line in out_of(capsys, "translate", str(translator), "--n-best", "3").splitlines()]
    assert [row[0] for row in rows] == ["1", "1", "1", "2", "2", "2"]
    scores = [float(row[1]) for row in rows]
    assert scores[:3] == sorted(scores[:3], reverse=True)
    assert len({row[2] for row in rows[:3]}) == 3


def test_a_picture_of_the_attention(translator: Path, work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (work / "one.txt").write_text("one two three\n")
    out_of(capsys, "translate", str(translator), "one.txt", "--attention", "look.png")
    assert (work / "look.png").read_bytes().startswith(b"\x89PNG")


def test_the_picture_is_of_the_translation_that_is_written(
    translator: Path, work: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[list[str]] = []
    draw = attention.draw_attention
    monkeypatch.setattr(attention, "draw_attention", lambda w, s, t: drawn.append(t) or draw(w, s, t))
    for text in ("one two three", "three three two", "two one"):
        (work / "one.txt").write_text(f"{text}\n")
        for flags in (["--beam", "1"], ["--beam", "8", "--length-penalty", "3"]):
            written = out_of(capsys, "translate", str(translator), "one.txt", "--attention", "look.png", *flags)
            assert [*written.split(), "⏎"] == drawn[-1]


def test_evaluate_reads_the_files_of_the_training(translator: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = out_of(capsys, "evaluate", str(translator), str(translator.parent / "train"))
    assert "perplexity" in shown
    assert re.search(r"\b27\b", shown)


@pytest.mark.parametrize(
    ("content", "flags", "wanted"),
    [
        (b"", [], "the file is empty"),
        (b"\xff\xfe\xfa oh\n", [], r"new\.txt:1"),
        (b"one\n", ["--n-best", "0"], r"^--n-best is 0\. Expected a whole number of at least 1"),
        (b"one\n", ["--beam", "1001"], r"^--beam is 1001\."),
        (b"one\n", ["--length-penalty", "5000"], "length_penalty is 5000"),
        (b"one\n", ["--length-penalty", "-5000"], "length_penalty is -5000"),
        (b"one\ntwo\n", ["--attention", "a.png"], "2 texts"),
        (b"one\n", ["--attention", "a.bmp"], r"a\.bmp"),
        (b"one\n", ["--source", "fr", "--format", "tsv", "--header"], "no rows|no column 'fr'|header"),
    ],
    ids=["empty", "bytes", "none", "beam", "penalty", "negative", "several", "picture", "column"],
)
def test_what_cannot_be_translated(
    content: bytes, flags: list[str], wanted: str, translator: Path, work: Path, refused: Refused
) -> None:
    (work / "new.txt").write_bytes(content)
    assert re.search(wanted, refused("translate", str(translator), "new.txt", *flags))
    assert sorted(path.name for path in work.iterdir()) == ["new.txt", "reviews.csv"]


@pytest.mark.parametrize("flags", [["--out", "none/new.de"], ["--attention", "none/a.png", "--out", "new.de"]])
def test_what_could_not_be_written_is_not_translated(
    flags: list[str], translator: Path, work: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Translator, "best", None)
    (work / "new.txt").write_text("one\n")
    assert "there is no folder none" in refused("translate", str(translator), "new.txt", *flags, code=3)
    assert not (work / "new.de").exists()


@pytest.mark.parametrize(
    ("name", "content", "wanted"),
    [
        ("a.tsv", b"", "the file is empty"),
        ("a.tsv", b"one\teins\n", "1 different source"),
        ("a.tsv", b"one\teins\ntwo\nthree\tdrei\n", r"a\.tsv:2"),
        ("a.txt", b"one\teins\ntwo    zwei\nthree\tdrei\n", r"a\.txt:2: the line has not one tab but 0"),
        ("a.tsv", b"one\teins\ntwo\tzw\xe9i\n", r"a\.tsv:2: byte 0xe9"),
    ],
    ids=["empty", "one line", "no tab", "spaces", "bytes"],
)
def test_pairs_that_cannot_be_learned_from(
    name: str, content: bytes, wanted: str, work: Path, refused: Refused
) -> None:
    (work / name).write_bytes(content)
    assert re.search(wanted, refused("train", name, "--out", "run", *FLAGS))
    assert not (work / "run").exists()


def test_files_that_do_not_align(work: Path, refused: Refused) -> None:
    (work / "a.en").write_text("one\ntwo\nthree\n")
    (work / "a.de").write_text("eins\nzwei\n")
    message = refused("train", "a", "--source", "en", "--target", "de", "--out", "run", *FLAGS)
    assert re.search(r"a\.en:3: this line has no partner: a\.de ends after line 2", message)


def test_a_run_of_another_task(run: Path, refused: Refused) -> None:
    message = refused("translate", str(run), "reviews.csv")
    assert "task 'classify'" in message
    assert f"For this run there is elman predict {run} FILE." in message


def test_check_names_pairs_that_are_odd(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Empty, equal, repeated, and so unlike in length that they are no translations; nothing of it for sound pairs."""
    good = [(f"the house number {i} is old", f"das Haus mit der Nummer {i} ist alt") for i in range(20)]
    odd = [("one", ""), ("Berlin", "Berlin"), good[3], ("yes", "das ist ein Satz, der zu einem anderen gehört")]
    (work / "a.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in [*good, *odd]))
    (work / "b.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in good[:5]))
    shown = out_of(capsys, "check", "a.tsv", "b.tsv", "--task", "translate")
    assert "a.tsv: 24 pairs" in shown
    for line, words in (
        (21, "an empty side"),
        (22, "same text"),
        (23, "stands there before"),
        (24, "different lengths"),
    ):
        assert re.search(rf"1 pair .*{words}.*\(a\.tsv:{line}\)", shown), words
    assert "5 of 5 sources of b.tsv are also in a.tsv" in shown
    assert "Nothing is wrong." in out_of(capsys, "check", "b.tsv", "--task", "translate")
    (work / "c.tsv").write_text("a\tb\nc\n")
    assert main(["check", "c.tsv", "--task", "translate"]) == 2
    message = capsys.readouterr().err
    assert "c.tsv:2" in message
    assert "Is a tab missing?" in message


@pytest.mark.parametrize(
    ("task", "content", "problem"),
    [
        ("translate", "one\teins\none\tein\n", "only one source"),
        ("translate", "one\t\n\teins\n", "no pair has texts on both sides"),
        ("chat", "hi\thello\nhi\thello\nbye\t\n", "only one dialogue"),
    ],
)
def test_check_ends_with_2_where_training_would_stop(
    task: str, content: str, problem: str, work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (work / "a.tsv").write_text(content)
    assert main(["check", "a.tsv", "--task", task]) == 2
    assert f"problem: {problem}" in capsys.readouterr().out
    assert main(["check", "a.tsv", "--task", task, "--json"]) == 2
    assert problem in capsys.readouterr().out
    assert main(["train", "a.tsv", "--out", "run", *FLAGS, "--task", task]) == 2


def test_check_counts_dialogues(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (work / "a.txt").write_text("hi __eou__ hello you __eou__\nhi __eou__ hello you __eou__\na b __eou__ c __eou__ d\n")
    (work / "b.txt").write_text("a b __eou__ c __eou__ d __eou__\nyes __eou__ no __eou__\n")
    words = out_of(capsys, "check", "a.txt", "b.txt", "--task", "chat").split("\n")
    facts = [re.split(r"  +", line) for line in words if "  " in line]
    assert facts[:2] == [["dialogues", "3"], ["turns", "7"]]
    assert facts[4] == ["dialogues that stand there before", "1"]
    assert facts[-1] == ["dialogues that are also in a.txt", "1"]
