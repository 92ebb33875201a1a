from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from psycopg.conninfo import make_conninfo

from m2s_orchestration import postgres
from m2s_orchestration.delivery import ledger
from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration.errors import (
    DatabaseFault,
    DatabaseUnreachable,
    MissingPermission,
    MissingTable,
    NotMigrated,
)
from m2s_orchestration.postgres import Connection, Database, Statement, translated
from m2s_orchestration_tests.eventually import eventually


@dataclass(frozen=True)
class Person:
    id: int
    name: str


@pytest.fixture(scope="module")
def club(postgres: EmbeddedPostgres, empty_club_template: str) -> Database:
    """A club's database without a ledger, shared by the tests of this module."""
    postgres.create_database("postgres_tests", template=empty_club_template)
    return Database(postgres.conninfo("postgres_tests"))


@pytest.fixture
def connection(club: Database) -> Iterator[Connection]:
    with club.connect("test") as connection:
        yield connection


def statement(text: str) -> Statement:
    return Statement(name="some", purpose="Some.", text=text)


def test_rows_come_as_what_they_are(connection: Connection) -> None:
    people = statement(
        "SELECT * FROM (VALUES (1, 'Jane'), (2, 'John')) AS p (id, name) WHERE id > %(least)s"
    )

    assert people.fetch(connection, Person, least=0) == [Person(1, "Jane"), Person(2, "John")]
    assert people.run(connection, least=1) == [(2, "John")]
    assert people.first(connection, least=0) == (1, "Jane")
    assert people.first(connection, least=2) is None


def test_a_statement_without_rows_returns_none(connection: Connection) -> None:
    assert statement("DELETE FROM cronjob_locks").run(connection) == []


def test_a_connection_is_known_by_its_purpose(club: Database) -> None:
    with club.connect("a purpose " + "x" * 100) as connection:
        row = connection.execute(
            "SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()"
        ).fetchone()

    assert row is not None
    assert row[0].startswith("m2s a purpose xxx")


def test_a_connection_is_closed_whatever_happens(club: Database) -> None:
    with pytest.raises(ZeroDivisionError), club.connect("test") as connection:
        raise ZeroDivisionError

    assert connection.closed


def test_the_options_of_the_address_are_kept_and_ours_win(club: Database) -> None:
    options = "-c search_path=elsewhere -c TimeZone=Asia/Tokyo -c synchronous_commit=off"
    database = Database(make_conninfo(club.conninfo, options=options))

    with database.connect("test") as connection:
        shown = [
            connection.execute(statement(f"SHOW {name}").text).fetchone()
            for name in ("search_path", "TimeZone", "synchronous_commit", "lock_timeout")
        ]

    assert shown == [("elsewhere",), ("UTC",), ("on",), ("15s",)]


def test_a_server_that_is_away() -> None:
    away = Database("postgresql://m2s:secret@127.0.0.1:1/club")

    with pytest.raises(DatabaseUnreachable) as caught, away.connect("test"):
        pytest.fail("there is no server at port 1")

    told = str(caught.value)
    assert "DATABASE_URL" in told
    assert "nothing is sent without it" in told
    assert "secret" not in told


@pytest.mark.parametrize("change", [{"password": "wrong"}, {"dbname": "none"}, {"user": "none"}])
def test_a_server_that_does_not_know_us(change: dict[str, str], club: Database) -> None:
    stranger = Database(make_conninfo(club.conninfo, **change))

    with pytest.raises(DatabaseUnreachable), stranger.connect("test"):
        pytest.fail("nobody let us in")


def test_a_server_that_ends_the_connection(club: Database, connection: Connection) -> None:
    with club.connect("short") as short:
        connection.execute("SELECT pg_terminate_backend(%s)", (short.info.backend_pid,))

        with pytest.raises(DatabaseUnreachable, match="terminat"), translated():
            short.execute("SELECT 1")
        with pytest.raises(DatabaseUnreachable, match="closed"), translated():
            short.execute("SELECT 1")


def test_a_row_that_somebody_holds_is_not_waited_for_for_ever(
    club: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(postgres.GUARDS, "lock_timeout", timedelta(milliseconds=50))
    with (
        club.connect("holder") as holder,
        club.connect("waiter") as waiter,
        holder.transaction(),
    ):
        holder.execute("LOCK TABLE cronjob_locks")

        with pytest.raises(DatabaseFault, match="lock timeout"), translated():
            waiter.execute("SELECT 1 FROM cronjob_locks")


def test_a_statement_that_takes_too_long_is_ended(
    club: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(postgres.GUARDS, "statement_timeout", timedelta(milliseconds=50))
    with (
        club.connect("slow") as slow,
        pytest.raises(DatabaseFault, match="statement timeout"),
        translated(),
    ):
        slow.execute("SELECT pg_sleep(30)")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1 FROM no_such_table",
        "SELECT no_such_column FROM members_member",
        "SELECT no_such_function()",
    ],
)
def test_a_database_that_is_no_clubs(text: str, connection: Connection) -> None:
    with pytest.raises(MissingTable, match="no_such") as caught, translated():
        statement(text).run(connection)

    assert "web application's database" in str(caught.value)


def test_a_club_without_a_ledger(connection: Connection) -> None:
    with pytest.raises(NotMigrated, match="m2s migrate"):
        ledger.find(connection, notification="x", tick=datetime(2026, 3, 2, 8, tzinfo=UTC))


def test_a_role_that_lacks_a_right(club: Database, connection: Connection) -> None:
    connection.execute("CREATE ROLE visitor LOGIN PASSWORD 'visitor'")
    visitor = Database(make_conninfo(club.conninfo, user="visitor", password="visitor"))

    with (
        visitor.connect("test") as visiting,
        pytest.raises(MissingPermission, match=r"members_member\. Grant it"),
        translated(),
    ):
        visiting.execute("SELECT 1 FROM members_member")


def test_a_transaction_that_idled_too_long_may_be_run_again(
    club: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        postgres.GUARDS, "idle_in_transaction_session_timeout", timedelta(milliseconds=50)
    )
    with club.connect("idle") as idle, club.connect("watcher") as watcher:
        idle.execute("BEGIN")
        eventually(lambda: not _is_there(watcher, idle.info.backend_pid))

        with (
            pytest.raises(DatabaseFault, match=r"idle-in-transaction timeout\. .* run again"),
            translated(),
        ):
            idle.execute("SELECT 1")


def test_a_server_without_a_connection_to_spare_is_said_to_be_full(
    club: Database, connection: Connection
) -> None:
    connection.execute("CREATE ROLE crowd LOGIN PASSWORD 'crowd' CONNECTION LIMIT 0")
    crowded = Database(make_conninfo(club.conninfo, user="crowd", password="crowd"))

    with (
        pytest.raises(DatabaseUnreachable, match=r"too many connections .* connections to spare"),
        crowded.connect("test"),
    ):
        pytest.fail("nobody let us in")


def test_what_the_server_refuses_for_its_own_reasons_names_a_remedy(connection: Connection) -> None:
    with pytest.raises(DatabaseFault, match=r"Nothing of it was done; .m2s doctor."), translated():
        connection.execute("DO $$ BEGIN RAISE internal_error USING MESSAGE = 'broken'; END $$")


def _is_there(connection: Connection, pid: int) -> bool:
    found = connection.execute("SELECT FROM pg_stat_activity WHERE pid = %s", (pid,))
    return bool(found.fetchall())
