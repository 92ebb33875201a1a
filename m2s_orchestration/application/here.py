"""Runs a command as a process of this machine."""

from __future__ import annotations

import os
import queue
import signal
import socket
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from time import monotonic
from typing import IO

from m2s_orchestration.application.command import ApplicationCommand
from m2s_orchestration.errors import BadSettings, CommandFailed
from m2s_orchestration.settings import Settings

# The command gets this long to end by itself when it is told to.
GRACE = timedelta(seconds=10)
A_MOMENT = 0.1  # seconds

Tell = Callable[[str], None]


class Here:
    """The command as a process. `holder` is how it calls itself in `cronjob_locks`.

    It is a session of its own: what a terminal sends to us reaches it once, by us.
    """

    def __init__(self, command: ApplicationCommand, settings: Settings) -> None:
        self._command = command
        self._words = command.words(settings.application_command)
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.holder: str | None = None

    def run(self, tell: Tell) -> int:
        """Run it to its end; returns its exit status, and tells each line that it says.

        Raises CommandFailed when its time is over. Then, and when we are interrupted, it is ended,
        and `holder` says in whose name it may have left a lock.
        """
        process = self._start()
        reader = threading.Thread(target=self._read, args=(process.stdout,), daemon=True)
        try:
            reader.start()
            self._wait(process, tell)
        except BaseException:
            self._end(process)
            raise
        finally:
            # What it started may still hold the pipe.
            reader.join(timeout=1.0)
            self._pass_on(tell)
        return process.returncode

    def _wait(self, process: subprocess.Popen[str], tell: Tell) -> None:
        ends_at = monotonic() + self._command.deadline.total_seconds()
        while process.poll() is None:
            self._pass_on(tell)
            if monotonic() > ends_at:
                raise CommandFailed(
                    f"{self._command.name} was not done after {self._command.deadline} and was"
                    " ended. What it left undone its next run takes up."
                )

    def _start(self) -> subprocess.Popen[str]:
        try:
            return subprocess.Popen(
                self._words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        except OSError as error:
            raise BadSettings(
                f"APPLICATION_COMMAND is {' '.join(self._words[: -len(self._command.words(()))])!r}"
                f" and cannot be started: {error}."
            ) from error

    def _read(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                self._lines.put(line.rstrip())

    def _pass_on(self, tell: Tell) -> None:
        """Tell what was said meanwhile; waits a moment if that is nothing."""
        try:
            tell(self._lines.get(timeout=A_MOMENT))
            while True:
                tell(self._lines.get_nowait())
        except queue.Empty:
            return

    def _end(self, process: subprocess.Popen[str]) -> None:
        """Tell it and all that it started to end; who does not within the grace is ended."""
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=GRACE.total_seconds())
            # Whoever of its group is still there; it may have ended before those that it started.
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        # It removes its lock neither when it is told to end nor when it is killed.
        self.holder = f"{socket.gethostname()}-{process.pid}"
