"""Processes that are really killed, and go on from the same command to the same bits."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tiny_training import OPTIONS, bits, tiny_problem, untimed

from elman.learn.loop import fit

SCRIPT = Path(__file__).with_name("tiny_training.py")
PAUSE = "0.04"  # seconds a step, so that there is time to be killed


@pytest.fixture(scope="module")
def whole() -> tuple[bytes, list[dict[str, float]]]:
    """The weights and records of a training that was never interrupted, in this process."""
    problem = tiny_problem()
    history = fit(problem, OPTIONS)
    return b"".join(bits(problem.model).values()), untimed(history)


def begin(folder: Path, checkpoint_minutes: str = "0") -> subprocess.Popen[str]:
    """Start the training in another process."""
    command = [sys.executable, str(SCRIPT), str(folder), PAUSE, checkpoint_minutes]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_checkpoint(folder: Path, process: subprocess.Popen[str], *, after: set[str] | None = None) -> None:
    """Wait until the process has written a checkpoint that was not there before."""
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        if {p.name for p in (folder / "checkpoints").glob("step-*")} - (after or set()):
            return
        time.sleep(0.005)


def test_killed_again_and_again(tmp_path: Path, whole: tuple[bytes, list[dict[str, float]]]) -> None:
    """kill -9 twice, with checkpoints in every step and in every epoch; then it ends alone."""
    for delay, checkpoint_minutes in ((0.0, "0"), (0.071, "1")):
        before = {p.name for p in (tmp_path / "checkpoints").glob("step-*")}
        process = begin(tmp_path, checkpoint_minutes)
        wait_for_checkpoint(tmp_path, process, after=before)
        time.sleep(delay)
        process.kill()
        process.communicate()
    assert not (tmp_path / "weights").exists()
    process = begin(tmp_path)
    assert process.wait() == 0, process.communicate()
    process.communicate()
    weights, records = whole
    assert (tmp_path / "weights").read_bytes() == weights
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [{name: line[name] for name in record} for line, record in zip(lines, records, strict=True)] == records


@pytest.mark.parametrize(("number", "name", "code"), [(signal.SIGINT, "Ctrl-C", 130), (signal.SIGTERM, "SIGTERM", 143)])
def test_signals_save_and_say_how_to_go_on(
    tmp_path: Path, whole: tuple[bytes, list[dict[str, float]]], number: signal.Signals, name: str, code: int
) -> None:
    process = begin(tmp_path, "1")
    wait_for_checkpoint(tmp_path, process)  # the end of the first epoch: step 5
    time.sleep(0.06)
    process.send_signal(number)
    out, err = process.communicate()
    assert process.returncode == code, err
    assert f"stopped by {name} after" in out
    assert "Run the same command again to continue." in out
    assert not err
    steps = sorted(int(p.stem.removeprefix("step-")) for p in (tmp_path / "checkpoints").glob("step-*"))
    assert steps[-1] > 5, "no checkpoint was written where the signal came"
    problem = tiny_problem()
    fit(problem, OPTIONS, tmp_path)
    assert b"".join(bits(problem.model).values()) == whole[0]
