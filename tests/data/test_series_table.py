"""Tables of series in every layout; what is wrong is named with its line, what is odd is said."""

import io
from pathlib import Path

import numpy as np
import polars
import pytest

from elman.data.series.options import SeriesDataOptions
from elman.data.series.reading import read_series
from elman.data.series.table import SeriesTable
from elman.errors import ArgumentError, DataError

NAN = float("nan")


def write(folder: Path, text: str, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def table(folder: Path, text: str, **options: object) -> SeriesTable:
    return read_series(write(folder, text), SeriesDataOptions(**options))  # pyright: ignore[reportArgumentType]


def rows(series: SeriesTable) -> dict[str, list[float]]:
    return {name: series.of(i).tolist() for i, name in enumerate(series.names)}


def kinds(series: SeriesTable) -> list[str]:
    return [problem.kind for problem in series.problems]


LONG = "shop,date,y\nA,2021-01,1\nA,2021-02,2\nB,2021-02,5\nB,2021-03,6\n"
WIDE = "date,A,B\n2021-01,1,\n2021-02,2,5\n2021-03,,6\n"
ROWS = "name," + ",".join(f"V{i}" for i in range(14)) + "\nA,1,2" + "," * 12 + "\nB,5,6" + "," * 12 + "\n"


@pytest.mark.parametrize("text", [LONG, WIDE, ROWS], ids=["long", "columns", "rows"])
def test_layouts_agree(tmp_path: Path, text: str) -> None:
    found = table(tmp_path, text)
    assert rows(found) == {"A": [1, 2], "B": [5, 6]}
    if text is not ROWS:
        assert found.frequency.name == "monthly (start)"
        assert [found.time(0, 0), found.time(1, 0), found.time(1, 2)] == ["2021-01-01", "2021-02-01", "2021-04-01"]
    assert found.problems == []


def test_parquet_with_dates_and_numbers(tmp_path: Path) -> None:
    frame = polars.DataFrame({"unique_id": ["A", "A"], "ds": ["2021-01-01", "2021-01-02"], "y": [1.5, None]})
    content = io.BytesIO()
    frame.with_columns(polars.col("ds").str.to_date()).write_parquet(content)
    (tmp_path / "a.parquet").write_bytes(content.getvalue())
    found = read_series(tmp_path / "a.parquet", SeriesDataOptions(frequency="D"))
    np.testing.assert_equal(rows(found), {"A": [1.5, NAN]})


def test_order_gaps_and_missing_values_are_said_and_nothing_is_filled(tmp_path: Path) -> None:
    found = table(tmp_path, "date,y\n2021-01-05,5\n2021-01-02,\n2021-01-01,1\n2021-01-03,3\n")
    np.testing.assert_equal(rows(found), {"y": [1, NAN, 3, NAN, 5]})
    assert kinds(found) == ["order", "gaps", "missing"]
    assert "a.csv:3" in found.problems[0].sentence
    assert "after 2021-01-03" in found.problems[1].sentence
    assert [p.count for p in found.problems] == [2, 1, 1]


def test_a_reversed_file(tmp_path: Path) -> None:
    found = table(tmp_path, "date,y\n2021-01-03,3\n2021-01-02,2\n2021-01-01,1\n")
    assert rows(found) == {"y": [1, 2, 3]}
    assert "backwards" in found.problems[0].sentence


def test_duplicates_are_refused_or_merged_as_asked(tmp_path: Path) -> None:
    text = "date,y\n2021-01-01,1\n2021-01-02,2\n2021-01-02,4\n2021-01-03,\n2021-01-03,7\n"
    with pytest.raises(DataError, match="'2021-01-02' stands on lines 3 and 4, and 1 other rows"):
        table(tmp_path, text, target="y")
    expected = {"first": [1, 2, NAN], "last": [1, 4, 7], "mean": [1, 3, 7], "sum": [1, 6, 7]}
    for rule, values in expected.items():
        found = table(tmp_path, text, target="y", duplicates=rule)
        np.testing.assert_equal(found.of(0).tolist(), values)
        assert kinds(found)[0] == "duplicates"
        wide = table(tmp_path, text, target="y", duplicates=rule, layout="columns")
        np.testing.assert_equal(wide.of(0), np.array(values)[: 2 if rule == "first" else 3])  # the end is cut off


def test_irregular_steps_name_the_first(tmp_path: Path) -> None:
    text = "date,y\n" + "".join(f"2021-01-0{d},{d}\n" for d in range(1, 6)) + "2021-01-06 07:00,6\n"
    with pytest.raises(DataError, match=r"a\.csv:7.*'2021-01-06 07:00' does not lie on the grid.*daily"):
        table(tmp_path, text)
    with pytest.raises(DataError, match="mistyped"):
        table(tmp_path, "date,y\n" + "".join(f"{y}-01-01 00:0{i},1\n" for y in (2001, 9000) for i in range(4)))


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("twelve", r"a\.csv:3, column 'y': 'twelve' is no number"),
        ("1e400", "infinite"),
        ("-inf", "infinite"),
        ("1_000", "no number"),
        ('"1,5"', "decimal comma"),
        ('"1,234.5"', "marks between thousands"),
    ],
)
def test_what_is_no_number(tmp_path: Path, cell: str, says: str) -> None:
    body = "".join(f"2021-01-{d:02d},{d}\n" for d in range(3, 20))
    with pytest.raises(DataError, match=says):
        table(tmp_path, f"date,y\n2021-01-01,1\n2021-01-02,{cell}\n{body}")


