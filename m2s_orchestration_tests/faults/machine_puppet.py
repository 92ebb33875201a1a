"""A run in a thread that stops before each step until it is told to go on: one runs at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable

_here = threading.local()


class Killed(BaseException):
    """The process is gone: nothing that would come now happens."""


class Puppet:
    """Plays its part from pause to pause.

    `pending` names what it does when it next goes on, `about` the delivery if it is about one.
    """

    def __init__(self, name: str, play: Callable[[], None]) -> None:
        self.name = name
        self.pending = ""
        self.about: object = None
        self._play = play
        self._fault = ""
        self._is_killed = False
        self._failed: BaseException | None = None
        self._its_turn = threading.Semaphore(0)
        self._our_turn = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether it has a next step."""
        return self._thread.is_alive()

    def go_on(self, fault: str = "") -> None:
        """Let it do what is pending, struck by this fault, up to its next pause or its end."""
        self._fault = fault
        self._its_turn.release()
        self._our_turn.acquire()
        if not self.pending:
            self._thread.join()
        if self._failed:
            raise self._failed

    def kill(self) -> None:
        """End it where it stands."""
        self._is_killed = True
        while self.is_alive:
            self.go_on()

    def pause(self, pending: str, about: object = None) -> str:
        """Called in the thread: wait for the next turn; returns the fault that strikes now."""
        if not self._is_killed:
            self.pending, self.about = pending, about
            self._our_turn.release()
            self._its_turn.acquire()
        if self._is_killed:
            raise Killed
        fault, self._fault = self._fault, ""
        return fault

    def _run(self) -> None:
        _here.puppet = self
        self._its_turn.acquire()
        try:
            if not self._is_killed:
                self._play()
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001 (it is raised again where somebody waits)
            self._failed = error
        self.pending = ""
        self._our_turn.release()


def current() -> Puppet | None:
    """The puppet whose thread this is, if any."""
    return getattr(_here, "puppet", None)
