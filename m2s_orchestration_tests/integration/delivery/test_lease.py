from __future__ import annotations

import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from m2s_orchestration.delivery.lease import Lease, clear, leases, owner_token
from m2s_orchestration.errors import DatabaseUnreachable, LeaseHeld, LeaseLost
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.integration.delivery.conftest import NewLease
from m2s_orchestration_tests.integration.delivery.locks import (
    NOW,
    attempt,
    events,
    holder,
    last_event,
    move_end,
    somebody_waits_for_a_lock,
)
from m2s_orchestration_tests.integration.delivery.lossy_road import LossyRoad
from m2s_orchestration_tests.integration.delivery.plans import NOTIFICATION
from m2s_orchestration_tests.web_application import POD, WebApplication

A_WHILE = timedelta(seconds=10)


def test_one_holds_it_and_the_other_is_told_who(
    new_lease: NewLease, connection: Connection
) -> None:
    first, second = new_lease(), new_lease()

    assert first.acquire(wait=NOW) == "acquired"
    with pytest.raises(LeaseHeld, match=first.owner):
        second.acquire(wait=NOW)

    assert holder(connection) == first.owner
    assert events(connection) == ["acquired", "contended"]
    told = last_event(connection)
    assert (told["owner"], told["other"]) == (second.owner, first.owner)
    assert 0 < told["seconds"] <= 60


def test_leases_of_two_notifications_are_apart(new_lease: NewLease, lease: Lease) -> None:
    assert new_lease(notification="another").acquire(wait=NOW) == "acquired"


def test_a_released_lease_is_free(new_lease: NewLease, connection: Connection) -> None:
    first, second = new_lease("aaaa"), new_lease("bbbb")
    first.acquire(wait=NOW)

    first.release()

    told = last_event(connection)
    assert (told["event"], told["owner"], told["run_id"]) == ("released", first.owner, "aaaa")
    assert 0 <= told["seconds"] < 10
    assert second.acquire(wait=NOW) == "acquired"


def test_releasing_twice_is_harmless(lease: Lease, connection: Connection) -> None:
    lease.release()
    lease.release()

    assert events(connection) == ["acquired", "released"]


def test_whoever_waits_gets_it_when_it_is_released(
    new_lease: NewLease, connection: Connection
) -> None:
    first, second = new_lease(), new_lease()
    first.acquire(wait=NOW)

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(second.acquire, wait=A_WHILE)
        eventually(lambda: "contended" in events(connection))
        first.release()

        assert waiting.result() == "acquired"
    assert events(connection) == ["acquired", "contended", "released", "acquired"]


def test_whoever_was_refused_releases_nothing(new_lease: NewLease, connection: Connection) -> None:
    first, second = new_lease(), new_lease()
    first.acquire(wait=NOW)
    with pytest.raises(LeaseHeld):
        second.acquire(wait=NOW)

    second.release()

    assert holder(connection) == first.owner
    assert "released" not in events(connection)


def test_a_dead_holders_lease_is_taken_over(new_lease: NewLease, connection: Connection) -> None:
    dead, living = new_lease(), new_lease()
    dead.acquire(wait=NOW)
    move_end(connection, "-5 seconds")

    assert living.acquire(wait=NOW) == "taken_over"

    told = last_event(connection)
    assert (told["event"], told["owner"], told["other"]) == ("taken_over", living.owner, dead.owner)
    assert 5 <= told["seconds"] < 15
    assert holder(connection) == living.owner


def test_an_expired_lease_is_taken_over_by_exactly_one(
    new_lease: NewLease, connection: Connection
) -> None:
    crowd = 12
    for _ in range(5):
        WebApplication(connection, NOTIFICATION).insert()
        move_end(connection, "-1 second")
        contenders = [new_lease() for _ in range(crowd)]

        answers = _compete(contenders)

        assert sorted(answers) == ["held"] * (crowd - 1) + ["taken_over"]
        winner = contenders[answers.index("taken_over")]
        assert holder(connection) == winner.owner
        winner.release()


def _compete(contenders: list[Lease]) -> list[str]:
    """What each of them got, all beginning at once."""
    start = threading.Barrier(len(contenders))
    with ThreadPoolExecutor(len(contenders)) as pool:
        return list(pool.map(lambda one: attempt(one, start), contenders))


def test_a_lease_released_at_that_moment_is_acquired_and_not_taken_over(
    new_lease: NewLease, lease: Lease, connection: Connection, database: Database
) -> None:
    with database.connect("releasing") as releasing, ThreadPoolExecutor(1) as pool:
        with releasing.transaction():
            releasing.execute("DELETE FROM cronjob_locks")
            coming = pool.submit(new_lease().acquire, wait=NOW)
            eventually(lambda: somebody_waits_for_a_lock(connection))

        assert coming.result() == "acquired"
    told = last_event(connection)
    assert (told["event"], told["other"], told["seconds"]) == ("acquired", None, None)


def test_a_forced_run_goes_on_beside_the_holder(
    new_lease: NewLease, lease: Lease, connection: Connection
) -> None:
    forced = new_lease()

    assert forced.acquire(wait=A_WHILE, force=True) == "forced"

    assert forced.is_forced
    forced.fence(connection)
    told = last_event(connection)
    assert (told["event"], told["owner"], told["other"]) == ("forced", forced.owner, lease.owner)
    forced.release()
    assert holder(connection) == lease.owner


