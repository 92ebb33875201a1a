"""One run of a command: under which lease, and whether it did its work."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from m2s_orchestration.application.command import ApplicationCommand
from m2s_orchestration.application.here import Here
from m2s_orchestration.application.outbox import Outbox, look
from m2s_orchestration.application.pod import InPod
from m2s_orchestration.application.verdict import Verdict, judge
from m2s_orchestration.delivery.lease import HeldLease, Lease, holder
from m2s_orchestration.delivery.migrate import require_migrated
from m2s_orchestration.errors import BadSettings, CommandFailed, DatabaseFault, LeaseHeld
from m2s_orchestration.mail.addresses import mask
from m2s_orchestration.postgres import Connection, Database, statements, translated
from m2s_orchestration.settings import Settings

SQL = statements(__package__, "locks.sql")

# Our lease outlives the command: its deadline ends it, and that is told afterwards.
MARGIN = timedelta(minutes=2)
LAST_LINES = 50
ADDRESS = re.compile(r"[^\s<>\"'(),;:\[\]]+@[^\s<>\"'(),;:\[\]]+")

Tell = Callable[[str], None]


class Place(Protocol):
    """Where a command runs. After it was ended, `holder` is whose lock it may have left."""

    holder: str | None

    def run(self, tell: Tell) -> int:
        """Its exit status. Raises CommandFailed."""


@dataclass(frozen=True)
class Result:
    """What a run came to, how long the command took (in seconds), and its last lines."""

    verdict: Verdict
    seconds: float
    output: tuple[str, ...]


class CommandRun:
    """One run of a command, under a lease of ours. `close` it whatever happens."""

    def __init__(
        self, command: ApplicationCommand, settings: Settings, *, run_id: str, wait: timedelta
    ) -> None:
        self.command = command
        self._settings = settings
        self._run_id = run_id
        self._wait = wait
        self._database = Database(settings.database)
        self._lease = Lease(
            self._database,
            notification=command.lease_name,
            run_id=run_id,
            deadline=command.deadline + MARGIN,
        )

    def execute(self, tell: Tell) -> Result:
        """Run the command once; each line that it says is told, with addresses masked.

        Raises LeaseHeld when another run of ours or the command itself is at it, and every fault of
        settings and database.
        """
        place = self._place()
        gives_up_at = time.monotonic() + self._wait.total_seconds()
        with self._connect() as connection:
            require_migrated(connection)
            self._lease.acquire(wait=self._wait)
            self._until_unlocked(connection, gives_up_at)
        return self._run(place, tell)

    def close(self) -> None:
        """Give the lease back."""
        self._lease.release()

    def _connect(self) -> AbstractContextManager[Connection]:
        return self._database.connect(f"command {self.command.name}")

    def _place(self) -> Place:
        if self._settings.application_image:
            return InPod(self.command, self._settings, run_id=self._run_id)
        if self._settings.application_command:
            return Here(self.command, self._settings)
        raise BadSettings(
            "Neither APPLICATION_IMAGE nor APPLICATION_COMMAND is set: say in which image the web"
            " application's commands run, or how they are begun here."
        )

    def _until_unlocked(self, connection: Connection, gives_up_at: float) -> None:
        """While somebody has the command's own lock, starting it is in vain: it would say 0."""
        pause = threading.Event()
        while held := holder(connection, self.command.name):
            if time.monotonic() >= gives_up_at:
                raise LeaseHeld(_told(held))
            pause.wait(1.0)

    def _run(self, place: Place, tell: Tell) -> Result:
        output: deque[str] = deque(maxlen=LAST_LINES)

        def masked(line: str) -> None:
            output.append(ADDRESS.sub(lambda found: mask(found[0]), line))
            tell(output[-1])

        before, _ = self._look()
        started = time.monotonic()
        ended: int | CommandFailed
        try:
            ended = place.run(masked)
        except CommandFailed as failed:
            ended = failed
        finally:
            seconds = time.monotonic() - started
            self._give_back(place)
        after, held = self._look()
        verdict = judge(
            self.command.name,
            ended=ended,
            before=before,
            after=after,
            held=_told(held) if held else "",
        )
        return Result(verdict, seconds, tuple(output))

    def _look(self) -> tuple[Outbox, HeldLease | None]:
        """What is in the outbox, and who has the command's lock."""
        with self._connect() as connection, translated():
            return look(connection, self.command), holder(connection, self.command.name)

    def _give_back(self, place: Place) -> None:
        if place.holder is None:
            return
        # Without it the lock lapses by itself; what ended the command is what counts.
        with suppress(DatabaseFault), self._connect() as connection, translated():
            SQL["give_back"].run(
                connection,
                command=self.command.name,
                holder=place.holder,
                owner=self._lease.owner,
                run_id=self._run_id,
            )


def _told(held: HeldLease) -> str:
    return (
        f"{held.notification} is locked by {held.owner} until {held.until:%Y-%m-%d %H:%M:%S} UTC:"
        " the command would do nothing and say that all is well. The next tick comes by itself;"
        " `m2s locks` shows the holder."
    )
