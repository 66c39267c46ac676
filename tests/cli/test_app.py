"""The command line as a whole: help is quick, mistakes get one line and the right exit code, whatever goes wrong."""

import errno
import os
import re
import signal
import subprocess
import sys
import time

import pytest

import elman
from elman.cli import app
from elman.cli.app import COMMANDS, main
from elman.errors import DataError, Interrupted, StorageError

HEAVY = ["torch", "numpy", "polars", "tokenizers", "accelerate", "matplotlib"]
MODULE = [sys.executable, "-m", "elman"]


def ask(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*MODULE, *words], capture_output=True, text=True, timeout=60)


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(re.search(rf"│ {name} ", shown) for name in COMMANDS)
    assert main([]) == 0
    assert capsys.readouterr().out == shown


@pytest.mark.parametrize("words", [["--help"], *([name, "--help"] for name in COMMANDS)], ids=" ".join)
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys; from elman.cli.app import main;"
        f"code = main({words!r}); print(code, [name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "0 []", done.stdout + done.stderr


def test_version_by_command_and_module() -> None:
    assert ask("--version").stdout == f"elman {elman.__version__}\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trian", "x.csv"], "Unknown command: trian. Did you mean train?"),
        (["quux"], "Unknown command: quux. Here stand train, evaluate,"),
        (["--vresion"], "Unknown option: --vresion. Did you mean --version?"),
        (["train"], "FILE requires an argument. See: elman train --help"),
        (["train", "a.csv", "b.csv"], "Too many words: b.csv. See: elman train --help"),
        (["train", "a.csv", "--epoch", "3"], "Unknown option: --epoch. Did you mean --epochs?"),
        (["train", "a.csv", "--epochs", "many"], 'Invalid value for --epochs: unable to convert "many" into int.'),
        (["train", "a.csv", "--pooling", "means"], 'Choose from: "last", "mean", "max", "mean+max".'),
        (["train", "a.csv", "--epochs"], "--epochs requires an argument."),
    ],
)
def test_wrong_usage(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("elman: ")
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (DataError("the row has 3 fields", "2", path="a.csv", line=7), 2, "a.csv:7: the row has 3 fields. Expected 2."),
        (StorageError("runs/a: no space left"), 3, "runs/a: no space left."),
        (Interrupted("stopped", "Run it again.", exit_code=143), 143, "stopped. Run it again."),
        (OSError(errno.ENOSPC, "No space left on device", "a.csv"), 3, "a.csv: no space left on device. Make room"),
        (PermissionError(errno.EACCES, "Permission denied", "a.csv"), 3, "a.csv: permission denied."),
        (KeyboardInterrupt(), 130, "stopped by Ctrl-C. Run the same command again"),
        (MemoryError(), 3, "not enough memory."),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), 3, "not enough memory."),
        (ZeroDivisionError("division by zero"), 1, "a defect of elman: ZeroDivisionError: division by zero."),
        (DataError("the label is 'a\x1b[2Jb'"), 2, r"the label is 'a\x1b[2Jb'."),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_one_message_for_whatever_goes_wrong(
    error: BaseException,
    code: int,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(words: list[str]) -> int:
        raise error

    monkeypatch.setattr(app, "_run", fail)
    assert main(["train"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1
    monkeypatch.setenv("ELMAN_DEBUG", "1")
    assert main([]) == code
    assert "Traceback" in capsys.readouterr().err


def test_output_that_nobody_reads_any_more() -> None:
    """`elman --help | head -0`: silence, and the exit code of a closed pipe."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*MODULE, "--help"], stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


def test_no_output_at_all() -> None:
    """`elman --version >&-`."""
    done = subprocess.run(["sh", "-c", '"$@" >&-', "sh", *MODULE, "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_no_input_at_all() -> None:
    """`elman predict RUN - <&-`: as from an empty file."""
    program = "import sys; from elman.cli import app; app._run = lambda words: len(sys.stdin.read()); app.main([])"
    done = subprocess.run(
        ["sh", "-c", '"$@" <&-', "sh", sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", ["check", "evaluate", "predict", "score", "translate"])
def test_only_a_training_is_told_what_to_measure_on(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    assert not re.findall(r"--(?:validation|test)\S*", capsys.readouterr().out)


def test_only_a_training_that_was_stopped_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(words: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(app, "_run", stop)
    assert main(["generate", "run"]) == 130
    assert capsys.readouterr().err == "elman: stopped by Ctrl-C.\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
def test_output_into_a_full_disk() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([*MODULE, "--help"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 3
    assert done.stderr == "elman: no space left on device. Make room, then run the command again.\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_before_there_is_anything_to_save(number: signal.Signals, code: int) -> None:
    wait = (
        "import time; from elman.cli import app;"
        "app._run = lambda words: print('ready', flush=True) or time.sleep(60);"
        "raise SystemExit(app.main([]))"
    )
    with subprocess.Popen([sys.executable, "-c", wait], stdout=-1, stderr=-1, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.05)
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
    assert process.returncode == code
    assert err.startswith("elman: stopped by")
    assert err.count("\n") == 1


def test_the_streams_and_signals_are_left_as_they_were(capsys: pytest.CaptureFixture[str]) -> None:
    before = (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT), sys.stdout.errors)
    main(["--version"])
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT), sys.stdout.errors) == before


def test_a_terminal_without_unicode_shows_escapes() -> None:
    done = subprocess.run(
        [*MODULE, "train", "--help"], capture_output=True, timeout=60, env={**os.environ, "PYTHONIOENCODING": "ascii"}
    )
    assert (done.returncode, done.stderr) == (0, b"")
