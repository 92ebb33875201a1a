from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from typing import Any

import psycopg
import pytest

from m2s_orchestration import postgres
from m2s_orchestration.delivery.lease import Lease, clear, leases, owner_token
from m2s_orchestration.errors import DatabaseUnreachable, LeaseHeld, LeaseLost
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.integration.delivery.conftest import NewLease
from m2s_orchestration_tests.integration.delivery.plans import NOTIFICATION

NOW = timedelta(0)
A_WHILE = timedelta(seconds=10)
POD = "notify-something-29012345-abcde-1"


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


def somebody_waits_for_a_lock(connection: Connection) -> bool:
    row = connection.execute(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    ).fetchone()
    assert row is not None
    return bool(row[0])


class Django:
    """The web application's lock, statement by statement, by a pod's clock that may be wrong."""

    LIFETIME = timedelta(minutes=15)

    def __init__(self, connection: Connection, owner: str = POD, ahead: timedelta = NOW) -> None:
        self.connection = connection
        self.owner = owner
        self.ahead = ahead

    def insert(self) -> bool:
        try:
            with self.connection.transaction():
                self.connection.execute(
                    "INSERT INTO cronjob_locks (job_name, locked_by, locked_at, expires_at)"
                    " VALUES (%s, %s, now() + %s, now() + %s)",
                    (NOTIFICATION, self.owner, self.ahead, self.ahead + self.LIFETIME),
                )
        except psycopg.errors.UniqueViolation:
            return False
        return True

    def is_expired(self) -> bool:
        with self.connection.transaction():
            row = self.connection.execute(
                "SELECT expires_at < now() + %s FROM cronjob_locks"
                " WHERE job_name = %s FOR UPDATE NOWAIT",
                (self.ahead, NOTIFICATION),
            ).fetchone()
        assert row is not None
        return bool(row[0])

    def overwrite(self) -> None:
        self.connection.execute(
            "UPDATE cronjob_locks SET locked_by = %s, locked_at = now() + %s, expires_at = now() + %s"
            " WHERE job_name = %s",
            (self.owner, self.ahead, self.ahead + self.LIFETIME, NOTIFICATION),
        )

    def clean_up(self) -> int:
        return self.connection.execute(
            "DELETE FROM cronjob_locks WHERE expires_at < now() + %s", (self.ahead,)
        ).rowcount

    def delete(self) -> int:
        return self.connection.execute(
            "DELETE FROM cronjob_locks WHERE job_name = %s AND locked_by = %s",
            (NOTIFICATION, self.owner),
        ).rowcount


def test_one_holds_it_and_the_other_is_told_who(new_lease: NewLease, connection: Connection) -> None:
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


def test_whoever_was_refused_releases_nothing(
    new_lease: NewLease, connection: Connection
) -> None:
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
        Django(connection).insert()
        move_end(connection, "-1 second")
        contenders = [new_lease() for _ in range(crowd)]
        start = threading.Barrier(crowd)

        with ThreadPoolExecutor(crowd) as pool:
            answers = list(pool.map(lambda one: _attempt(one, start), contenders))

        assert sorted(answers) == ["held"] * (crowd - 1) + ["taken_over"]
        winner = contenders[answers.index("taken_over")]
        assert holder(connection) == winner.owner
        winner.release()


def _attempt(lease: Lease, start: threading.Barrier) -> str:
    start.wait()
    try:
        return lease.acquire(wait=NOW)
    except LeaseHeld:
        return "held"


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


def test_a_loser_learns_of_it_at_the_fence_and_at_the_end(
    lease: Lease, connection: Connection
) -> None:
    Django(connection).overwrite()

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
    Django(connection).overwrite()
    ends = _end(connection)

    eventually(lambda: lease._heart is not None and not lease._heart.is_alive())

    assert _end(connection) == ends


def test_the_heartbeat_outlives_a_lost_connection(
    new_lease: NewLease, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = new_lease(term=timedelta(seconds=0.6))
    lease.acquire(wait=NOW)
    really = Database.open
    failures = count(1)

    def fails_at_first(database: Database, purpose: str) -> Connection:
        if next(failures) <= 2:
            raise psycopg.OperationalError("the server is away")
        return really(database, purpose)

    monkeypatch.setattr(Database, "open", fails_at_first)
    eventually(lambda: next(failures) > 3)
    ends = _end(connection)

    assert eventually(lambda: _end(connection) > ends)


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


def test_the_web_application_is_kept_out(lease: Lease, connection: Connection) -> None:
    django = Django(connection)
    django.clean_up()

    assert not django.insert()
    assert not django.is_expired()
    assert django.delete() == 0
    lease.fence(connection)


def test_the_web_application_keeps_us_out(new_lease: NewLease, connection: Connection) -> None:
    django = Django(connection)
    assert django.insert()

    with pytest.raises(LeaseHeld, match=POD):
        new_lease().acquire(wait=NOW)

    assert django.delete() == 1
    assert new_lease().acquire(wait=NOW) == "acquired"


def test_what_a_dead_pod_left_is_taken_over(new_lease: NewLease, connection: Connection) -> None:
    django = Django(connection, owner="x" * 100, ahead=timedelta(minutes=-20))
    django.insert()

    assert new_lease().acquire(wait=NOW) == "taken_over"
    assert last_event(connection)["other"] == "x" * 100
    assert django.delete() == 0


def test_what_our_dead_run_left_is_taken_over_by_the_web_application(
    lease: Lease, connection: Connection
) -> None:
    move_end(connection, "-1 second")
    django = Django(connection)

    assert not django.insert()
    assert django.is_expired()
    django.overwrite()

    with pytest.raises(LeaseLost):
        lease.fence(connection)


def test_a_pod_whose_clock_is_ahead_takes_our_row_and_we_notice(
    lease: Lease, connection: Connection
) -> None:
    django = Django(connection, ahead=timedelta(minutes=2))

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
            theirs = pool.submit(_insert_at, start, Django(other).insert)
            answer = pool.submit(_attempt, ours, start).result()

            assert theirs.result() is (answer == "held")
        connection.execute("DELETE FROM cronjob_locks")
        ours._held = False


def _insert_at(start: threading.Barrier, insert: Callable[[], bool]) -> bool:
    start.wait()
    return insert()


def test_leases_are_listed_the_web_applications_too(
    new_lease: NewLease, database: Database, connection: Connection
) -> None:
    Django(connection, ahead=timedelta(minutes=-20)).insert()
    ours = new_lease(notification="another")
    ours.acquire(wait=NOW)

    first, second = leases(database)

    assert (first.notification, first.owner, first.is_live) == (NOTIFICATION, POD, False)
    assert (second.notification, second.owner, second.is_live) == ("another", ours.owner, True)


def test_a_row_without_end_is_a_lease_like_any_other(
    new_lease: NewLease, database: Database, connection: Connection
) -> None:
    Django(connection, owner="moved-elsewhere").insert()
    connection.execute("UPDATE cronjob_locks SET expires_at = 'infinity'")

    with pytest.raises(LeaseHeld, match="moved-elsewhere"):
        new_lease().acquire(wait=NOW)

    assert [one.is_live for one in leases(database)] == [True]


def test_a_person_clears_a_lease_past_its_term(
    new_lease: NewLease, database: Database, connection: Connection
) -> None:
    Django(connection, ahead=timedelta(minutes=-20)).insert()

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
