"""What is read of the flying days that an occurrence is about."""

from __future__ import annotations

from datetime import date, time
from typing import TypeVar

import pytest

from m2s_orchestration.notifications.send_duty_preop_emails import notification
from m2s_orchestration.notifications.send_duty_preop_emails.rows import (
    Address,
    Assignment,
    Deadline,
    GroundedAircraft,
    Intent,
    Lesson,
    Reservation,
    RoleRow,
)
from m2s_orchestration.postgres import Connection
from m2s_orchestration_tests.integration.rows import add_member, insert

Row = TypeVar("Row")
LABEL = "HM / N521HM / ASK-21"


def fetch(
    connection: Connection,
    name: str,
    row: type[Row],
    *,
    first: str = "2026-03-02",
    last: str = "2026-03-02",
    target: str = "",
) -> list[Row]:
    """The rows as an occurrence of these club dates finds them."""
    return notification.queries[name].fetch(
        connection,
        row,
        first_date=date.fromisoformat(first),
        club_date=date.fromisoformat(last),
        target_date=target,
    )


def add_day(connection: Connection, day: str = "2026-03-03", **values: object) -> int:
    return insert(
        connection, "duty_roster_dutyassignment", date=day, **{"is_scheduled": True, **values}
    )


def add_glider(connection: Connection, **values: object) -> int:
    defaults: dict[str, object] = {
        "competition_number": "hm", "n_number": "n521hm", "model": "ASK-21", "seats": 2,
        "is_active": True,
    }  # fmt: skip
    return insert(connection, "logsheet_glider", **{**defaults, **values})


def add_towplane(connection: Connection, **values: object) -> int:
    defaults: dict[str, object] = {"name": "Husky", "n_number": "N83HK", "is_active": True}
    return insert(connection, "logsheet_towplane", **{**defaults, **values})


def days(connection: Connection, **window: str) -> list[str]:
    return [row.date.isoformat() for row in fetch(connection, "assignments", Assignment, **window)]


def test_the_days_are_those_after_the_club_dates_and_the_one_asked_for(
    connection: Connection,
) -> None:
    for day in ("2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05", "2026-04-01"):
        add_day(connection, day)
    assert days(connection) == ["2026-03-03"]
    assert days(connection, last="2026-03-03") == ["2026-03-03", "2026-03-04"]
    assert days(connection, target="2026-04-01") == ["2026-03-03", "2026-04-01"]


@pytest.mark.parametrize(
    ("scheduled", "confirmed", "is_told"),
    [(True, True, True), (True, False, True), (False, True, True), (False, False, False)],
)
def test_a_day_is_scheduled_or_an_extra_one_that_was_confirmed(
    connection: Connection, scheduled: bool, confirmed: bool, is_told: bool
) -> None:
    add_day(connection, is_scheduled=scheduled, is_confirmed=confirmed)
    assert bool(days(connection)) is is_told


def test_role_rows_are_read_with_their_definition(connection: Connection) -> None:
    person = add_member(connection)
    day, other = add_day(connection), add_day(connection, "2026-03-04")
    definition = insert(
        connection, "duty_roster_dutyroledefinition", key="am_tow", display_name="Morning Tow",
        legacy_role_key="towpilot", sort_order=4, site_configuration_id=1,
    )  # fmt: skip
    roles: dict[str, dict[str, object]] = {
        "am_tow": {"role_definition_id": definition},
        "instructor": {"legacy_role_key": "instructor"},
        "wing_runner": {},
        "nobody": {"member_id": None},
    }
    for key, values in roles.items():
        row: dict[str, object] = {"assignment_id": day, "member_id": person, "role_key": key}
        insert(connection, "duty_roster_dutyassignmentrole", **{**row, **values})
    insert(
        connection, "duty_roster_dutyassignmentrole", assignment_id=other, member_id=person,
        role_key="instructor",
    )  # fmt: skip
    assert fetch(connection, "roles", RoleRow) == [
        RoleRow(day, person, "am_tow", "towpilot", "Morning Tow", 4),
        RoleRow(day, person, "instructor", "instructor", None, 0),
        RoleRow(day, person, "wing_runner", "wing_runner", None, 0),
    ]


def test_students_are_read_as_they_asked_without_those_who_cancelled(
    connection: Connection,
) -> None:
    day = add_day(connection)
    asked = {}
    for hour, status in ((9, "waitlist"), (8, "confirmed"), (7, "cancelled"), (10, "pending")):
        asked[status] = add_member(connection)
        insert(
            connection, "duty_roster_instructionslot", assignment_id=day, status=status,
            student_id=asked[status], created_at=f"2026-03-01T{hour:02}:00:00Z",
        )  # fmt: skip
    assert fetch(connection, "lessons", Lesson) == [
        Lesson(day, asked[status], status) for status in ("confirmed", "waitlist", "pending")
    ]


