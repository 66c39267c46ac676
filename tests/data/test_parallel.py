"""Pairs of texts from tables and from two files; what does not align is named."""

import gzip
import json
import re
from pathlib import Path

import pytest

from elman.data.parallel import pairs_of, read_pairs
from elman.data.parallel_options import PairDataOptions
from elman.errors import ArgumentError, ArgumentTypeError, DataError

EN = ["A house.", 'He said "no".', "tab\u2028less", "  two  spaces "]
DE = ["Ein Haus.", "Er sagte „nein“.", "ohne\x85Tab", "zwei  Leerzeichen"]
ENDS = PairDataOptions(source="en", target="de")


def write(path: Path, lines: list[str], end: str = "\n") -> Path:
    content = "".join(line + end for line in lines).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def rows_of(pairs: object) -> list[tuple[str, str]]:
    return list(zip(pairs.sources, pairs.targets, strict=True))  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["unix", "windows"])
def test_two_files_line_by_line(tmp_path: Path, packed: str, end: str):
    """Only \\n ends a line: U+2028 and U+0085 stand in texts."""
    write(tmp_path / f"train.en{packed}", EN, end)
    write(tmp_path / f"train.de{packed}", DE, end)
    for name in ("train", f"train.en{packed}"):
        pairs = read_pairs(tmp_path / name, ENDS)
        assert rows_of(pairs) == list(zip(EN, DE, strict=True))
        assert pairs.place(2).endswith(f"train.en{packed}:3")
    back = read_pairs(tmp_path / "train", PairDataOptions(source="de", target="en"))
    assert (back.sources, back.targets) == (DE, EN)
    alone = read_pairs(tmp_path / "train", ENDS, need_target=False)
    assert (alone.sources, alone.targets) == (EN, None)


def test_the_same_pairs_from_every_kind_of_table(tmp_path: Path):
    import polars

    pairs = list(zip(EN, DE, strict=True))
    write(tmp_path / "a.tsv", ["\t".join(pair) for pair in pairs])
    write(tmp_path / "plain.txt", ["\t".join(pair) for pair in pairs])
    write(tmp_path / "a.jsonl", [json.dumps({"target": t, "n": 1, "source": s}) for s, t in pairs])
    frame = polars.DataFrame({"id": [1, 2, 3, 4], "src": EN, "translation": DE})
    frame.write_csv(tmp_path / "a.csv")
    frame.write_parquet(tmp_path / "a.parquet")
    for name in ("a.tsv", "plain.txt", "a.jsonl", "a.csv", "a.parquet"):
        assert rows_of(read_pairs(tmp_path / name)) == pairs, name
    swapped = read_pairs(tmp_path / "a.csv", PairDataOptions(source="translation", target="src"))
    assert swapped.sources == DE
    one = read_pairs(tmp_path / "a.tsv", PairDataOptions(source="column_2"))
    assert (one.sources, one.targets) == (DE, EN)


def test_a_first_row_that_looks_like_names_is_named(tmp_path: Path):
    write(tmp_path / "a.tsv", ["english\tgerman", "A house stands there.\tDort steht ein Haus."])
    [note] = read_pairs(tmp_path / "a.tsv").notes
    assert re.search(r"first row of .*a\.tsv is read as data: english, german .*--header", note)
    write(tmp_path / "a.tsv", ["A tree.\tEin Baum.", "A house.\tEin Haus."])
    assert read_pairs(tmp_path / "a.tsv").notes == []


def test_names_of_the_training_are_taken_where_the_file_has_them(tmp_path: Path):
    write(tmp_path / "new.csv", ["a,fr,en", "1,Oui,Yes"])
    assert rows_of(read_pairs(tmp_path / "new.csv", names=("en", "fr"))) == [("Yes", "Oui")]
    write(tmp_path / "other.tsv", ["Oui\tYes", "Non\tNo"])
    assert read_pairs(tmp_path / "other.tsv", names=("en", "fr")).sources == ["Oui", "Non"]
    write(tmp_path / "lines.txt", ["Yes", "", "No, not today."])
    assert read_pairs(tmp_path / "lines.txt", need_target=False, names=("en", "fr")).sources == [
        *("Yes", "", "No, not today.")
    ]


def refused(tmp_path: Path, name: str, options: PairDataOptions | None = None) -> str:
    with pytest.raises(DataError) as error:
        read_pairs(tmp_path / name, options)
    return str(error.value)


def test_lines_without_a_partner_are_named(tmp_path: Path):
    write(tmp_path / "train.en", EN)
    write(tmp_path / "train.de", DE[:3])
    message = refused(tmp_path, "train", ENDS)
    assert re.search(r"train\.en:4: this line has no partner: .*train\.de ends after line 3", message)
    message = refused(tmp_path, "train", PairDataOptions(source="de", target="en"))
    assert "train.en:4" in message
    (tmp_path / "train.de").unlink()
    assert re.search(r"no file '.*train\.de'", refused(tmp_path, "train", ENDS))


