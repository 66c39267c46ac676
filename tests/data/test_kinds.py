"""Which task a file is for, from its name and its first lines."""

import gzip
from pathlib import Path

import pytest

from elman.data.kinds import SEEN, kind_of


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("reviews.csv", "text,label\nfine,1\n", "classify"),
        ("pairs.csv", "source,target\na,b\n", "translate"),
        ("pairs.jsonl", '{"src": "a", "tgt": "b"}\n', "translate"),
        ("from.csv", "from,text\nme,hello\n", "classify"),
        ("words.csv", "Sentence #,Word,POS,Tag\n1,We,PRP,O\n", "tag"),
        ("words.jsonl", '{"tokens": ["We"], "ner_tags": ["O"]}\n', "tag"),
        ("about.jsonl", '{"text": "a word, a tag", "label": "x"}\n', "classify"),
        ("x.parquet", "", "classify"),
        ("x.conllu", "", "tag"),
        ("x.annotated", "", "tag"),
        ("x.ts", "", "series"),
        ("x.arff", "", "series"),
        ("plays.txt", "ROMEO:\nIs the day so young?\n\nBENVOLIO:\n", "generate"),
        ("none.txt", "", "generate"),
        ("fra.txt", "Go.\tVa !\nRun!\tCours !\n", "translate"),
        ("three.txt", "a b\tc\td\ne f\tg\th\n", "classify"),
        ("wnut.txt", "We\tO\nsaw\tO\nAnn\tB-person\n\nNo\tO\n", "tag"),
        ("README", "some words\nand more\n", "generate"),
        ("image.png", "some words\n", "classify"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_kinds(tmp_path: Path, name: str, content: str, kind: str, packed: bool) -> None:
    path = tmp_path / (name + ".gz" if packed else name)
    path.write_bytes(gzip.compress(content.encode()) if packed else content.encode())
    assert kind_of(path) == kind


def test_folders(tmp_path: Path) -> None:
    (tmp_path / "pos").mkdir()
    assert kind_of(tmp_path) == "classify"
    (tmp_path / "seq.in.gz").write_bytes(b"")
    assert kind_of(tmp_path) == "tag"


def test_what_cannot_be_read_is_left_to_the_task(tmp_path: Path) -> None:
    assert kind_of(tmp_path / "missing.txt") == "generate"
    (tmp_path / "damaged.txt.gz").write_bytes(b"\x1f\x8b" + b"x" * 50)
    assert kind_of(tmp_path / "damaged.txt.gz") == "generate"
    (tmp_path / "odd.txt").write_bytes(b"\xff\xfe\x00" + bytes(range(256)) * 9)
    assert kind_of(tmp_path / "odd.txt") == "generate"


def test_only_the_beginning_counts(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("no tab\n" * SEEN + "a\tb\n" * 3 * SEEN)
    assert kind_of(path) == "generate"
