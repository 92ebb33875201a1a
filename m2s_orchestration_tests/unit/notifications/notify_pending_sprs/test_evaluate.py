"""Who hears of which pending reports."""

from __future__ import annotations

from datetime import date

from m2s_orchestration.club.club import Club
from m2s_orchestration.framework import Decision
from m2s_orchestration.notifications.notify_pending_sprs import notification
from m2s_orchestration.notifications.notify_pending_sprs.evaluate import (
    Facts,
    Parameters,
    Student,
    evaluate,
)
from m2s_orchestration.notifications.notify_pending_sprs.rows import (
    OldReminder,
    Reminder,
    Rows,
    Skip,
    UnreportedLesson,
)
from m2s_orchestration_tests.factories import club, member, occurrence

FOUR = club(*(member(id, last_name=name) for id, name in enumerate("DCBA", start=1)))
NEWEST, OLDER = "2026-03-01", "2026-02-28"


def lesson(flown: str, student_id: int, instructor_id: int = 1) -> UnreportedLesson:
    return UnreportedLesson(instructor_id, student_id, date.fromisoformat(flown))


def decide(
    *lessons: UnreportedLesson,
    by_web: tuple[OldReminder, ...] = (),
    by_us: tuple[Reminder, ...] = (),
    skips: tuple[Skip, ...] = (),
    within: Club = FOUR,
) -> Decision:
    moment = occurrence("2026-03-02T07:00:00Z", cron=notification.cron)
    return evaluate(Rows(lessons, by_web, by_us, skips), moment, within, Parameters())


def told(decision: Decision) -> dict[str, str]:
    """The period that each reader hears of."""
    return {message.recipient.key: message.period for message in decision.messages}


def test_an_instructor_hears_of_the_newest_day_with_each_student_once() -> None:
    decision = decide(lesson(NEWEST, 3), lesson(NEWEST, 2), lesson(OLDER, 4))
    (message,) = decision.messages
    assert message.recipient.name == "Alice D"
    # In the order of a printed list.
    assert message.facts == Facts(
        date(2026, 3, 1),
        (
            Student("Alice B", "/instructors/report/3/2026-03-01/"),
            Student("Alice C", "/instructors/report/2/2026-03-01/"),
        ),
        is_further=False,
    )


def test_every_instructor_has_a_newest_day_of_their_own() -> None:
    decision = decide(lesson(NEWEST, 3, 1), lesson(OLDER, 3, 2))
    assert told(decision) == {
        "member:1": "2026-03-01 students 3",
        "member:2": "2026-02-28 students 3",
    }


def test_who_was_reminded_of_a_day_hears_of_the_one_before() -> None:
    lessons = lesson(NEWEST, 3), lesson(OLDER, 4)
    by_us = (Reminder(1, "2026-03-01 students 3"),)
    assert told(decide(*lessons, by_us=by_us)) == {"member:1": "2026-02-28 students 4"}
    by_web = (OldReminder(1, NEWEST),)
    assert told(decide(*lessons, by_web=by_web)) == {"member:1": "2026-02-28 students 4"}


def test_anothers_reminder_is_none_of_ours() -> None:
    by_us, by_web = (Reminder(2, "2026-03-01 students 3"),), (OldReminder(2, NEWEST),)
    decision = decide(lesson(NEWEST, 3), by_us=by_us, by_web=by_web)
    assert told(decision) == {"member:1": "2026-03-01 students 3"}


def test_of_students_who_come_later_there_is_one_more_mail() -> None:
    lessons = lesson(NEWEST, 2), lesson(NEWEST, 3), lesson(NEWEST, 4)
    first = Reminder(1, "2026-03-01 students 3")
    decision = decide(*lessons, by_us=(first,))
    assert told(decision) == {"member:1": "2026-03-01 students 2 4"}
    (message,) = decision.messages
    assert isinstance(message.facts, Facts)
    assert message.facts.is_further
    again = decide(*lessons, by_us=(first, Reminder(1, "2026-03-01 students 2 4")))
    assert not again.messages


def test_when_one_of_two_is_written_the_other_is_not_asked_for_again() -> None:
    assert not decide(lesson(NEWEST, 3), by_us=(Reminder(1, "2026-03-01 students 2 3"),)).messages


def test_a_notice_has_the_words_that_the_web_application_looks_for_and_needs_no_address() -> None:
    within = club(member(1, email=""), member(2), member(3))
    (one,) = decide(lesson(NEWEST, 3), within=within).notices
    assert (one.member_id, one.url, one.count) == (1, "/instructors/", 1)
    assert one.text == "1 pending Student Progress Report from 2026-03-01."
    assert one.token is None
    (two,) = decide(lesson(NEWEST, 2), lesson(NEWEST, 3)).notices
    assert two.text == "2 pending Student Progress Reports from 2026-03-01."


def test_who_cannot_be_mailed_is_passed_over_and_the_operators_hear_once() -> None:
    within = club(member(1, membership_status="Inactive"), member(3))
    decision = decide(lesson(NEWEST, 3), within=within)
    assert not decision.messages
    assert not decision.notices
    assert [skip.reason for skip in decision.passed_over] == [
        "membership status 'Inactive' is not active"
    ]
    (untold,) = decision.untold
    assert "1 of 2026-03-01" in untold.item
    known = (Skip("member:1", "2026-03-01 students 3"),)
    assert not decide(lesson(NEWEST, 3), skips=known, within=within).untold


def test_where_all_is_reported_nobody_hears() -> None:
    assert decide() == Decision(found={"unreported_lessons": 0, "pending_reports": 0})
