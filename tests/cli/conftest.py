"""Small files and a small trained run for the tests of the commands."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from elman.cli.app import main

TINY = ["--epochs", "2", "--embedding", "4", "--hidden", "4", "--batch-size", "8", "--threads", "1"]


def reviews(rows: int, seed: int = 0) -> str:
    """Made-up reviews as CSV, their class told by one word among others."""
    draw = random.Random(seed)
    filler = ["the", "a", "film", "plot", "scene", "was", "and", "very", "so", "but", "actor", "story"]
    telling = [["dull", "poor", "awful"], ["fine", "great", "lovely"]]
    lines = ["text,label"]
    for row in range(rows):
        words = draw.choices(filler, k=8)
        words.insert(draw.randrange(8), draw.choice(telling[row % 2]))
        lines.append(f"{' '.join(words)},{'good' if row % 2 else 'bad'}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="session")
def tiny() -> list[str]:
    """Flags that make a training take less than a second."""
    return TINY


@pytest.fixture(scope="session")
def make_reviews() -> Callable[..., str]:
    """The function that makes up reviews."""
    return reviews


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the working directory, with reviews.csv in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reviews.csv").write_text(reviews(80))
    return tmp_path


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run; copy it before changing it."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "reviews.csv").write_text(reviews(80))
    assert main(["train", str(folder / "reviews.csv"), "--out", str(folder / "run"), "--quiet", *TINY]) == 0
    return folder / "run"


@pytest.fixture
def run(trained: Path, work: Path) -> Path:
    """A copy of a finished run, in the working directory."""
    return Path(shutil.copytree(trained, work / "run"))


Refused = Callable[..., str]


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Refused:
    """Runs a command that must be refused with one message and returns that message."""

    def check(*words: str, code: int = 2) -> str:
        capsys.readouterr()
        assert main(list(words)) == code
        _, err = capsys.readouterr()
        assert "Traceback" not in err
        messages = [line for line in err.splitlines() if line.startswith("elman: ")]
        assert len(messages) == 1, err
        assert "a defect of elman" not in err
        return messages[0].removeprefix("elman: ")

    return check
