from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from m2s_orchestration.delivery.lease import Lease
from m2s_orchestration.errors import LeaseHeld, LeaseLost
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration_tests.integration.delivery.conftest import NewLease
from m2s_orchestration_tests.integration.delivery.locks import (
    NOW,
    attempt,
    holder,
    last_event,
    move_end,
)
from m2s_orchestration_tests.integration.delivery.plans import NOTIFICATION
from m2s_orchestration_tests.web_application import POD, WebApplication


def test_the_web_application_is_kept_out(lease: Lease, connection: Connection) -> None:
    django = WebApplication(connection, NOTIFICATION)
    django.clean_up()

    assert not django.insert()
    looked = django.look()
    assert looked
    assert not looked.is_expired
    assert not django.ends()
    lease.fence(connection)


def test_the_web_application_keeps_us_out(new_lease: NewLease, connection: Connection) -> None:
    django = WebApplication(connection, NOTIFICATION)
    assert django.insert()

    with pytest.raises(LeaseHeld, match=POD):
        new_lease().acquire(wait=NOW)

    assert django.ends()
    assert new_lease().acquire(wait=NOW) == "acquired"


def test_what_a_dead_pod_left_is_taken_over(new_lease: NewLease, connection: Connection) -> None:
    django = WebApplication(connection, NOTIFICATION, owner="x" * 100, ahead=timedelta(minutes=-20))
    django.insert()

    assert new_lease().acquire(wait=NOW) == "taken_over"
    assert last_event(connection)["other"] == "x" * 100
    assert not django.ends()


def test_what_our_dead_run_left_is_taken_over_by_the_web_application(
    lease: Lease, connection: Connection
) -> None:
    move_end(connection, "-1 second")
    django = WebApplication(connection, NOTIFICATION)

    assert not django.insert()
    looked = django.look()
    assert looked
    assert looked.is_expired
    django.save(looked)

    with pytest.raises(LeaseLost):
        lease.fence(connection)


def test_a_pod_whose_clock_is_ahead_takes_our_row_and_we_notice(
    lease: Lease, connection: Connection
) -> None:
    django = WebApplication(connection, NOTIFICATION, ahead=timedelta(minutes=2))

    assert django.clean_up() == 1
    assert django.insert()

    with pytest.raises(LeaseLost):
        lease.fence(connection)
    lease.release()
    assert holder(connection) == POD


def test_both_begin_at_once_and_one_of_them_gets_it(
    new_lease: NewLease, connection: Connection, database: Database
) -> None:
    for _ in range(10):
        start = threading.Barrier(2)
        ours = new_lease()
        with database.connect("web application") as other, ThreadPoolExecutor(2) as pool:
            theirs = pool.submit(_insert_at, start, WebApplication(other, NOTIFICATION).insert)
            answer = pool.submit(attempt, ours, start).result()

            assert theirs.result() is (answer == "held")
        connection.execute("DELETE FROM cronjob_locks")
        ours._held = False


def _insert_at(start: threading.Barrier, insert: Callable[[], bool]) -> bool:
    start.wait()
    return insert()
