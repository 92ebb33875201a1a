"""The rights that docs/operations.md lists are enough for what runs do and doctor asks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import LiteralString, cast

import pytest
from psycopg.conninfo import make_conninfo

from m2s_orchestration.cli.doctor import SQL
from m2s_orchestration.delivery.cutover import Told, move, move_back
from m2s_orchestration.delivery.lease import Lease
from m2s_orchestration.framework.evaluation import read
from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.notifications import NOTIFICATIONS
from m2s_orchestration.postgres import Database
from m2s_orchestration.settings import Settings

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
NEXT_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture
def humble(database: Database) -> Iterator[Database]:
    """The same database, as a role that has the listed rights and no others."""
    text = OPERATIONS.read_text(encoding="utf-8")
    grants = re.search(r"^```sql\n(GRANT.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert grants
    with database.connect("owner") as owner:
        owner.execute("CREATE ROLE m2s_humble LOGIN PASSWORD 'humble'")
        owner.execute(cast(LiteralString, grants[1].replace("TO m2s;", "TO m2s_humble;")))
        try:
            yield Database(make_conninfo(database.conninfo, user="m2s_humble", password="humble"))
        finally:
            owner.execute("DROP OWNED BY m2s_humble")
            owner.execute("DROP ROLE m2s_humble")


def test_doctor_misses_no_right(humble: Database) -> None:
    with humble.connect("doctor") as connection:
        assert SQL["missing_rights"].run(connection) == []


def test_a_lease_can_be_had_and_given_back(humble: Database) -> None:
    lease = Lease(humble, notification="any", run_id="1", deadline=timedelta(minutes=1))

    assert lease.acquire(wait=timedelta(0)) == "acquired"
    lease.release()


def test_a_notification_can_be_moved_over_and_back(humble: Database) -> None:
    told = Told(
        tick=NEXT_YEAR,
        period="2027-01-01",
        recipient_key="member:1",
        member_id=1,
        told_at=NEXT_YEAR,
        reason="a notice",
    )
    with humble.connect("cutover") as connection:
        moved = move(
            connection,
            notification="any",
            effective_from=NEXT_YEAR,
            person="Jane",
            told=lambda: (told,),
        )
        assert moved.imported == 1
        lease = Lease(humble, notification="any", run_id="1", deadline=timedelta(minutes=1))
        lease.acquire(wait=timedelta(0))
        lease.release()
        move_back(connection, notification="any", person="Jane")


@pytest.mark.parametrize("notification", NOTIFICATIONS, ids=lambda item: item.name)
def test_every_notification_can_read_what_it_needs(
    humble: Database, notification: Notification
) -> None:
    settings = Settings.from_environment(
        {
            "DATABASE_URL": "postgresql://localhost/club",
            "EMAIL_HOST": "localhost",
            "SITE_URL": "https://www.example.org",
            "DEFAULT_FROM_EMAIL": "noreply@example.org",
        }
    )
    with humble.connect("query") as connection:
        reading = read(
            notification,
            connection,
            occurrence=notification.latest_occurrence(NEXT_YEAR),
            settings=settings,
            parameters=notification.parameters(),
        )

    assert reading.rows is not None
