from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from m2s_orchestration.delivery import ledger, migrate
from m2s_orchestration.delivery.lease import Lease
from m2s_orchestration.delivery.migrate import require_migrated, steps
from m2s_orchestration.errors import MissingPermission, NotMigrated
from m2s_orchestration.postgres import Database
from m2s_orchestration_tests.integration.delivery.plans import NOTIFICATION, TICK, mail, plan

TABLES = {
    "attempt",
    "cutover",
    "delivery",
    "lease_event",
    "migration",
    "notice",
    "occurrence",
    "trouble",
}


A_LEDGER_OF_BEFORE = """
INSERT INTO m2s_orchestration.occurrence (notification, tick, state, due_until)
VALUES ('notify_something', now(), 'decided', now());
INSERT INTO m2s_orchestration.delivery (occurrence_id, notification, period, recipient_key, sender,
    address, message_id, content, state, due_until)
SELECT id, notification, '2026-03-02', 'member:1', 'a', 'b', 'c', 'd', 'planned', now()
FROM m2s_orchestration.occurrence;
UPDATE m2s_orchestration.delivery SET state = 'sending', owner = 'me';
UPDATE m2s_orchestration.delivery SET state = 'sent', sent_at = now();
INSERT INTO m2s_orchestration.lease_event (notification, event, owner)
VALUES ('notify_something', 'acquired', 'me');
"""
WHAT_IS_IN_IT = """
SELECT occurrence::text, delivery::text, lease_event::text
FROM m2s_orchestration.occurrence, m2s_orchestration.delivery, m2s_orchestration.lease_event
"""


@pytest.fixture
def unmigrated(empty_club_database: str) -> Database:
    """A club's database that has no ledger."""
    return Database(empty_club_database)


@pytest.fixture
def guest(unmigrated: Database) -> Iterator[Database]:
    """The same database as a role sees it that owns nothing."""
    with psycopg.connect(unmigrated.conninfo, autocommit=True) as connection:
        connection.execute("CREATE ROLE guest LOGIN PASSWORD 'guest'")
        yield Database(make_conninfo(unmigrated.conninfo, user="guest", password="guest"))
        connection.execute("DROP OWNED BY guest")
        connection.execute("DROP ROLE guest")


def tables(database: Database) -> set[str]:
    with database.connect("look") as connection:
        rows = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'm2s_orchestration'"
        )
        return {name for (name,) in rows}


def recorded_steps(database: Database) -> list[str]:
    with database.connect("look") as connection:
        rows = connection.execute("SELECT name FROM m2s_orchestration.migration ORDER BY 1")
        return [name for (name,) in rows]


def test_it_makes_the_ledger_and_remembers_each_step(unmigrated: Database) -> None:
    assert migrate.migrate(unmigrated) == list(steps())

    assert tables(unmigrated) == TABLES
    assert recorded_steps(unmigrated) == list(steps())


def test_a_second_time_it_does_nothing(unmigrated: Database) -> None:
    migrate.migrate(unmigrated)

    assert migrate.migrate(unmigrated) == []


def test_several_at_once_take_each_step_once(unmigrated: Database) -> None:
    crowd = 4
    start = threading.Barrier(crowd)

    def together(_: int) -> list[str]:
        start.wait()
        return migrate.migrate(unmigrated)

    with ThreadPoolExecutor(crowd) as pool:
        answers = list(pool.map(together, range(crowd)))

    assert sorted(answers) == [[]] * (crowd - 1) + [list(steps())]
    assert recorded_steps(unmigrated) == list(steps())


