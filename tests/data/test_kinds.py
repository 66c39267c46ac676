"""Which task a file is for, from its name and its first lines."""

import gzip
from pathlib import Path

import pytest

from elman.data.kinds import SEEN, kind_of, like_series
from elman.errors import ConfigError
from elman.tasks import find_task


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
        ("ud.txt", "# text = We\n1\tWe\t_\tPRON" + 6 * "\t_" + "\n\n1\tNo\t_\tINTJ" + 6 * "\t_" + "\n", "tag"),
        ("eng.txt", "-DOCSTART- -X- O O\n\nEU NNP I-NP B-ORG\nsays VBZ I-VP O\n\nNo UH O O\nit PRP I-NP O\n", "tag"),
        ("verse.txt", "Two words\nand more\n\nof these\nin verse\n", "generate"),
        ("notes.txt", "# Ideas\n\nGo to the sea.\n\n# Others\n\nStay.\n", "generate"),
        ("README", "some words\nand more\n", "generate"),
        ("image.png", "some words\n", "classify"),
        ("sales.csv", "date,sales\n2021-01-01,3\n2021-01-02,\n2021-01-03,4\n2021-01-04,4\n", "forecast"),
        ("air.csv", "1949-01,112\n1949-02,118\n1949-03,132\n", "forecast"),
        ("load.tsv", "ds\ty\n2021-01-01 00:00\t1.5\n2021-01-01 01:00\t2\n2021-01-01 02:00\t2\n", "forecast"),
        ("y.jsonl", '{"day": "2021-01-01", "y": 3}\n' * 3, "forecast"),
        ("shops.csv", "date,shop,y\n" + "2021-01-01,A,3\n2021-01-01,B,4\n" * 2, "forecast"),
        (
            "wide.csv",
            "\n".join(["id," + ",".join(f"V{i}" for i in range(12))] + [f"M{k}{',7' * 12}" for k in range(3)]),
            "forecast",
        ),
        # A class, a text, a name that is told apart by nothing, too few steps, too few rows: not beyond doubt.
        ("moods.csv", "date,label\n2021-01-01,0\n2021-01-02,1\n2021-01-03,1\n", "classify"),
        ("dated.csv", "date,review,likes\n2021-01-01,fine,3\n2021-01-02,dull,4\n2021-01-03,odd,4\n", "classify"),
        ("sky.csv", "date,sky,rain\n2021-01-01,blue,3\n2021-01-02,grey,4\n2021-01-03,blue,4\n", "classify"),
        ("few.csv", "id,V1,V2\nM1,2,3\nM2,2,3\nM3,4,3\n", "classify"),
        ("short.csv", "date,sales\n2021-01-01,3\n", "classify"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_kinds(tmp_path: Path, name: str, content: str, kind: str, packed: bool) -> None:
    path = tmp_path / (name + ".gz" if packed else name)
    path.write_bytes(gzip.compress(content.encode()) if packed else content.encode())
    assert kind_of(path) == kind


@pytest.mark.parametrize(
    ("name", "content", "how"),
    [
        ("sky.csv", "date,sky,rain\n2021-01-01,blue,3\n2021-01-02,grey,4\n2021-01-03,blue,4\n", "maybe"),
        ("numbers.csv", "a,b\n1,2\n2,3\n3,5\n", "maybe"),
        ("sky.csv", "sky,rain\nblue,3\ngrey,4\nblue,4\n", "numbers"),
        ("moods.csv", "date,label\n2021-01-01,0\n2021-01-02,1\n2021-01-03,1\n", ""),
        ("damaged.csv", 'date,rain\n2021-01-01,"3\n', ""),
        ("x.parquet", "", "numbers"),
        ("x.conllu", "", ""),
    ],
)
def test_how_much_a_table_is_like_series(tmp_path: Path, name: str, content: str, how: str) -> None:
    (tmp_path / name).write_text(content)
    assert like_series(tmp_path / name) == how


def test_options_tell_which_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sky.csv").write_text("date,sky,rain\n2021-01-01,blue,3\n2021-01-02,grey,4\n2021-01-03,blue,4\n")
    Path("reviews.csv").write_text("text,label\nfine,1\ndull,0\n")
    said: list[str] = []
    assert find_task("sky.csv", ["horizon", "epochs"], said.append) == "forecast"
    assert not said
    assert find_task("sky.csv", ["epochs"], said.append) == "classify"
    assert "write --task forecast" in said.pop()
    assert find_task("reviews.csv", ["epochs"], said.append) == "classify"
    assert not said
    with pytest.raises(ConfigError, match=r"and --horizon is for other tasks\. Write --task forecast\."):
        find_task("reviews.csv", ["horizon", "epochs"])
    with pytest.raises(ConfigError, match=r"Write --task translate or --task chat\."):
        find_task("sky.csv", ["label_smoothing"])
    assert find_task("sky.csv", ["horizon", "label_smoothing"]) == "classify"  # no task has both: it will say so


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


def test_a_folder_of_folders_with_slots_is_no_folder_per_class(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "a.txt").write_text("fine")
    assert kind_of(tmp_path) == "classify"
    (tmp_path / "train" / "seq.in.gz").write_bytes(gzip.compress(b"book a table"))
    assert kind_of(tmp_path) == kind_of(tmp_path / "train") == "tag"
