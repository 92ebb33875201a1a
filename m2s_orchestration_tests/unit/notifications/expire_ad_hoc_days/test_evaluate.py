"""Which extra days are cancelled, and who hears of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from m2s_orchestration.club.club import Club
from m2s_orchestration.framework import Change, Decision, Message, Parameters
from m2s_orchestration.framework.occurrence import ticks_between
from m2s_orchestration.framework.planning import with_operators_message
from m2s_orchestration.notifications.expire_ad_hoc_days import notification
from m2s_orchestration.notifications.expire_ad_hoc_days.evaluate import OVER, Facts, evaluate
from m2s_orchestration.notifications.expire_ad_hoc_days.rows import (
    InstructionRequest,
    Rows,
    UnconfirmedDay,
)
from m2s_orchestration_tests.factories import club, member, occurrence

LIST = "members@example.org"
THREE = club(member(1), member(2), member(3), mailing_list=LIST)
# Ten in the evening in New York.
EVENING = "2026-03-01T03:00:00Z"
TOMORROW, TODAY, YESTERDAY = "2026-03-01", "2026-02-28", "2026-02-27"
ZONES = (*("America/Los_Angeles", "America/Denver", "America/New_York", "UTC", "Pacific/Auckland"),)


def day(text: str, id: int | None = None) -> UnconfirmedDay:
    found = date.fromisoformat(text)
    return UnconfirmedDay(id or found.toordinal(), found)


def request(text: str, student_id: int, status: str = "pending") -> InstructionRequest:
    return InstructionRequest(day(text).id, student_id, status)


def decide(
    *days: str,
    by: tuple[InstructionRequest, ...] = (),
    within: Club = THREE,
    at: str = EVENING,
) -> Decision:
    moment = occurrence(at, notification=notification.name, cron=notification.cron)
    return evaluate(Rows(tuple(map(day, days)), by), moment, within, Parameters())


def cancelled(decision: Decision) -> list[str]:
    return [change.key.removeprefix("cancel:") for change in decision.changes]


def told(decision: Decision) -> set[tuple[str, str]]:
    """The day and the recipient of every message."""
    return {(message.period, message.recipient.key) for message in decision.messages}


def facts(message: Message) -> Facts:
    assert isinstance(message.facts, Facts)
    return message.facts


def test_tomorrow_is_cancelled_and_the_list_and_each_student_hear() -> None:
    asked = (request(TOMORROW, 1), request(TOMORROW, 3, "waitlist"))
    decision = decide(TOMORROW, by=asked)
    assert decision.changes == (
        Change(
            "cancel:2026-03-01",
            "cancel_day",
            {"day_id": day(TOMORROW).id, "ops_date": date(2026, 3, 1), "student_ids": [1, 3]},
        ),
    )
    assert told(decision) == {
        (TOMORROW, f"address:{LIST}"),
        (TOMORROW, "member:1"),
        (TOMORROW, "member:3"),
    }
    assert [message.template for message in decision.messages] == ["email", "student", "student"]
    assert [facts(message).standing for message in decision.messages] == ["", "pending", "waitlist"]


def test_everything_that_is_told_depends_on_the_change() -> None:
    within = club(member(1), member(2, email=""), member(3, membership_status="Inactive"))
    asked = tuple(request(TOMORROW, id) for id in (1, 2, 3))
    decision = decide(TOMORROW, by=asked, within=within)
    conditions = [
        *(message.only_if for message in decision.messages),
        *(skip.only_if for skip in decision.passed_over),
        *(untold.only_if for untold in decision.untold),
    ]
    assert conditions == ["cancel:2026-03-01"] * 4
    assert [change.key for change in decision.changes] == ["cancel:2026-03-01"]


def test_students_who_cannot_be_mailed_are_passed_over_with_the_reason() -> None:
    within = club(
        *(member(1), member(2, email=""), member(3, membership_status="Inactive")),
        mailing_list=LIST,
    )
    decision = decide(TOMORROW, by=tuple(request(TOMORROW, id) for id in (1, 2, 3)), within=within)
    assert told(decision) == {(TOMORROW, f"address:{LIST}"), (TOMORROW, "member:1")}
    assert [(skip.recipient.key, skip.reason) for skip in decision.passed_over] == [
        ("member:2", "the address is blank"),
        ("member:3", "membership status 'Inactive' is not active"),
    ]


def test_a_student_of_two_days_hears_of_each_and_only_of_theirs() -> None:
    asked = (request(TODAY, 1), request(TOMORROW, 1), request(TOMORROW, 2))
    decision = decide(TODAY, TOMORROW, by=asked)
    assert {found for found in told(decision) if found[1].startswith("member")} == {
        (TODAY, "member:1"),
        (TOMORROW, "member:1"),
        (TOMORROW, "member:2"),
    }
    assert [change.values["student_ids"] for change in decision.changes] == [[1], [1, 2]]


def test_the_day_after_the_next_morning_waits() -> None:
    decision = decide(TOMORROW, "2026-03-02")
    assert cancelled(decision) == [TOMORROW]
    assert decision.found == {"unconfirmed_days": 2, "due_days": 1}


def test_a_club_without_proposals_has_nothing_to_do() -> None:
    assert decide() == Decision(found={"unconfirmed_days": 0, "due_days": 0})


@pytest.mark.parametrize(
    ("zone", "before", "next_morning"),
    [
        ("America/Los_Angeles", "2026-01-15T15:59:59Z", "2026-01-15"),
        ("America/Los_Angeles", "2026-01-15T16:00:00Z", "2026-01-16"),
        ("America/Los_Angeles", "2026-03-08T14:59:59Z", "2026-03-08"),  # clocks went forward
        ("America/Los_Angeles", "2026-03-08T15:00:00Z", "2026-03-09"),
        ("America/Denver", "2026-11-01T14:59:59Z", "2026-11-01"),  # clocks went back
        ("America/Denver", "2026-11-01T15:00:00Z", "2026-11-02"),
        ("America/New_York", "2026-03-08T03:00:00Z", "2026-03-08"),
        ("America/New_York", "2026-11-01T03:00:00Z", "2026-11-01"),
        ("America/New_York", "2026-03-01T04:59:59Z", "2026-03-01"),  # midnight in the club
        ("America/New_York", "2026-03-01T05:00:00Z", "2026-03-01"),
        ("America/New_York", "2028-02-29T03:00:00Z", "2028-02-29"),
        ("America/New_York", "2028-03-01T03:00:00Z", "2028-03-01"),
        ("UTC", "2026-03-01T03:00:00Z", "2026-03-01"),
        ("UTC", "2026-03-01T07:59:59Z", "2026-03-01"),
        ("UTC", "2026-03-01T08:00:00Z", "2026-03-02"),
        ("Pacific/Auckland", "2026-04-04T18:59:59Z", "2026-04-05"),
        ("Pacific/Auckland", "2026-04-04T20:00:00Z", "2026-04-06"),  # clocks went back
        ("Pacific/Auckland", "2026-09-26T18:59:59Z", "2026-09-27"),  # clocks went forward
        ("Pacific/Auckland", "2026-09-26T19:00:00Z", "2026-09-28"),
    ],
)
def test_days_are_due_up_to_the_next_eight_o_clock_in_the_club(
    zone: str, before: str, next_morning: str
) -> None:
    last = date.fromisoformat(next_morning)
    days = [(last + timedelta(days=after)).isoformat() for after in (0, 1)]
    within = club(zone=zone, mailing_list=LIST)
    assert cancelled(decide(*days, within=within, at=before)) == [next_morning]


def test_a_day_that_was_missed_is_cancelled_and_told_while_it_lasts() -> None:
    decision = decide(TODAY, TOMORROW, by=(request(TODAY, 1),))
    assert cancelled(decision) == [TODAY, TOMORROW]
    assert (TODAY, f"address:{LIST}") in told(decision)
    assert (TODAY, "member:1") in told(decision)


def test_a_day_that_is_over_is_cancelled_quietly() -> None:
    within = club(member(1), member(2, email=""), mailing_list=LIST)
    decision = decide(
        *("2024-02-29", YESTERDAY),
        by=(request(YESTERDAY, 1), request(YESTERDAY, 2)),
        within=within,
    )
    assert cancelled(decision) == ["2024-02-29", YESTERDAY]
    assert not decision.messages
    assert [(skip.period, skip.recipient.key) for skip in decision.passed_over] == [
        ("2024-02-29", f"address:{LIST}"),
        (YESTERDAY, f"address:{LIST}"),
        (YESTERDAY, "member:1"),
        (YESTERDAY, "member:2"),
    ]
    assert {skip.reason for skip in decision.passed_over} == {OVER}


@pytest.mark.parametrize(
    ("at", "is_told"), [("2026-03-01T04:59:59Z", True), ("2026-03-01T05:00:00Z", False)]
)
def test_a_day_is_over_at_midnight_in_the_club(at: str, is_told: bool) -> None:
    assert bool(decide(TODAY, at=at).messages) is is_told


@pytest.mark.parametrize(
    ("mailing_list", "reason"),
    [(None, "set MEMBERS_MAILING_LIST"), ("a@b@c", "MEMBERS_MAILING_LIST: a***")],
)
def test_without_a_mailing_list_the_operators_hear_and_the_students_too(
    mailing_list: str | None, reason: str
) -> None:
    within = club(member(1), mailing_list=mailing_list)
    decision = decide(YESTERDAY, TOMORROW, by=(request(TOMORROW, 1),), within=within)
    assert told(decision) == {(TOMORROW, "member:1")}
    (untold,) = decision.untold
    assert TOMORROW in untold.item
    assert reason in untold.reason


def test_of_two_days_the_operators_hear_in_a_message_each_that_depends_on_its_own() -> None:
    within = club(mailing_list=None)
    decision = decide(TODAY, TOMORROW, within=within)
    complete = with_operators_message(decision, occurrence(EVENING), within)
    assert [message.only_if for message in complete.messages] == [
        *("cancel:2026-02-28", "cancel:2026-03-01")
    ]
    assert len({message.variant for message in complete.messages}) == 2


@pytest.mark.parametrize(
    ("zone", "deadline"),
    [
        ("America/Los_Angeles", "19:00 Saturday"),
        ("America/New_York", "22:00 Saturday"),
        ("UTC", "03:00 Sunday"),
        ("Pacific/Auckland", "16:00 Sunday"),
    ],
)
def test_the_deadline_is_the_occurrence_by_the_clubs_clock(zone: str, deadline: str) -> None:
    within = club(zone=zone, mailing_list=LIST)
    decision = decide(TOMORROW, within=within)
    assert f"{facts(decision.messages[0]).deadline:%H:%M %A}" == deadline


def test_the_crew_it_takes_has_the_clubs_own_titles() -> None:
    within = club(mailing_list=LIST, titles={"towpilot": "Tuggie", "duty_officer": "Boss"})
    assert facts(decide(TOMORROW, within=within).messages[0]).minimum_crew == ("Tuggie", "Boss")


@pytest.mark.parametrize("zone", ZONES)
def test_in_two_years_every_day_is_cancelled_once_at_the_last_tick_before_its_morning(
    zone: str,
) -> None:
    clock, within = ZoneInfo(zone), club(zone=zone, mailing_list=LIST)
    first, last = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
    waiting = [(first.date() + timedelta(days=number)).isoformat() for number in range(3, 728)]
    proposed, done = list(waiting), dict[str, datetime]()
    for tick in ticks_between(notification.cron, first, last):
        decision = decide(*waiting[:4], within=within, at=tick.isoformat())
        for text in cancelled(decision):
            assert text not in done
            assert (text, f"address:{LIST}") in told(decision)
            done[text] = tick
        waiting = [text for text in waiting if text not in done]
    assert waiting == []
    assert list(done) == proposed
    for text, tick in done.items():
        morning = datetime.combine(date.fromisoformat(text), time(8), tzinfo=clock)
        assert tick < morning.astimezone(UTC) <= tick + timedelta(days=1)
