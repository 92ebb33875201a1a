from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.integration.delivery.conftest import NewLease
from m2s_orchestration_tests.integration.delivery.locks import (
    NOW,
)
from m2s_orchestration_tests.integration.delivery.plans import NOTIFICATION
from m2s_orchestration_tests.web_application import WebApplication

A_WHILE = timedelta(seconds=10)


def test_the_heartbeat_renews_it(new_lease: NewLease, connection: Connection) -> None:
    lease = new_lease(term=timedelta(seconds=0.6))
    lease.acquire(wait=NOW)
    ends = _end(connection)

    eventually(lambda: _end(connection) > ends + timedelta(seconds=1))

    lease.fence(connection)


def _end(connection: Connection) -> Any:
    row = connection.execute("SELECT expires_at FROM cronjob_locks").fetchone()
    assert row is not None
    return row[0]


def test_the_heartbeat_stops_at_the_deadline(new_lease: NewLease, connection: Connection) -> None:
    overdue = new_lease(term=timedelta(seconds=0.3), deadline=timedelta(seconds=0.5))
    overdue.acquire(wait=NOW)

    eventually(lambda: overdue.is_past_deadline)

    assert new_lease().acquire(wait=A_WHILE) == "taken_over"


def test_the_heartbeat_leaves_a_row_alone_that_is_somebody_elses(
    new_lease: NewLease, connection: Connection
) -> None:
    lease = new_lease(term=timedelta(seconds=0.3))
    lease.acquire(wait=NOW)
    WebApplication(connection, NOTIFICATION).overwrite()
    ends = _end(connection)

    eventually(lambda: lease._heart is not None and not lease._heart.is_alive())

    assert _end(connection) == ends


def test_the_heartbeat_outlives_a_lost_connection(
    new_lease: NewLease, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = new_lease(term=timedelta(seconds=0.6))
    lease.acquire(wait=NOW)
    really = Database.open
    failures: list[str] = []

    def fails_at_first(database: Database, purpose: str) -> Connection:
        if len(failures) < 2:
            failures.append(purpose)
            raise psycopg.OperationalError("the server is away")
        return really(database, purpose)

    monkeypatch.setattr(Database, "open", fails_at_first)
    eventually(lambda: len(failures) == 2)
    ends = _end(connection)

    assert eventually(lambda: _end(connection) > ends)
