"""Covariates as numbers, by hand; what is missing or unknown is told to the network."""

import json
from pathlib import Path

import numpy as np
import pytest

from elman.data.series.options import SeriesDataOptions
from elman.data.series.reading import read_series
from elman.errors import DataError
from elman.tasks.forecast.covariates import MOST_CATEGORIES, Coding, Covariates
from elman.tasks.forecast.material import extended

TEXT = (
    "shop,date,y,price,event,size\nA,2021-01-01,1,2,,small\nA,2021-01-02,3,4,Easter,small\nA,2021-01-03,,6,,small\n"
    "B,2021-01-02,4,,Monday,large\nB,2021-01-03,5,8,,large\n"
)
OPTIONS = SeriesDataOptions(target="y", series="shop", past="price", future="event", static="size")


def test_numbers_and_categories_by_hand(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TEXT)
    table = read_series(tmp_path / "a.csv", OPTIONS)
    codings = Covariates.fit(table, calendar=False)
    # prices 2, 4, 6, 8: mean 5, deviation √5; that of B's first day is missing
    expected = [[-3 / 5**0.5, 0], [-1 / 5**0.5, 0], [1 / 5**0.5, 0], [0, 1], [3 / 5**0.5, 0]]
    np.testing.assert_allclose(codings.unknown(table), expected, rtol=1e-6)
    assert codings.known(table).tolist() == [[0, 0], [1, 0], [0, 0], [0, 1], [0, 0]]
    assert codings.fixed(table).tolist() == [[0, 1], [1, 0]]
    again = Covariates.from_plain(json.loads(json.dumps(codings.plain())))
    assert again == codings
    other = Coding(categories=("a", "b")).apply(np.array(["b", "new", None], dtype=object))
    assert other.tolist() == [[0, 1], [0, 0], [0, 0]]


def test_a_column_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TEXT)
    table = read_series(tmp_path / "a.csv", OPTIONS)
    codings = Covariates.fit(table, calendar=False)
    (tmp_path / "b.csv").write_text("shop,date,y\nA,2021-01-01,1\nA,2021-01-02,2\n")
    with pytest.raises(DataError, match="no column 'event'"):
        codings.known(read_series(tmp_path / "b.csv"))
    many = np.array([str(i) for i in range(MOST_CATEGORIES + 1)], dtype=object)
    with pytest.raises(DataError, match="51 different texts"):
        Coding.fit(many, "name", "a.csv")


def test_texts_where_the_training_had_numbers_are_no_missing_values(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TEXT)
    table = read_series(tmp_path / "a.csv", OPTIONS)
    codings = Covariates.fit(table, calendar=False)
    assert codings.numeric() == {"price": True, "event": False, "size": False}
    table.covariates["price"] = np.array([None, "dear", None, None, None], dtype=object)
    with pytest.raises(DataError, match=r"column 'price': 'dear' is a text\. Expected numbers"):
        codings.unknown(table)


def test_series_end_a_horizon_after_their_newest_value(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TEXT)
    table = read_series(tmp_path / "a.csv", OPTIONS)
    longer = extended(table, 1)
    assert longer.lengths.tolist() == [3, 3]  # A has a row for the step ahead, B gets one
    np.testing.assert_equal(longer.values, [1, 3, np.nan, 4, 5, np.nan])
    np.testing.assert_equal(longer.covariates["price"], [2, 4, 6, np.nan, 8, np.nan])
    assert longer.covariates["event"].tolist() == [None, "Easter", None, "Monday", None, None]
