"""No space, no permission, Ctrl-C and SIGTERM: real ones, met by real processes."""

import ctypes
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from elman.cli.app import main

MODULE = [sys.executable, "-m", "elman"]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits and capabilities as Linux has them")


def ask(*words: str, before: Callable[[], object] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*MODULE, *words], capture_output=True, text=True, timeout=100, preexec_fn=before)


def refused(done: subprocess.CompletedProcess[str], code: int = 3) -> str:
    messages = [line for line in done.stderr.splitlines() if line.startswith("elman: ")]
    assert (done.returncode, len(messages)) == (code, 1), done.stderr
    assert "Traceback" not in done.stderr
    return messages[0]


def _no_file_over_4_kib() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


def _obey_permissions() -> None:
    """Take from root the right to pass by permissions, before the program starts."""
    if os.getuid() == 0:
        for right in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            ctypes.CDLL(None).prctl(24, right, 0, 0, 0)  # PR_CAPBSET_DROP


@pytest.fixture
def full_disk() -> Iterator[Path]:
    """A file system of 64 KiB; skipped where the test may not mount one."""
    folder = Path(tempfile.mkdtemp())
    try:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "elman-test", folder], capture_output=True)
    except FileNotFoundError:
        pytest.skip("no command mount")
    if done.returncode:
        folder.rmdir()
        pytest.skip("may not mount a small file system")
    yield folder
    subprocess.run(["umount", folder], check=True)
    folder.rmdir()


def temporaries(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if "tmp" in path.name]


def test_no_space_left_while_saving_a_run(work: Path, full_disk: Path, tiny: list[str]) -> None:
    message = refused(ask("train", "reviews.csv", "--out", str(full_disk / "run"), *tiny[:4], "--hidden", "200"))
    assert "no space is left on the device" in message
    assert temporaries(full_disk) == []
    assert not (full_disk / "run" / "SHA256SUMS").exists()


def test_a_run_that_had_no_space_is_continued_when_there_is_some(work: Path, tiny: list[str]) -> None:
    words = ["train", "reviews.csv", "--out", "run", *tiny]
    assert "run" in refused(ask(*words, before=_no_file_over_4_kib))
    assert temporaries(work) == []
    assert main(words) == 0
    assert main(["info", "run"]) == 0


def test_no_space_left_while_writing_predictions(run: Path, work: Path, full_disk: Path) -> None:
    (full_disk / "labels.csv").write_text("mine\n")
    (full_disk / "filler").write_bytes(bytes(56 * 1024))
    (work / "many.csv").write_text("text\n" + "a fine film\n" * 5000)
    message = refused(ask("predict", "run", "many.csv", "-o", str(full_disk / "labels.csv")))
    assert "labels.csv" in message
    assert (full_disk / "labels.csv").read_text() == "mine\n"
    assert sorted(path.name for path in full_disk.iterdir()) == ["filler", "labels.csv"]


def test_a_folder_that_cannot_be_written(run: Path, work: Path, tiny: list[str]) -> None:
    closed = work / "closed"
    closed.mkdir()
    closed.chmod(0o555)
    message = refused(ask("train", "reviews.csv", "--out", "closed/run", *tiny, before=_obey_permissions))
    assert "closed" in message
    assert "permission is denied" in message
    message = refused(ask("predict", "run", "reviews.csv", "-o", "closed/labels.csv", before=_obey_permissions))
    assert "permission is denied" in message
    assert list(closed.iterdir()) == []


def test_a_file_that_cannot_be_read(work: Path) -> None:
    (work / "reviews.csv").chmod(0)
    assert "permission is denied" in refused(ask("train", "reviews.csv", before=_obey_permissions))
    assert "permission is denied" in refused(ask("check", "reviews.csv", before=_obey_permissions))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_training_says_how_to_go_on_and_goes_on(
    number: signal.Signals,
    code: int,
    work: Path,
    tiny: list[str],
    make_reviews: Callable[..., str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    (work / "reviews.csv").write_text(make_reviews(300))
    words = ["train", "reviews.csv", "--out", "run", *tiny[2:], "--epochs", "6", "--patience", "0"]
    with subprocess.Popen([*MODULE, *words], stdout=-1, stderr=-1, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("epoch 1/6"):
                break
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert err.count("\n") == 1, err
    assert "again" in err
    assert temporaries(work) == []
    assert not (work / "run" / "SHA256SUMS").exists()
    assert main(words) == 0
    going_on = capsys.readouterr().out
    assert "epoch 6/6" in going_on
    assert "epoch 1/6" not in going_on


def test_no_answer_is_lost_where_python_runs_unbuffered(run: Path) -> None:
    """Python that runs unbuffered writes a part of what it is given, up to a limit, and says how much; that is all."""
    Path("many.csv").write_text("text\n" + "a fine film\n" * 20_000)
    command = f"ulimit -f 16; exec {sys.executable} -u -m elman predict {run} many.csv > out.csv"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert ended.returncode == 3, ended.stderr
    assert "file too large" in ended.stderr
    command = f"{sys.executable} -u -m elman predict {run} many.csv | head -1"
    ended = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True)
    assert ended.returncode == 128 + 13, ended.stderr
