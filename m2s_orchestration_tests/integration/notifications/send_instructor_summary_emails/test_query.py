"""Which flying days are found, and what is read of their students."""

from __future__ import annotations

from datetime import date

import pytest

from m2s_orchestration.notifications.send_instructor_summary_emails import notification
from m2s_orchestration.notifications.send_instructor_summary_emails.evaluate import Facts
from m2s_orchestration.notifications.send_instructor_summary_emails.rows import Day, Request
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration_tests.integration.notifications.runs import begun
from m2s_orchestration_tests.integration.rows import add_airfield, add_member, insert


def binds(**parameters: object) -> dict[str, object]:
    today = date(2026, 3, 1)
    values = notification.parameters(**parameters).model_dump()
    return {"first_date": today, "club_date": today, **values}


def days(connection: Connection, **parameters: object) -> list[str]:
    rows = notification.queries["days"].fetch(connection, Day, **binds(**parameters))
    return [row.date.isoformat() for row in rows]


def requests(connection: Connection) -> list[Request]:
    return notification.queries["requests"].fetch(connection, Request, **binds())


@pytest.fixture
def flying_day(connection: Connection) -> int:
    """The third of March, which is scheduled."""
    return insert(connection, "duty_roster_dutyassignment", date="2026-03-03", is_scheduled=True)


def ask(connection: Connection, day_id: int, student_id: int, **values: object) -> None:
    row = {"assignment_id": day_id, "student_id": student_id, "status": "pending", **values}
    insert(connection, "duty_roster_instructionslot", **row)


def test_scheduled_and_confirmed_days_are_found_and_proposals_are_not(
    connection: Connection, flying_day: int
) -> None:
    for number, is_confirmed in ((2, True), (4, False)):
        day = f"2026-03-0{number}"
        insert(connection, "duty_roster_dutyassignment", date=day, is_confirmed=is_confirmed)
    insert(connection, "duty_roster_dutyassignment", date="2026-03-05", is_scheduled=True)
    assert flying_day
    assert days(connection) == ["2026-03-02", "2026-03-03"]
    assert days(connection, hours_ahead=72) == ["2026-03-02", "2026-03-03", "2026-03-05"]
    assert days(connection, target_date="2026-03-05", hours_ahead=0) == ["2026-03-02", "2026-03-05"]


def test_a_students_progress_flights_and_contact_are_read(
    connection: Connection, flying_day: int
) -> None:
    student = add_member(connection, email=" s@example.org", phone="555 1")
    insert(
        connection, "instructors_studentprogresssnapshot", student_id=student, sessions=3,
        solo_progress=0.5, checkride_progress=0.25,
    )  # fmt: skip
    field = add_airfield(connection)
    for number, finalized in ((1, True), (2, False)):
        sheet = insert(
            connection, "logsheet_logsheet", log_date=f"2026-02-0{number}", finalized=finalized,
            airfield_id=field, created_by_id=student,
        )  # fmt: skip
        insert(connection, "logsheet_flight", logsheet_id=sheet, pilot_id=student)
    ask(connection, flying_day, student)
    assert requests(connection) == [
        Request(flying_day, student, "pending", 3, 0.5, 0.25, 2, "s@example.org", "555 1")
    ]


def test_the_contact_of_who_keeps_it_back_is_not_read(
    connection: Connection, flying_day: int
) -> None:
    ask(connection, flying_day, add_member(connection, phone="555 1", redact_contact=True))
    (request,) = requests(connection)
    assert (request.email, request.phone) == ("", "")
    assert (request.sessions, request.flights) == (None, 0)


def test_requests_come_as_they_were_made_without_those_taken_back(
    connection: Connection, flying_day: int
) -> None:
    ann, bob, cid = (add_member(connection) for _ in range(3))
    ask(connection, flying_day, ann, created_at="2026-02-02T12:00:00Z", status="waitlist")
    ask(connection, flying_day, bob, created_at="2026-02-01T12:00:00Z", status="confirmed")
    ask(connection, flying_day, cid, status="cancelled")
    assert [request.student_id for request in requests(connection)] == [bob, ann]


def test_the_demo_clubs_tuesday_is_told_to_both_of_its_instructors(database: Database) -> None:
    with begun(notification, database, "2026-03-01T06:00:00Z") as run:
        messages = run.evaluation.decision.messages
        assert run.commit().planned == 2
    assert {message.recipient.key for message in messages} == {"member:3", "member:7"}
    assert all(isinstance(message.facts, Facts) and message.facts.students for message in messages)
