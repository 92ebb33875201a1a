"""Which lessons have no report, and who was reminded of them before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from m2s_orchestration.notifications.notify_pending_sprs import notification
from m2s_orchestration.notifications.notify_pending_sprs.rows import (
    OldReminder,
    Reminder,
    UnreportedLesson,
)
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration_tests.integration.notifications.runs import begun
from m2s_orchestration_tests.integration.rows import add_airfield, add_member, insert

MORNING = "2026-03-01T07:00:00Z"


def found(connection: Connection, **parameters: object) -> list[str]:
    """The days found on the second of March, newest first."""
    binds = notification.parameters(**parameters).model_dump()
    rows = notification.queries["unreported_lessons"].fetch(
        connection, UnreportedLesson, club_date=date(2026, 3, 2), **binds
    )
    return [row.flown.isoformat() for row in rows]


def fly(connection: Connection, day: str, *, finalized: bool = True, **values: object) -> None:
    """One flight on a logsheet of its own."""
    creator = add_member(connection)
    field = add_airfield(connection, f"K{creator}")
    sheet = insert(
        connection, "logsheet_logsheet", log_date=day, finalized=finalized,
        airfield_id=field, created_by_id=creator,
    )  # fmt: skip
    insert(connection, "logsheet_flight", logsheet_id=sheet, **values)


@pytest.fixture
def pair(connection: Connection) -> dict[str, Any]:
    """An instructor and a student, as a flight names them."""
    return {"instructor_id": add_member(connection), "pilot_id": add_member(connection)}


def test_days_count_before_the_clubs_date_and_as_far_back_as_asked(
    connection: Connection, pair: dict[str, Any]
) -> None:
    for day in ("2026-03-02", "2026-03-01", "2026-01-31", "2026-01-30"):
        fly(connection, day, **pair)
        fly(connection, day, **pair)
    assert found(connection) == ["2026-03-01", "2026-01-31"]
    assert found(connection, max_days=31) == ["2026-03-01", "2026-01-31", "2026-01-30"]
    assert found(connection, days_ago=30) == ["2026-01-31"]
    assert found(connection, days_ago=2) == []
    assert found(connection, flight_date="2026-03-02", days_ago=30) == ["2026-03-02"]


def test_only_finalized_logsheets_and_whole_pairs_without_a_report_count(
    connection: Connection, pair: dict[str, Any]
) -> None:
    fly(connection, "2026-03-01", finalized=False, **pair)
    fly(connection, "2026-03-01", **{**pair, "pilot_id": None})
    fly(connection, "2026-03-01", **{**pair, "instructor_id": None})
    assert not found(connection)
    fly(connection, "2026-03-01", **pair)
    assert found(connection)
    insert(
        connection, "instructors_instructionreport", report_date="2026-03-01", simulator=True,
        instructor_id=pair["instructor_id"], student_id=pair["pilot_id"],
    )  # fmt: skip
    assert not found(connection)


def test_the_web_applications_notices_tell_whom_it_reminded_also_when_dismissed(
    connection: Connection,
) -> None:
    ann = add_member(connection)
    for message, dismissed in (
        ("2 pending Student Progress Report(s) from 2026-02-22.", True),
        ("1 pending Student Progress Report from 2026-02-21.", False),
        ("You have pending Student Progress Reports, 2026-02-19", False),
        ("2 overdue Student Progress Report(s) since 2026-02-20.", False),
        ("1 pending Student Progress Report(s) from Sunday.", False),
    ):
        insert(
            connection, "notifications_notification", user_id=ann, message=message,
            dismissed=dismissed,
        )  # fmt: skip
    rows = notification.queries["old_reminders"].fetch(connection, OldReminder)
    assert rows == [OldReminder(ann, "2026-02-19"), OldReminder(ann, "2026-02-22")]


@pytest.fixture
def club(database: Database) -> Iterator[Connection]:
    with database.connect("web application") as connection:
        yield connection


def commit(database: Database, moment: str) -> set[str]:
    """The periods that a whole run records mails of."""
    with begun(notification, database, moment) as run:
        run.commit()
        return {message.period for message in run.evaluation.decision.messages}


def test_the_demo_club_is_reminded_of_its_last_sunday_and_then_of_nothing(
    database: Database, club: Connection
) -> None:
    last_sunday = {"2026-02-22 students 54", "2026-02-22 students 29"}
    assert commit(database, MORNING) == last_sunday
    assert commit(database, "2026-03-02T07:00:00Z") == set()
    rows = notification.queries["reminders"].fetch(club, Reminder)
    assert {row.period for row in rows} == last_sunday


def test_a_student_whose_logsheet_is_closed_later_is_told_of_the_next_morning(
    database: Database, club: Connection
) -> None:
    commit(database, MORNING)
    fly(club, "2026-02-22", instructor_id=4, pilot_id=53)
    assert commit(database, "2026-03-02T07:00:00Z") == {"2026-02-22 students 53"}


def test_an_older_day_has_its_turn_on_the_next_morning(
    database: Database, club: Connection
) -> None:
    fly(club, "2026-02-20", instructor_id=4, pilot_id=53)
    assert "2026-02-20 students 53" not in commit(database, MORNING)
    assert commit(database, "2026-03-02T07:00:00Z") == {"2026-02-20 students 53"}
