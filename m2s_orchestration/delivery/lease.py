"""One run of a notification at a time: a lease with an owner and a term, judged by the database.

The row lies in `cronjob_locks`, which the club's web application uses in the same way, so that its
old command and the new job of the same name exclude each other. Of a notification that has moved
over, the row is there also while nobody runs it: then it is a tombstone, which we take and leave
behind and which keeps the old command out.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from psycopg.pq import TransactionStatus

from m2s_orchestration.delivery.standby import Standby
from m2s_orchestration.errors import LeaseHeld, LeaseLost
from m2s_orchestration.postgres import Connection, Database, statements, translated

SQL = statements(__package__, "lease.sql")

TERM = timedelta(seconds=60)
HEARTBEAT = timedelta(seconds=20)
CALLED_OFF_WITHIN = 5.0  # seconds
OWNER_LENGTH = 100


@dataclass(frozen=True)
class HeldLease:
    """A row of `cronjob_locks`; `is_live` and `until` are as they count for us.

    A tombstone is the row of a notification that has moved over and that nobody runs. Out of reach
    is a row that the web application takes for living whatever becomes of its holder.
    """

    notification: str
    owner: str
    since: datetime
    until: datetime
    is_live: bool
    is_tombstone: bool
    is_out_of_reach: bool


def owner_token(run_id: str) -> str:
    """Who holds the lease, as a fencing token: never the same for two processes of one run."""
    mark = f"-{os.getpid()}-{run_id[:8]}-{secrets.token_hex(4)}"
    return socket.gethostname()[: OWNER_LENGTH - len(mark)] + mark


class Lease:
    """The right to run one notification, kept alive by a heartbeat until `deadline` has passed.

    A `forced` run goes on although somebody else holds the lease; then it is fenced by nothing but
    the ledger's own rows.
    """

    def __init__(
        self,
        database: Database,
        *,
        notification: str,
        run_id: str,
        deadline: timedelta,
        term: timedelta = TERM,
    ) -> None:
        self.notification = notification
        self.run_id = run_id
        self.owner = owner_token(run_id)
        self.term = term
        self.is_forced = False
        self.waited = 0.0
        self.was_contended = False
        self._database = database
        self._ends_at = time.monotonic() + deadline.total_seconds()
        self._held = False
        self._is_certain = False
        self._stop = threading.Event()
        self._heart: threading.Thread | None = None
        self._giver: Standby | None = None

    def acquire(self, *, wait: timedelta, force: bool = False) -> str:
        """Take the lease within `wait`; returns how (`acquired`, `taken_over` or `forced`).

        Raises LeaseHeld, with the holder, when somebody else has it all that time.
        """
        gives_up_at = time.monotonic() + wait.total_seconds()
        began_at = time.monotonic()
        # There before the row is ours, so that whatever comes finds it.
        self._giver = Standby(self._give_back, name="lease release")
        with self._database.connect(f"lease {self.notification}") as connection, translated():
            while True:
                # Known before the row is: an interrupt in between must still give it back.
                self._held = True
                if event := self._try(connection):
                    break
                self._held = False
                if force:
                    self._note_contention(connection, "forced")
                    self.was_contended = True
                    self.is_forced = True
                    return "forced"
                if not self.was_contended:
                    self._note_contention(connection, "contended")
                    self.was_contended = True
                if time.monotonic() >= gives_up_at:
                    raise LeaseHeld(self._holder(connection))
                self._stop.wait(1.0)
        self._is_certain = True
        self.waited = time.monotonic() - began_at
        self._heart = threading.Thread(target=self._beat, name="lease heartbeat", daemon=True)
        self._heart.start()
        return event

    def release(self) -> None:
        """Give the lease back if it is ours; harmless when it is not.

        A run that is told to stop just now has it done as well.
        """
        if self._giver:
            self._giver.carry_out()

    def _give_back(self) -> None:
        self._stop.set()
        # One whose start was interrupted hears of it by itself, and cannot be joined.
        if self._heart and self._heart.is_alive():
            self._heart.join(timeout=HEARTBEAT.total_seconds())
        if not self._held:
            return
        self._held = False
        with self._database.connect(f"lease {self.notification}") as connection, translated():
            SQL["release"].run(connection, **self.identity, is_certain=self._is_certain)

    @property
    def identity(self) -> dict[str, object]:
        """The binds that name this lease in a statement."""
        return {"notification": self.notification, "owner": self.owner, "run_id": self.run_id}

    def fence(self, connection: Connection) -> None:
        """Hold the lease row until the transaction ends. Raises LeaseLost when it is not ours."""
        if self.is_forced:
            return
        if SQL["fence"].first(connection, **self.identity) is None:
            raise LeaseLost(
                f"The lease of {self.notification} is no longer {self.owner}'s: this run records"
                " and sends nothing more. The run that took it over goes on from the ledger."
            )

    @property
    def is_past_deadline(self) -> bool:
        """Whether the job's time is over, so that the lease is no longer prolonged."""
        return time.monotonic() > self._ends_at

    def _try(self, connection: Connection) -> str | None:
        try:
            row = SQL["acquire"].first(connection, **self.identity, term=self.term)
        finally:
            _call_off(connection)
        return str(row[0]) if row else None

    def _note_contention(self, connection: Connection, event: str) -> None:
        SQL["note_contention"].run(connection, **self.identity, event=event)

    def _holder(self, connection: Connection) -> str:
        lease = holder(connection, self.notification)
        if lease is None:
            return f"{self.notification} was held by another run until just now: run it again."
        return (
            f"{self.notification} is held by {lease.owner} until"
            f" {lease.until:%Y-%m-%d %H:%M:%S} UTC: nothing was done. Run it again when that run is"
            " over; `m2s locks` shows the holder."
        )

    def _beat(self) -> None:
        """Renew until told to stop, the deadline is past or the row is somebody else's.

        A fault of the database is not an answer: the next beat asks again, and every statement that
        decides something asks for itself.
        """
        interval = self.term.total_seconds() * (HEARTBEAT / TERM)
        while not self._stop.wait(interval) and not self.is_past_deadline:
            try:
                with self._database.open(f"heartbeat {self.notification}") as connection:
                    renewed = SQL["renew"].first(connection, **self.identity, term=self.term)
            except psycopg.Error:
                continue
            if renewed is None:
                return


def _call_off(connection: Connection) -> None:
    """End a statement that was interrupted: from its wait for the row it would go on without us."""
    if connection.info.transaction_status is TransactionStatus.ACTIVE:
        with contextlib.suppress(psycopg.Error):
            connection.cancel_safe(timeout=CALLED_OFF_WITHIN)


def holder(connection: Connection, notification: str) -> HeldLease | None:
    """Who runs a notification now, if anybody."""
    found = SQL["leases"].fetch(connection, HeldLease)
    return next((one for one in found if one.notification == notification and one.is_live), None)


def leases(database: Database) -> list[HeldLease]:
    """Every lease in the table, the web application's too."""
    with database.connect("locks") as connection, translated():
        return SQL["leases"].fetch(connection, HeldLease)


def clear(database: Database, *, notification: str, person: str, force: bool) -> str | None:
    """Remove a lease whose term is past (any, if forced); returns whose it was, or None."""
    with database.connect("locks") as connection, translated():
        row = SQL["clear"].first(connection, notification=notification, person=person, force=force)
        return str(row[0]) if row else None
