"""`elman demo` from end to end on few sentences: table, verdicts, figure, and a folder that other commands read."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

import elman
from elman.cli import demo
from elman.cli.app import main
from elman.tasks.classify import grammar


@pytest.fixture
def short(monkeypatch) -> None:
    """A demo of a second or two."""
    monkeypatch.setattr(demo, "LEARN", 1500)
    monkeypatch.setattr(demo, "TEST", 150)
    training = replace(grammar.OPTIONS.training, epochs=2)
    monkeypatch.setattr(grammar, "OPTIONS", replace(grammar.OPTIONS, training=training))


def test_all_of_it(short: None, tmp_path: Path, capsys):
    out = tmp_path / "demo"
    words = ["demo", "boys who chase cats walk", "Boys who chase cats walks.", "--out", str(out)]
    assert main(words) == 0
    shown = capsys.readouterr().out
    for part in ("Elman network", "window", "bag of words", "majority", "0 attractors", "epoch 2/2"):
        assert part in shown
    assert shown.count("  network: ") == 2
    assert "  grammar: grammatical\n" in shown
    assert "'walks' (word 5) is singular" in shown
    assert "Boys who chase cats walks ." in shown
    assert str(out / "trajectories.png") in shown
    assert (out / "trajectories.png").read_bytes().startswith(b"\x89PNG")

    evaluated = elman.load(out).evaluate(out / "test.csv")
    overall = json.loads((out / "comparison.json").read_text())["all"][0]
    assert evaluated["rows"] == overall["rows"] == 150
    assert evaluated["accuracy"] == pytest.approx(overall["model"])

    table = shown[shown.index("Accuracy on") : shown.index("Attractors:")]
    assert main(["demo", "boys", "walks", "--out", str(out)]) == 0  # words without quotes; no second training
    again = capsys.readouterr().out
    assert "epoch" not in again
    assert table in again
    assert "boys walks .\n" in again

    (out / "comparison.json").write_text("{")  # damaged: made again
    assert main(["demo", "-q", "--out", str(out)]) == 0
    assert table in capsys.readouterr().out


def test_another_seed_in_the_same_folder_is_refused(short: None, tmp_path: Path, capsys):
    assert main(["demo", "-q", "--out", str(tmp_path / "demo")]) == 0
    capsys.readouterr()
    assert main(["demo", "-q", "--seed", "1", "--out", str(tmp_path / "demo")]) == 2
    error = capsys.readouterr().err
    assert "seed" in error
    assert "--out" in error


def test_an_unknown_word_is_named_before_anything_is_made(tmp_path: Path, capsys):
    assert main(["demo", "boys chase zebras", "--out", str(tmp_path / "demo")]) == 2
    captured = capsys.readouterr()
    assert "zebras" in captured.err
    assert "boys" in captured.err  # the words there are
    assert captured.out == ""
    assert not (tmp_path / "demo").exists()


def test_without_matplotlib_all_but_the_figure_is_there(short: None, tmp_path: Path, capsys, monkeypatch):
    from elman.errors import MissingExtraError
    from elman.plots import trajectories

    def missing(*_: object) -> None:
        raise MissingExtraError("matplotlib", "plot", "A figure")

    monkeypatch.setattr(trajectories, "new_figure", missing)
    assert main(["demo", "--out", str(tmp_path / "demo")]) == 0
    shown = capsys.readouterr().out
    assert "elman[plot]" in shown
    assert "The model is in" in shown
    assert not (tmp_path / "demo" / "trajectories.png").exists()
