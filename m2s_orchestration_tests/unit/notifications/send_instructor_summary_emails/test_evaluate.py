"""Which instructors hear of which students."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from m2s_orchestration.club.club import Club
from m2s_orchestration.framework import Decision
from m2s_orchestration.framework.occurrence import ticks_between
from m2s_orchestration.notifications.send_instructor_summary_emails import notification
from m2s_orchestration.notifications.send_instructor_summary_emails.evaluate import (
    Facts,
    Parameters,
    evaluate,
)
from m2s_orchestration.notifications.send_instructor_summary_emails.rows import (
    Day,
    Request,
    Rows,
)
from m2s_orchestration_tests.factories import club, member, occurrence

FOUR = club(*(member(id) for id in range(1, 5)))
# One in the morning of the first of March in New York: the day is the third.
NIGHT = "2026-03-01T06:00:00Z"
ZONES = (*("America/Los_Angeles", "America/Denver", "America/New_York", "UTC", "Pacific/Auckland"),)


def day(text: str = "2026-03-03", instructor: int | None = 1, surge: int | None = None) -> Day:
    found = date.fromisoformat(text)
    return Day(found.toordinal(), found, instructor, surge)


def request(student_id: int = 3, text: str = "2026-03-03", **values: Any) -> Request:
    defaults: dict[str, Any] = {
        "status": "pending",
        "sessions": 4,
        "solo_progress": 0.58,
        "checkride_progress": 0.299999,
        "flights": 12,
        "email": "a@example.org",
        "phone": "555",
    }
    return Request(**{"day_id": day(text).id, "student_id": student_id, **defaults, **values})


def decide(
    *days: Day,
    by: tuple[Request, ...] = (),
    within: Club = FOUR,
    at: str = NIGHT,
    **parameters: Any,
) -> Decision:
    moment = occurrence(at, cron=notification.cron)
    return evaluate(Rows(days, by), moment, within, Parameters(**parameters))


def facts(decision: Decision) -> Facts:
    found = decision.messages[0].facts
    assert isinstance(found, Facts)
    return found


def told(decision: Decision) -> list[tuple[str, str]]:
    return [(message.period, message.recipient.key) for message in decision.messages]


def test_both_instructors_hear_of_every_student_once() -> None:
    decision = decide(day(surge=2), by=(request(3), request(4, status="confirmed")))
    assert told(decision) == [("2026-03-03", "member:1"), ("2026-03-03", "member:2")]
    assert decision.messages[0].facts == decision.messages[1].facts
    assert [student.standing for student in facts(decision).students] == [
        "waits for your answer",
        "confirmed",
    ]
    assert facts(decision).waiting == 1


def test_one_person_in_both_places_hears_once() -> None:
    assert told(decide(day(surge=1))) == [("2026-03-03", "member:1")]


def test_percentages_are_rounded_to_the_nearest() -> None:
    (student,) = facts(decide(day(), by=(request(),))).students
    assert student.progress == "4 lessons, 58% of the way to solo, 30% to the checkride"


def test_without_a_snapshot_nothing_is_said_of_progress() -> None:
    (student,) = facts(decide(day(), by=(request(sessions=None),))).students
    assert student.progress == ""


def test_what_is_kept_back_leaves_no_comma_behind() -> None:
    (student,) = facts(decide(day(), by=(request(phone=""),))).students
    assert student.contact == "a@example.org"
    (student,) = facts(decide(day(), by=(request(email="", phone=""),))).students
    assert student.contact == ""


def test_instructors_hear_also_that_nobody_asked() -> None:
    decision = decide(day(), by=(request(text="2026-03-04"),))
    assert facts(decision).students == ()


@pytest.mark.parametrize(
    ("at", "hours", "wanted", "until"),
    [
        (NIGHT, 48, "2026-03-03", 2),
        (NIGHT, 24, "2026-03-02", 1),
        (NIGHT, 22, "2026-03-01", 0),
        (NIGHT, 23, "2026-03-02", 1),
        # An hour of that weekend is missing, on the wall it is not.
        ("2026-03-07T04:30:00Z", 48, "2026-03-08", 2),
    ],
)
def test_the_day_is_so_many_hours_ahead_by_the_clubs_clock(
    at: str, hours: int, wanted: str, until: int
) -> None:
    days = [day((date(2026, 2, 28) + timedelta(days=number)).isoformat()) for number in range(12)]
    decision = decide(*days, at=at, hours_ahead=hours)
    assert [period for period, _ in told(decision)] == [wanted]
    assert facts(decision).days_until == until


def test_a_day_can_be_asked_for() -> None:
    decision = decide(day(), day("2026-02-20"), target_date="2026-02-20")
    assert told(decision) == [("2026-02-20", "member:1")]
    assert facts(decision).days_until == -9


def test_a_day_none_of_whose_instructors_can_be_mailed_goes_to_the_operators() -> None:
    within = club(member(1, email=""), member(2, membership_status="Inactive"), member(3))
    decision = decide(day(surge=2), by=(request(3),), within=within)
    assert not decision.messages
    assert len(decision.passed_over) == 2
    (untold,) = decision.untold
    assert "2026-03-03" in untold.item
    assert "member 1: the address is blank" in untold.reason
    assert not decide(day(instructor=None), within=within).untold


@pytest.mark.parametrize("zone", ZONES)
def test_in_two_years_no_day_is_left_out(zone: str) -> None:
    within = club(member(1), zone=zone)
    first, last = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
    days = [day((first.date() + timedelta(days=number)).isoformat()) for number in range(-2, 740)]
    found = [
        period
        for tick in ticks_between(notification.cron, first, last)
        for period, _ in told(decide(*days, within=within, at=tick.isoformat()))
    ]
    # Where the clock goes back two ticks are about one day: the ledger tells it once.
    days_told = list(dict.fromkeys(found))
    assert days_told == sorted(days_told)
    span = date.fromisoformat(days_told[-1]) - date.fromisoformat(days_told[0])
    assert len(days_told) == span.days + 1
