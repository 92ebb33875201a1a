"""Moving a notification over from the web application's command, and back: the database's part.

A tombstone in `cronjob_locks` keeps the old command out and lets our runs in; a cutover says from
which tick on the notification is ours; and whom the old command told, as far as it left a trace, is
recorded as sent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from m2s_orchestration.delivery.lease import holder
from m2s_orchestration.errors import LeaseHeld, NotOurs, UnlawfulCutover
from m2s_orchestration.postgres import Connection, statements, translated

SQL = statements(__package__, "cutover.sql")

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Cutover:
    """A move of a notification: ours from `effective_from`, its first tick, until `back_at`."""

    notification: str
    effective_from: datetime
    imported: int
    moved_by: str
    moved_at: datetime
    back_by: str | None
    back_at: datetime | None

    @property
    def is_ours(self) -> bool:
        """Whether the notification has not gone back."""
        return self.back_at is None


@dataclass(frozen=True)
class Told:
    """Whom the web application told of what, and the reason to think so."""

    tick: datetime
    period: str
    recipient_key: str
    member_id: int
    told_at: datetime
    reason: str


@dataclass(frozen=True)
class Moved:
    """What a move came to; `is_new` is false where the notification had moved over before."""

    is_new: bool
    imported: int = 0


def cutovers(connection: Connection) -> dict[str, Cutover]:
    """The latest cutover of each notification that ever moved over, by its name."""
    with translated():
        return {item.notification: item for item in SQL["cutovers"].fetch(connection, Cutover)}


def move(
    connection: Connection,
    *,
    notification: str,
    effective_from: datetime,
    person: str,
    told: Callable[[], Iterable[Told]] = tuple,
) -> Moved:
    """Move a notification over, or put its tombstone back where it is missing.

    `told` is asked when the old command can tell nobody any more. Raises LeaseHeld, with nothing
    changed, when somebody runs it.
    """
    with translated(), connection.transaction():
        row = SQL["move"].first(
            connection,
            notification=notification,
            effective_from=effective_from,
            person=person,
        )
        if row is None:
            raise _held(connection, notification)
        if row[0] is None:
            return Moved(is_new=False)
        imported = _record(connection, notification, told())
        SQL["count_imported"].run(connection, id=row[0], imported=imported)
        return Moved(is_new=True, imported=imported)


def move_back(connection: Connection, *, notification: str, person: str) -> None:
    """Give a notification back to the web application. The ledger stays as it is.

    Raises UnlawfulCutover when it is not ours, LeaseHeld when somebody runs it.
    """
    with translated(), connection.transaction():
        # A statement of its own: the next one must see what was done while we waited here.
        require_moved(connection, notification)
        values = {"notification": notification, "person": person}
        if SQL["move_back"].first(connection, **values) is None:
            raise _held(connection, notification)


def require_moved(connection: Connection, notification: str) -> None:
    """Raises UnlawfulCutover where a notification is not ours by a cutover; holds it, if it is."""
    if SQL["hold"].first(connection, notification=notification) is None:
        raise UnlawfulCutover(
            f"{notification} has not moved over, so there is nothing to take back: `m2s cutover`"
            " lists what has."
        )


def ours(connection: Connection, notification: str, ticks: Iterable[datetime]) -> set[datetime]:
    """Those of the ticks that are ours to decide."""
    rows = SQL["ours"].run(connection, notification=notification, ticks=list(ticks))
    return {tick for (tick,) in rows}


def whose(connection: Connection, *, notification: str, tick: datetime) -> Cutover | None:
    """None if an occurrence is ours to decide; if it is not, the cutover that says so."""
    with translated():
        if SQL["is_ours"].run(connection, notification=notification, tick=tick) == [(True,)]:
            return None
    return cutovers(connection)[notification]


def not_ours(notification: str, tick: datetime) -> NotOurs:
    """The fault of a run that finds its occurrence to be the web application's."""
    return NotOurs(
        f"{notification} at {tick:%Y-%m-%d %H:%M} UTC is the web application's: it moved over, or"
        " back, while this run worked. Nothing was recorded; `m2s cutover` says from when on it is"
        " ours."
    )


def _record(connection: Connection, notification: str, told: Iterable[Told]) -> int:
    """Record as sent whom the web application told; returns how many the ledger did not know."""
    recorded = 0
    for item in told:
        key = {"notification": notification, "period": item.period}
        found = SQL["import_occurrence"].first(connection, **key, tick=item.tick)
        assert found is not None
        values = {**key, "occurrence_id": found[0], "told_at": item.told_at}
        recorded += bool(
            SQL["import_delivery"].first(
                connection,
                **values,
                recipient_key=item.recipient_key,
                reason=item.reason,
            )
        )
        SQL["import_notice"].run(connection, **values, member_id=item.member_id)
    return recorded


def _held(connection: Connection, notification: str) -> LeaseHeld:
    held = holder(connection, notification)
    who = f"by {held.owner} until {held.until:%Y-%m-%d %H:%M:%S} UTC" if held else "until just now"
    return LeaseHeld(
        f"{notification} was held {who}: nothing was changed. Wait for that run to end (--wait"
        " SECONDS does), and say it again."
    )


def until_free(attempt: Callable[[], Answer], *, wait: timedelta) -> Answer:
    """Try again and again, while somebody runs the notification, for so long at most."""
    gives_up_at = time.monotonic() + wait.total_seconds()
    pause = threading.Event()
    while True:
        try:
            return attempt()
        except LeaseHeld:
            if time.monotonic() >= gives_up_at:
                raise
            pause.wait(1.0)
