"""How the club's web application uses `cronjob_locks`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from datetime import timedelta

import psycopg

from m2s_orchestration.postgres import Connection
from m2s_orchestration_tests.integration.delivery.plans import NOTIFICATION

POD = "notify-something-29012345-abcde-1"


class WebApplication:
    """The web application's lock, statement by statement, by a pod's clock that may be wrong."""

    LIFETIME = timedelta(minutes=15)

    def __init__(
        self,
        connection: Connection,
        owner: str = POD,
        ahead: timedelta = timedelta(0),
        job_name: str = NOTIFICATION,
    ) -> None:
        self.connection = connection
        self.owner = owner
        self.ahead = ahead
        self.job_name = job_name

    def insert(self) -> bool:
        try:
            with self.connection.transaction():
                self.connection.execute(
                    "INSERT INTO cronjob_locks (job_name, locked_by, locked_at, expires_at)"
                    " VALUES (%s, %s, now() + %s, now() + %s)",
                    (self.job_name, self.owner, self.ahead, self.ahead + self.LIFETIME),
                )
        except psycopg.errors.UniqueViolation:
            return False
        return True

    def is_expired(self) -> bool | None:
        """Whether the row there is past its end; None if it has vanished."""
        with self.connection.transaction():
            row = self.connection.execute(
                "SELECT expires_at < now() + %s FROM cronjob_locks"
                " WHERE job_name = %s FOR UPDATE NOWAIT",
                (self.ahead, self.job_name),
            ).fetchone()
        return bool(row[0]) if row else None

    def overwrite(self) -> None:
        """What it does to a row that it saw expired, without another look."""
        self.connection.execute(
            "UPDATE cronjob_locks SET locked_by = %s, locked_at = now() + %s,"
            " expires_at = now() + %s WHERE job_name = %s",
            (self.owner, self.ahead, self.ahead + self.LIFETIME, self.job_name),
        )

    def clean_up(self) -> int:
        return self.connection.execute(
            "DELETE FROM cronjob_locks WHERE expires_at < now() + %s", (self.ahead,)
        ).rowcount

    def delete(self) -> int:
        return self.connection.execute(
            "DELETE FROM cronjob_locks WHERE job_name = %s AND locked_by = %s",
            (self.job_name, self.owner),
        ).rowcount


class OldCommand:
    """The command of a CronJob, step by step: what it does with the lock, and when it works.

    Each step is one transaction of its own; whatever others do comes between two of them.
    """

    def __init__(
        self,
        lock: WebApplication,
        body: Callable[[], object] = lambda: None,
        *,
        takes_lock: bool = True,
        force: bool = False,
    ) -> None:
        self.lock = lock
        self.body = body
        self.is_guarded = takes_lock and not force
        self.cleans_up = takes_lock
        self.saw_expired = False
        self.is_working = False
        self.has_worked = False

    def run(self) -> bool:
        """From its start to its end; whether it did its work. It exits with 0 either way."""
        for _ in self.steps():
            pass
        return self.has_worked

    def steps(self) -> Iterator[str]:
        if self.cleans_up:
            self.lock.clean_up()
            yield "cleaned up"
        if self.is_guarded and not (yield from self._acquire()):
            return
        self.is_working = self.has_worked = True
        self.body()
        yield "worked"
        self.is_working = False
        if self.is_guarded:
            self.lock.delete()
            yield "released"

    def _acquire(self) -> Generator[str, None, bool]:
        while not self.lock.insert():
            yield "found a row"
            expired = self.lock.is_expired()
            if expired is None:
                continue
            if not expired:
                return False
            self.saw_expired = True
            yield "saw it expired"
            self.lock.overwrite()
            return True
        return True
