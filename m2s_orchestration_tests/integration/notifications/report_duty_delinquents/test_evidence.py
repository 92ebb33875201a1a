"""Whom the command before this job has told, as its notices prove it."""

from __future__ import annotations

from m2s_orchestration.framework.cutover import LONG_AGO, Trace
from m2s_orchestration.framework.occurrence import parse_moment
from m2s_orchestration.notifications.report_duty_delinquents import notification
from m2s_orchestration.postgres import Connection
from m2s_orchestration_tests.factories import club
from m2s_orchestration_tests.integration.rows import add_member, insert

DETAIL = "/duty_roster/duty-delinquents/detail/"


def test_a_notice_with_a_link_to_the_report_is_a_mail(connection: Connection) -> None:
    manager, other = add_member(connection), add_member(connection)
    for member_id, url in ((manager, DETAIL), (other, "/duty_roster/")):
        insert(
            connection,
            "notifications_notification",
            user_id=member_id,
            message="📊 19 members",
            url=url,
            created_at="2026-03-01T07:00:09Z",
        )

    rows = notification.evidence["evidence"].fetch(connection, Trace, since=LONG_AGO)

    assert [row.member_id for row in rows] == [manager]


def test_its_period_is_the_month_of_the_run() -> None:
    occurrence = notification.latest_occurrence(parse_moment("2026-03-01T07:00:09Z"))
    assert notification.replaces
    assert notification.replaces.period_of

    assert notification.replaces.period_of(occurrence, club()) == "2026-03"
    assert notification.replaces.period_of(occurrence, club(zone="America/Los_Angeles")) == (
        "2026-03"
    )
