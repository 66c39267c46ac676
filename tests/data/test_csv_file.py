"""CSV and TSV: quoted line ends, and the line of whatever is wrong."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.csv_file import read_csv
from elman.errors import DataError


def test_lines_of_rows_with_quoted_line_ends() -> None:
    read = read_csv('text,label\n"one\ntwo, ""three""",1\n\nfour,0\n', "a.csv")
    assert read.columns == {"text": ['one\ntwo, "three"', "four"], "label": ["1", "0"]}
    assert read.lines == [2, 5]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(end: str) -> None:
    read = read_csv(end.join(["text,label", "a b,1", "c d,0", ""]), "a.csv")
    assert read.columns == {"text": ["a b", "c d"], "label": ["1", "0"]}
    assert read.lines == [2, 3]


@given(st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"])), st.text("abc\"'\t,;\r\n ")), min_size=1))
def test_what_the_csv_module_writes_comes_back(rows: list[tuple[str, str]]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerows([("text", "label"), *rows])
    read = read_csv(file.getvalue(), "a.csv", header=True)
    assert list(zip(read.columns["text"], read.columns["label"], strict=True)) == rows


def test_unclosed_quote_names_the_line_where_it_opens() -> None:
    with pytest.raises(DataError, match=r"^a\.csv:3: a quote is opened and never closed"):
        read_csv('text,label\nfine,1\n"dull,0\nbad,0\n', "a.csv")
    with pytest.raises(DataError, match=r"^a\.csv:4: a quote is opened and never closed"):
        read_csv('text,label\n"one\ntwo",1\n"dull,0\nbad,0\n', "a.csv")
    # In the second field of a row whose first field ends two lines further down.
    with pytest.raises(DataError, match=r"^a\.csv:4: a quote is opened and never closed"):
        read_csv('text,label\n"one\ntwo\nthree","1\nbad,0\n', "a.csv")


def test_quote_closed_by_the_next_opening_one() -> None:
    with pytest.raises(DataError, match=r"^a\.csv:2: a quote opened here is closed on line 3 but followed by 'so dull"):
        read_csv('text,label\n"fine, 1\n"so dull, really",0\n', "a.csv")


def test_ragged_rows_are_counted_and_named() -> None:
    with pytest.raises(
        DataError, match=r"^a\.csv:3: the row has 3 fields \(also on line 5\)\. Expected 2 as on line 1"
    ):
        read_csv("text,label\nfine,1\nwell, well,0\nbad,0\nno\n", "a.csv")
    with pytest.raises(DataError, match=r"the row has 3 fields .*and 7 more"):
        read_csv("text,label\n" + "fine,film,1\n" * 11, "a.csv")  # every row alike, and still not shifted


def test_ragged_row_over_several_lines_hints_at_its_quote() -> None:
    with pytest.raises(DataError, match=r"^a\.csv:2: the row has 1 field.*goes on to line 3: is a quote not closed"):
        read_csv('text,label\n"fine,1\nbad"\nno,0\n', "a.csv")


def test_names() -> None:
    with pytest.raises(DataError, match=r"a\.csv:1: the column name 'text' occurs twice"):
        read_csv("text,label,text\na,b,c\n", "a.csv")
    assert list(read_csv(",text,label\n0,a b,1\n", "a.csv").columns) == ["column_1", "text", "label"]
    with pytest.raises(DataError, match=r"only column names \(text, label\)"):
        read_csv("text,label\n", "a.csv")


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ("text,label\nfine,1\n", True),
        ("Film,Verdict\nAlien,good\nHeat,bad\n", True),
        ("Star Rating,The whole review\n1,bad\n", True),
        ("A lovely film.,good\nA dull one.,bad\n", False),
        ("lovely,good\ndull,bad\nfine,good\n", False),  # "good" is a value of its column
        ("lovely,1\ndull,0\n", False),
        ("text,label\nfine,1\ntext,label\ndull,0\n", True),  # two files put together: still names
    ],
)
def test_header_is_found(rows: str, named: bool) -> None:
    read = read_csv(rows, "a.csv")
    assert ("column_1" in read.columns) != named
    assert len(read.lines) == rows.count("\n") - named
    assert list(read_csv(rows, "a.csv", header=False).columns) == ["column_1", "column_2"]
    assert len(read_csv(rows, "a.csv", header=True).lines) == rows.count("\n") - 1


def test_semicolons_are_found_and_noted() -> None:
    read = read_csv("text;label\nfine, really;1\n", "a.csv")
    assert read.columns == {"text": ["fine, really"], "label": ["1"]}
    assert "semicolon" in read.notes[0]


def test_tabs_without_quoting() -> None:
    read = read_csv('text\tlabel\n"Go on" he said\t1\n"Well\t0\n', "a.tsv", "\t")
    assert read.columns == {"text": ['"Go on" he said', '"Well'], "label": ["1", "0"]}
    assert "does not quote" in read.notes[0]
    with pytest.raises(DataError, match=r"^a\.tsv:2: a quote"):
        read_csv('text\tlabel\n"Go on he said\t1\nWell\n', "a.tsv", "\t")


def test_a_million_words_in_one_field() -> None:
    text = "word " * 1_000_000
    limit = csv.field_size_limit()
    assert read_csv(f'text,label\n"{text}",1\n', "a.csv").columns["text"] == [text]
    assert csv.field_size_limit() == limit


def test_two_quotation_marks_that_are_words_hold_no_rows() -> None:
    text = 'word\ttag\nsaid\tVERB\n"\tPUNCT\nGo\tVERB\n"\tPUNCT\n'
    read = read_csv(text, "a.tsv", "\t")
    assert read.columns == {"word": ["said", '"', "Go", '"'], "tag": ["VERB", "PUNCT", "VERB", "PUNCT"]}
    assert read.notes == ["a.tsv does not quote its fields (line 3): quotation marks are read as they stand"]
    quoted = 'text\tlabel\n"one\ttwo"\t1\n"three\nfour"\t0\n'  # here tabs and line ends are quoted on purpose
    assert read_csv(quoted, "a.tsv", "\t").columns == {"text": ["one\ttwo", "three\nfour"], "label": ["1", "0"]}
