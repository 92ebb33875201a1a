"""How the commands of the club's web application use `cronjob_locks`, by a pod's clock.

One statement of its commands is one method here, so that a test can put something in between.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import timedelta

import psycopg

from m2s_orchestration.postgres import Connection

POD = "notify-something-29012345-abcde-1"
LIFETIME = timedelta(minutes=15)
NO_SKEW = timedelta(0)


@dataclass(frozen=True)
class Looked:
    """The row as a command saw it, and whether it took it for expired."""

    id: int
    is_expired: bool


class WebApplication:
    """One command of the web application in a pod whose clock is `ahead` (behind, if negative)."""

    def __init__(
        self,
        connection: Connection,
        notification: str,
        *,
        owner: str = POD,
        ahead: timedelta = NO_SKEW,
    ) -> None:
        self.connection = connection
        self.notification = notification
        self.owner = owner
        self.ahead = ahead
        self.looked: Looked | None = None

    def begins(self) -> bool:
        """Clean up and take the lock, as every run does; whether it has it."""
        steps = self.beginning()
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return bool(end.value)

    def beginning(self) -> Generator[str, None, bool]:
        """The same, statement by statement: yields the name of what it has just done."""
        expired = self.count_expired()
        yield "count expired"
        if expired:
            self.clean_up()
            yield "clean up"
        while True:
            inserted = self.insert()
            yield "insert"
            if inserted:
                return True
            try:
                looked = self.look()
                yield "look"
                if looked and looked.is_expired:
                    self.save(looked)
                    yield "save"
            except psycopg.Error:
                # Such as a row that somebody else has locked: it prints the error and ends.
                return False
            if looked:
                return looked.is_expired

    def count_expired(self) -> int:
        """How many locks of any job are expired."""
        counted = self.connection.execute(
            "SELECT count(*) FROM cronjob_locks WHERE expires_at < clock_timestamp() + %s",
            (self.ahead,),
        ).fetchone()
        assert counted
        return int(counted[0])

    def clean_up(self) -> int:
        """Delete the expired locks of every job."""
        return self.connection.execute(
            "DELETE FROM cronjob_locks WHERE expires_at < clock_timestamp() + %s", (self.ahead,)
        ).rowcount

    def insert(self) -> bool:
        """Take the lock if there is no row."""
        try:
            with self.connection.transaction():
                self.connection.execute(
                    "INSERT INTO cronjob_locks (job_name, locked_by, locked_at, expires_at)"
                    " VALUES (%s, %s, clock_timestamp() + %s, clock_timestamp() + %s)",
                    (self.notification, self.owner, self.ahead, self.ahead + LIFETIME),
                )
        except psycopg.errors.UniqueViolation:
            return False
        return True

    def look(self) -> Looked | None:
        """Look at the row under a lock that is given back at once. None where it has vanished."""
        with self.connection.transaction():
            row = self.connection.execute(
                "SELECT id, expires_at < clock_timestamp() + %s FROM cronjob_locks"
                " WHERE job_name = %s FOR UPDATE NOWAIT",
                (self.ahead, self.notification),
            ).fetchone()
        self.looked = Looked(int(row[0]), bool(row[1])) if row else None
        return self.looked

    def save(self, looked: Looked) -> None:
        """Write the row that was looked at, whatever it is by now; if it is gone, write it anew."""
        values = {
            "id": looked.id,
            "notification": self.notification,
            "owner": self.owner,
            "now": self.ahead,
            "end": self.ahead + LIFETIME,
        }
        updated = self.connection.execute(
            "UPDATE cronjob_locks SET locked_by = %(owner)s,"
            " locked_at = clock_timestamp() + %(now)s, expires_at = clock_timestamp() + %(end)s"
            " WHERE id = %(id)s",
            values,
        ).rowcount
        if not updated:
            self.connection.execute(
                "INSERT INTO cronjob_locks (id, job_name, locked_by, locked_at, expires_at)"
                " VALUES (%(id)s, %(notification)s, %(owner)s,"
                " clock_timestamp() + %(now)s, clock_timestamp() + %(end)s)",
                values,
            )

    def overwrite(self) -> None:
        """Write the row after all, as a command does that looked at it when it was expired."""
        looked = self.look()
        assert looked
        self.save(looked)

    def ends(self) -> bool:
        """Give the lock back if it is its own; whether it was."""
        return bool(
            self.connection.execute(
                "DELETE FROM cronjob_locks WHERE job_name = %s AND locked_by = %s",
                (self.notification, self.owner),
            ).rowcount
        )


class OldCommand:
    """The command of a CronJob, step by step: what it does with the lock, and when it works.

    Each step is one transaction of its own; whatever others do comes between two of them. Two of
    the commands take no lock, and `--force` lets each of them do without.
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
        self.only_cleans_up = takes_lock and force
        self.is_working = False
        self.has_worked = False

    @property
    def saw_expired(self) -> bool:
        """Whether it has looked at a row that it took for expired."""
        return bool(self.lock.looked and self.lock.looked.is_expired)

    def run(self) -> bool:
        """From its start to its end; whether it did its work. It exits with 0 either way."""
        for _ in self.steps():
            pass
        return self.has_worked

    def steps(self) -> Iterator[str]:
        """Yields what it has just done."""
        if self.is_guarded and not (yield from self.lock.beginning()):
            return
        if self.only_cleans_up:
            self.lock.clean_up()
            yield "clean up"
        self.is_working = self.has_worked = True
        self.body()
        yield "work"
        self.is_working = False
        if self.is_guarded:
            self.lock.ends()
            yield "release"
