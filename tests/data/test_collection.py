"""Labelled numeric series: the formats hold the same series, and what is wrong is named with its place."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from elman.data.series.arff_file import read_arff
from elman.data.series.collection import Collection
from elman.data.series.collection_options import CollectionOptions
from elman.data.series.labelled_series import read_collection
from elman.data.series.ts_file import read_ts
from elman.errors import ArgumentError, ArgumentTypeError, DataError, ElmanError

NAN = np.nan
HEAD = "@problemName x\n# a remark\n@classLabel true a b\n@data\n"


def same(found: Collection, rows: list[list[list[float]]], targets: list[str] | None) -> None:
    assert found.targets == targets
    assert len(found) == len(rows)
    for i, row in enumerate(rows):
        np.testing.assert_array_equal(found.row(i), np.array(row, dtype=float).reshape(len(row), -1))


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize("name", ["x.ts", "x.ts.gz"])
def test_ts(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, name, HEAD + "1,2,3:4,5,?:a\n\n-1e-3:7:b\n")
    found = read_collection(path)
    same(found, [[[1, 4], [2, 5], [3, NAN]], [[-0.001, 7]]], ["a", "b"])
    assert found.place(1) == f"{path}:7"
    assert found.missing


def test_arff_of_one_and_of_several_channels(tmp_path: Path) -> None:
    head = "@relation r\n@attribute t0 numeric\n@attribute t1 real\n@attribute target {1,2}\n@data\n"
    same(
        read_collection(write(tmp_path, "x.arff", head + "% remark\n0.5,?,1\n1,2,2\n")),
        [[[0.5]], [[1], [2]]],
        ["1", "2"],
    )
    head = "@relation r\n@attribute s relational\n@attribute a numeric\n@attribute b numeric\n@end s\n"
    head += "@attribute class {x,y}\n@data\n"
    same(
        read_collection(write(tmp_path, "m.arff", head + "'1,2\\n3,4',x\n'5,?\\n6,?',y\n")),
        [[[1, 3], [2, 4]], [[5, 6]]],
        ["x", "y"],
    )


def test_a_table_with_a_series_per_row(tmp_path: Path) -> None:
    same(read_collection(write(tmp_path, "w.csv", "label,t1,t2,t3\nup,1,2,3\ndown,2,,\ndown,3,,1\n")),
         [[[1], [2], [3]], [[2]], [[3], [NAN], [1]]], ["up", "down", "down"])  # fmt: skip
    # the archive's own tables: no names, the class first
    same(read_collection(write(tmp_path, "GunPoint_TRAIN.tsv", "1\t0.5\t1.5\n2\t3.5\t4.5\n1\t5\t6\n2\t7\t8\n")),
         [[[0.5], [1.5]], [[3.5], [4.5]], [[5], [6]], [[7], [8]]], ["1", "2", "1", "2"])  # fmt: skip


def test_a_table_with_a_step_per_row_in_any_order(tmp_path: Path) -> None:
    text = "case,step,x,y,class\nq,2,3,30,b\np,1,1,10,a\nq,1,2,20,b\np,3,,50,a\np,2,4,40,a\n"
    same(
        read_collection(write(tmp_path, "long.csv", text)),
        [[[2, 20], [3, 30]], [[1, 10], [4, 40], [NAN, 50]]],
        ["b", "a"],
    )
    found = read_collection(
        write(tmp_path, "named.csv", "who,x,kind\nq,1,b\nq,2,b\n"), CollectionOptions(series="who", label="kind")
    )
    same(found, [[[1], [2]]], ["b"])


def test_without_labels_for_predicting(tmp_path: Path) -> None:
    found = read_collection(write(tmp_path, "new.csv", "series,x\nq,1\nq,2\n"), need_label=False)
    same(found, [[[1], [2]]], None)
    same(
        read_collection(write(tmp_path, "n.ts", "@classLabel false\n@data\n1,2:3,4\n"), need_label=False),
        [[[1, 3], [2, 4]]],
        None,
    )


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.ts", "", "the file is empty"),
        ("x.ts", HEAD, "the file holds no cases"),
        ("x.ts", "@classLabel true a\n1,2:a\n", ":2: '1,2:a' stands before @data"),
        ("x.ts", HEAD + "1,2:a\n1,two:a\n", ":6: value 2 is 'two'. Expected a number, or ?."),
        ("x.ts", HEAD + "1,inf:a\n", ":5: value 2 is inf"),
        ("x.ts", HEAD + "1,2:c\n", ":5: the class is 'c'. Expected one of a, b"),
        ("x.ts", HEAD + "1,2:3:a\n", ":5: the channels of this case have 2, 1 values"),
        ("x.ts", HEAD + "1:2:a\n1:a\n", ":6: this case has 1 channels and the first one 2"),
        ("x.ts", "@timeStamps true\n@data\n", ":1: the values have time stamps"),
        ("x.ts", "@classLabel false\n@data\n1,2\n", "the file holds no classes"),
        ("x.arff", "@data\n1\n", "there is no @attribute before @data"),
        ("x.arff", "@attribute a numeric\n@attribute class {u}\n@data\n1,2,u\n", ":4: the row has 3 values"),
        ("w.csv", "label,t1\nup,1\ndown,x\n", ":3, column 't1': 'x' is no number"),
        ("w.csv", "label,t1\nup,1\ndown,-inf\n", ":3, column 't1': '-inf' is infinite"),
        ("w.csv", "label,t1\nup,1\ndown,1_000\n", ":3, column 't1': '1_000' is no number"),
        ("x.ts", HEAD + "1,2:a\n1,2_0:a\n", ":6: value 2 is '2_0'"),
        ("l.csv", "series,time,x,label\na,01/02/2021,1,u\na,02/02/2021,2,u\n", ":2, column 'time': '01/02/2021' is"),
        ("w.csv", "label,t1\nup,1\n,2\n", ":3, column 'label': the class is missing"),
        ("w.csv", "t1,t2\n1,2\n3,4\n", "no column of classes was found"),
        ("l.csv", "series,x,label\na,1,u\na,2,v\n", ":3, column 'label': the class is 'v', and 'u' before"),
        ("l.csv", "series,time,x,label\na,1,1,u\na,1,2,u\n", ":3, column 'time': the time 1 occurs twice"),
        ("l.csv", "series,time,x,label\na,1,1,u\na,,2,u\n", ":3, column 'time': the time is missing"),
        ("l.csv", "series,x,label\n,1,u\n", ":2, column 'series': this step belongs to no series"),
        ("l.csv", "series,label\na,u\n", "no column is left for the values"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = write(tmp_path, name, text)
    with pytest.raises(DataError) as caught:
        read_collection(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_dates_order_the_steps(tmp_path: Path) -> None:
    days = "series,time,x,label\na,02/02/2021,2,u\n a,01/03/2021,1,u\n"
    month_first, day_first = CollectionOptions(day_first=False), CollectionOptions(day_first=True)
    same(read_collection(write(tmp_path, "l.csv", days), month_first), [[[1], [2]]], ["u"])
    same(read_collection(write(tmp_path, "l.csv", days), day_first), [[[2], [1]]], ["u"])


def test_the_same_marks_are_missing_as_in_every_table_of_numbers(tmp_path: Path) -> None:
    same(
        read_collection(write(tmp_path, "w.csv", "label,t1,t2\nup,null,1\nup,N/A,2\n")),
        [[[NAN], [1]], [[NAN], [2]]],
        ["up"] * 2,
    )


def test_a_long_relational_value(tmp_path: Path) -> None:
    steps = ",".join(["1.25"] * 40_000)  # more letters than a field of CSV has by default
    head = "@relation r\n@attribute s relational\n@attribute a numeric\n@end s\n@attribute class {u}\n@data\n"
    found = read_collection(write(tmp_path, "x.arff", f"{head}'{steps}\\n{steps}',u\n"))
    assert found.row(0).shape == (40_000, 2)


def test_a_column_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no column 'kind'"):
        read_collection(write(tmp_path, "w.csv", "label,t1\nup,1\n"), CollectionOptions(label="kind"))


@pytest.mark.parametrize("read", [read_ts, read_arff])
def test_any_text_is_read_or_refused(read: object) -> None:
    for text in ("\x00", "@data", "@attribute", "@classLabel", "@data\n" * 3, "@attribute a {\n@data\n'", "é" * 99):
        try:
            read(text, "x")  # pyright: ignore[reportCallIssue]
        except ElmanError:
            continue


def test_arrays_in_the_shapes_of_other_libraries() -> None:
    cube = np.arange(24.0).reshape(2, 3, 4)  # n, channels, T
    found = Collection.of(cube, [1, 2])
    assert found.row(1).tolist() == cube[1].T.tolist()
    assert found.targets == ["1", "2"]
    assert Collection.of(np.arange(6.0).reshape(2, 3)).row(1).tolist() == [[3.0], [4.0], [5.0]]
    ragged = Collection.of([np.ones((2, 5)), np.zeros((2, 0)), np.ones((2, 1))])
    assert ragged.lengths.tolist() == [5, 0, 1]
    x, lengths = ragged.batch([2, 0])
    assert x.shape == (2, 5, 2)
    assert (x[0, 1:] == 0).all()
    assert lengths.tolist() == [1, 5]
    assert len(Collection.of([])) == 0


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (5, ArgumentTypeError, "X is a int"),
        ("abc", ArgumentTypeError, "X is a str"),
        (np.zeros(3), ArgumentError, r"X has the shape \(3,\)"),
        ([np.ones((2, 5)), np.ones((3, 5))], ArgumentError, "series 1 has 3 channels and series 0 has 2"),
        ([["a", "b"]], ArgumentTypeError, "series 0 is not made of numbers"),
        ([[1.0, np.inf]], ArgumentError, "series 0 holds inf at step 1, channel 0"),
        ([np.ones((2, 2, 2))], ArgumentError, "series 0 has the shape"),
    ],
)
def test_wrong_arrays(X: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Collection.of(X)


def test_as_many_targets_as_series() -> None:
    with pytest.raises(ArgumentError, match="there are 2 series and 1 targets"):
        Collection.of(np.zeros((2, 3)), [1])
