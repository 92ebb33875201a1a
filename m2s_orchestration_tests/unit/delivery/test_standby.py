"""The thread that stands by, told and interrupted."""

from __future__ import annotations

import signal
import threading

import pytest

from m2s_orchestration.delivery.standby import Standby
from m2s_orchestration_tests.eventually import eventually


def test_it_does_its_work_when_it_is_told_and_only_once() -> None:
    done: list[str] = []
    standby = Standby(lambda: done.append("done"), name="standby")
    assert not done

    standby.carry_out()
    standby.carry_out()

    assert done == ["done"]
    assert eventually(lambda: "standby" not in {thread.name for thread in threading.enumerate()})


def test_it_raises_what_the_work_raised() -> None:
    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        Standby(fail, name="standby").carry_out()


def test_who_is_interrupted_meanwhile_still_has_it_done() -> None:
    has_begun, may_end = threading.Event(), threading.Event()
    done: list[str] = []

    def work() -> None:
        has_begun.set()
        may_end.wait()
        done.append("done")

    def interrupt() -> None:
        has_begun.wait()
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        # Only who has been interrupted asks a second time.
        eventually(standby._orders.qsize)
        may_end.set()

    standby = Standby(work, name="standby")
    threading.Thread(target=interrupt).start()
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            standby.carry_out()
    finally:
        signal.signal(signal.SIGINT, handler)

    assert done == ["done"]
