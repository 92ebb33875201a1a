"""How the club's mail stands, by the ledger of a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from m2s_orchestration.monitoring.health import health, untold
from m2s_orchestration.postgres import Connection, Database

AGING, DIGEST = "notify_aging_logsheets", "send_maintenance_digest"
FIRST_OF_MARCH = datetime(2026, 3, 1, 0, 30, tzinfo=UTC)
DAY = timedelta(days=1)

_numbers = count(1)


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.connect("test") as connection:
        # Rows as they are in the end, whatever they went through.
        connection.execute("SET session_replication_role = replica")
        yield connection


def occur(connection: Connection, notification: str, tick: datetime) -> int:
    row = connection.execute(
        "INSERT INTO m2s_orchestration.occurrence (notification, tick, state, due_until)"
        " VALUES (%s, %s, 'done', %s) RETURNING id",
        (notification, tick, tick + DAY),
    ).fetchone()
    assert row
    return int(row[0])


def deliver(
    connection: Connection,
    state: str,
    at: datetime,
    *,
    sent_at: datetime | None = None,
    due_until: datetime | None = None,
    occurrence: int | None = None,
) -> None:
    connection.execute(
        """
        INSERT INTO m2s_orchestration.delivery
            (occurrence_id, notification, period, recipient_key, sender, address, message_id,
             content, state, reason, owner, due_until, changed_at, sent_at)
        SELECT id, notification, 'period', %(number)s, 'a@b.example', 'c@d.example', %(number)s,
               'text', %(state)s, 'a reason', 'somebody', %(due_until)s, %(at)s, %(sent_at)s
        FROM m2s_orchestration.occurrence WHERE id = %(occurrence)s
        """,
        {
            "number": str(next(_numbers)),
            "state": state,
            "at": at,
            "sent_at": (sent_at or at) if state == "sent" else None,
            "due_until": due_until or at + DAY,
            "occurrence": occurrence or occur(connection, AGING, at - DAY * next(_numbers)),
        },
    )


def test_on_the_first_yesterdays_mail_is_of_the_day_and_not_of_the_month(
    connection: Connection,
) -> None:
    deliver(connection, "sent", FIRST_OF_MARCH - timedelta(hours=2))
    deliver(connection, "sent", FIRST_OF_MARCH - timedelta(minutes=10))
    deliver(connection, "sent", FIRST_OF_MARCH - DAY * 2)

    found = health(connection, FIRST_OF_MARCH)

    assert (found.sent, found.sent_this_month) == (2, 1)


def test_within_the_month_it_is_the_other_way_round(connection: Connection) -> None:
    now = FIRST_OF_MARCH + DAY * 20
    deliver(connection, "sent", now - timedelta(hours=2))
    deliver(connection, "sent", now - DAY * 5)
    deliver(connection, "sent", FIRST_OF_MARCH - DAY)

    found = health(connection, now)

    assert (found.sent, found.sent_this_month) == (1, 2)


def test_what_was_imported_today_was_not_sent_today(connection: Connection) -> None:
    deliver(connection, "sent", FIRST_OF_MARCH, sent_at=FIRST_OF_MARCH - DAY * 40)

    found = health(connection, FIRST_OF_MARCH)

    assert (found.sent, found.sent_this_month) == (0, 0)


def test_what_is_open_counts_however_old_and_what_is_given_up_for_a_day(
    connection: Connection,
) -> None:
    now = FIRST_OF_MARCH
    for at in (now - DAY * 100, now - timedelta(hours=1)):
        for state in ("unknown", "planned", "retry", "sending", "failed", "expired", "skipped"):
            deliver(connection, state, at)

    found = health(connection, now)

    assert (found.unknown, found.waiting, found.overdue) == (2, 6, 3)
    assert (found.refused, found.expired) == (1, 1)


def test_untold_are_those_of_the_latest_occurrence_that_told_anybody(
    connection: Connection,
) -> None:
    before = occur(connection, AGING, FIRST_OF_MARCH - DAY * 2)
    latest = occur(connection, AGING, FIRST_OF_MARCH - DAY)
    occur(connection, AGING, FIRST_OF_MARCH)
    deliver(connection, "failed", FIRST_OF_MARCH, occurrence=before)
    for state in ("sent", "skipped", "failed", "unknown", "retry"):
        deliver(connection, state, FIRST_OF_MARCH, occurrence=latest)

    assert untold(connection, (AGING, DIGEST)) == {AGING: 3, DIGEST: 0}
