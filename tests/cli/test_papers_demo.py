"""`elman demo elman1990` and `elman demo elman1991` from end to end on a small scale."""

import json
from functools import partial
from pathlib import Path

import pytest

from elman.cli import papers
from elman.cli.app import main
from elman.errors import MissingExtraError
from elman.tasks.papers import elman1990, elman1991
from elman.tasks.papers.network import Learning

ONCE = Learning(passes=1, rows=5, steps=50)


@pytest.fixture
def short(monkeypatch) -> None:
    """Experiments of a second or two that learn nothing."""
    for name, module, sizes in (
        ("temporal_xor", elman1990, {"triples": 50, "starts": 2}),
        ("letters", elman1990, {"consonants": 60}),
        ("words", elman1990, {"sentences": 30}),
        ("word_classes", elman1990, {"sentences": 300}),
        ("learn_grammar", elman1991, {"sentences": 60, "test": 60}),
    ):
        monkeypatch.setattr(module, name, partial(getattr(module, name), learning=ONCE, **sizes))


FIGURES = {
    "elman1990": ["letters.png", "word-classes.png", "words.png", "xor.png"],
    "elman1991": ["next-words.png", "trajectories.png"],
}


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_all_of_it(name: str, short: None, tmp_path: Path, monkeypatch, capsys):
    out = tmp_path / "out"
    assert main(["demo", name, "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "the paper" in shown
    assert "J. L. Elman" in shown
    for experiment in papers.PAPERS[name]:
        assert f"\n{experiment.name} (" in shown
        assert experiment.says in shown
    assert sorted(path.name for path in out.glob("*.png")) == FIGURES[name]
    for figure in FIGURES[name]:
        assert f"Figure: {out / figure}\n" in shown
        assert (out / figure).read_bytes().startswith(b"\x89PNG")
    saved = json.loads((out / "results.json").read_text())
    assert (saved["paper"], saved["seed"]) == (name, 0)
    assert list(saved["experiments"]) == [experiment.name for experiment in papers.PAPERS[name]]

    def never(*_: object) -> None:
        raise AssertionError("made a second time")

    again = [experiment._replace(run=never) for experiment in papers.PAPERS[name]]
    monkeypatch.setitem(papers.PAPERS, name, again)
    assert main(["demo", name, "-q", "--out", str(out)]) == 0
    tables = capsys.readouterr().out
    assert "J. L. Elman" not in tables  # quiet: the results only
    assert all(line in shown for line in tables.splitlines())


def test_what_was_finished_is_not_made_again(short: None, tmp_path: Path, monkeypatch, capsys):
    """Ctrl-C in the second experiment: the same command goes on there."""
    first, *others = papers.PAPERS["elman1990"]
    ran: list[str] = []

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    def counted(experiment: papers.Experiment) -> papers.Experiment:
        def run(*given):
            ran.append(experiment.name)
            return experiment.run(*given)

        return experiment._replace(run=run)

    words = ["demo", "elman1990", "--out", str(tmp_path)]
    monkeypatch.setitem(papers.PAPERS, "elman1990", [counted(first), others[0]._replace(run=stopped)])
    assert main(words) == 130
    assert "after 1 of 2 experiments" in (error := capsys.readouterr().err)
    assert "go on" in error
    monkeypatch.setitem(papers.PAPERS, "elman1990", [counted(first), counted(others[0])])
    assert main(words) == 0
    assert ran == [first.name, others[0].name]
    assert "done before" in capsys.readouterr().out
    (tmp_path / "xor.png").unlink()  # what lacks a figure is made again
    assert main(words) == 0
    assert ran[2:] == [first.name]
    (tmp_path / "results.json").write_text("{")  # damaged: all is made again
    assert main(words) == 0
    assert ran[3:] == [first.name, others[0].name]
    saved = json.loads((tmp_path / "results.json").read_text())
    saved["experiments"][first.name]["table"]["rows"][0] = [1]  # damaged in one place: that is made again
    (tmp_path / "results.json").write_text(json.dumps(saved))
    assert main(words) == 0
    assert ran[5:] == [first.name]


def test_another_seed_in_the_same_folder_is_refused(short: None, tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setitem(papers.PAPERS, "elman1990", papers.PAPERS["elman1990"][:1])
    assert main(["demo", "elman1990", "-q", "--out", str(tmp_path)]) == 0
    for words in (["elman1990", "--seed", "1"], ["elman1991"]):
        assert main(["demo", *words, "-q", "--out", str(tmp_path)]) == 2
        assert "--out" in capsys.readouterr().err


def test_without_matplotlib_the_numbers_are_there(short: None, tmp_path: Path, monkeypatch, capsys):
    from elman.plots import traces

    def missing(*_: object) -> None:
        raise MissingExtraError("matplotlib", "plot", "A figure")

    monkeypatch.setattr(traces, "new_figure", missing)
    monkeypatch.setitem(papers.PAPERS, "elman1990", papers.PAPERS["elman1990"][:1])
    assert main(["demo", "elman1990", "--out", str(tmp_path / "out")]) == 0
    shown = capsys.readouterr().out
    assert "third bit" in shown
    assert "elman[plot]" in shown
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_is_named(short: None, tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setitem(papers.PAPERS, "elman1990", papers.PAPERS["elman1990"][:1])
    (tmp_path / "file").write_text("here")
    assert main(["demo", "elman1990", "-q", "--out", str(tmp_path / "file")]) == 3
    assert str(tmp_path / "file") in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "here"


def test_a_wrong_name_is_refused_and_the_right_ones_are_named(tmp_path: Path, capsys):
    for words in (["elman1989"], ["elman1990", "boys", "walk"], ["elman1990", "elman1991"]):
        assert main(["demo", *words, "--out", str(tmp_path / "out")]) == 2
        error = capsys.readouterr().err
        assert "elman1990" in error
        assert "elman1991" in error
        assert not (tmp_path / "out").exists()
