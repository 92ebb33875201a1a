"""Who is on duty, and as what."""

from __future__ import annotations

from typing import Any

from m2s_orchestration.club.club import Club
from m2s_orchestration.notifications.send_duty_preop_emails.crew import crew_of
from m2s_orchestration.notifications.send_duty_preop_emails.rows import Assignment, RoleRow
from m2s_orchestration_tests.factories import assignment, club, member

NINE = club(*(member(id) for id in range(1, 10)))


def role(key: str, member_id: int, **values: Any) -> RoleRow:
    defaults: dict[str, Any] = {"legacy_key": key, "display_name": None, "sort_order": 0}
    return RoleRow(
        **{"assignment_id": 7, "member_id": member_id, "role_key": key, **defaults, **values}
    )


def listed(day: Assignment, *roles: RoleRow, within: Club = NINE) -> list[tuple[str, int]]:
    return [(duty.title, duty.member.id) for duty in crew_of(day, roles, within)]


FULL = assignment(
    surge_instructor_id=4, surge_tow_pilot_id=5, assistant_duty_officer_id=6, commercial_pilot_id=8
)
FULL_CREW = [
    ("Instructor", 1),
    ("Surge Instructor", 4),
    ("Tow Pilot", 2),
    ("Surge Tow Pilot", 5),
    ("Duty Officer", 3),
    ("Assistant Duty Officer", 6),
    ("Commercial Pilot", 8),
]


def test_the_crew_comes_in_its_order_the_commercial_pilot_too() -> None:
    assert listed(FULL) == FULL_CREW


def test_roles_that_the_application_keeps_twice_are_listed_once() -> None:
    rows = [
        role("duty_officer", 3), role("instructor", 1), role("surge_instructor", 4),
        role("towpilot", 2), role("surge_towpilot", 5), role("assistant_duty_officer", 6),
        role("commercial_pilot", 8),
    ]  # fmt: skip
    assert listed(FULL, *rows) == FULL_CREW


def test_the_clubs_own_roles_come_last_by_their_definition() -> None:
    rows = [
        role("wing_runner", 9, display_name="Wing Runner", sort_order=20),
        role("grid_marshal", 8, display_name="Grid Marshal", sort_order=10),
    ]
    assert listed(assignment(), *rows)[3:] == [("Grid Marshal", 8), ("Wing Runner", 9)]


def test_a_defined_role_that_stands_for_a_classic_one_takes_its_place() -> None:
    row = role("am_towpilot", 2, legacy_key="towpilot", display_name="Morning Tow Pilot")
    assert listed(assignment(), row) == [
        ("Instructor", 1),
        ("Morning Tow Pilot", 2),
        ("Duty Officer", 3),
    ]


def test_two_shifts_of_one_person_are_two_roles() -> None:
    rows = [
        role("pm", 2, legacy_key="towpilot", display_name="Afternoon Tow Pilot", sort_order=2),
        role("am", 2, legacy_key="towpilot", display_name="Morning Tow Pilot", sort_order=1),
    ]
    assert listed(assignment(instructor_id=None, duty_officer_id=None), *rows) == [
        ("Morning Tow Pilot", 2),
        ("Afternoon Tow Pilot", 2),
    ]


def test_nobody_is_listed_twice_under_one_title() -> None:
    rows = [role("am", 9, display_name="Wing Runner"), role("pm", 9, display_name="Wing Runner")]
    assert listed(assignment(), *rows)[3:] == [("Wing Runner", 9)]


def test_where_assignment_and_row_name_different_people_both_are_on_the_crew() -> None:
    assert listed(assignment(), role("instructor", 9))[:2] == [("Instructor", 1), ("Instructor", 9)]


def test_rows_of_other_days_are_not_counted() -> None:
    assert len(listed(assignment(), role("instructor", 9, assignment_id=8))) == 3


def test_one_person_may_have_several_roles() -> None:
    day = assignment(tow_pilot_id=1, duty_officer_id=1)
    assert listed(day) == [("Instructor", 1), ("Tow Pilot", 1), ("Duty Officer", 1)]


def test_titles_are_the_clubs_and_a_blank_one_is_not_shown() -> None:
    within = club(*(member(id) for id in (1, 2, 3)), titles={"instructor": "CFI-G"})
    row = role("towpilot", 2, display_name="  ")
    assert listed(assignment(), row, within=within) == [
        ("CFI-G", 1),
        ("Towpilot", 2),
        ("Duty Officer", 3),
    ]


def test_nobody_on_the_roster_is_nobody() -> None:
    assert not listed(assignment(instructor_id=None, tow_pilot_id=None, duty_officer_id=None))
