from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest

from m2s_orchestration import postgres
from m2s_orchestration.delivery.lease import Lease
from m2s_orchestration.errors import LeaseLost
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.integration.delivery.conftest import NewLease
from m2s_orchestration_tests.integration.delivery.locks import (
    NOW,
    holder,
    last_event,
    move_end,
    somebody_waits_for_a_lock,
)
from m2s_orchestration_tests.integration.delivery.plans import NOTIFICATION
from m2s_orchestration_tests.web_application import POD, WebApplication


def test_a_loser_learns_of_it_at_the_fence_and_at_the_end(
    lease: Lease, connection: Connection
) -> None:
    WebApplication(connection, NOTIFICATION).overwrite()

    with pytest.raises(LeaseLost, match=lease.owner):
        lease.fence(connection)
    lease.release()

    told = last_event(connection)
    assert (told["event"], told["owner"], told["other"]) == ("lost", lease.owner, POD)
    assert holder(connection) == POD


def test_a_lease_whose_row_is_gone_is_lost(lease: Lease, connection: Connection) -> None:
    connection.execute("DELETE FROM cronjob_locks")

    with pytest.raises(LeaseLost):
        lease.fence(connection)
    lease.release()

    told = last_event(connection)
    assert (told["event"], told["other"], told["seconds"]) == ("lost", None, None)


def test_a_lease_past_its_term_is_lost_though_nobody_took_it(
    lease: Lease, connection: Connection
) -> None:
    move_end(connection, "-1 millisecond")

    with pytest.raises(LeaseLost):
        lease.fence(connection)


def test_a_fence_holds_the_lease_until_the_transaction_ends(
    new_lease: NewLease, lease: Lease, connection: Connection, database: Database
) -> None:
    with database.connect("deciding") as deciding, ThreadPoolExecutor(1) as pool:
        with deciding.transaction():
            lease.fence(deciding)
            move_end_later = pool.submit(_take_over_expired, database, new_lease())
            eventually(lambda: somebody_waits_for_a_lock(connection))
            assert not move_end_later.done()

        assert move_end_later.result() == "taken_over"


def _take_over_expired(database: Database, successor: Lease) -> str:
    with database.connect("clock") as connection:
        move_end(connection, "-1 second")
    return successor.acquire(wait=NOW)


def test_a_transaction_left_open_does_not_block_the_successor(
    new_lease: NewLease,
    lease: Lease,
    connection: Connection,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(
        postgres.GUARDS, "idle_in_transaction_session_timeout", timedelta(milliseconds=200)
    )
    with database.connect("paused") as paused:
        paused.execute("BEGIN")
        lease.fence(paused)

        assert _take_over_expired(database, new_lease()) == "taken_over"

        with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout):
            paused.execute("COMMIT")


def test_the_guards_are_in_force(connection: Connection) -> None:
    names = [*postgres.GUARDS, "TimeZone", "synchronous_commit"]
    found = [connection.execute(f"SHOW {name}").fetchone() for name in names]

    assert found == [("2min",), ("15s",), ("10s",), ("UTC",), ("on",)]
