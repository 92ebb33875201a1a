"""Which lessons have no report, and who holds an office."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from m2s_orchestration.notifications.notify_late_sprs import notification
from m2s_orchestration.notifications.notify_late_sprs.parameters import OFFICES
from m2s_orchestration.notifications.notify_late_sprs.rows import OfficeHolder, UnreportedLesson
from m2s_orchestration.postgres import Connection
from m2s_orchestration_tests.integration.rows import add_airfield, add_member, insert


def found(
    connection: Connection, club_date: str = "2026-03-02", max_days: int = 90
) -> list[UnreportedLesson]:
    return notification.queries["unreported_lessons"].fetch(
        connection,
        UnreportedLesson,
        club_date=date.fromisoformat(club_date),
        max_days=max_days,
    )


def fly(connection: Connection, day: str, *, finalized: bool = True, **values: object) -> None:
    """One flight on a logsheet of its own."""
    creator = add_member(connection)
    field = add_airfield(connection, f"K{creator}")
    sheet = insert(
        connection, "logsheet_logsheet", log_date=day, finalized=finalized,
        airfield_id=field, created_by_id=creator,
    )  # fmt: skip
    insert(connection, "logsheet_flight", logsheet_id=sheet, **values)


def write_report(connection: Connection, day: str, **values: object) -> None:
    insert(connection, "instructors_instructionreport", report_date=day, **values)


@pytest.fixture
def pair(connection: Connection) -> dict[str, Any]:
    """An instructor and a student, as a flight names them."""
    return {"instructor_id": add_member(connection), "pilot_id": add_member(connection)}


def lesson(pair: dict[str, Any], day: str) -> UnreportedLesson:
    return UnreportedLesson(pair["instructor_id"], pair["pilot_id"], date.fromisoformat(day))


def test_several_flights_of_a_day_are_one_lesson(
    connection: Connection, pair: dict[str, Any]
) -> None:
    for _ in range(3):
        fly(connection, "2026-02-01", **pair)
    fly(connection, "2026-02-08", **pair)
    assert found(connection) == [lesson(pair, "2026-02-01"), lesson(pair, "2026-02-08")]


def test_the_window_reaches_back_exactly_the_days(
    connection: Connection, pair: dict[str, Any]
) -> None:
    fly(connection, "2025-12-01", **pair)
    fly(connection, "2025-12-02", **pair)
    assert found(connection) == [lesson(pair, "2025-12-02")]
    assert len(found(connection, max_days=91)) == 2
    assert not found(connection, max_days=7)


def test_the_window_is_right_over_a_leap_day(connection: Connection, pair: dict[str, Any]) -> None:
    fly(connection, "2028-02-28", **pair)
    assert found(connection, "2028-03-06", max_days=7) == [lesson(pair, "2028-02-28")]
    assert not found(connection, "2028-03-07", max_days=7)


def test_only_finalized_logsheets_and_whole_pairs_count(
    connection: Connection, pair: dict[str, Any]
) -> None:
    fly(connection, "2026-02-01", finalized=False, **pair)
    fly(connection, "2026-02-01", **{**pair, "pilot_id": None})
    fly(connection, "2026-02-01", **{**pair, "instructor_id": None})
    assert not found(connection)


def test_only_the_report_of_the_same_instructor_student_and_day_counts(
    connection: Connection, pair: dict[str, Any]
) -> None:
    other = add_member(connection)
    instructor, student = pair["instructor_id"], pair["pilot_id"]
    fly(connection, "2026-02-01", **pair)
    write_report(connection, "2026-02-02", instructor_id=instructor, student_id=student)
    write_report(connection, "2026-02-01", instructor_id=other, student_id=student)
    write_report(connection, "2026-02-01", instructor_id=instructor, student_id=other)
    assert found(connection) == [lesson(pair, "2026-02-01")]
    write_report(
        connection, "2026-02-01", instructor_id=instructor, student_id=student, simulator=True
    )
    assert not found(connection)


@pytest.mark.parametrize("office", OFFICES)
def test_the_holder_of_every_office_is_found(connection: Connection, office: str) -> None:
    add_member(connection)
    holder = add_member(connection, **{office: True}, membership_status="Inactive")
    holders = notification.queries["office_holders"].fetch(connection, OfficeHolder)
    assert holders == [OfficeHolder(holder, office)]
