"""Signals that wait for the end of a step."""

import signal
import threading

import pytest

from elman.learn.signals import stop_on_signals


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_is_noted_the_second_acts(number: signal.Signals, code: int) -> None:
    heard: list[int] = []
    before = signal.signal(number, lambda n, frame: heard.append(n))
    try:
        with stop_on_signals() as stop:
            assert stop.signal == 0
            signal.raise_signal(number)
            assert (stop.signal, stop.exit_code, heard) == (number, code, [])
            signal.raise_signal(number)
            assert heard == [number]
        signal.raise_signal(number)
        assert heard == [number, number]
    finally:
        signal.signal(number, before)


def test_handlers_come_back_after_an_error() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ValueError, match="oops"), stop_on_signals():
        raise ValueError("oops")
    assert signal.getsignal(signal.SIGINT) is before


def test_other_threads_are_left_alone() -> None:
    seen: list[int] = []

    def work() -> None:
        with stop_on_signals() as stop:
            seen.append(stop.signal)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [0]
