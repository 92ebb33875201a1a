"""Who hears what of the flying day that comes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m2s_orchestration.club.club import Club
from m2s_orchestration.errors import BadParameter
from m2s_orchestration.framework import Decision, Message
from m2s_orchestration.framework.parameters import checked, parse_assignments
from m2s_orchestration.mail.addresses import normalise
from m2s_orchestration.notifications.send_duty_preop_emails import notification
from m2s_orchestration.notifications.send_duty_preop_emails.evaluate import (
    CrewFacts,
    FlyerFacts,
    Parameters,
    evaluate,
)
from m2s_orchestration.notifications.send_duty_preop_emails.rows import (
    Assignment,
    Intent,
    Lesson,
    Reservation,
    Rows,
)
from m2s_orchestration_tests.factories import assignment, club, member, occurrence

NIGHT = "2026-03-02T06:00:00Z"
DAY = date(2026, 3, 3)
NINE = club(*(member(id) for id in range(1, 10)))


def intent(member_id: int, day: date = DAY) -> Intent:
    return Intent(day, member_id, ["club_single"], None)


def reservation(member_id: int) -> Reservation:
    return Reservation(DAY, member_id, "HM", 2, "solo", "morning", None)


def decide(
    *days: Assignment,
    within: Club = NINE,
    at: str = NIGHT,
    target: str = "",
    **values: Any,
) -> Decision:
    names = ("roles", "lessons", "intents", "reservations", "grounded", "deadlines", "address")
    rows = Rows(**{"assignments": days, **dict.fromkeys(names, ()), **values})
    when = occurrence(at, cron=notification.cron)
    return evaluate(rows, when, within, Parameters(target_date=target))


def crew(decision: Decision) -> dict[str, tuple[str, ...]]:
    """The roles that each crew member reads, by the recipient's key."""
    return {
        message.recipient.key: message.facts.titles
        for message in decision.messages
        if isinstance(message.facts, CrewFacts)
    }


def flyers(decision: Decision) -> dict[str, Message]:
    return {
        message.recipient.key: message
        for message in decision.messages
        if isinstance(message.facts, FlyerFacts)
    }


def test_everybody_on_the_crew_has_a_mail_with_role_and_calendar_file() -> None:
    decision = decide(assignment())
    assert crew(decision) == {
        "member:1": ("Instructor",),
        "member:2": ("Tow Pilot",),
        "member:3": ("Duty Officer",),
    }
    files = [[file.filename for file in message.attachments] for message in decision.messages]
    assert files == [
        ["duty-2026-03-03-instructor.ics"],
        ["duty-2026-03-03-tow-pilot.ics"],
        ["duty-2026-03-03-duty-officer.ics"],
    ]
    assert decision.periods == ("2026-03-03",)


def test_several_roles_of_one_person_are_one_mail_with_a_file_for_each() -> None:
    decision = decide(assignment(tow_pilot_id=1, commercial_pilot_id=1))
    assert crew(decision)["member:1"] == ("Instructor", "Tow Pilot", "Commercial Pilot")
    first = decision.messages[0]
    assert [file.filename for file in first.attachments] == [
        "duty-2026-03-03-instructor.ics",
        "duty-2026-03-03-tow-pilot.ics",
        "duty-2026-03-03-commercial-pilot.ics",
    ]
    assert len(decision.messages) == 2


def test_students_plans_and_reservations_are_told_once_each() -> None:
    decision = decide(
        assignment(),
        lessons=(Lesson(7, 4, "confirmed"), Lesson(7, 5, "pending")),
        intents=(intent(4), intent(6)),
        reservations=(reservation(6), reservation(8), reservation(8)),
    )
    assert set(flyers(decision)) == {"member:4", "member:5", "member:6", "member:8"}
    assert all(
        [file.filename for file in message.attachments] == ["flying-day-2026-03-03.ics"]
        for message in flyers(decision).values()
    )


def test_who_is_on_the_crew_and_flies_gets_the_crews_mail_only() -> None:
    decision = decide(
        assignment(), intents=(intent(2), intent(4)), lessons=(Lesson(7, 3, "pending"),)
    )
    assert set(flyers(decision)) == {"member:4"}
    assert len(decision.messages) == 4


def test_people_at_one_address_get_one_mail_that_greets_them_all() -> None:
    within = club(
        *(member(id) for id in (1, 2, 3)),
        member(4, first_name="Walter", email="Home@Example.org "),
        member(5, first_name="Ingrid", email="home@example.ORG"),
    )
    decision = decide(assignment(), within=within, intents=(intent(5), intent(4)))
    (message,) = flyers(decision).values()
    assert message.recipient.key == "member:4"
    assert message.recipient.name == "Walter and Ingrid"