def test_only_what_is_missing_is_taken(
    unmigrated: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate.migrate(unmigrated)
    more = steps() | {"9999_more": "CREATE TABLE m2s_orchestration.more (id bigint)"}
    monkeypatch.setattr(migrate, "steps", lambda: more)

    assert migrate.migrate(unmigrated) == ["9999_more"]
    assert tables(unmigrated) == TABLES | {"more"}


def test_a_ledger_with_rows_is_brought_forward_as_it_is(
    unmigrated: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *later = steps()
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "steps", lambda: {first: steps()[first]})
        migrate.migrate(unmigrated)
    with unmigrated.connect("test") as connection:
        connection.execute(A_LEDGER_OF_BEFORE)
        before = connection.execute(WHAT_IS_IN_IT).fetchall()

        assert migrate.migrate(unmigrated) == later

        assert connection.execute(WHAT_IS_IN_IT).fetchall() == before


def test_a_step_that_fails_leaves_nothing(
    unmigrated: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = steps() | {"9999_bad": "CREATE TABLE m2s_orchestration.more (id no_such_type)"}
    monkeypatch.setattr(migrate, "steps", lambda: bad)

    with pytest.raises(psycopg.errors.UndefinedObject):
        migrate.migrate(unmigrated)

    assert tables(unmigrated) == set()


def test_steps_are_taken_in_the_order_of_their_numbers() -> None:
    assert list(steps()) == sorted(steps())
    assert next(iter(steps())).startswith("0001_")


def test_without_it_there_is_no_run(unmigrated: Database) -> None:
    with (
        unmigrated.connect("test") as connection,
        pytest.raises(NotMigrated, match=r"0001_ledger.*m2s migrate"),
    ):
        require_migrated(connection)


def test_after_it_there_is(unmigrated: Database) -> None:
    migrate.migrate(unmigrated)

    with unmigrated.connect("test") as connection:
        require_migrated(connection)


def test_a_step_that_came_later_is_missed(
    unmigrated: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate.migrate(unmigrated)
    monkeypatch.setattr(migrate, "steps", lambda: steps() | {"9999_more": "SELECT 1"})

    with (
        unmigrated.connect("test") as connection,
        pytest.raises(NotMigrated, match=r"step\(s\) 9999_more:"),
    ):
        require_migrated(connection)


def test_whatever_touches_the_ledger_says_that_it_is_not_there(unmigrated: Database) -> None:
    lease = Lease(
        unmigrated, notification=NOTIFICATION, run_id="aaaa", deadline=timedelta(minutes=1)
    )

    with pytest.raises(NotMigrated, match="m2s migrate"):
        lease.acquire(wait=timedelta(0))
    with unmigrated.connect("test") as connection, pytest.raises(NotMigrated):
        ledger.find(connection, notification=NOTIFICATION, tick=TICK)


def test_a_role_without_the_right_is_told_so(guest: Database) -> None:
    with pytest.raises(MissingPermission, match="permission denied"):
        migrate.migrate(guest)


def test_a_role_that_may_only_look_is_told_so(unmigrated: Database, guest: Database) -> None:
    migrate.migrate(unmigrated)
    with unmigrated.connect("grant") as owner:
        owner.execute("GRANT USAGE ON SCHEMA m2s_orchestration TO guest")
        owner.execute("GRANT SELECT ON ALL TABLES IN SCHEMA m2s_orchestration TO guest")
        owner.execute("GRANT SELECT, UPDATE ON cronjob_locks TO guest")

    lease = Lease(guest, notification=NOTIFICATION, run_id="aaaa", deadline=timedelta(minutes=1))
    with pytest.raises(MissingPermission, match="permission denied for table"):
        lease.acquire(wait=timedelta(0))
    lease.is_forced = True
    with guest.connect("test") as connection:
        require_migrated(connection)
        with pytest.raises(MissingPermission, match="occurrence"):
            ledger.record(connection, lease, plan(mail()))


def test_a_role_that_may_not_even_look_is_told_so(unmigrated: Database, guest: Database) -> None:
    migrate.migrate(unmigrated)

    with guest.connect("test") as connection, pytest.raises(MissingPermission):
        require_migrated(connection)


def test_it_leaves_the_clubs_own_tables_as_they_are(unmigrated: Database) -> None:
    before = _columns(unmigrated)
    migrate.migrate(unmigrated)

    assert _columns(unmigrated) == before


def _columns(database: Database) -> list[tuple[object, ...]]:
    with database.connect("look") as connection:
        return connection.execute(
            "SELECT table_name, column_name, data_type, is_nullable, column_default"
            " FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2"
        ).fetchall()
