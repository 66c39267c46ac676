"""Texts and labels are checked row by row, and errors name the line."""

from pathlib import Path

import numpy
import pytest

from elman.data.columns import Columns
from elman.data.labelled import from_lists, in_order, read_labelled, select
from elman.data.options import DataOptions
from elman.errors import ArgumentError, ArgumentTypeError, DataError


def write(folder: Path, text: str, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_labels_are_texts_without_space_around(tmp_path: Path) -> None:
    data = read_labelled(write(tmp_path, "text,label\na, 10\nb,9 \nc,10\n"))
    assert data.labels == [("10",), ("9",), ("10",)]
    assert data.classes == ("9", "10")
    assert not data.multi
    assert data.place(2) == f"{tmp_path / 'a.csv'}:4"


@pytest.mark.parametrize("value", ["", " ", "nan", "NaN", "<NA>", "null"])
def test_missing_labels_are_named(tmp_path: Path, value: str) -> None:
    path = write(tmp_path, f'text,label\n"a\nb",1\nc,{value}\nd,0\ne,{value}\n')
    with pytest.raises(
        DataError, match=r"a\.csv:4, column 'label': the label is .* \(also on line 6\)\. Expected a label"
    ):
        read_labelled(path)


def test_missing_labels_and_texts_of_json(tmp_path: Path) -> None:
    rows = '{"text": "a", "label": 1}\n{"text": "b", "label": NaN}\n'
    with pytest.raises(DataError, match=r"a\.jsonl:2, column 'label': the label is missing"):
        read_labelled(write(tmp_path, rows, "a.jsonl"))
    rows = '{"text": "a", "label": 1}\n{"label": 0}\n'
    with pytest.raises(DataError, match=r"a\.jsonl:2, column 'text': the text is missing"):
        read_labelled(write(tmp_path, rows, "a.jsonl"))


def test_empty_texts_are_allowed_and_counted(tmp_path: Path) -> None:
    data = read_labelled(write(tmp_path, "text,label\n,1\nb,0\n"))
    assert data.texts == ["", "b"]
    assert "1 empty text" in data.notes[-1]


def test_several_labels_by_separator_or_list(tmp_path: Path) -> None:
    path = write(tmp_path, "text,tags\na,x | y|x\nb,\nc,y\n")
    data = read_labelled(path, DataOptions(label_separator="|"))
    assert data.multi
    assert data.labels == [("x", "y"), (), ("y",)]
    rows = '{"text": "a", "tags": ["x", "y"]}\n{"text": "b", "tags": []}\n'
    data = read_labelled(write(tmp_path, rows, "a.jsonl"))
    assert data.multi
    assert data.labels == [("x", "y"), ()]
    with pytest.raises(DataError, match="the label is missing"):
        read_labelled(write(tmp_path, '{"text": "a", "tags": ["x"]}\n{"text": "b"}\n', "a.jsonl"))


def test_columns_of_the_training(tmp_path: Path) -> None:
    trained = Columns("review", "verdict")
    data = read_labelled(write(tmp_path, "text,review,verdict,label\na,b,c,d\n"), columns=trained)
    assert (data.texts, data.labels) == (["b"], [("c",)])
    with pytest.raises(DataError, match=r"there is no column 'review'\. Expected one of text, label"):
        read_labelled(write(tmp_path, "text,label\na,1\n"), columns=trained)
    for content, name in [("text\na b\n", "one.csv"), ("a b\n", "lines.txt")]:
        assert read_labelled(write(tmp_path, content, name), need_label=False, columns=trained).texts == ["a b"]


def test_labels_are_not_read_where_they_are_not_needed(tmp_path: Path) -> None:
    data = read_labelled(write(tmp_path, "text,label\na,\n"), need_label=False)
    assert data.labels is None


def test_lists(tmp_path: Path) -> None:
    assert from_lists(["a", "b"], numpy.array([1.0, 0.0])).labels == [("1",), ("0",)]
    assert from_lists(["a", "b"], numpy.array(["x", "y"])).labels == [("x",), ("y",)]
    assert from_lists(["a", "b"], [{"y", "x"}, []]).labels == [("x", "y"), ()]
    assert from_lists(["a"]).labels is None
    with pytest.raises(ArgumentError, match="2 texts and 1 labels"):
        from_lists(["a", "b"], [1])
    with pytest.raises(ArgumentError, match=r"labels\[1\]: the label is missing"):
        from_lists(["a", "b"], [1, float("nan")])
    with pytest.raises(ArgumentTypeError, match=r"texts\[1\] is 3 of type int"):
        from_lists(["a", 3], [0, 1])  # pyright: ignore[reportArgumentType]
    with pytest.raises(ArgumentTypeError, match="one string"):
        from_lists("a fine film")


def test_selected_rows_know_their_places(tmp_path: Path) -> None:
    data = read_labelled(write(tmp_path, "text,label\na,1\nb,0\nc,1\n"))
    some = select(data, numpy.array([2, 0]).tolist())
    assert (some.texts, some.labels) == (["c", "a"], [("1",), ("1",)])
    assert [some.place(row).rsplit(":")[-1] for row in range(2)] == ["4", "2"]
    assert some.classes == ("0", "1")


def test_what_only_looks_like_a_number_is_ordered_as_text() -> None:
    assert in_order(["--5", "10", "9"]) == ("--5", "10", "9")
    assert in_order(["1" * 5000, "2"]) == ("1" * 5000, "2")
    assert in_order(["10", "-9", "-10"]) == ("-10", "-9", "10")