def test_no_second_mail_goes_to_an_address_of_the_crew() -> None:
    within = club(
        *(member(id) for id in (2, 3)), member(1, email="Case@Example.org"),
        member(4, email=" case@example.org"),
    )  # fmt: skip
    decision = decide(assignment(), within=within, intents=(intent(4),))
    assert not flyers(decision)
    (skip,) = decision.passed_over
    assert skip.recipient.key == "member:4"
    assert "same address" in skip.reason


def test_an_address_of_the_crew_that_is_not_mailed_keeps_nobody_from_hearing() -> None:
    within = club(
        *(member(id) for id in (2, 3)),
        member(1, email="home@example.org", membership_status="Inactive"),
        member(4, email="home@example.org"),
    )
    decision = decide(assignment(), within=within, intents=(intent(4),))
    assert set(flyers(decision)) == {"member:4"}


def test_the_crew_sees_every_request_and_the_others_the_confirmed_ones() -> None:
    lessons = (Lesson(7, 4, "confirmed"), Lesson(7, 5, "pending"), Lesson(7, 6, "waitlist"))
    decision = decide(assignment(), lessons=lessons)
    facts = [message.facts for message in decision.messages]
    seen = {
        type(fact): {student.request for student in fact.briefing.students}
        for fact in facts
        if isinstance(fact, CrewFacts | FlyerFacts)
    }
    assert seen == {
        CrewFacts: {"confirmed", "pending", "on the waiting list"},
        FlyerFacts: {"confirmed"},
    }


def test_each_student_hears_the_state_of_their_own_request() -> None:
    lessons = (Lesson(7, 4, "confirmed"), Lesson(7, 5, "pending"), Lesson(7, 6, "waitlist"))
    decision = decide(assignment(), lessons=lessons, intents=(intent(8),))
    own = {
        key: message.facts.requests
        for key, message in flyers(decision).items()
        if isinstance(message.facts, FlyerFacts)
    }
    assert own == {
        "member:4": ("confirmed",),
        "member:5": ("pending",),
        "member:6": ("waitlist",),
        "member:8": (),
    }


def test_who_flies_is_told_even_when_nobody_of_the_crew_can_be() -> None:
    within = club(
        member(1, email=""), member(2, membership_status="Inactive"), member(3, email="none"),
        member(4),
    )  # fmt: skip
    decision = decide(assignment(), within=within, intents=(intent(4),))
    assert [message.recipient.key for message in decision.messages] == ["member:4"]
    (untold,) = decision.untold
    assert untold.item == "flying day 2026-03-03"
    assert all(f"member {id}: " in untold.reason for id in (1, 2, 3))


def test_one_crew_member_who_can_be_told_is_enough_for_the_operators() -> None:
    within = club(member(1, email=""), member(2), member(3, membership_status=None))
    decision = decide(assignment(), within=within)
    assert not decision.untold
    assert [skip.recipient.key for skip in decision.passed_over] == ["member:1", "member:3"]


def test_a_flying_day_without_any_crew_is_a_matter_for_the_operators() -> None:
    day = assignment(instructor_id=None, tow_pilot_id=None, duty_officer_id=None)
    (untold,) = decide(day).untold
    assert untold.reason == "nobody is on its roster"


def test_flyers_who_cannot_be_told_are_passed_over() -> None:
    within = club(
        *(member(id) for id in (1, 2, 3)), member(4, email=""), member(5, membership_status="Gone")
    )
    decision = decide(assignment(), within=within, intents=(intent(4), intent(5)))
    assert not flyers(decision)
    assert [skip.recipient.key for skip in decision.passed_over] == ["member:4", "member:5"]
    assert not decision.untold


def test_a_day_without_flying_leads_to_nothing() -> None:
    decision = decide(intents=(intent(4),))
    assert decision == Decision(found={"flying_days": 0, "crew": 0, "flyers": 0})


@pytest.mark.parametrize("day", ["2026-03-02", "2026-03-04"])
def test_no_other_day_is_told_of(day: str) -> None:
    assert not decide(assignment(day)).messages


def test_another_day_may_be_asked_for() -> None:
    decision = decide(assignment("2026-03-03"), assignment("2026-04-05", id=9), target="2026-04-05")
    assert decision.periods == ("2026-04-05",)
    facts = decision.messages[0].facts
    assert isinstance(facts, CrewFacts)
    assert facts.briefing.when == "in 34 days"


