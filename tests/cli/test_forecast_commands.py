"""check, train, predict, evaluate, backtest on series: what is printed, written and refused."""

import csv
import io
import json
import math
from pathlib import Path

import polars
import pytest

from elman.cli.app import main

TRAIN = ("--task", "forecast", "--horizon", "4", "--hidden", "4", "--epochs", "2", "--threads", "1")


@pytest.fixture
def sales(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = ["day,shop,y"]
    for shop in "AB":
        rows += [f"2021-{1 + d // 28:02d}-{1 + d % 28:02d},{shop},{5 + d % 7 + (shop == 'B')}" for d in range(28)]
    path = tmp_path / "sales.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def test_the_road_of_a_user(sales: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "sales.csv", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)["files"][0]
    assert (report["series"], report["frequency"], report["season"]) == (2, "daily", 7)
    assert main(["train", "sales.csv", *TRAIN[2:], "--output", "quantiles", "--out", "run"]) == 0
    shown = capsys.readouterr().out
    told = ("2 series, 28 to 28 steps", "daily", "4 steps are forecast", "seasonal naive", "The recurrent network")
    for words in told:
        assert words in shown
    assert main(["predict", "run", "sales.csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["series"], row["time"]) for row in rows[3:5]] == [("A", "2021-02-01"), ("B", "2021-01-29")]
    assert list(rows[0]) == ["series", "time", "forecast", "quantile_0.1", "quantile_0.5", "quantile_0.9"]
    assert main(["evaluate", "run", "sales.csv", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["windows"] == 2
    assert found["contrasts"]["seasonal naive"]["mae"] == 0  # the series repeat every week
    assert main(["predict", "run", "sales.csv", "-o", "forecast.png"]) == 0
    assert "forecast.png: 2 of 2 series" in capsys.readouterr().err
    assert Path("forecast.png").read_bytes().startswith(b"\x89PNG")
    assert main(["predict", "run", "sales.csv", "-o", "forecast.txt"]) == 2
    for name in ("forecast.jsonl", "forecast.parquet"):
        assert main(["predict", "run", "sales.csv", "-o", name]) == 0
    objects = [json.loads(line) for line in Path("forecast.jsonl").read_text().splitlines()]
    assert polars.read_parquet("forecast.parquet").to_dicts() == objects
    assert [{name: str(value) for name, value in row.items()} for row in objects] == rows
    capsys.readouterr()
    assert main(["info", "run"]) == 0
    assert "does not beat the seasonal naive" in capsys.readouterr().out


def test_what_does_not_stop_a_training_is_a_warning(sales: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("back.csv").write_text("day,y\n2021-01-04,1\n2021-01-02,\n2021-01-01,3\n")
    for task in ("forecast", "watch"):
        assert main(["check", "back.csv", "--task", task]) == 0
        assert "warning: the rows run backwards" in capsys.readouterr().out
        assert main(["check", "back.csv", "--task", task, "--json"]) == 0
        report = json.loads(capsys.readouterr().out)["files"][0]
        assert [found["kind"] for found in report["noticed"]] == ["order", "gaps", "missing"]


def test_what_is_only_told_is_no_warning(sales: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("ahead.csv").write_text("day,y,price\n20210101,1,2\n20210102,4,2\n20210103,,3\n")
    assert main(["check", "ahead.csv", "--task", "forecast", "--target", "y", "--future", "price"]) == 0
    shown = capsys.readouterr().out
    assert "note: 'day' is read as dates YYYYMMDD" in shown
    assert "note: 1 step is after the newest values" in shown
    assert "warning" not in shown
    assert "Nothing is wrong." in shown


def test_backtest(sales: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backtest", "sales.csv", *TRAIN[2:], "--windows", "2", "--step", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["window 1", "window 2", "all"]
    assert all(math.isfinite(found["all"]["model"][score]) for score in ("mae", "smape"))
    assert main(["backtest", "sales.csv", *TRAIN[2:], "--windows", "20"]) == 2
    assert "Choose fewer --windows" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("day,y\n01/02/2021,1\n02/02/2021,2\n", "Write --day-first or --no-day-first"),
        ("day,y\n2021-01-01,1\n2021-01-02,x\n2021-01-03,2\n2021-01-04,2\n2021-01-05,2\n2021-01-06,2\n", "odd.csv:3"),
        ("day,y\n2021-01-01,1\n2021-01-01,2\n2021-01-02,3\n", "a time occurs twice"),
        ("day,y\n2021-01-01,1\n2021-01-02,2\n", "horizon is 4 steps, and the longest series has 2"),
        ("day,y\n2021-01-01,1e999\n2021-01-02,2\n", "is infinite"),
        ("day,y\n2021-01-01,\n2021-01-02,\n", "no column of numbers"),
    ],
)
def test_bad_files(sales: Path, capsys: pytest.CaptureFixture[str], text: str, says: str) -> None:
    Path("odd.csv").write_text(text)
    assert main(["train", "odd.csv", *TRAIN, "--out", "run"]) == 2
    assert says in capsys.readouterr().err
    assert not Path("run", "model.safetensors").exists()
