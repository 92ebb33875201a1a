"""A request and its offers are closed if they still are what they were; only then is it told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from m2s_orchestration.notifications.expire_past_swap_requests import notification
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration_tests.integration.notifications.runs import begun

NIGHT = "2026-03-01T03:10:00Z"
STATES = """
SELECT status FROM duty_roster_dutyswapoffer WHERE swap_request_id = 1 ORDER BY id
"""
REQUEST = "UPDATE duty_roster_dutyswaprequest SET status = %s WHERE id = 1"
DELIVERIES = "SELECT recipient_key FROM m2s_orchestration.delivery ORDER BY recipient_key"


@pytest.fixture
def club(database: Database) -> Iterator[Connection]:
    """The web application's own connection."""
    with database.connect("web application") as connection:
        yield connection


def told(club: Connection) -> list[str]:
    return [key for (key,) in club.execute(DELIVERIES)]


def offers(club: Connection) -> list[str]:
    return [status for (status,) in club.execute(STATES)]


def status(club: Connection) -> str:
    found = club.execute("SELECT status FROM duty_roster_dutyswaprequest WHERE id = 1").fetchone()
    assert found is not None
    return str(found[0])


def test_the_demo_clubs_past_request_is_closed_and_three_people_hear(
    database: Database, club: Connection
) -> None:
    with begun(notification, database, NIGHT) as run:
        recorded = run.commit()
    assert (recorded.planned, recorded.changes) == (3, 3)
    assert told(club) == ["member:18", "member:21", "member:22"]
    assert status(club) == "expired"
    assert offers(club) == ["auto_declined", "auto_declined", "withdrawn"]


def test_if_somebody_was_quicker_nothing_changes_and_nobody_hears(
    database: Database, club: Connection
) -> None:
    with begun(notification, database, NIGHT) as run:
        club.execute(REQUEST, ("fulfilled",))
        recorded = run.commit()
    assert (recorded.planned, recorded.changes) == (0, 0)
    assert told(club) == []
    assert offers(club) == ["pending", "pending", "withdrawn"]


def test_an_offer_that_is_withdrawn_meanwhile_stays_so_and_its_maker_is_not_told(
    database: Database, club: Connection
) -> None:
    with begun(notification, database, NIGHT) as run:
        club.execute("UPDATE duty_roster_dutyswapoffer SET status = 'withdrawn' WHERE id = 1")
        run.commit()
    assert told(club) == ["member:18", "member:22"]
    assert offers(club) == ["withdrawn", "auto_declined", "withdrawn"]


def test_a_rehearsal_changes_nothing(database: Database, club: Connection) -> None:
    with begun(notification, database, NIGHT) as run:
        rehearsed = run.rehearse()
    assert (rehearsed.planned, rehearsed.changes) == (3, 3)
    assert status(club) == "open"


def test_a_second_night_finds_nothing(database: Database) -> None:
    for night, planned in ((NIGHT, 3), ("2026-03-02T03:10:00Z", 0)):
        with begun(notification, database, night) as run:
            assert run.commit().planned == planned
