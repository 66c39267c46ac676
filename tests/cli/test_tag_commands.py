"""The commands on files of tagged sentences: check, train, evaluate, predict, info, and what they refuse."""

import gzip
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from elman.cli.app import main

Refused = Callable[..., str]
TINY = ["--epochs", "2", "--embedding", "4", "--hidden", "4", "--character-hidden", "3", "--batch-size", "8"]
NAMES, VERBS = ["Ann", "Bob", "Cleo", "Dan", "Eve", "Finn"], ["sings", "sleeps", "waits", "calls"]


def sentences() -> str:
    """Sentences of three words with entities, as columns."""
    rows = [
        f"{n}\tB-PER\n{'Lee' if i % 2 else v}\t{'I-PER' if i % 2 else 'O'}\n.\tO\n"
        for i, n in enumerate(NAMES)
        for v in VERBS
    ]
    return "\n".join(rows)


@pytest.fixture(scope="module")
def tagged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with tags.conll and a finished run; copy it before changing it."""
    folder = tmp_path_factory.mktemp("tagged")
    (folder / "tags.conll").write_text(sentences())
    assert main(["train", str(folder / "tags.conll"), "--out", str(folder / "run"), "--quiet", *TINY]) == 0
    return folder


@pytest.fixture
def place(tagged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder as the working directory."""
    monkeypatch.chdir(shutil.copytree(tagged, tmp_path / "place"))
    return Path.cwd()