def test_plans_are_read_with_the_label_of_the_glider(connection: Connection) -> None:
    glider = add_glider(connection)
    first, second = add_member(connection), add_member(connection)
    insert(
        connection, "duty_roster_opsintent", date="2026-03-03", member_id=first,
        available_as='["guest", "club_two"]', glider_id=glider,
    )  # fmt: skip
    for day in ("2026-03-03", "2026-03-04"):
        insert(connection, "duty_roster_opsintent", date=day, member_id=second, available_as="[]")
    assert fetch(connection, "intents", Intent) == [
        Intent(date(2026, 3, 3), first, ["guest", "club_two"], LABEL),
        Intent(date(2026, 3, 3), second, [], None),
    ]


def test_only_confirmed_reservations_are_read(connection: Connection) -> None:
    glider, person = add_glider(connection, competition_number=""), add_member(connection)
    for status in ("confirmed", "cancelled", "no_show", "completed"):
        insert(
            connection, "duty_roster_gliderreservation", date="2026-03-03", member_id=person,
            glider_id=glider, status=status, reservation_type="solo", time_preference="specific",
            start_time="09:05",
        )  # fmt: skip
    assert fetch(connection, "reservations", Reservation) == [
        Reservation(date(2026, 3, 3), person, "N521HM / ASK-21", 2, "solo", "specific", time(9, 5))
    ]


def test_what_is_grounded_comes_gliders_first_and_the_newest_first(connection: Connection) -> None:
    glider, towplane = add_glider(connection), add_towplane(connection)
    retired = add_glider(connection, n_number="N1", is_active=False)
    issues: list[dict[str, object]] = [
        {"report_date": "2026-02-01", "description": "Old", "glider_id": glider},
        {"report_date": "2026-02-03", "description": "Tug", "towplane_id": towplane},
        {"report_date": "2026-02-02", "description": "New", "glider_id": glider},
        {
            "report_date": "2026-01-01", "description": "Both",
            "glider_id": glider, "towplane_id": towplane,
        },
        {"report_date": "2026-02-02", "description": "Done", "glider_id": glider, "resolved": True},
        {"report_date": "2026-02-02", "description": "OK", "glider_id": glider, "grounded": False},
        {"report_date": "2026-02-02", "description": "Retired", "glider_id": retired},
    ]  # fmt: skip
    for issue in issues:
        insert(connection, "logsheet_maintenanceissue", **{"grounded": True, **issue})
    assert fetch(connection, "grounded", GroundedAircraft) == [
        GroundedAircraft(LABEL, "New"),
        GroundedAircraft(LABEL, "Old"),
        GroundedAircraft(LABEL, "Both"),
        GroundedAircraft("Husky (N83HK)", "Tug"),
        GroundedAircraft("Husky (N83HK)", "Both"),
    ]


def test_deadlines_reach_30_days_beyond_the_last_day(connection: Connection) -> None:
    glider, towplane = add_glider(connection), add_towplane(connection)
    retired = add_towplane(connection, is_active=False)
    crafts: tuple[tuple[str, dict[str, object]], ...] = (
        ("2026-04-02", {"glider_id": glider}),
        ("2026-04-03", {"glider_id": glider}),
        ("2025-01-01", {"towplane_id": towplane}),
        ("2025-01-01", {"towplane_id": retired}),
    )
    for due, craft in crafts:
        insert(
            connection, "logsheet_maintenancedeadline", due_date=due, description="annual", **craft
        )
    assert fetch(connection, "deadlines", Deadline) == [
        Deadline("Husky (N83HK)", "annual", date(2025, 1, 1)),
        Deadline(LABEL, "annual", date(2026, 4, 2)),
    ]
    assert len(fetch(connection, "deadlines", Deadline, last="2026-03-03")) == 3
    assert len(fetch(connection, "deadlines", Deadline, target="2026-03-05")) == 3


def test_the_address_is_the_clubs(connection: Connection) -> None:
    connection.execute(
        "UPDATE siteconfig_siteconfiguration SET club_address_line1 = '1 Airport Rd',"
        " club_city = 'Front Royal', club_state = 'VA', club_zip_code = '22630'"
    )
    assert fetch(connection, "address", Address) == [
        Address("1 Airport Rd", "", "Front Royal", "VA", "22630", "")
    ]
