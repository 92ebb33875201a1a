"""Moves over and back that meet a run of ours in the middle of a statement."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from threading import Barrier

import pytest

from m2s_orchestration.delivery.cutover import SQL, cutovers, move, move_back
from m2s_orchestration.delivery.lease import SQL as LEASE
from m2s_orchestration.errors import LeaseHeld
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.integration.delivery.conftest import NewLease
from m2s_orchestration_tests.integration.delivery.locks import (
    NOW,
    attempt,
    holder,
    lapse,
    somebody_waits_for_a_lock,
)
from m2s_orchestration_tests.integration.delivery.plans import NOTIFICATION, TICK
from m2s_orchestration_tests.web_application import (
    OldCommand,
    WebApplication,
)

VALUES = {"notification": NOTIFICATION, "person": "Jane"}


@contextmanager
def moving_at_that_moment(database: Database, connection: Connection) -> Iterator[Connection]:
    """A move that is not committed before somebody waits for it."""
    with database.connect("moving") as other, other.transaction():
        assert SQL["move"].first(other, **VALUES, effective_from=TICK)
        yield other
        eventually(lambda: somebody_waits_for_a_lock(connection))


def moved(connection: Connection) -> None:
    move(
        connection,
        notification=NOTIFICATION,
        effective_from=TICK,
        person="Jane",
    )


def is_out_of_reach(connection: Connection) -> bool:
    row = connection.execute("SELECT expires_at FROM cronjob_locks").fetchone()
    assert row is not None
    end: datetime = row[0]
    return end.year > 2900


def test_a_lease_taken_while_it_moves_over_is_out_of_reach_as_well(
    new_lease: NewLease, connection: Connection, database: Database, pool: ThreadPoolExecutor
) -> None:
    """The statement began when nothing had moved, and waits for the row of one who moves it."""
    lease = new_lease()
    with moving_at_that_moment(database, connection):
        coming: Future[str] = pool.submit(lease.acquire, wait=NOW)

    assert coming.result() == "acquired"
    assert is_out_of_reach(connection)
    lapse(connection)
    assert not OldCommand(WebApplication(connection, NOTIFICATION)).run()


def test_a_lease_taken_while_it_goes_back_is_one_like_any_other(
    new_lease: NewLease, connection: Connection, database: Database, pool: ThreadPoolExecutor
) -> None:
    """Otherwise the row of one who dies with it would keep the old command out for ever."""
    moved(connection)
    lease = new_lease()
    with database.connect("moving back") as other, other.transaction():
        SQL["hold"].run(other, notification=NOTIFICATION)
        assert SQL["move_back"].first(other, **VALUES)
        coming = pool.submit(lease.acquire, wait=NOW)
        eventually(lambda: somebody_waits_for_a_lock(connection))

    assert coming.result() == "acquired"
    assert not is_out_of_reach(connection)
    lapse(connection)
    assert OldCommand(WebApplication(connection, NOTIFICATION)).run()


@pytest.mark.parametrize("row", ["there", "gone"])
def test_it_does_not_go_back_under_a_lease_that_is_being_taken(
    row: str,
    new_lease: NewLease,
    connection: Connection,
    database: Database,
    pool: ThreadPoolExecutor,
) -> None:
    moved(connection)
    if row == "gone":
        connection.execute("DELETE FROM cronjob_locks")
    lease = new_lease()
    with database.connect("acquiring") as other, other.transaction():
        assert LEASE["acquire"].first(other, **lease.identity, term=lease.term)
        going = pool.submit(_move_back, database)
        eventually(lambda: somebody_waits_for_a_lock(connection))

    with pytest.raises(LeaseHeld, match=lease.owner):
        going.result()
    assert cutovers(connection)[NOTIFICATION].is_ours
    lease.fence(connection)


def _move_back(database: Database) -> None:
    with database.connect("moving back") as connection:
        move_back(connection, notification=NOTIFICATION, person="Jane")


def test_of_several_who_move_it_at_once_one_does(
    connection: Connection, database: Database, pool: ThreadPoolExecutor
) -> None:
    crowd = 4
    start = Barrier(crowd)

    def together(_: int) -> bool:
        with database.connect("moving") as other:
            start.wait()
            return move(other, notification=NOTIFICATION, effective_from=TICK, person="Jane").is_new

    assert sorted(pool.map(together, range(crowd))) == [False] * (crowd - 1) + [True]
    assert holder(connection) == "moved-to-dagster"


def test_a_move_and_a_run_of_ours_at_once_never_both_have_it(
    new_lease: NewLease, connection: Connection, database: Database, pool: ThreadPoolExecutor
) -> None:
    """Either the run comes first and the move is refused, or the run takes the tombstone."""

    def move_at(start: Barrier) -> bool:
        with database.connect("moving") as other:
            start.wait()
            try:
                moved(other)
            except LeaseHeld:
                return False
        return True

    for _ in range(10):
        connection.execute("DELETE FROM m2s_orchestration.cutover")
        connection.execute("DELETE FROM cronjob_locks")
        start = Barrier(2)
        ours = new_lease()
        theirs = pool.submit(move_at, start)
        got = pool.submit(attempt, ours, start).result()

        assert got == "acquired"
        assert is_out_of_reach(connection) is theirs.result()
        ours.release()