def test_missing_marks_are_missing(tmp_path: Path) -> None:
    marks = ["", "NA", "nan", "NULL", "?", "n/a", "-"]
    text = "t,y\n0,1\n" + "".join(f"{i},{mark}\n" for i, mark in enumerate(marks, 1)) + f"{len(marks) + 1},2\n"
    found = table(tmp_path, text, target="y")
    assert np.isnan(found.of(0)).sum() == len(marks)


def test_roles_are_found_or_asked_for(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="several columns could be the one to forecast: rain, wind"):
        table(tmp_path, "date,id,rain,wind\n2021-01,A,1,2\n2021-02,A,1,2\n2021-01,B,1,2\n2021-02,B,3,4\n")
    with pytest.raises(DataError, match="Did you mean 'wind'"):
        table(tmp_path, "date,wind\n2021-01,1\n2021-02,1\n", target="wnd")
    with pytest.raises(DataError, match="named as target and as past"):
        table(tmp_path, "date,wind\n2021-01,1\n2021-02,1\n", target="wind", past="wind")
    with pytest.raises(DataError, match="no column of numbers"):
        table(tmp_path, "date,wind\n2021-01,strong\n2021-02,weak\n")
    with pytest.raises(DataError, match="Write --frequency"):
        table(tmp_path, "date,y\n2021-01-01,1\n")
    one = table(tmp_path, "date,y\n2021-01-01,1\n", frequency="daily")
    assert kinds(one) == ["short"]


def test_without_a_header(tmp_path: Path) -> None:
    assert rows(table(tmp_path, "2021-01,4\n2021-02,5\n")) == {"column_2": [4, 5]}
    assert rows(table(tmp_path, "Pounds per cow (monthly)\n4\n5\n")) == {"Pounds per cow (monthly)": [4, 5]}


def test_a_first_row_that_counts_the_columns_names_them(tmp_path: Path) -> None:
    counted = table(tmp_path, "0,1,2\n0.5,7,1\n0.25,8,1\n")
    assert rows(counted) == {"0": [0.5, 0.25], "1": [7, 8], "2": [1, 1]}
    assert any("names them" in note for note in counted.notes)
    kept = table(tmp_path, "0,1,2\n0.5,7,1\n", header=False)
    assert rows(kept) == {"column_1": [0, 0.5], "column_2": [1, 7], "column_3": [2, 1]}
    assert len(table(tmp_path, "0,1,2\n5,7,1\n").of(0)) == 2  # whole numbers: nothing tells
    assert len(table(tmp_path, "0,1\n1,0.5\n").of(0)) == 2  # could be a step and its value


def test_several_columns_name_a_series(tmp_path: Path) -> None:
    text = "shop,item,t,y\nA,1,0,1\nA,1,1,2\nA,2,0,3\nA,2,1,4\n"
    assert rows(table(tmp_path, text, series="shop,item")) == {"A / 1": [1, 2], "A / 2": [3, 4]}
    with pytest.raises(DataError, match=r"a\.csv:3, column 'shop': the name of the series is missing"):
        table(tmp_path, "shop,t,y\nA,0,1\n,1,2\n", series="shop")


def test_covariates_and_the_future(tmp_path: Path) -> None:
    text = (
        "shop,date,y,price,holiday,size\nA,2021-01-01,1,9.5,,3\nA,2021-01-03,3,8,Easter,3\nA,2021-01-04,,7,,3\n"
        "B,2021-01-01,4,1,,5\nB,2021-01-02,5,2,,5\n"
    )
    found = table(tmp_path, text, target="y", future="price,holiday", static="size", series="shop")
    np.testing.assert_equal(rows(found), {"A": [1, NAN, 3, NAN], "B": [4, 5]})
    np.testing.assert_equal(found.covariates["price"].tolist(), [9.5, NAN, 8, 7, 1, 2])
    assert found.covariates["holiday"].tolist() == [None, None, "Easter", None, None, None]
    assert found.static["size"].tolist() == [3, 5]
    assert found.seen.tolist() == [3, 2]
    assert found.lengths.tolist() == [4, 2]
    with pytest.raises(DataError, match=r"a\.csv:3.*3\.0, where the series has 1\.0 before"):
        table(tmp_path, text, target="price", static="y", series="shop")


