"""Each command does on small real files what its help says."""

import csv
import gzip
import hashlib
import io
import json
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import polars
import pytest

from elman.cli.app import main

Shown = Callable[..., str]


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str]) -> Shown:
    """Runs a command that must succeed and returns its standard output."""

    def run(*words: str) -> str:
        capsys.readouterr()
        assert main(list(words)) == 0, capsys.readouterr().err
        return capsys.readouterr().out

    return run


def standard_input(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_train_tells_its_decisions_and_its_results_and_repeats_them(work: Path, tiny: list[str], shown: Shown) -> None:
    first = shown("train", "reviews.csv", *tiny)
    assert "text: column 'text'" in first
    assert "label: column 'label'" in first
    assert all(name in first for name in ("recurrent network", "bag of words", "majority class", "epoch 2/2"))
    assert (work / "runs" / "reviews" / "SHA256SUMS").exists()
    again = shown("train", "reviews.csv", *tiny)
    assert "epoch 2/2" not in again
    assert first[first.index("recurrent network") :] == again[again.index("recurrent network") :]
    assert shown("train", "reviews.csv", *tiny, "--quiet") == ""


def test_flags_win_over_the_file_of_options(work: Path, tiny: list[str], shown: Shown) -> None:
    (work / "c.yaml").write_text("training:\n  epochs: 5\n  batch_size: 16\n")
    shown("train", "reviews.csv", "--config", "c.yaml", "--out", "run", *tiny[:2])
    config = json.loads(shown("info", "run", "--json"))["config"]
    assert (config["training"]["epochs"], config["training"]["batch_size"]) == (2, 16)


def test_init_writes_every_option_and_train_reads_them(work: Path, tiny: list[str], shown: Shown) -> None:
    (work / "reviews.csv").rename(work / "films.csv")
    text = (work / "films.csv").read_text().replace("text,label", "review,opinion")
    (work / "films.csv").write_text(text)
    written = shown("init", "films.csv", *tiny)
    assert "text: review" in written
    assert "label: opinion" in written
    assert "batch_size: 8" in written
    (work / "c.yaml").write_text(written)
    shown("train", "films.csv", "--config", "c.yaml", "--out", "a", "--quiet")
    shown("train", "films.csv", "--out", "b", "--text", "review", "--label", "opinion", "--quiet", *tiny)
    assert (work / "a" / "config.yaml").read_bytes() == (work / "b" / "config.yaml").read_bytes()
    assert (work / "a" / "model.safetensors").read_bytes() == (work / "b" / "model.safetensors").read_bytes()
    assert "text: null" in shown("init")


def test_evaluate(run: Path, work: Path, shown: Shown) -> None:
    measured = json.loads(shown("evaluate", "run", "reviews.csv", "--json"))
    shown("predict", "run", "reviews.csv", "-o", "labels.csv")
    truth = [row["label"] for row in csv.DictReader((work / "reviews.csv").open())]
    labels = [row["label"] for row in csv.DictReader((work / "labels.csv").open())]
    assert measured["rows"] == 80
    assert measured["accuracy"] == pytest.approx(sum(a == b for a, b in zip(truth, labels, strict=True)) / 80)
    assert measured["accuracy_low"] < measured["accuracy"] < measured["accuracy_high"]
    table = shown("evaluate", "run", "reviews.csv")
    assert f"{100 * measured['accuracy']:.2f} %" in table
    assert all(name in table for name in ("recurrent network", "bag of words", "majority class", "bad", "good"))


def test_predict_writes_one_row_per_text_in_every_format(run: Path, work: Path, shown: Shown) -> None:
    names = ["label", "probability_bad", "probability_good"]
    on_screen = list(csv.DictReader(io.StringIO(shown("predict", "run", "reviews.csv"))))
    for name in ("l.csv", "l.jsonl", "l.parquet"):
        assert shown("predict", "run", "reviews.csv", "-o", name) == ""
    lines = [json.loads(line) for line in (work / "l.jsonl").read_text().splitlines()]
    frame = polars.read_parquet(work / "l.parquet")
    assert (list(on_screen[0]), list(lines[0]), frame.columns) == (names, names, names)
    assert len(on_screen) == len(lines) == frame.height == 80
    assert (work / "l.csv").read_text() == shown("predict", "run", "reviews.csv")
    for row, line, record in zip(on_screen, lines, frame.to_dicts(), strict=True):
        assert line == record == {k: v if k == "label" else float(v) for k, v in row.items()}
        assert line["probability_bad"] + line["probability_good"] == pytest.approx(1, abs=1e-5)
        assert (line["label"] == "good") == (line["probability_good"] > 0.5)


def test_predict_reads_one_text_per_line(run: Path, work: Path, shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line.rsplit(",", 1)[0] for line in (work / "reviews.csv").read_text().splitlines()[1:]]
    whole = shown("predict", "run", "reviews.csv")
    standard_input(monkeypatch, "\r\n".join(lines).encode("utf-16"))
    assert shown("predict", "run", "-") == whole
    standard_input(monkeypatch, b"a dull film\n\na fine, fine one\n")
    assert shown("predict", "run", "-").count("\n") == 4
    standard_input(monkeypatch, b"")
    assert main(["predict", "run", "-"]) == 2


def test_check_reports_what_is_wrong(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (work / "a.csv").write_text("text,label\nfine,1\nfine,1\nso dull,0\nwell,0\n")
    assert main(["check", "a.csv"]) == 0
    out = capsys.readouterr().out
    assert "a.csv: 4 rows, csv, utf-8" in out
    assert "1 row repeating the text of an earlier row" in out
    (work / "b.csv").write_text("text,label\nfine,1\nbad,\nnew,2\n")
    assert main(["check", "a.csv", "b.csv"]) == 2
    out = capsys.readouterr().out
    assert "problem: 1 row without a label (the first: b.csv:3)" in out
    assert "1 row of b.csv with a text that stands in a.csv, too" in out
    assert main(["check", "a.csv", "b.csv", "--json"]) == 2
    report = json.loads(capsys.readouterr().out)
    assert report["sound"] is False
    assert report["files"][0]["labels"] == {"0": 2, "1": 2}
    assert main(["check", "reviews.csv"]) == 0
    assert main(["check", "none.csv", "a.csv"]) == 2
    out, err = capsys.readouterr()
    assert "a.csv: 4 rows" in out
    assert err.startswith("elman: there is no file 'none.csv'")


def test_a_label_cannot_drive_the_terminal(work: Path, shown: Shown) -> None:
    (work / "a.csv").write_text("text,label\nfine,\x1b[2Jup\ngood,\x1b[2Jup\nbad,[red]down\nso so,[red]down\n")
    out = shown("check", "a.csv")
    assert "\x1b" not in out
    assert "[red]down" in out


def test_info(run: Path, shown: Shown) -> None:
    out = shown("info", "run")
    assert all(word in out for word in ("classify", "bad, good", "2 epochs", "recurrent network", "epochs 2", "seed 0"))
    about = json.loads(shown("info", "run", "--json"))
    assert about["classes"] == ["bad", "good"]
    assert about["files"]["train"].endswith("reviews.csv")
    assert about["sizes"]["model.safetensors"] > 1000


def test_several_labels_in_a_row(work: Path, tiny: list[str], shown: Shown) -> None:
    rows = "a film,short|dull\nthe plot,\nso so,dull\nwell then,short\n"
    (work / "tags.csv").write_text("text,label\n" + "".join(rows.replace("a film", f"film {i}") for i in range(10)))
    shown("train", "tags.csv", "--out", "run", "--label-separator", "|", "--quiet", *tiny)
    lines = list(csv.DictReader(io.StringIO(shown("predict", "run", "tags.csv"))))
    assert list(lines[0]) == ["label", "probability_dull", "probability_short"]
    for line in lines:
        likely = [name for name in ("dull", "short") if float(line[f"probability_{name}"]) >= 0.5]
        assert line["label"] == "|".join(likely)
    shown("predict", "run", "tags.csv", "-o", "labels.parquet")
    assert polars.read_parquet(work / "labels.parquet")["label"].dtype == polars.List(polars.String)
    assert "micro_f1" in json.loads(shown("evaluate", "run", "tags.csv", "--json"))


def test_data_imdb_from_a_copy(work: Path, shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    from elman.data import download

    with tarfile.open("small.tar.gz", "w:gz") as tar:
        for split in ("train", "test"):
            for label, text in (("neg", b"so dull"), ("pos", b"very fine")):
                entry = tarfile.TarInfo(f"aclImdb/{split}/{label}/0_5.txt")
                entry.size = len(text)
                tar.addfile(entry, io.BytesIO(text))
    packed = (work / "small.tar.gz").read_bytes()
    small = {
        "size": len(packed),
        "md5": hashlib.md5(packed).hexdigest(),
        "sha1": hashlib.sha1(packed).hexdigest(),
        "rows": 1,
    }
    real = download.ARCHIVES["imdb"]
    monkeypatch.setitem(download.ARCHIVES, "imdb", download.Archive(**{**vars(real), **small}))
    out = shown("data", "imdb", "films", "--archive", "small.tar.gz")
    assert (work / "films" / "train.csv").read_text() == "text,label\nso dull,0\nvery fine,1\n"
    assert "elman train films/train.csv --test films/test.csv" in out


def test_real_news_from_file_to_labels(real_data: Path, work: Path, shown: Shown) -> None:
    """News texts without column names: checked, a part of them trained on, all of the test measured, above chance."""
    train, test = (real_data / "ag_news_small" / f"{part}.tsv.gz" for part in ("train", "test"))
    assert "10,001 rows" in shown("check", str(train))
    lines = gzip.decompress(train.read_bytes()).split(b"\n")[:1500]
    (work / "part.tsv").write_bytes(b"\n".join(lines))
    small = ["--hidden", "16", "--embedding", "16", "--pairs", "0", "--max-length", "30", "--threads", "1"]
    quick = ["--epochs", "4", "--learning-rate", "0.01", "--batch-size", "32", "--embedding-dropout", "0.1"]
    shown("train", "part.tsv", "--out", "run", "--quiet", *small, *quick)
    measured = json.loads(shown("evaluate", "run", str(test), "--json"))
    assert measured["rows"] == 7600
    assert measured["accuracy"] > 0.4
    assert measured["contrasts"]["bag_of_words"]["accuracy"] > 0.6
    assert measured["contrasts"]["majority"]["accuracy"] == 0.25
