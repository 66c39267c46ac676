"""The same rows in every format give the same table."""

import gzip
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import polars
import pytest

from elman.data.table import read_table
from elman.errors import ConfigError, DataError

TEXTS = ["a fine film", "dull,\nand long\ttoo", '"the" end 😀', ""]
LABELS = ["1", "0", "1", "0"]


def _csv(delimiter: str) -> bytes:
    import csv

    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter).writerows([("text", "label"), *zip(TEXTS, LABELS, strict=True)])
    return file.getvalue().encode()


def _parquet() -> bytes:
    file = io.BytesIO()
    polars.DataFrame({"text": TEXTS, "label": [int(label) for label in LABELS]}).write_parquet(file)
    return file.getvalue()


def _json() -> bytes:
    rows = zip(TEXTS, map(int, LABELS), strict=True)
    return "\n".join(json.dumps({"text": text, "label": label}) for text, label in rows).encode()


FORMATS: dict[str, Callable[[], bytes]] = {
    "a.csv": lambda: _csv(","),
    "a.tsv": lambda: _csv("\t"),
    "a.jsonl": _json,
    "a.parquet": _parquet,
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", FORMATS)
def test_formats_agree(tmp_path: Path, name: str, packed: bool) -> None:
    raw = FORMATS[name]()
    path = tmp_path / (name + ".gz" * packed)
    path.write_bytes(gzip.compress(raw) if packed else raw)
    table = read_table(path)
    assert table.columns == {"text": TEXTS, "label": LABELS}
    assert table.format == name[2:]
    assert len(table) == len(TEXTS)
    other = tmp_path / "table"  # a name that tells nothing
    other.write_bytes(raw)
    assert read_table(other, format=name[2:]).columns == table.columns


def test_utf16_csv_with_a_note(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(_csv(",").decode().encode("utf-16"))
    table = read_table(tmp_path / "a.csv")
    assert table.columns["text"] == TEXTS
    assert "UTF-16" in table.notes[0]


def test_folder_per_class(tmp_path: Path) -> None:
    for label, name, text in [("pos", "2.txt", "fine"), ("neg", "1.txt.gz", "dull"), ("pos", "10.txt", "great")]:
        (tmp_path / label).mkdir(exist_ok=True)
        raw = text.encode()
        (tmp_path / label / name).write_bytes(gzip.compress(raw, mtime=0) if name.endswith("gz") else raw)
    (tmp_path / "pos" / ".hidden").touch()
    (tmp_path / "README").touch()
    table = read_table(tmp_path)
    assert table.columns == {"text": ["dull", "great", "fine"], "label": ["neg", "pos", "pos"]}
    assert table.place(1) == str(tmp_path / "pos" / "10.txt")
    assert any("README" in note for note in table.notes)
    before = table.sha256
    assert read_table(tmp_path).sha256 == before
    (tmp_path / "pos" / "2.txt").write_text("finer")
    assert read_table(tmp_path).sha256 != before


def test_wrong_folders(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no folders in this folder"):
        read_table(tmp_path)
    (tmp_path / "train" / "pos").mkdir(parents=True)
    with pytest.raises(DataError, match="folders inside the folder of a class: pos"):
        read_table(tmp_path)
    with pytest.raises(DataError, match="the folder of this class is empty"):
        read_table(tmp_path / "train")
    with pytest.raises(DataError, match="there is no folder"):
        read_table(tmp_path / "nowhere", format="folder")


def test_standard_input_is_one_text_per_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("a, b\r\n\ncafé\x85!\n".encode())))
    table = read_table("-")
    assert table.columns == {"text": ["a, b", "", "café\x85!"]}
    assert table.place(2) == "standard input:3"


@pytest.mark.parametrize(
    ("content", "format"),
    [
        ('{"text": "a"}\n', "jsonl"),
        ("a\t1\nb\t0\n", "tsv"),
        ("text,label\na,1\n", "csv"),
        ("To be, or not to be,\nthat is the question\n", "lines"),
    ],
)
def test_format_of_a_name_that_does_not_tell(tmp_path: Path, content: str, format: str) -> None:
    (tmp_path / "a.txt").write_text(content)
    assert read_table(tmp_path / "a.txt").format == format


@pytest.mark.parametrize("content", [b"", b"\n \n", "﻿".encode(), gzip.compress(b"", mtime=0)])
def test_empty_file(tmp_path: Path, content: bytes) -> None:
    for name in ("a.csv", "a.jsonl", "a.txt"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match="the file is empty"):
            read_table(tmp_path / name)


def test_damaged_parquet(tmp_path: Path) -> None:
    raw = bytearray(_parquet())
    path = tmp_path / "a.parquet"
    path.write_bytes(raw[:-20])
    with pytest.raises(DataError, match="cut short"):
        read_table(path)
    raw[-8:-4] = (10**6).to_bytes(4, "little")  # the length of the footer
    path.write_bytes(raw)
    with pytest.raises(DataError, match="cannot be read"):
        read_table(path)
    path.write_bytes(b"text,label\na,1\n")
    with pytest.raises(DataError, match="is no Parquet file"):
        read_table(path)


def test_kinds_of_parquet_columns(tmp_path: Path) -> None:
    frame = polars.DataFrame(
        {
            "text": ["a", None],
            "number": [1.0, float("nan")],
            "kind": polars.Series(["x", "y"], dtype=polars.Categorical),
            "many": [["x", "y"], []],
            "picture": [b"\x00", b"\x01"],
        }
    )
    frame.write_parquet(tmp_path / "a.parquet")
    table = read_table(tmp_path / "a.parquet")
    assert table.columns == {"text": ["a", None], "number": ["1", None], "kind": ["x", "y"], "many": [["x", "y"], []]}
    assert "'picture'" in table.notes[0]


def test_unknown_format() -> None:
    with pytest.raises(ConfigError, match="format is 'xls'"):
        read_table("a.xls", format="xls")


def test_real_files(real_data: Path) -> None:
    imdb = read_table(real_data / "imdb" / "test.csv.gz")
    assert (len(imdb), list(imdb.columns), imdb.lines[-1]) == (25_000, ["text", "label"], 25_001)
    assert sum(len(text.encode()) for text in imdb.columns["text"]) == 32_350_685  # published with the data set
    news = read_table(real_data / "ag_news_small" / "test.tsv.gz")
    assert len(news) == 7_600
    assert not news.named
    groups = read_table(real_data / "20news" / "test.csv.gz")  # texts of many lines, NEL characters inside
    assert (len(groups), len(set(groups.columns["label"]))) == (7_532, 20)
