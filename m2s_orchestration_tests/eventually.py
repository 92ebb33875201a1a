"""Waiting for what another thread or process is about to do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")


def eventually(
    ask: Callable[[], Answer | None], *, within: float = 10.0, every: float = 0.01
) -> Answer:
    """Ask every so often until the answer is true, and return it; fail after `within` seconds."""
    gives_up_at = time.monotonic() + within
    pause = threading.Event()
    while not (answer := ask()):
        assert time.monotonic() < gives_up_at, f"still {answer!r} after {within:g} s"
        pause.wait(every)
    return answer
