"""Which days and requests are read, and what the cancellation takes with it."""

from __future__ import annotations

from datetime import date
from typing import LiteralString

import psycopg
import pytest

from m2s_orchestration.notifications.expire_ad_hoc_days import notification
from m2s_orchestration.notifications.expire_ad_hoc_days.rows import (
    InstructionRequest,
    UnconfirmedDay,
)
from m2s_orchestration.postgres import Connection, statements
from m2s_orchestration_tests.integration.rows import add_member, insert

CANCEL = statements(notification.package, "changes.sql")["cancel_day"]
LEFT = """
SELECT (SELECT count(*) FROM duty_roster_dutyassignment),
       (SELECT count(*) FROM duty_roster_dutyassignmentrole),
       (SELECT count(*) FROM duty_roster_instructionslot)
"""


def add_day(connection: Connection, text: str, **values: object) -> int:
    return insert(connection, "duty_roster_dutyassignment", date=text, **values)


def add_request(connection: Connection, day_id: int, status: str) -> int:
    """A request for that day by a student of its own; returns the student's id."""
    student = add_member(connection)
    insert(
        connection,
        "duty_roster_instructionslot",
        assignment_id=day_id,
        student_id=student,
        status=status,
    )
    return student


def cancel(connection: Connection, day_id: int, text: str, *students: int) -> bool:
    """Whether the change took effect, in a transaction of its own."""
    values = {"day_id": day_id, "ops_date": date.fromisoformat(text), "student_ids": list(students)}
    with connection.transaction():
        return CANCEL.first(connection, **values) is not None


def left(connection: Connection) -> tuple[int, int, int]:
    """How many days, roles and requests there are."""
    found = connection.execute(LEFT).fetchone()
    assert found is not None
    return found[0], found[1], found[2]


def test_only_days_neither_scheduled_nor_confirmed_are_read_with_their_requests(
    connection: Connection,
) -> None:
    late = add_day(connection, "2026-03-11")
    early = add_day(connection, "2024-02-29")
    scheduled = add_day(connection, "2026-03-07", is_scheduled=True)
    confirmed = add_day(connection, "2026-03-08", is_confirmed=True)
    for day_id in (scheduled, confirmed):
        add_request(connection, day_id, "pending")
    waits = add_request(connection, late, "waitlist")
    sure = add_request(connection, late, "confirmed")
    asks = add_request(connection, early, "pending")
    add_request(connection, late, "cancelled")
    queries = notification.queries
    assert queries["unconfirmed_days"].fetch(connection, UnconfirmedDay) == [
        UnconfirmedDay(early, date(2024, 2, 29)),
        UnconfirmedDay(late, date(2026, 3, 11)),
    ]
    assert queries["requests"].fetch(connection, InstructionRequest) == [
        InstructionRequest(early, asks, "pending"),
        InstructionRequest(late, waits, "waitlist"),
        InstructionRequest(late, sure, "confirmed"),
    ]


def test_a_day_goes_with_its_roles_and_requests_and_no_other_does(connection: Connection) -> None:
    gone, stays = add_day(connection, "2026-03-01"), add_day(connection, "2026-03-11")
    for day_id in (gone, stays):
        insert(
            connection, "duty_roster_dutyassignmentrole", assignment_id=day_id, role_key="towpilot"
        )
        add_request(connection, day_id, "cancelled")
    student = add_request(connection, gone, "confirmed")
    assert cancel(connection, gone, "2026-03-01", student)
    assert left(connection) == (1, 1, 1)
    assert not cancel(connection, gone, "2026-03-01", student)


@pytest.mark.parametrize(
    "update", ["is_confirmed = true", "is_scheduled = true", "date = '2026-03-14'"]
)
def test_a_day_stays_that_is_no_longer_what_was_decided_about(
    connection: Connection, update: LiteralString
) -> None:
    day_id = add_day(connection, "2026-03-01")
    insert(connection, "duty_roster_dutyassignmentrole", assignment_id=day_id, role_key="towpilot")
    student = add_request(connection, day_id, "pending")
    connection.execute(f"UPDATE duty_roster_dutyassignment SET {update}")
    assert not cancel(connection, day_id, "2026-03-01", student)
    assert left(connection) == (1, 1, 1)


def test_the_database_refuses_to_drop_a_request_that_nobody_knows_of(
    connection: Connection,
) -> None:
    day_id = add_day(connection, "2026-03-01")
    add_request(connection, day_id, "pending")
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        cancel(connection, day_id, "2026-03-01")
    assert left(connection) == (1, 0, 1)
