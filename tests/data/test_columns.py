"""The columns of text and label are found by name, else by content, else asked for."""

from typing import Any

import pytest

from elman.data.columns import find_columns
from elman.data.table import Places, Table
from elman.errors import DataError


def of_columns(columns: dict[str, list[Any]], named: bool = True) -> Table:
    return Table("a.csv", columns, Places("a.csv", list(range(2, 22))), "csv", "utf-8", "", named)


def table(named: bool = True, **columns: list[Any]) -> Table:
    return of_columns(columns, named)


IDS = [str(i) for i in range(20)]
LONG = [f"number {i} of the films that were shown" for i in range(20)]
FEW = ["x", "y"] * 10


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["id", "text", "label"], ("text", "label")),
        (["label_text", "label", "text"], ("text", "label")),
        (["Review", "Sentiment", "id"], ("Review", "Sentiment")),
        (["class", "title", "description"], ("description", "class")),
        (["customerReview", "star_rating"], ("customerReview", "star_rating")),
        (["id", "REVIEW_BODY", "productCategory"], ("REVIEW_BODY", "productCategory")),
    ],
)
def test_by_name(names: list[str], expected: tuple[str, str]) -> None:
    found = find_columns(of_columns(dict.fromkeys(names, FEW)))
    assert (found.text, found.label) == expected


def test_by_content_with_reasons() -> None:
    found = find_columns(table(named=False, column_1=IDS, column_2=FEW, column_3=LONG))
    assert (found.text, found.label) == ("column_3", "column_2")
    assert "longest texts" in found.why["text"]
    assert "2" in found.why["label"]


def test_one_class_is_still_a_label_where_nothing_else_is() -> None:
    assert find_columns(table(a=LONG, b=["x"] * 20)).label == "b"


def test_several_candidates_are_asked_for() -> None:
    with pytest.raises(DataError, match=r"several columns could be the label.*b, c.*--label b"):
        find_columns(table(a=LONG, b=FEW, c=FEW))
    with pytest.raises(DataError, match="no column could be the label"):
        find_columns(table(a=LONG, b=IDS, c=IDS))


def test_given_names_win_and_are_checked() -> None:
    found = find_columns(table(text=LONG, note=LONG, label=FEW), text="note", label="text")
    assert (found.text, found.label) == ("note", "text")
    with pytest.raises(DataError, match=r"no column 'lable'\. Expected one of text, label\. Did you mean 'label'\?"):
        find_columns(table(text=LONG, label=FEW), label="lable")
    with pytest.raises(DataError, match="as text and as label"):
        find_columns(table(text=LONG, label=FEW), text="text", label="text")
    with pytest.raises(DataError, match="--header"):
        find_columns(table(named=False, column_1=LONG, column_2=FEW), label="verdict")


def test_label_is_only_looked_for_where_it_is_needed() -> None:
    assert find_columns(table(text=LONG), need_label=False).label is None
    with pytest.raises(DataError, match="no column beside the text 'text'"):
        find_columns(table(text=LONG))
