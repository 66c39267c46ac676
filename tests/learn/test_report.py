"""What is told: lines, a bar, nothing."""

import io
import sys

import pytest

from elman.learn.report import Bar, Lines, Moment, Plan, Report, Silent, duration, epoch_line, make_report

RECORD = {
    "epoch": 1, "step": 5, "loss": 0.5, "validation_loss": 0.4, "validation_accuracy": 0.75,
    "rows_per_second": 1234.5, "seconds": 2.0,
}  # fmt: skip
LINE = "epoch 1/3 · loss 0.5000 · validation loss 0.4000, accuracy 75.00% · 1,234 rows/s · 2.0 s"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """It says so."""
        return True


def tell(report: Report) -> None:
    """A short training."""
    report.say("Text: column [review].")
    report.start(Plan(steps=10, epochs=3))
    report.step(Moment(1, 4, 0.6, 1000.0))
    report.epoch(RECORD)
    report.start(Plan(steps=8, epochs=3, done=5))
    report.step(Moment(2, 6, 0.5, 1000.0))
    report.stop()
    report.stop()


def test_lines() -> None:
    stream = io.StringIO()
    tell(Lines(stream))
    assert stream.getvalue() == f"Text: column [review].\n{LINE}\n"


def test_lines_go_to_the_standard_output_of_the_moment(capsys: pytest.CaptureFixture[str]) -> None:
    tell(make_report())
    assert LINE in capsys.readouterr().out


def test_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    stream = Terminal()
    report = make_report(stream=stream)
    assert isinstance(report, Bar)
    tell(report)
    shown = stream.getvalue()
    assert "Text: column [review]." in shown  # brackets are no markup
    assert LINE in shown
    assert "epoch 1/3" in shown
    assert "loss 0.6000" in shown
    assert "1,000 rows/s" in shown


def test_silence(capsys: pytest.CaptureFixture[str]) -> None:
    assert isinstance(make_report(quiet=True), Silent)
    tell(make_report(quiet=True))
    assert capsys.readouterr().out == ""


def test_epoch_without_accuracy() -> None:
    assert epoch_line({"epoch": 2, "loss": 1.0, "validation_loss": 2.0, "seconds": 3601}, 2) == (
        "epoch 2/2 · loss 1.0000 · validation loss 2.0000 · 1 h 0 min"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (59.94, "59.9 s"), (59.96, "1 min 0 s"), (3599.4, "59 min 59 s"), (3600, "1 h 0 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_reports_come_without_torch() -> None:
    """`elman info` prints durations and must not wait for torch."""
    import subprocess

    code = "import sys, elman.learn.report, elman.learn.folder, elman.learn.card; print('torch' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "False"
