"""What the mails say of a flying day."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import pytest

from m2s_orchestration.notifications.send_duty_preop_emails.briefing import Briefing, brief
from m2s_orchestration.notifications.send_duty_preop_emails.rows import (
    Deadline,
    GroundedAircraft,
    Intent,
    Lesson,
    Reservation,
    Rows,
)
from m2s_orchestration_tests.factories import assignment, club, member

DAY = date(2026, 3, 3)
TODAY = date(2026, 3, 2)
SIX = club(*(member(id, last_name=name) for id, name in enumerate("FEDCBA", start=1)))


def rows(**values: Any) -> Rows:
    names = ("assignments", "roles", "lessons", "intents", "reservations", "grounded", "deadlines")
    return Rows(**{**dict.fromkeys((*names, "address"), ()), **values})


def briefing(day: str = "2026-03-03", today: date = TODAY, **values: Any) -> Briefing:
    return brief(assignment(day), (), rows(**values), SIX, today=today)


def reservation(member_id: int = 1, preference: str = "morning", **values: Any) -> Reservation:
    defaults: dict[str, Any] = {
        "date": DAY, "aircraft": "HM / N521HM / ASK-21", "seats": 2,
        "reservation_type": "solo", "start_time": None,
    }  # fmt: skip
    return Reservation(
        **{"member_id": member_id, "time_preference": preference, **defaults, **values}
    )


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        (["guest", "gliding"], ("guest flying", "gliding")),
        ([None, 7, ["guest"], {"a": 1}, "club"], ("club glider",)),
        (None, ()),
        (7, ()),
        ("guest", ()),
        ({"guest": True}, ()),
    ],
)
def test_whatever_json_says_of_somebodys_plans_the_others_are_told(
    stored: object, told: tuple[str, ...]
) -> None:
    (plan,) = briefing(intents=(Intent(DAY, 1, stored, None),)).plans
    assert plan.activities == told


@pytest.mark.parametrize(
    ("day", "when", "is_past"),
    [
        ("2026-02-27", "3 days ago", True),
        ("2026-03-01", "yesterday", True),
        ("2026-03-02", "today", False),
        ("2026-03-03", "tomorrow", False),
        ("2026-03-04", "in 2 days", False),
    ],
)
def test_the_day_is_spoken_of_as_seen_from_the_clubs_date(
    day: str, when: str, is_past: bool
) -> None:
    told = briefing(day)
    assert (told.when, told.is_past) == (when, is_past)


def test_students_are_listed_by_the_state_of_their_request_and_then_by_name() -> None:
    lessons = tuple(
        Lesson(7, student, status)
        for student, status in [
            (1, "waitlist"),
            (2, "confirmed"),
            (3, "pending"),
            (4, "confirmed"),
            (5, "waitlist"),
        ]
    )
    told = briefing(lessons=(*lessons, Lesson(8, 6, "confirmed")))
    assert [(student.name, student.request) for student in told.students] == [
        ("Alice C", "confirmed"),
        ("Alice E", "confirmed"),
        ("Alice D", "pending"),
        ("Alice B", "on the waiting list"),
        ("Alice F", "on the waiting list"),
    ]
    assert [student.name for student in told.for_flyers().students] == ["Alice C", "Alice E"]


def test_reservations_come_in_the_order_of_the_day() -> None:
    told = briefing(
        reservations=(
            reservation(1, "full_day"),
            reservation(2, "afternoon"),
            reservation(3, "specific", start_time=time(13, 30)),
            reservation(4, "midday"),
            reservation(5, "morning"),
            reservation(6, "specific", start_time=time(9, 5)),
            reservation(1, "specific"),
            reservation(2, "dusk"),
            reservation(3, "morning", date=DAY + timedelta(days=1)),
        )
    )
    assert [reserved.when for reserved in told.reservations] == [
        "9:05 AM",
        "1:30 PM",
        "at a set time",
        "morning",
        "midday",
        "afternoon",
        "all day",
        "dusk",
    ]


@pytest.mark.parametrize(
    ("start", "when"),
    [(time(0, 0), "12:00 AM"), (time(12, 0), "12:00 PM"), (time(23, 59), "11:59 PM")],
)
def test_times_are_written_with_the_clock_of_the_club(start: time, when: str) -> None:
    (reserved,) = briefing(
        reservations=(reservation(preference="specific", start_time=start),)
    ).reservations
    assert reserved.when == when


def test_a_start_time_counts_only_where_it_was_asked_for() -> None:
    told = briefing(reservations=(reservation(preference="morning", start_time=time(9, 5)),))
    assert told.reservations[0].when == "morning"


@pytest.mark.parametrize(("seats", "is_two_seater"), [(1, False), (2, True), (3, True)])
def test_a_glider_with_two_seats_says_so(seats: int, is_two_seater: bool) -> None:
    told = briefing(reservations=(reservation(seats=seats),))
    assert told.reservations[0].is_two_seater is is_two_seater


def test_plans_have_human_labels_and_come_by_name() -> None:
    told = briefing(
        intents=(
            Intent(DAY, 1, ["club_two", "hang_gliding", "faa_practical_test"], "HM"),
            Intent(DAY, 2, [], None),
            Intent(DAY + timedelta(days=1), 3, ["guest"], None),
        )
    )
    assert [(plan.name, plan.activities, plan.aircraft) for plan in told.plans] == [
        ("Alice E", (), None),
        ("Alice F", ("club two-seater", "hang_gliding", "FAA practical test"), "HM"),
    ]


@pytest.mark.parametrize(
    ("due", "is_expired", "is_upcoming"),
    [
        ("2026-03-02", True, False),
        ("2026-03-03", False, True),
        ("2026-04-02", False, True),
        ("2026-04-03", False, False),
    ],
)
def test_a_deadline_is_overdue_before_the_day_and_told_30_days_ahead(
    due: str, is_expired: bool, is_upcoming: bool
) -> None:
    told = briefing(deadlines=(Deadline("HM", "annual", date.fromisoformat(due)),))
    assert bool(told.expired) is is_expired
    assert bool(told.upcoming) is is_upcoming


def test_deadlines_have_human_labels_whether_overdue_or_not() -> None:
    told = briefing(
        deadlines=(
            Deadline("HM", "annual", date(2026, 3, 1)),
            Deadline("HM", "annual", date(2026, 3, 5)),
            Deadline("HM", "oil <change>", date(2026, 3, 6)),
        )
    )
    assert [due.what for due in (*told.expired, *told.upcoming)] == [
        "annual inspection",
        "annual inspection",
        "oil <change>",
    ]


def test_30_days_reach_over_the_end_of_a_leap_february() -> None:
    deadlines = (
        Deadline("HM", "annual", date(2028, 3, 29)),
        Deadline("KS", "annual", date(2028, 3, 30)),
    )
    told = briefing("2028-02-28", today=date(2028, 2, 27), deadlines=deadlines)
    assert [due.aircraft for due in told.upcoming] == ["HM"]


def test_a_description_is_told_in_one_line() -> None:
    told = briefing(grounded=(GroundedAircraft("HM", "Canopy\r\n  cracked "),))
    assert told.grounded == (GroundedAircraft("HM", "Canopy cracked"),)
