"""The rows of `cronjob_locks` and what happened to them."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

from m2s_orchestration.delivery.lease import Lease
from m2s_orchestration.errors import LeaseHeld
from m2s_orchestration.postgres import Connection

NOW = timedelta(0)


def events(connection: Connection) -> list[str]:
    rows = connection.execute("SELECT event FROM m2s_orchestration.lease_event ORDER BY id")
    return [event for (event,) in rows]


def last_event(connection: Connection) -> dict[str, Any]:
    row = connection.execute(
        "SELECT event, owner, other, seconds, run_id FROM m2s_orchestration.lease_event"
        " ORDER BY id DESC LIMIT 1"
    ).fetchone()
    assert row is not None
    return dict(zip(("event", "owner", "other", "seconds", "run_id"), row, strict=True))


def holder(connection: Connection) -> str | None:
    row = connection.execute("SELECT locked_by FROM cronjob_locks").fetchone()
    return row[0] if row else None


def move_end(connection: Connection, interval: str) -> None:
    """Let the lease end so long from now."""
    connection.execute(
        "UPDATE cronjob_locks SET expires_at = clock_timestamp() + %s::interval", (interval,)
    )


def lapse(connection: Connection) -> None:
    """Let the holder of the lease die and its term be over, whatever its row says to others."""
    connection.execute(
        "UPDATE cronjob_locks SET expires_at = clock_timestamp() - interval '1 second'"
        " + CASE WHEN m2s_orchestration.is_out_of_reach(expires_at)"
        " THEN m2s_orchestration.reach() ELSE interval '0' END"
    )


def somebody_waits_for_a_lock(connection: Connection) -> bool:
    row = connection.execute(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    ).fetchone()
    assert row is not None
    return bool(row[0])


def attempt(lease: Lease, start: threading.Barrier) -> str:
    start.wait()
    try:
        return lease.acquire(wait=NOW)
    except LeaseHeld:
        return "held"