def test_a_line_without_a_tab_is_named(tmp_path: Path):
    write(tmp_path / "a.txt", ["hi\thello", "how are you    fine", "bye\tbye", "a\tb\tc", "x\ty"])
    message = refused(tmp_path, "a.txt")
    assert re.search(r"a\.txt:2: the line has not one tab but 0 \(nor have 1 other lines\)", message)
    write(tmp_path / "a.tsv", ["hi\thello", "how are you", "bye\tbye"])
    assert "a.tsv:2" in refused(tmp_path, "a.tsv")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.tsv", b"", r"a\.tsv: the file is empty"),
        ("a.tsv", b"  \n \n", r"a\.tsv: the file is empty"),
        ("a.tsv", b"hi\thello\nbye\tb\xffe\n", r"a\.tsv:2: byte 0xff"),
        ("a.txt", b"only one column\nin two lines\n", r"one column.*--source en --target de"),
        ("a.csv", b"a,b,c\nx,y,z\n", r"not clear.*a, b, c.*--source NAME --target NAME"),
        ("a.jsonl", b'{"source": "a", "target": "b"}\n{"source": "c"}\n', r"a\.jsonl:2, column 'target'.*missing"),
        ("a.jsonl", b'{"source": ["a"], "target": "b"}\n', r"a\.jsonl:1, column 'source'.*list"),
    ],
    ids=["empty", "blank", "bytes", "column", "columns", "missing", "list"],
)
def test_bad_files_are_named(tmp_path: Path, name: str, content: bytes, expected: str):
    (tmp_path / name).write_bytes(content)
    assert re.search(expected, refused(tmp_path, name))


@pytest.mark.parametrize("name", ["new.txt", "new", "new.en", "new.csv.bak"])
@pytest.mark.parametrize(
    "lines",
    [["hello, world", "how are you, my friend"], ["{hello} there", "{0}, {1}"], ["a\tb", "c, d"]],
    ids=["commas", "braces", "one tab"],
)
def test_texts_to_translate_are_lines_whatever_stands_in_them(tmp_path: Path, name: str, lines: list[str]):
    write(tmp_path / name, lines)
    pairs = read_pairs(tmp_path / name, need_target=False, names=("en", "de"))
    assert (pairs.sources, pairs.targets) == (lines, None)
    assert pairs.place(1).endswith(f"{name}:2")


def test_texts_to_translate_from_a_table_without_its_ending(tmp_path: Path):
    """Tabs in every line, a named column or a format tell that it is one."""
    write(tmp_path / "new.txt", ["en\tde", "Yes\tJa", "No\tNein"])
    assert read_pairs(tmp_path / "new.txt", need_target=False, names=("en", "de")).sources == ["Yes", "No"]
    write(tmp_path / "new.txt", ["id,en", "1,Yes", "2,No"])
    assert read_pairs(tmp_path / "new.txt", PairDataOptions(source="en"), need_target=False).sources == ["Yes", "No"]
    write(tmp_path / "new.txt", ['{"en": "Yes"}'])
    assert read_pairs(tmp_path / "new.txt", PairDataOptions(format="jsonl"), need_target=False).sources == ["Yes"]


def test_the_second_file_is_needed_for_learning_only(tmp_path: Path):
    write(tmp_path / "new.en", EN)
    for name in ("new.en", "new"):
        pairs = read_pairs(tmp_path / name, need_target=False, names=("en", "de"))
        assert (pairs.sources, pairs.targets) == (EN, None)
    with pytest.raises(DataError, match=r"no file '.*new\.fr'"):
        read_pairs(tmp_path / "new", need_target=False, names=("fr", "en"))


def test_a_column_that_is_not_there(tmp_path: Path):
    write(tmp_path / "a.csv", ["src,tgt", "a,b"])
    assert re.search(r"no column 'en'.*src, tgt", refused(tmp_path, "a.csv", ENDS))
    assert "no file" in refused(tmp_path, "nothing.tsv")


def test_pairs_in_memory():
    pairs = pairs_of(["a", "b", "c"], ["x", "y", "z"])
    some = pairs.take([2, 0]).take([1, 0])
    assert (some.sources, some.targets, some.place(0), some.place(1)) == (["a", "c"], ["x", "z"], "row 0", "row 2")
    assert pairs_of(["a"]).sha256 != pairs_of(["b"]).sha256
    with pytest.raises(ArgumentError, match="2 sources and 1 targets"):
        pairs_of(["a", "b"], ["x"])
    with pytest.raises(ArgumentTypeError, match=r"sources\[1\] is 3"):
        pairs_of(["a", 3])  # pyright: ignore[reportArgumentType]
    with pytest.raises(ArgumentTypeError, match="one string"):
        pairs_of("a b")