def test_what_a_covariate_is_can_be_known_from_another_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("date,y,price,code\n2021-01-01,1,2,7\n2021-01-02,2,cheap,8\n2021-01-03,3,dear,7\n")
    options = SeriesDataOptions(target="y", past="price,code")
    assert read_series(path, options).covariates["price"].tolist() == ["2", "cheap", "dear"]
    assert read_series(path, options, {"code": False}).covariates["code"].tolist() == ["7", "8", "7"]
    with pytest.raises(DataError, match=r"a\.csv:3, column 'price': 'cheap' is no number"):
        read_series(path, options, {"price": True})


def test_rows_that_tell_what_is_known_ahead_miss_nothing(tmp_path: Path) -> None:
    text = "date,y,price\n2021-01-01,1,2\n2021-01-02,,2\n2021-01-03,3,2\n2021-01-04,,3\n2021-01-05,,3\n"
    found = table(tmp_path, text, target="y", future="price")
    assert [(p.kind, p.count) for p in found.problems] == [("missing", 1), ("ahead", 2)]
    assert "from there" in found.problems[1].sentence


def test_a_column_that_is_not_there_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no column 'when'.*Name another with --time\."):
        table(tmp_path, "date,y\n2021-01-01,1\n2021-01-02,2\n", time="when")


def test_a_target_of_texts_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.csv:2, column 'y': 'low' is no number"):
        table(tmp_path, "date,y\n2021-01-01,low\n2021-01-02,high\n", target="y")


def test_rare_numbers_are_numbers(tmp_path: Path) -> None:
    rows = "".join(f"{day},{day % 7},{1 if day == 501 else ''}\n" for day in range(1000))
    found = table(tmp_path, "t,y,promo\n" + rows, target="y", past="promo")
    assert np.nansum(found.covariates["promo"]) == 1


def test_rows_of_one_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.csv:3: the name 'A' stands on line 2, too"):
        table(tmp_path, ROWS.replace("\nB", "\nA"), layout="rows")


def test_constant_and_empty_series_are_said(tmp_path: Path) -> None:
    found = table(tmp_path, "date,A,B,C\n2021-01,1,,3\n2021-02,1,,4\n", target="A,B,C")
    assert kinds(found) == ["constant", "empty"]
    assert found.seen.tolist() == [2, 0, 2]


def test_only_the_first_steps(tmp_path: Path) -> None:
    for text in (LONG, WIDE, ROWS):
        assert table(tmp_path, text, most_steps=1).lengths.max() == 1


def test_arrays() -> None:
    with pytest.raises(ArgumentError, match=r"series\[1\]"):
        SeriesTable.from_arrays([[1.0], [[2.0]]])
    with pytest.raises(ArgumentError, match=r"series\[0\] is 'a'. Expected a list of numbers"):
        SeriesTable.from_arrays(["a"])
    with pytest.raises(ArgumentError, match="1 series and 2 names"):
        SeriesTable.from_arrays([[1.0]], ["a", "b"])
    empty = SeriesTable.from_arrays([])
    assert len(empty) == 0
    assert empty.seen.tolist() == []
    assert SeriesTable.from_arrays([[], [NAN], [1.0, NAN]]).seen.tolist() == [0, 0, 1]


def test_real_files_are_read_as_their_authors_meant_them(real_data: Path) -> None:
    hourly = read_series(real_data / "m4" / "Hourly-train.csv.gz")
    assert len(hourly) == 414
    assert (int(hourly.lengths.min()), int(hourly.lengths.max())) == (700, 960)
    gasoline = read_series(real_data / "series" / "us_gasoline.csv")
    assert gasoline.frequency.name == "weekly (Friday)"
    assert gasoline.of(0)[0] == 6621  # 1991-02-08 stands on the last line
    temps = read_series(real_data / "series" / "temps.csv")
    assert [p.count for p in temps.problems if p.kind == "gaps"] == [2]
    milk = read_series(real_data / "series" / "monthly-milk-incomplete.csv")
    assert (int(milk.lengths[0]), int(np.isnan(milk.values).sum())) == (168, 13)
    rates = read_series(real_data / "series" / "exchange_rate.csv.gz")
    assert (len(rates), set(rates.lengths.tolist()), rates.of(0)[0]) == (8, {7588}, 0.7855)
