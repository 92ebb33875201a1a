"""Which logsheets and notices are looked at, and which notices are dismissed."""

from __future__ import annotations

from datetime import date

from m2s_orchestration.notifications.notify_aging_logsheets import notification
from m2s_orchestration.notifications.notify_aging_logsheets.rows import Logsheet, OpenNotice
from m2s_orchestration.postgres import Connection, statements
from m2s_orchestration_tests.integration.rows import add_airfield, add_member, insert

NOTICES = "SELECT id FROM notifications_notification WHERE dismissed ORDER BY id"


def add_sheet(connection: Connection, log_date: str, **values: object) -> int:
    return insert(connection, "logsheet_logsheet", log_date=log_date, **values)


def add_notice(connection: Connection, user_id: int, **values: object) -> int:
    defaults: dict[str, object] = {"message": "2 Aging Logsheets", "url": "/logsheet/"}
    return insert(
        connection, "notifications_notification", user_id=user_id, **{**defaults, **values}
    )


def test_every_open_logsheet_is_read_with_its_people_oldest_first(connection: Connection) -> None:
    officer, creator = add_member(connection), add_member(connection)
    field = add_airfield(connection)
    where = {"airfield_id": field, "created_by_id": creator}
    new = add_sheet(connection, "2026-03-01", duty_officer_id=officer, **where)
    old = add_sheet(connection, "2023-06-11", **where)
    add_sheet(connection, "2026-02-01", finalized=True, **where)
    label = "KFRR \N{EN DASH} Front Royal"
    assert notification.queries["open_logsheets"].fetch(connection, Logsheet) == [
        Logsheet(old, date(2023, 6, 11), label, None, None, creator),
        Logsheet(new, date(2026, 3, 1), label, officer, None, creator),
    ]


def test_only_open_notices_of_aging_logsheets_are_seen_and_dismissed(
    connection: Connection,
) -> None:
    person, other = add_member(connection), add_member(connection)
    ours = [add_notice(connection, person), add_notice(connection, person)]
    add_notice(connection, other)
    add_notice(connection, person, url="/logsheet")
    add_notice(connection, person, url=None)
    add_notice(connection, person, message="Your logsheet is aging")
    before = add_notice(connection, person, dismissed=True)
    seen = notification.queries["open_notices"].fetch(connection, OpenNotice)
    assert seen == [OpenNotice(person), OpenNotice(other)]
    dismiss = statements(notification.package, "changes.sql")["dismiss_notices"]
    assert sorted(dismiss.run(connection, member_id=person)) == [(id,) for id in ours]
    assert dismiss.run(connection, member_id=person) == []
    assert connection.execute(NOTICES).fetchall() == [*[(id,) for id in ours], (before,)]


def test_every_notice_that_is_seen_can_be_dismissed(connection: Connection) -> None:
    person = add_member(connection)
    for text in ("1 aging logsheet", "You have 9 AGING LOGSHEET(s)", "Aging logsheets: 3"):
        add_notice(connection, person, message=text)
    dismiss = statements(notification.package, "changes.sql")["dismiss_notices"]
    assert len(dismiss.run(connection, member_id=person)) == 3
    assert not notification.queries["open_notices"].fetch(connection, OpenNotice)
