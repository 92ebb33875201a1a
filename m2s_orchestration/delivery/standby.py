"""A thread that stands by to do one thing, whatever interrupts whoever tells it to."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

LOOKS_EVERY = 0.2  # seconds


class Standby:
    """Waits from before there is anything to lose, and does its work once, when it is told.

    A thread that is only started when the work is to be done may be left half started by an
    interrupt: its work undone, or done by a thread that nobody can end. The queues are C's own,
    of which an interrupt leaves no lock behind.
    """

    def __init__(self, work: Callable[[], None], *, name: str) -> None:
        self._work = work
        self._orders: SimpleQueue[None] = SimpleQueue()
        self._news: SimpleQueue[None] = SimpleQueue()
        self._is_over = False
        self._fault: BaseException | None = None
        threading.Thread(target=self._stand_by, name=name, daemon=True).start()

    def carry_out(self) -> None:
        """Have the work done and return when it is; raises what it raised.

        Who is interrupted meanwhile still has it done before the interrupt goes on.
        """
        try:
            self._tell()
        finally:
            self._tell()
        if self._fault:
            raise self._fault

    def _tell(self) -> None:
        self._orders.put(None)
        while not self._is_over:
            # Not one long wait, in which Python would not hear of a signal.
            with contextlib.suppress(Empty):
                self._news.get(timeout=LOOKS_EVERY)

    def _stand_by(self) -> None:
        self._orders.get()
        try:
            self._work()
        except BaseException as fault:  # noqa: BLE001 - it is whose who told
            self._fault = fault
        finally:
            self._is_over = True
            self._news.put(None)
