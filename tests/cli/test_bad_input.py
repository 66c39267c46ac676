"""Whatever is wrong with what a user gives: one message that says what and what to do, and nothing half-written."""

import gzip
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from elman.cli.app import main

Refused = Callable[..., str]
GOOD = "a fine film,good\na great plot,good\na lovely scene,good\n"
BAD = "a dull film,bad\na poor plot,bad\nan awful scene,bad\n"

# name of the file, its bytes, flags, what the message must say
FILES: dict[str, tuple[str, bytes, list[str], list[str]]] = {
    "empty": ("a.csv", b"", [], ["a.csv", "the file is empty"]),
    "only a line feed": ("a.csv", b"\n", [], ["a.csv", "the file is empty"]),
    "header only": ("a.csv", b"text,label\n", [], ["a.csv", "no rows|header"]),
    "one class": ("a.csv", f"text,label\n{GOOD}".encode(), [], [r"a\.csv", "every row has the label 'good'"]),
    "a class with one row": (
        "a.csv",
        f"text,label\n{GOOD}{BAD}so so,neutral\n".encode(),
        [],
        ["'neutral'", r"a\.csv:8", "single row"],
    ),
    "missing column": (
        "a.csv",
        f"text,label\n{GOOD}{BAD}".encode(),
        ["--label", "lable"],
        ["'lable'", "text, label", "Did you mean 'label'"],
    ),
    "ragged rows": ("a.csv", f"text,label\n{GOOD}a,b,c\n{BAD}".encode(), [], [r"a\.csv:5", "3", "2"]),
    "unclosed quote": ("a.csv", f'text,label\n{GOOD}"a film,bad\n{BAD}'.encode(), [], [r"a\.csv:5", "quote"]),
    "NUL byte": ("a.csv", f"text,label\n{GOOD}a\0film,bad\n{BAD}".encode(), [], [r"a\.csv:5", "NUL"]),
    "wrong encoding": (
        "a.csv",
        f"text,label\n{GOOD}un film démodé,bad\n{BAD}".encode("latin-1"),
        [],
        [r"a\.csv:5", "0xe9", "--encoding"],
    ),
    "no such encoding": ("a.csv", f"text,label\n{GOOD}{BAD}".encode(), ["--encoding", "klingon"], ["klingon"]),
    "empty label": ("a.csv", f"text,label\n{GOOD}a film,\n{BAD}".encode(), [], [r"a\.csv:5", "column 'label'"]),
    "NaN label": (
        "a.jsonl",
        b'{"text": "a fine film", "label": 1}\n{"text": "a film", "label": NaN}\n',
        [],
        [r"a\.jsonl:2", "label"],
    ),
    "no text": (
        "a.jsonl",
        b'{"text": "a fine film", "label": 1}\n{"text": null, "label": 0}\n',
        [],
        [r"a\.jsonl:2", "column 'text'"],
    ),
    "broken JSON": ("a.jsonl", b'{"text": "a", "label": 1}\n{"text": "a", \n', [], [r"a\.jsonl:2"]),
    "cut gzip": ("a.csv.gz", gzip.compress(GOOD.encode() * 99)[:-9], [], [r"a\.csv\.gz", "cut short"]),
    "no parquet": ("a.parquet", b"text,label\n", [], [r"a\.parquet"]),
    "duplicate column": ("a.csv", b"text,label,text\na,b,c\nd,e,f\n", [], [r"a\.csv", "'text'"]),
    "one column": ("a.csv", b"text\na film\nanother\n", [], [r"a\.csv", "label"]),
}


@pytest.mark.parametrize("case", FILES)
def test_files_that_cannot_be_learned_from(case: str, work: Path, refused: Refused) -> None:
    name, content, flags, wanted = FILES[case]
    (work / name).write_bytes(content)
    message = refused("train", name, "--out", "run", *flags)
    for pattern in wanted:
        assert re.search(pattern, message), message
    assert sorted(path.name for path in work.iterdir()) == sorted(["reviews.csv", name]), "something was written"


def test_missing_file(work: Path, refused: Refused) -> None:
    assert "Did you mean 'reviews.csv'?" in refused("train", "reveiws.csv", "--out", "run")
    assert "There is no folder 'data' either." in refused("check", "data/reviews.csv")
    assert "there is no file 'new.csv'" in refused("train", "reviews.csv", "--test", "new.csv", "--out", "run")
    assert not (work / "run").exists()


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        (["--epochs", "0"], "epochs"),
        (["--epochs", "-3"], "epochs"),
        (["--batch-size", "0"], "batch_size|batch-size"),
        (["--learning-rate", "nan"], "learning_rate|learning-rate"),
        (["--learning-rate", "-1"], "learning_rate|learning-rate"),
        (["--validation-share", "1.5"], "validation_share|validation-share"),
        (["--dropout", "1.5"], "dropout"),
        (["--hidden", "0"], "hidden"),
        (["--layers", "0"], "layers"),
        (["--vocabulary", "0"], "vocabulary"),
        (["--max-length", "-1"], "max_length|max-length"),
        (["--max-minutes", "-1"], "max_minutes|max-minutes"),
        (["--config", "none.yaml"], "none.yaml"),
    ],
    ids=" ".join,
)
def test_values_of_options_that_make_no_sense(flags: list[str], wanted: str, work: Path, refused: Refused) -> None:
    assert re.search(wanted, refused("train", "reviews.csv", "--out", "run", *flags))
    assert not (work / "run").exists()


