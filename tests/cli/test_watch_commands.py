"""elman watch: a line comes out before the next goes in; what is wrong is named by its line; it ends quietly."""

import csv
import io
import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import elman
from elman.cli.app import main

MODULE = [sys.executable, "-m", "elman"]
CHECK = ("--task", "watch", "--time", "minute")
TRAIN = ("--task", "watch", "--hidden", "8", "--epochs", "4", "--windows", "64", "--steps", "16", "--threads", "1")


def table(steps: int, seed: int = 0, far: int = -1) -> str:
    """Two columns with a wave, one of them with an outlier."""
    random = np.random.default_rng(seed)
    rows = ["minute,heat,load"]
    for t in range(steps):
        heat = 20 + np.sin(t / 3) + random.normal(0, 0.05) + 9 * (t == far)
        rows.append(f"{t},{heat:.4f},{t % 3 + random.normal(0, 0.05):.4f}")
    return "\n".join(rows) + "\n"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("watch")
    (folder / "sensors.csv").write_text(table(600))
    words = ["train", str(folder / "sensors.csv"), *TRAIN, "--time", "minute", "--out", str(folder / "run"), "--quiet"]
    assert main(words) == 0
    return folder / "run"


def watched(run: Path, content: bytes | str, *flags: str) -> subprocess.CompletedProcess[bytes]:
    given = content.encode() if isinstance(content, str) else content
    return subprocess.run([*MODULE, "watch", str(run), *flags], input=given, capture_output=True, timeout=120)


def rows(out: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(out.decode())))