@pytest.mark.parametrize(
    "text",
    ["notadate", "2026-3-7", "20260307", "2026-02-29", "2026-W10-6", "2026-03-07T00:00", " "],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(BadParameter, match=r"target_date.*YYYY-MM-DD"):
        checked(Parameters, {"target_date": text})


@pytest.mark.parametrize("value", [None, 20260307, date(2026, 3, 7)])
def test_what_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(BadParameter, match="target_date"):
        checked(Parameters, {"target_date": value})


def test_a_date_on_the_command_line_is_taken_as_typed() -> None:
    values = parse_assignments(["target_date=2026-03-07"])
    assert checked(Parameters, values).target_date == "2026-03-07"


def targets(zone: str, *, since: str, nights: int) -> list[date]:
    """Every day told of in that many nights, by the schedule."""
    first = date.fromisoformat(since)
    days = [
        assignment((first + timedelta(days=n)).isoformat(), id=n) for n in range(-2, nights + 3)
    ]
    within = club(member(1), member(2), member(3), zone=zone)
    told = []
    for night in range(nights):
        at = f"{first + timedelta(days=night)}T06:00:00Z"
        told += [date.fromisoformat(day) for day in decide(*days, within=within, at=at).periods]
    return told


ZONES = (
    *("America/Los_Angeles", "America/Denver", "America/New_York"),
    *("UTC", "Pacific/Auckland", "America/Sao_Paulo"),
)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("since", ["2026-03-04", "2026-10-28", "2026-04-01", "2028-02-26"])
def test_no_day_is_left_out_where_clocks_change(zone: str, since: str) -> None:
    told = targets(zone, since=since, nights=8)
    spanned = (max(told) - min(told)).days + 1
    assert sorted(set(told)) == [min(told) + timedelta(days=n) for n in range(spanned)]
    # Of the two ticks of an autumn day the second has the same period, and tells nobody again.
    assert len(told) - len(set(told)) <= 1


def test_denver_hears_of_the_monday_after_the_clocks_went_forward() -> None:
    told = targets("America/Denver", since="2026-03-06", nights=5)
    assert told == [date(2026, 3, day) for day in (6, 7, 8, 9, 10, 11)]


def test_a_day_that_was_caught_up_is_today() -> None:
    within = club(member(1), member(2), member(3), zone="America/Denver")
    days = (assignment("2026-03-09", id=1), assignment("2026-03-10", id=2))
    decision = decide(*days, within=within, at="2026-03-09T06:00:00Z")
    facts = [message.facts for message in decision.messages]
    when = [fact.briefing.when for fact in facts if isinstance(fact, CrewFacts)]
    assert when == ["today"] * 3 + ["tomorrow"] * 3


@given(st.dates(date(2001, 1, 1), date(2100, 1, 1)), st.times())
def test_the_target_is_always_the_day_after_the_clubs_date(day: date, clock: time) -> None:
    at = f"{day}T{clock:%H:%M:%S}Z"
    when = occurrence(at, cron=notification.cron)
    for zone in ZONES:
        within = club(member(1), member(2), member(3), zone=zone)
        today = when.club_date(within.zone)
        tomorrow = (today + timedelta(days=1)).isoformat()
        decision = decide(assignment(tomorrow), within=within, at=at)
        assert decision.periods == (tomorrow,)


PEOPLE = st.lists(
    st.tuples(
        st.sampled_from(["Full Member", "Full Member", "Inactive", None]),
        st.sampled_from(["", "a@b.org", "A@B.org ", "c@d.org", "e@f.org"]),
    ),
    min_size=9,
    max_size=9,
)
SOMEBODY = st.none() | st.integers(1, 9)


@given(
    PEOPLE,
    st.tuples(SOMEBODY, SOMEBODY, SOMEBODY, SOMEBODY),
    st.lists(st.integers(1, 9), max_size=6),
    st.lists(st.integers(1, 9), max_size=6, unique=True),
)
def test_everybody_who_comes_is_told_once_or_passed_over(
    people: list[tuple[str | None, str]],
    on_duty: tuple[Any, ...],
    reserving: list[int],
    learning: list[int],
) -> None:
    members = [
        member(id, membership_status=status, email=email)
        for id, (status, email) in enumerate(people, start=1)
    ]
    within = club(*members)
    roles = ("instructor_id", "tow_pilot_id", "duty_officer_id", "commercial_pilot_id")
    decision = decide(
        replace(assignment(), **dict(zip(roles, on_duty, strict=True))),
        within=within,
        reservations=tuple(map(reservation, reserving)),
        lessons=tuple(Lesson(7, id, "confirmed") for id in learning),
    )
    keys = [message.recipient.key for message in decision.messages]
    skipped = [skip.recipient.key for skip in decision.passed_over]
    assert len(set(keys + skipped)) == len(keys + skipped)
    reached = {normalise(message.recipient.address) for message in decision.messages}
    for id in {*filter(None, on_duty), *reserving, *learning}:
        person = within.member(id)
        is_told = normalise(person.email) in reached
        assert f"member:{id}" in skipped or (is_told and within.mail_fault(person) is None)
    elsewhere = [normalise(message.recipient.address) for message in flyers(decision).values()]
    assert len(set(elsewhere)) == len(elsewhere)
    assert not any(
        normalise(message.recipient.address) in elsewhere
        for message in decision.messages
        if isinstance(message.facts, CrewFacts)
    )
    assert bool(decision.untold) is not bool(crew(decision))
