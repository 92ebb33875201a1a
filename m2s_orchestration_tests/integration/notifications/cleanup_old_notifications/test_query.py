"""Which notices are old, and that those are deleted that still are."""

from __future__ import annotations

from m2s_orchestration.framework.occurrence import parse_moment
from m2s_orchestration.notifications.cleanup_old_notifications import notification
from m2s_orchestration.notifications.cleanup_old_notifications.rows import Batch
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration_tests.integration.notifications.runs import begun
from m2s_orchestration_tests.integration.rows import add_member, insert

AS_OF = "2026-02-28T23:59:00Z"
MANY = """
INSERT INTO notifications_notification (user_id, message, created_at, read, dismissed)
SELECT %s, 'old', '2025-01-01Z', true, true FROM generate_series(1, 2000)
"""
LEFT = "SELECT count(*) FROM notifications_notification WHERE created_at < '2025-12-30T23:59Z'"


def batches(connection: Connection, days: int = 60) -> list[Batch]:
    return notification.queries["batches"].fetch(
        connection, Batch, as_of=parse_moment(AS_OF), days=days
    )


def notice(connection: Connection, member_id: int, created_at: str, **values: object) -> int:
    row = {"user_id": member_id, "created_at": created_at, **values}
    return insert(connection, "notifications_notification", **row)


def test_a_notice_is_old_when_it_is_older_than_the_days_to_the_second(
    connection: Connection,
) -> None:
    ann = add_member(connection)
    old = notice(connection, ann, "2025-12-30T23:58:59.999999Z")
    notice(connection, ann, "2025-12-30T23:59:00Z")
    assert batches(connection) == [Batch(old, old, 1)]
    assert batches(connection, days=61) == []


def test_it_does_not_matter_whether_it_was_read_or_dismissed(connection: Connection) -> None:
    ann = add_member(connection)
    for read in (True, False):
        for dismissed in (True, False):
            notice(connection, ann, "2025-01-01T00:00:00Z", read=read, dismissed=dismissed)
    assert [batch.number for batch in batches(connection)] == [4]


def test_a_batch_has_a_thousand(connection: Connection) -> None:
    ann = add_member(connection)
    notice(connection, ann, "2026-02-01T00:00:00Z")
    connection.execute(MANY, (ann,))
    notice(connection, ann, "2025-01-01T00:00:00Z")
    assert [batch.number for batch in batches(connection)] == [1000, 1000, 1]


def test_all_that_is_old_goes_and_what_was_refreshed_meanwhile_stays(database: Database) -> None:
    with database.connect("web application") as club:
        club.execute(MANY, (1,))
        kept = notice(club, 1, "2025-01-01T00:00:00Z")
        with begun(notification, database, AS_OF) as run:
            found = run.evaluation.decision.found["old_notices"]
            club.execute(
                "UPDATE notifications_notification SET created_at = now() WHERE id = %s", (kept,)
            )
            recorded = run.commit()
        assert found > 2001
        assert (recorded.planned, recorded.changes) == (0, 3)
        assert club.execute(LEFT).fetchone() == (0,)
        statement = "SELECT count(*) FROM notifications_notification WHERE id = %s"
        assert club.execute(statement, (kept,)).fetchone() == (1,)