@pytest.mark.parametrize(
    ("yaml", "wanted"),
    [
        ("training:\n  epoch: 3\n", ["c.yaml:2", "epoch", "Did you mean"]),
        ("training:\n  epochs: many\n", ["c.yaml:2", "'many'"]),
        ("trainig:\n  epochs: 3\n", ["c.yaml:", "'trainig'", "Did you mean 'training'?"]),
        ("training: [\n", ["c.yaml"]),
        ("training:\n  optimizer: !!python/object/apply:os.system ['touch owned']\n", ["c.yaml"]),
    ],
)
def test_configuration_files(yaml: str, wanted: list[str], work: Path, refused: Refused) -> None:
    (work / "c.yaml").write_text(yaml)
    message = refused("train", "reviews.csv", "--config", "c.yaml", "--out", "run")
    assert all(part in message for part in wanted), message
    assert not (work / "run").exists()
    assert not (work / "owned").exists()


def test_a_label_of_the_test_file_that_training_never_saw(
    run: Path, work: Path, capsys: pytest.CaptureFixture[str], make_reviews: Callable[..., str]
) -> None:
    (work / "test.csv").write_text(make_reviews(18) + "so so,neutral\nwell,neutral\n")
    assert main(["evaluate", "run", "test.csv"]) == 0
    out, err = capsys.readouterr()
    assert re.search(r"neutral.*2|2.*neutral", out + err), out + err
    assert main(["evaluate", "run", "test.csv", "--json"]) == 0
    measured = json.loads(capsys.readouterr().out)
    assert measured["rows"] == 20
    assert measured["accuracy"] <= 0.9


def test_texts_of_no_words_and_of_a_million(run: Path, work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (work / "odd.csv").write_text(f'text\n""\n   \n{"dull film " * 500_000}\nfine\n')
    assert main(["predict", "run", "odd.csv"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 5
    assert main(["check", "odd.csv"]) == 0
    assert "1,000,000" in capsys.readouterr().out


def test_training_on_texts_of_no_words_and_of_a_million(
    work: Path, tiny: list[str], make_reviews: Callable[..., str]
) -> None:
    (work / "odd.csv").write_text(make_reviews(30) + f'"",bad\n{"dull film " * 500_000},bad\n')
    assert main(["train", "odd.csv", "--out", "odd", "--quiet", *tiny]) == 0


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def _newer(run: Path) -> None:
    state = json.loads((run / "run.json").read_text())
    key = next(key for key in state if "format" in key)
    state[key] = 99
    (run / "run.json").write_text(json.dumps(state))


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a bit of the weights": (lambda run: _flip(run / "model.safetensors"), "model.safetensors"),
    "cut weights": (lambda run: _cut(run / "model.safetensors"), "model.safetensors"),
    "a bit of the vocabulary": (lambda run: _flip(run / "tokenizer.json"), "tokenizer.json"),
    "a bit of the configuration": (lambda run: _flip(run / "config.yaml"), "config.yaml"),
    "no weights": (lambda run: (run / "model.safetensors").unlink(), "model.safetensors"),
    "no sums": (lambda run: (run / "SHA256SUMS").unlink(), "SHA256SUMS|not finished"),
    "no run": (lambda run: shutil.rmtree(run), "run"),
    "empty folder": (lambda run: (shutil.rmtree(run), run.mkdir()), "not a run folder|holds no run|empty"),
    "newer version": (_newer, "newer|99"),
}


@pytest.mark.parametrize("command", ["evaluate", "predict", "info"])
@pytest.mark.parametrize("case", DAMAGE)
def test_run_folders_that_cannot_be_used(command: str, case: str, run: Path, refused: Refused) -> None:
    damage, wanted = DAMAGE[case]
    damage(run)
    message = refused(command, "run", *([] if command == "info" else ["reviews.csv"]))
    assert re.search(wanted, message), message


def test_a_file_in_place_of_a_run_folder(work: Path, refused: Refused) -> None:
    assert "reviews.csv" in refused("info", "reviews.csv")
    assert "reviews.csv" in refused("train", "reviews.csv", "--out", "reviews.csv")


def test_another_configuration_or_other_data_on_a_run(run: Path, work: Path, tiny: list[str], refused: Refused) -> None:
    config = (run / "config.yaml").read_bytes()
    message = refused("train", "reviews.csv", "--out", "run", *tiny, "--seed", "5")
    assert re.search("seed.*0.*5", message), message
    (work / "reviews.csv").write_text((work / "reviews.csv").read_text() + "so dull,bad\n")
    assert re.search("data|reviews.csv", refused("train", "reviews.csv", "--out", "run", *tiny))
    assert (run / "config.yaml").read_bytes() == config


def test_a_folder_of_other_things_is_left_alone(work: Path, tiny: list[str], refused: Refused) -> None:
    (work / "mine").mkdir()
    (work / "mine" / "letter.txt").write_text("dear")
    assert "mine" in refused("train", "reviews.csv", "--out", "mine", *tiny)
    assert [path.name for path in (work / "mine").iterdir()] == ["letter.txt"]


@pytest.mark.parametrize(
    ("out", "code", "wanted"),
    [("labels.xlsx", 2, ".csv, .jsonl or .parquet"), ("none/labels.csv", 3, "there is no folder none")],
)
def test_predictions_that_cannot_be_written(out: str, code: int, wanted: str, run: Path, refused: Refused) -> None:
    assert wanted in refused("predict", "run", "reviews.csv", "-o", out, code=code)


def test_a_file_without_the_column_of_the_training(run: Path, work: Path, refused: Refused) -> None:
    (work / "new.csv").write_text("title,review,extra\na,a fine film,1\n")
    assert "'text'" in refused("predict", "run", "new.csv")
    assert main(["predict", "run", "new.csv", "--text", "review", "-o", "labels.csv"]) == 0
    (work / "unlabelled.csv").write_text("text\na fine film\n")
    assert "label" in refused("evaluate", "run", "unlabelled.csv")
