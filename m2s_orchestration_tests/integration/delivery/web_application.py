"""How the club's web application uses `cronjob_locks`."""

from __future__ import annotations

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
        notification: str = NOTIFICATION,
    ) -> None:
        self.connection = connection
        self.notification = notification
        self.owner = owner
        self.ahead = ahead

    def insert(self) -> bool:
        try:
            with self.connection.transaction():
                self.connection.execute(
                    "INSERT INTO cronjob_locks (job_name, locked_by, locked_at, expires_at)"
                    " VALUES (%s, %s, now() + %s, now() + %s)",
                    (self.notification, self.owner, self.ahead, self.ahead + self.LIFETIME),
                )
        except psycopg.errors.UniqueViolation:
            return False
        return True

    def is_expired(self) -> bool:
        with self.connection.transaction():
            row = self.connection.execute(
                "SELECT expires_at < now() + %s FROM cronjob_locks"
                " WHERE job_name = %s FOR UPDATE NOWAIT",
                (self.ahead, self.notification),
            ).fetchone()
        assert row is not None
        return bool(row[0])

    def overwrite(self) -> None:
        self.connection.execute(
            "UPDATE cronjob_locks SET locked_by = %s, locked_at = now() + %s,"
            " expires_at = now() + %s WHERE job_name = %s",
            (self.owner, self.ahead, self.ahead + self.LIFETIME, self.notification),
        )

    def clean_up(self) -> int:
        return self.connection.execute(
            "DELETE FROM cronjob_locks WHERE expires_at < now() + %s", (self.ahead,)
        ).rowcount

    def delete(self) -> int:
        return self.connection.execute(
            "DELETE FROM cronjob_locks WHERE job_name = %s AND locked_by = %s",
            (self.notification, self.owner),
        ).rowcount
