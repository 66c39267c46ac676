"""Numbers recorded step by step: which columns they are, their order, gaps, several series, labels."""

from pathlib import Path

import numpy as np
import pytest

from elman.data.series.recording import Recording, read_recording
from elman.data.series.recording_options import RecordingOptions
from elman.errors import ArgumentError, DataError


def read(tmp_path: Path, text: str, **options: object) -> Recording:
    (tmp_path / "a.csv").write_text(text)
    return read_recording(tmp_path / "a.csv", RecordingOptions(**options))  # pyright: ignore[reportArgumentType]


def kinds(found: Recording) -> list[str]:
    return [problem.kind for problem in found.problems]


def test_columns_are_found(tmp_path: Path) -> None:
    found = read(tmp_path, "date,heat,room,load\n2021-01-01,1,hall,5\n2021-01-02,,hall,6\n2021-01-03,3,hall,5\n")
    assert (found.columns, found.time, found.season) == (("heat", "load"), "date", 7)
    np.testing.assert_equal(found.values, [[1, 5], [np.nan, 6], [3, 5]])
    assert found.notes == ["not watched, as they hold no numbers: room"]
    assert kinds(found) == ["missing"]
    assert read(tmp_path, "heat,load\n1,2\n3,4\n", columns="load").values.tolist() == [[2], [4]]


def test_rows_are_put_in_the_order_of_time(tmp_path: Path) -> None:
    found = read(tmp_path, "date,y\n2021-01-05,5\n2021-01-02,2\n2021-01-01,1\n2021-01-01,9\n")
    assert found.values[:, 0].tolist() == [1, 9, 2, 5]
    assert kinds(found) == ["order", "duplicates", "gaps"]
    assert found.place(3).endswith("a.csv:2")
    assert kinds(read(tmp_path, "time,y\n0,1\n10,2\n20,3\n27,4\n")) == ["irregular"]


def test_series_stand_one_after_another(tmp_path: Path) -> None:
    found = read(tmp_path, "t,m,y\n0,b,1\n0,a,5\n1,b,2\n1,a,6\n2,b,3\n", series="m")
    assert (found.names, found.starts.tolist()) == (("b", "a"), [0, 3, 5])
    assert found.values[:, 0].tolist() == [1, 2, 3, 5, 6]
    assert "name their column (--series)" in read(tmp_path, "t,m,y\n0,b,1\n0,a,5\n1,b,2\n").problems[0].sentence


@pytest.mark.parametrize(
    ("text", "options", "sentence"),
    [
        ("t,y\n0,1\n1,x\n2,3\n3,4\n4,5\n5,5\n6,5\n", {}, r"a.csv:3, column 'y': 'x' is no number"),
        ("t,y\n0,1\n1,inf\n2,2\n3,4\n4,5\n5,5\n", {}, r"a.csv:3, column 'y': 'inf' is infinite"),
        ("t,y\n0,1\n1,2\n", {"columns": "z"}, "there is no column 'z'"),
        ("t,y\n0,1\n1,2\n", {"columns": "y", "label": "y"}, "named twice"),
        ("t,y\n0,a\n1,b\n", {}, "no column of numbers"),
        ("t,y,l\n0,1,0\n1,2,maybe\n", {"label": "l"}, r"a.csv:3, column 'l': the label is 'maybe'"),
        ("t,m,y\n0,a,1\n1,,2\n", {"series": "m"}, r"a.csv:3, column 'm': the name of the series is missing"),
        ("date,y\n03/04/2021,1\n04/05/2021,2\n", {}, "--day-first"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, options: dict[str, str], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        read(tmp_path, text, **options)


def test_arrays() -> None:
    assert Recording.of([1.0, 2.0]).values.shape == (2, 1)
    for wrong in ([["warm"]], [[np.inf]], np.zeros((2, 2, 2)), np.zeros((3, 0))):
        with pytest.raises(ArgumentError):
            Recording.of(wrong)
    with pytest.raises(ArgumentError, match="a name for each"):
        Recording.of([[1.0, 2.0]], ["a"])