def test_a_forced_run_takes_the_lease_if_it_is_free(
    new_lease: NewLease, connection: Connection
) -> None:
    forced = new_lease()

    assert forced.acquire(wait=NOW, force=True) == "acquired"

    assert not forced.is_forced
    assert holder(connection) == forced.owner


def test_leases_are_listed_the_web_applications_too(
    new_lease: NewLease, database: Database, connection: Connection
) -> None:
    WebApplication(connection, NOTIFICATION, ahead=timedelta(minutes=-20)).insert()
    ours = new_lease(notification="another")
    ours.acquire(wait=NOW)

    first, second = leases(database)

    assert (first.notification, first.owner, first.is_live) == (NOTIFICATION, POD, False)
    assert (second.notification, second.owner, second.is_live) == ("another", ours.owner, True)


def test_a_row_without_end_is_a_lease_like_any_other(
    new_lease: NewLease, database: Database, connection: Connection
) -> None:
    WebApplication(connection, NOTIFICATION, owner="moved-elsewhere").insert()
    connection.execute("UPDATE cronjob_locks SET expires_at = 'infinity'")

    with pytest.raises(LeaseHeld, match="moved-elsewhere"):
        new_lease().acquire(wait=NOW)

    assert [one.is_live for one in leases(database)] == [True]


def test_a_person_clears_a_lease_past_its_term(
    new_lease: NewLease, database: Database, connection: Connection
) -> None:
    WebApplication(connection, NOTIFICATION, ahead=timedelta(minutes=-20)).insert()

    assert clear(database, notification=NOTIFICATION, person="Jane", force=False) == POD

    told = last_event(connection)
    assert (told["event"], told["owner"], told["other"]) == ("cleared", "Jane", POD)
    assert told["seconds"] > 19 * 60
    assert holder(connection) is None


def test_a_person_clears_a_living_lease_only_by_force(
    lease: Lease, database: Database, connection: Connection
) -> None:
    assert clear(database, notification=NOTIFICATION, person="Jane", force=False) is None
    lease.fence(connection)

    assert clear(database, notification=NOTIFICATION, person="Jane", force=True) == lease.owner
    with pytest.raises(LeaseLost):
        lease.fence(connection)


def test_owners_fit_their_column_and_are_never_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "a-pod-with-a-very-long-name-" * 20)

    owners = {owner_token("0123456789abcdef") for _ in range(200)}

    assert len(owners) == 200
    assert {len(owner) for owner in owners} == {100}
    assert all(f"-{os.getpid()}-01234567-" in owner for owner in owners)


def test_a_long_hostname_can_hold_a_lease(
    new_lease: NewLease, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "ü" * 300)
    lease = new_lease()

    assert lease.acquire(wait=NOW) == "acquired"
    lease.fence(connection)


def test_without_the_database_there_is_no_lease() -> None:
    away = Database("postgresql://m2s@127.0.0.1:1/nowhere")
    lease = Lease(away, notification=NOTIFICATION, run_id="aaaa", deadline=A_WHILE)

    with pytest.raises(DatabaseUnreachable):
        lease.acquire(wait=NOW)

    lease.release()


def test_a_lease_whose_answer_was_lost_is_given_back(
    database: Database, connection: Connection
) -> None:
    with LossyRoad(database, mark=b"INSERT INTO cronjob_locks") as road:
        lease = Lease(
            road.database, notification=NOTIFICATION, run_id="aaaa", deadline=timedelta(minutes=1)
        )
        with pytest.raises(DatabaseUnreachable):
            lease.acquire(wait=NOW)
        assert holder(connection) == lease.owner

        lease.release()

    assert holder(connection) is None
    assert events(connection) == ["acquired", "released"]


def test_it_is_given_back_by_a_thread_that_was_there_before_it_was_taken(
    new_lease: NewLease, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is only started then may be left half started, and its process never ends."""
    others = _threads_of_leases()  # that earlier tests never gave back
    lease = new_lease()
    lease.acquire(wait=NOW)
    start = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        start(thread)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", interrupted)
        lease.release()

    assert holder(connection) is None
    eventually(lambda: _threads_of_leases() <= others)


def test_a_heartbeat_whose_start_was_interrupted_keeps_nobody_from_giving_back(
    new_lease: NewLease, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = new_lease()
    start = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        if thread.name == "lease heartbeat":
            raise KeyboardInterrupt
        start(thread)

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", interrupted)
        with pytest.raises(KeyboardInterrupt):
            lease.acquire(wait=NOW)
    assert holder(connection) == lease.owner
    lease.release()

    assert holder(connection) is None


def test_a_lease_that_was_asked_for_in_vain_is_not_noted_as_lost(
    database: Database, connection: Connection
) -> None:
    with LossyRoad(database, mark=b"INSERT INTO cronjob_locks", before=True) as road:
        lease = Lease(
            road.database, notification=NOTIFICATION, run_id="aaaa", deadline=timedelta(minutes=1)
        )
        with pytest.raises(DatabaseUnreachable):
            lease.acquire(wait=NOW)

        lease.release()

    assert events(connection) == []


def _threads_of_leases() -> set[threading.Thread]:
    return {one for one in threading.enumerate() if one.name.startswith("lease")}