def test_check_tells_what_is_there_and_what_is_wrong(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("wrong.conll").write_text(sentences() + "\nAnn\tB-PER\nLee\tI-LOC\n\nBob\tI-PER\nsings\tO\n")
    assert main(["check", "tags.conll", "wrong.conll"]) == 0
    out = capsys.readouterr().out
    for text in ("24 sentences, 72 words, conll", "BIO", "2 tags may not stand where they do in BIO"):
        assert text in out
    for text in (
        "wrong.conll:98: 'I-LOC'",
        "wrong.conll:100: 'I-PER'",
        "tags in wrong.conll that tags.conll does not have",
    ):
        assert text in out
    assert main(["check", "wrong.conll", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)["files"][0]
    assert (report["sentences"], report["words"], report["invalid"]) == (26, 76, 2)
    assert report["tags"] == {"O": 37, "B-PER": 25, "I-PER": 13, "I-LOC": 1}


def test_check_ends_with_2_where_training_would_stop(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("half.conll").write_text("Ann\tB-PER\nLee\t\n\nBob\tO\n")
    assert main(["check", "half.conll"]) == 2
    assert "words without a tag: 1, the first on line 2" in capsys.readouterr().out
    Path("one.conll").write_text("Ann\tB-PER\nsings\tO\n")
    assert main(["check", "one.conll"]) == 2
    assert "only one sentence" in capsys.readouterr().out
    assert main(["check", "tags.conll", "one.conll"]) == 0  # as --test takes it
    Path("one.conll").rename("test.conll")
    assert main(["check", "test.conll"]) == 0
    Path("short.conllu").write_text("1\tAnn\n")
    assert main(["check", "short.conllu"]) == 2
    assert "short.conllu:1: the row has 2 columns" in capsys.readouterr().err


def test_train_prints_what_it_decided(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "tags.conll", "--out", "other", "--test", "tags.conll", *TINY]) == 0
    out = capsys.readouterr().out
    for text in ("24 sentences, 72 words (conll)", "the tags tell entities (BIO)", "entity F1", "most frequent tag"):
        assert text in out
    assert main(["info", "other"]) == 0
    out = capsys.readouterr().out
    assert "entity F1" in out
    assert "24 rows" in out


def test_evaluate(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("test.conll").write_text("Ann\tB-PER\nsings\tB-ODD\n")
    assert main(["evaluate", "run", "test.conll"]) == 0
    assert "The training never saw the tag 'B-ODD': 1 word counted as wrong." in capsys.readouterr().out
    assert main(["evaluate", "run", "test.conll", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["rows"], result["unseen_tags"], result["entities"]["entities"]) == (2, {"B-ODD": 1}, 2)
    assert "most_frequent" in result["contrasts"]


def test_predict_writes_the_format_that_it_read(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = "\t_" * 6
    Path("new.conllu").write_text(f"# one\n1-2\tAnnLee\t_\t_{row}\n1\tAnn\t_\t_{row}\n2\tLee\t_\t_{row}\n\n")
    assert main(["predict", "run", "new.conllu", "-o", "out.conllu"]) == 0
    assert "1 sentences, 2 words" in capsys.readouterr().err
    lines = Path("out.conllu").read_text().split("\n")
    assert lines[:2] == ["# one", f"1-2\tAnnLee\t_\t_{row}"]
    assert [line.split("\t")[1] for line in lines[2:4]] == ["Ann", "Lee"]
    assert all(line.split("\t")[3] in ("O", "B-PER", "I-PER") for line in lines[2:4])
    assert main(["predict", "run", "tags.conll", "-o", "out.conll"]) == 0
    words = [line.split("\t")[0] for line in Path("out.conll").read_text().split("\n")]
    assert words == [line.split("\t")[0] for line in sentences().split("\n")]


def test_predict_reads_lines_of_words(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("new.txt").write_text("Ann Lee .\n\nBob waits\n")
    assert main(["predict", "run", "new.txt"]) == 0
    lines = [line.split("\t")[0] for line in capsys.readouterr().out.split("\n")]
    assert lines == ["Ann", "Lee", ".", "", "", "Bob", "waits", "", ""]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"Bob waits\n")))
    assert main(["predict", "run", "-"]) == 0
    assert [line.split("\t")[0] for line in capsys.readouterr().out.split("\n")] == ["Bob", "waits", "", ""]
    assert main(["predict", "run", "new.txt", "-o", "out.jsonl"]) == 0
    rows = [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]
    assert [row["words"] for row in rows] == [["Ann", "Lee", "."], [], ["Bob", "waits"]]
    assert [len(row["tags"]) for row in rows] == [3, 0, 2]


def test_two_outputs_from_a_folder(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for part in ("train", "valid"):
        Path(part).mkdir()
        files = {
            "seq.in": [f"{n} {v}" for n in NAMES for v in VERBS],
            "seq.out": ["B-PER O"] * 24,
            "label": [f"Do{v}" for _ in NAMES for v in VERBS],
        }
        for name, lines in files.items():
            Path(part, f"{name}.gz").write_bytes(gzip.compress("\n".join(lines).encode() + b"\n"))
    assert main(["train", "train", "--validation", "valid", "--out", "two", *TINY]) == 0
    assert "both right" in capsys.readouterr().out
    assert main(["evaluate", "two", "valid", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["label"]["rows"] == 24
    assert main(["predict", "two", "valid", "-o", "out.jsonl"]) == 0
    first = json.loads(Path("out.jsonl").read_text().split("\n")[0])
    assert first["words"] == ["Ann", "sings"]
    assert first["label"].startswith("Do")


BAD: dict[str, tuple[str, bytes, list[str]]] = {
    "empty": ("a.conll", b"", ["a.conll: the file is empty"]),
    "one line": ("a.conll", b"Ann\tB-PER\n", ["a.conll"]),
    "one sentence": ("a.conll", b"Ann\tB-PER\nsings\tO\n", ["there is a single sentence", "--validation"]),
    "no UTF-8": ("a.conll", b"Ann\tB-PER\n\xff\tO\n", ["a.conll:2: byte 0xff", "UTF-8"]),
    "few columns": ("a.conll", b"Ann\tB-PER\nsings\n\nBob\tO\nx\tO\n", ["a.conll:2: the row has 1 column"]),
    "no tag": ("a.conll", b"Ann\tB-PER\nsings\t\n\nBob\tO\n", ["a.conll:2", "'sings' has no tag"]),
    "only words": ("a.conll", b"Ann\nsings\n\nBob\n", ["there is no column of tags"]),
    "ids": ("a.conllu", b"1" + b"\t_" * 9 + b"\n3" + b"\t_" * 9 + b"\n", ["a.conllu:2", "the id is '3'"]),
    "NUL": ("a.conll", b"Ann\tB-PER\na\0b\tO\n", ["a.conll:2", "NUL"]),
    "cut gzip": ("a.conll.gz", gzip.compress(b"Ann\tO\n" * 99)[:-9], ["cut short"]),
}


@pytest.mark.parametrize("case", BAD)
def test_what_train_refuses(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Refused) -> None:
    monkeypatch.chdir(tmp_path)
    name, content, texts = BAD[case]
    Path(name).write_bytes(content)
    message = refused("train", name, "--out", "run", *TINY)
    for text in texts:
        assert text in message
    assert not Path("run").exists()


def test_a_word_of_ten_megabytes(place: Path) -> None:
    Path("big.conll").write_text(sentences() + "\n" + "x" * 10_000_000 + "\tO\n")
    assert main(["train", "big.conll", "--out", "big", "--quiet", *TINY]) == 0
    assert main(["predict", "big", "big.conll", "-o", "out.conll"]) == 0


def test_a_name_of_no_known_format(place: Path, refused: Refused) -> None:
    assert "--out out.xml has no known format" in refused("predict", "run", "tags.conll", "-o", "out.xml")
    assert "there is no folder none" in refused("predict", "run", "tags.conll", "-o", "none/out.conll", code=3)
