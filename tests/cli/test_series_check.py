"""check on series with classes: what it says, and what it says nothing about."""

import warnings
from pathlib import Path

import pytest

from elman.cli.app import main

MOVES = "series,time,x,y,label\na,2021-01-02,1,4,up\na,2021-01-01,0,5,up\nb,2021-01-01,2,,down\nb,2021-01-02,2,,down\n"


def test_a_channel_without_a_value(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "moves.csv"
    path.write_text(MOVES)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        assert main(["check", str(path), "--task", "series"]) == 0
    shown = capsys.readouterr()
    assert "2 series, 2 channels" in shown.out
    assert "missing  2 values" in shown.out
    assert "never vary" not in shown.out  # of nothing one cannot tell
    assert shown.err == ""


def test_series_that_never_vary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "flat.csv"
    path.write_text("label,t1,t2\nup,1,1\ndown,1,2\n")
    assert main(["check", str(path), "--task", "series"]) == 0
    assert "warning: 1 series never vary" in capsys.readouterr().out
