"""Inspecting counts what is wrong and goes on."""

from pathlib import Path

from elman.data.inspection import inspect_files
from elman.data.options import DataOptions


def test_everything_wrong_with_one_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,label\nfine,1\nfine,1\nfine,0\n,0\na b c,\nd e,2\n")
    inspection = inspect_files([path])
    report = inspection.files[0]
    assert (report.rows, report.repeated, report.contradictory, report.empty) == (6, 2, 1, 1)
    assert report.labels == {"0": 2, "1": 2, "2": 1}
    assert report.missing == {"label": 1}
    assert report.words is not None
    assert (report.words.least, report.words.median, report.words.most) == (0, 1, 3)
    assert report.words.longest == f"{path}:6"
    assert any(f"1 row without a label (the first: {path}:6)" in problem for problem in report.problems)
    assert any("only one row of the class '2'" in problem for problem in report.problems)
    assert not inspection.sound


def test_nine_tenths_have_at_most_so_many_words(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\n" + "".join(f"{'w ' * n},{n % 2}\n" for n in range(1, 101)))
    words = inspect_files([tmp_path / "a.csv"]).files[0].words
    assert words is not None
    assert 89 <= words.ninety <= 92


def test_unreadable_files_are_reported_beside_others(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("text,label\na,1\nb,0\nc,1\nd,0\n")
    (tmp_path / "test.csv").write_text('text,label\n"a,1\n')
    inspection = inspect_files([tmp_path, tmp_path / "nowhere.csv"])
    assert [bool(file.error) for file in inspection.files] == [False, True, True]
    assert "never closed" in inspection.files[1].error
    assert not inspection.sound


def test_without_labels_the_rest_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one line\nanother longer line\n")
    report = inspect_files([tmp_path / "a.txt"]).files[0]
    assert report.rows == 2
    assert report.words is not None
    assert report.labels == {}
    assert any("no labels" in warning for warning in report.warnings)
    assert not report.problems
    report = inspect_files([tmp_path / "a.txt"], DataOptions(text="texts")).files[0]
    assert report.words is None
    assert len(report.problems) == 1


def test_one_class(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\na,1\nb,1\n")
    assert any("only one class, '1'" in problem for problem in inspect_files([tmp_path / "a.csv"]).files[0].problems)
    (tmp_path / "a.csv").rename(tmp_path / "test.csv")
    assert inspect_files([tmp_path / "test.csv"]).sound  # nothing is learned from it


def test_overlap_and_unseen_labels(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("text,label\na,1\nb,0\nc,1\nd,0\n")
    (tmp_path / "test.csv").write_text("text,label\na,1\na,1\nz,2\ny,2\n")
    inspection = inspect_files([tmp_path])
    assert [(Path(o.first).name, Path(o.second).name, o.rows) for o in inspection.overlaps] == [
        ("train.csv", "test.csv", 2)
    ]
    assert any("'2'" in warning for warning in inspection.warnings)
    assert inspection.sound


def test_imdb_as_its_data_sheet_says(real_data: Path) -> None:
    inspection = inspect_files([real_data / "imdb"])
    train, test = inspection.files
    assert (train.repeated, test.repeated) == (96, 199)
    assert [overlap.rows for overlap in inspection.overlaps] == [123]
    assert train.labels == test.labels == {"0": 12_500, "1": 12_500}
    assert inspection.sound