def test_a_line_comes_out_before_the_next_goes_in(run: Path) -> None:
    """Nobody waits for a buffer to be full; and Ctrl-C ends it without a word."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what ignores it in the background hands that on
    with subprocess.Popen([*MODULE, "watch", str(run)], stdin=-1, stdout=-1, stderr=-1) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == b"time,score,threshold,alarm,event,column,forecast,observed\n"
        process.stdin.write(b"load,minute,heat\n")  # another order
        for t in range(5):
            process.stdin.write(f"{t % 3},{t},20.5\n".encode())
            process.stdin.flush()
            assert process.stdout.readline().startswith(f"{t},".encode())
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert process.stderr.read() == b""


def test_a_closed_output_ends_it_quietly(run: Path) -> None:
    command = f"yes '7,20,1' | {sys.executable} -m elman watch {run} | head -n 3"
    done = subprocess.run(["bash", "-c", f"{command}; exit ${{PIPESTATUS[1]}}"], capture_output=True, timeout=120)
    assert done.stdout.count(b"\n") == 3
    assert (done.returncode, done.stderr) == (141, b"")


def test_the_command_says_what_the_model_does(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "new.csv").write_text(table(90, seed=1, far=70))
    model = elman.load(run)
    found = model.scores(tmp_path / "new.csv")
    assert main(["watch", str(run), str(tmp_path / "new.csv")]) == 0
    lines = rows(capsys.readouterr().out.encode())
    assert [line["time"] for line in lines] == [str(t) for t in range(90)]
    shown = [float(line["score"] or "nan") for line in lines]
    np.testing.assert_allclose(shown, found.score, rtol=1e-4)  # single precision, in two orders of the sums
    assert [line["alarm"] == "1" for line in lines] == found.alarm.tolist()
    assert lines[70]["alarm"] == "1"
    assert lines[70]["column"] == "heat"
    assert main(["watch", str(run), str(tmp_path / "new.csv"), "--only-alarms", "--format", "jsonl"]) == 0
    alarms = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["time"] for line in alarms] == [str(t) for t in np.flatnonzero(found.alarm)]
    assert alarms[0]["event"] == 1
    assert main(["watch", str(run), str(tmp_path / "new.csv"), "--threshold", "1e9", "--only-alarms"]) == 0
    assert capsys.readouterr().out.count("\n") == 1
    assert main(["watch", str(run), str(tmp_path / "new.csv"), "--picture", str(tmp_path / "a.png")]) == 0
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_the_forms_of_a_line(run: Path) -> None:
    """With a header in another order, without one in three ways, as JSON, quoted, by semicolons: the same scores."""
    steps = [(t, 20.5 + t % 2, t % 3) for t in range(4)]
    forms = {
        "all fields": "".join(f"{t},{h},{n}\n" for t, h, n in steps),
        "the columns alone": "".join(f"{h},{n}\n" for _, h, n in steps),
        "another order": "load,more,heat\n" + "".join(f"{n},x,{h}\n" for _, h, n in steps),
        "quoted, with a mark": "\ufeffheat,load\r\n" + "".join(f'"{h}","{n}"\r\n\r\n' for _, h, n in steps),
        "semicolons": "heat;load\n" + "".join(f"{h};{n}\n" for _, h, n in steps),
        "objects": "".join(f'{{"load": {n}, "heat": "{h}", "minute": {t}}}\n' for t, h, n in steps),
    }
    found = {}
    for name, content in forms.items():
        done = watched(run, content)
        assert done.returncode == 0, (name, done.stderr)
        found[name] = [line["score"] for line in rows(done.stdout)]
        assert (b"passed over, as the training had no such columns: more" in done.stderr) == (name == "another order")
    assert len(found["all fields"]) == 4
    assert all(scores == found["all fields"] for scores in found.values())


def test_missing_values_are_no_error(run: Path) -> None:
    done = watched(run, "heat,load\n20,1\n,1\nNA,\n20,?\n")
    lines = rows(done.stdout)
    assert [line["score"] != "" for line in lines] == [False, True, False, True]
    assert [line["column"] for line in lines] == ["", "load", "", "heat"]
    assert [line["score"] for line in rows(watched(run, '{"heat": 20, "load": 1}\n{"load": 1}\n').stdout)] == [
        line["score"] for line in lines[:2]
    ]


BAD: dict[str, tuple[str | bytes, str]] = {
    "text in a number column": ("heat,load\n20,1\n20,warm\n", "standard input:3, column 'load': 'warm' is no number"),
    "a wrong number of fields": (
        "heat,load\n20,1\n20\n",
        ":3: the row has 1 field. Expected 2 as on line 1",
    ),
    "infinite": ("heat,load\n20,1\n-inf,2\n", "standard input:3, column 'heat': '-inf' is infinite"),
    "a decimal comma": ('heat,load\n20,1\n"20,5",2\n', "decimal comma"),
    "a column that is not there": ("heat,laod\n20,1\n", "no column 'load', which the training had"),
    "a column twice": ("heat,load,heat\n20,1,1\n", "the column 'heat' occurs twice"),
    "no names, and too many fields": ("1,2,3,4\n", "the line has 4 fields and no names"),
    "a very long line": (b"heat,load\n" + b"1" * 10_000_000 + b"\n", "standard input:2: the line is longer than"),
    "no UTF-8": (b"heat,load\n20,1\n20,\xe9\n", "standard input:3: byte 4 of the line is 0xe9"),
    "a quote not closed": ('heat,load\n20,1\n"20,1\n', "standard input:3: the row cannot be read"),
    "no JSON": ('{"heat": 1, "load": 2}\n{"heat": 1,\n', "standard input:2: this is not JSON"),
    "JSON of something else": ('{"heat": 1, "load": 2}\n{"x": 1}\n', "standard input:2: the object has the keys x"),
    "a truth value": ('{"heat": 1, "load": 2}\n{"heat": true}\n', "column 'heat': 'true' is no number"),
    "an infinite number": ('{"heat": 1, "load": 2}\n{"heat": 1e999}\n', "column 'heat': 'inf' is infinite"),
    "an endless number": ('{"heat": 1, "load": 2}\n{"heat": 1' + "0" * 5000 + "}\n", "standard input:2"),
}


FIRST = ("a column that is not there", "a column twice", "no names, and too many fields")  # nothing can be read then


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_named_and_can_be_passed_over(
    case: str, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, sentence = BAD[case]
    given = content.encode() if isinstance(content, str) else content
    (tmp_path / "new.csv").write_bytes(given)
    sentence = sentence.replace("standard input", str(tmp_path / "new.csv"))
    assert main(["watch", str(run), str(tmp_path / "new.csv")]) == 2
    shown = capsys.readouterr()
    assert sentence in shown.err
    assert "Traceback" not in shown.err
    ends = b'{"heat": 20, "load": 1}\n' if given.startswith(b"{") else b"20,1\n"
    (tmp_path / "new.csv").write_bytes(given + ends)
    code = main(["watch", str(run), str(tmp_path / "new.csv"), "--skip-bad"])
    shown = capsys.readouterr()
    if case in FIRST:
        assert code == 2
    else:
        assert code == 0
        assert "The line is passed over." in shown.err
        assert len(rows(shown.out.encode())) == given.count(b"\n") - given.startswith(b"heat")


def test_options_that_cannot_be(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "new.csv").write_text(table(5))
    for flags, sentence in (
        (["--alarms", "0"], "--alarms is 0"),
        (["--alarms", "0.1", "--threshold", "3"], "expected one of them"),
        (["--threshold", "-1"], "--threshold is -1"),
        (["--smoothing", "1"], "--smoothing is 1"),
        (["--hold", "-2"], "--hold is -2"),
    ):
        assert main(["watch", str(run), str(tmp_path / "new.csv"), *flags]) == 2
        assert sentence.lower() in capsys.readouterr().err.lower()
    assert main(["watch", str(run), str(tmp_path / "no.csv")]) == 2
    assert "there is no file" in capsys.readouterr().err


def test_check_evaluate_and_info(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = table(120, seed=2, far=60).splitlines()
    marked = [f"{line},{'anomaly' if k == 0 else int(k == 61)}" for k, line in enumerate(lines)]
    (tmp_path / "new.csv").write_text("\n".join(marked) + "\n")
    assert main(["check", str(tmp_path / "new.csv"), *CHECK, "--label", "anomaly", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)["files"][0]
    assert (report["steps"], report["columns"], report["anomalies"]) == (120, ["heat", "load"], 1)
    assert main(["check", str(tmp_path / "new.csv"), *CHECK, "--label", "load"]) == 2
    assert "new.csv:2, column 'load': the label is" in capsys.readouterr().err
    assert main(["evaluate", str(run), str(tmp_path / "new.csv"), "--label", "anomaly", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["recall"], found["events_found"]) == (1, 1)
    assert "last value" in found["contrasts"]
    assert main(["info", str(run)]) == 0
    assert "largest score of 60 steps held back" in capsys.readouterr().out
    assert main(["predict", str(run), str(tmp_path / "new.csv")]) == 2
    assert "elman watch RUN FILE" in capsys.readouterr().err
