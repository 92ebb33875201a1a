"""Whom the command before this job has told, as its notices prove it."""

from __future__ import annotations

from m2s_orchestration.framework.cutover import LONG_AGO, Trace
from m2s_orchestration.framework.occurrence import parse_moment
from m2s_orchestration.notifications.notify_late_sprs import notification
from m2s_orchestration.postgres import Connection
from m2s_orchestration_tests.factories import club
from m2s_orchestration_tests.integration.rows import add_member, insert

MONDAY = "2026-03-02T10:00:07Z"
NOTICE = "🚨 3 overdue Student Progress Report(s)"


def told(connection: Connection, since: str | None = None) -> list[int]:
    rows = notification.evidence["evidence"].fetch(
        connection, Trace, since=parse_moment(since) if since else LONG_AGO
    )
    return [row.member_id for row in rows]


def notice(connection: Connection, member_id: int, **values: object) -> None:
    defaults: dict[str, object] = {"message": NOTICE, "url": "/instructors/", "created_at": MONDAY}
    insert(connection, "notifications_notification", **{**defaults, **values, "user_id": member_id})


def test_a_notice_is_a_mail(connection: Connection) -> None:
    jane, jim = add_member(connection), add_member(connection)
    notice(connection, jane)
    notice(connection, jim, dismissed=True, read=True)

    assert told(connection) == [jane, jim]


def test_other_notices_prove_nothing(connection: Connection) -> None:
    jane = add_member(connection)
    notice(connection, jane, message="1 pending Student Progress Report(s) from 2026-03-01.")
    notice(connection, jane, url="/logsheet/")

    assert told(connection) == []


def test_nor_does_the_notice_of_somebody_without_an_address(connection: Connection) -> None:
    notice(connection, add_member(connection, email=" "))

    assert told(connection) == []


def test_only_what_came_after_the_last_way_back_is_the_old_commands(connection: Connection) -> None:
    jane = add_member(connection)
    notice(connection, jane)

    assert told(connection, since="2026-03-02T10:00:06Z") == [jane]
    assert told(connection, since="2026-03-02T10:00:08Z") == []


def test_its_period_is_that_of_the_run(connection: Connection) -> None:
    occurrence = notification.latest_occurrence(parse_moment(MONDAY))
    assert notification.replaces
    assert notification.replaces.period_of

    assert notification.replaces.period_of(occurrence, club()) == "2026-03-02"
