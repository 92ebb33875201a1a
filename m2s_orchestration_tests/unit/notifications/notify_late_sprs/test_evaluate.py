"""Who hears of which overdue reports, and who gets copies."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m2s_orchestration.club.club import Club
from m2s_orchestration.framework import Decision, Message
from m2s_orchestration.notifications.notify_late_sprs.evaluate import Copy, Facts, evaluate
from m2s_orchestration.notifications.notify_late_sprs.parameters import Parameters
from m2s_orchestration.notifications.notify_late_sprs.rows import (
    OfficeHolder,
    Rows,
    UnreportedLesson,
)
from m2s_orchestration_tests.factories import club, member, occurrence

MONDAY = "2026-03-02T10:00:00Z"
FIVE = club(*(member(id) for id in range(1, 6)))


def lesson(flown: str = "2026-02-01", instructor: int = 1, student: int = 4) -> UnreportedLesson:
    return UnreportedLesson(instructor, student, date.fromisoformat(flown))


def decide(
    *lessons: UnreportedLesson,
    within: Club = FIVE,
    at: str = MONDAY,
    holders: dict[int, str] | None = None,
    copies: dict[str, list[str]] | None = None,
) -> Decision:
    found = tuple(
        OfficeHolder(id, office) for id, held in (holders or {}).items() for office in held.split()
    )
    parameters = Parameters(escalation_cc=copies or {})
    return evaluate(Rows(lessons, found), occurrence(at, cron="0 10 * * 1"), within, parameters)


def reminders(decision: Decision) -> dict[str, Facts]:
    return {
        message.recipient.key: message.facts
        for message in decision.messages
        if isinstance(message.facts, Facts)
    }


def copies_in(decision: Decision) -> dict[str, list[int]]:
    """Whom each reader of a copy hears about."""
    return {
        message.recipient.key: [debtor.instructor.id for debtor in message.facts.debtors]
        for message in decision.messages
        if isinstance(message.facts, Copy)
    }


@pytest.mark.parametrize(
    ("flown", "is_overdue"), [("2026-02-22", True), ("2026-02-23", True), ("2026-02-24", False)]
)
def test_a_report_is_overdue_from_exactly_seven_days_on(flown: str, is_overdue: bool) -> None:
    assert bool(decide(lesson(flown)).messages) is is_overdue


def test_an_instructor_reads_all_reports_in_one_mail_oldest_first() -> None:
    lessons = (
        lesson("2026-02-22", student=4),
        lesson("2026-01-31", student=5),
        lesson("2026-01-31", student=4),
        lesson("2026-02-20", instructor=2),
    )
    found = reminders(decide(*lessons))
    assert [(report.student, report.age) for report in found["member:1"].reports] == [
        ("Alice Archer4", 30),
        ("Alice Archer5", 30),
        ("Alice Archer4", 8),
    ]
    assert [report.age for report in found["member:2"].reports] == [10]


@pytest.mark.parametrize(
    ("oldest", "level"),
    [
        ("2026-01-31", "FINAL"),
        ("2026-02-01", "URGENT"),
        ("2026-02-06", "WARNING"),
        ("2026-02-16", "REMINDER"),
        ("2026-02-17", "NOTICE"),
    ],
)
def test_a_mail_is_as_urgent_as_the_oldest_report_in_it(oldest: str, level: str) -> None:
    found = reminders(decide(lesson("2026-02-23"), lesson(oldest, student=5)))
    assert found["member:1"].level == level


def test_an_instructor_is_greeted_by_the_name_that_the_club_uses() -> None:
    within = club(member(1, nickname="Bill", last_name="Hargrove", name_suffix="Jr."), member(4))
    (message,) = decide(lesson(), within=within).messages
    assert message.recipient.name == "Bill Hargrove, Jr."


def test_instructors_come_in_the_order_of_a_printed_list() -> None:
    within = club(
        member(1, last_name="Young"), member(2, last_name="adams"), member(3, last_name="Brown"),
        member(4),
    )  # fmt: skip
    lessons = [lesson(instructor=id) for id in (1, 2, 3)]
    decision = decide(*lessons, within=within)
    assert [message.recipient.key for message in decision.messages] == [
        "member:2",
        "member:3",
        "member:1",
    ]


@pytest.mark.parametrize(("count", "text"), [(1, "Report needs"), (2, "Reports need")])
def test_the_notice_has_the_token_and_begins_with_the_count(count: int, text: str) -> None:
    lessons = [lesson(student=3 + number) for number in range(count)]
    (notice,) = decide(*lessons).notices
    assert notice.text == f"{count} overdue Student Progress {text} to be written."
    assert "overdue Student Progress Report" in notice.text
    assert (notice.token, notice.url) == ("overdue Student Progress Report", "/instructors/")
    assert (notice.member_id, notice.count, notice.period) == (1, count, "2026-03-02")


def test_the_notice_needs_no_address_and_the_operators_hear_that_there_was_no_mail() -> None:
    decision = decide(lesson(), within=club(member(1, email=" "), member(4)))
    assert not decision.messages
    assert [notice.member_id for notice in decision.notices] == [1]
    assert [skip.recipient.key for skip in decision.passed_over] == ["member:1"]
    (untold,) = decision.untold
    assert "2026-02-01" in untold.item
    assert "member 1: the address is blank" in untold.reason


@pytest.mark.parametrize("status", ["Inactive", "Deceased", None, ""])
def test_who_is_not_active_is_told_in_no_way(status: str | None) -> None:
    decision = decide(lesson(), within=club(member(1, membership_status=status), member(4)))
    assert not decision.messages
    assert not decision.notices
    assert len(decision.passed_over) == len(decision.untold) == 1


def test_students_who_left_are_reported_on_all_the_same() -> None:
    decision = decide(lesson(), within=club(member(1), member(4, membership_status="Inactive")))
    assert len(decision.messages) == 1


def test_without_the_parameter_nobody_gets_a_copy() -> None:
    decision = decide(lesson(), holders={2: "director"})
    assert [message.variant for message in decision.messages] == [""]


def test_holders_of_the_named_office_get_a_copy_of_mails_with_that_level() -> None:
    lessons = (lesson("2026-01-31", instructor=1), lesson("2026-02-23", instructor=2))
    decision = decide(
        *lessons, holders={3: "director", 5: "safety_officer"}, copies={"FINAL": ["director"]}
    )
    assert copies_in(decision) == {"member:3": [1]}
    assert set(reminders(decision)) == {"member:1", "member:2"}
    copy = decision.messages[-1]
    assert (copy.variant, copy.template, copy.period) == ("copy", "copy", "2026-03-02")


def test_a_copy_follows_every_level_that_the_mail_has() -> None:
    lessons = (lesson("2026-01-31"), lesson("2026-02-23", student=5))
    decision = decide(*lessons, holders={3: "director"}, copies={"NOTICE": ["director"]})
    assert copies_in(decision) == {"member:3": [1]}


def test_whoever_holds_several_offices_gets_one_copy_about_everybody() -> None:
    lessons = [lesson(instructor=id) for id in (1, 2)]
    decision = decide(
        *lessons,
        holders={3: "director treasurer webmaster"},
        copies={"URGENT": ["director", "treasurer"]},
    )
    assert copies_in(decision) == {"member:3": [1, 2]}


def test_an_instructor_who_holds_the_office_gets_no_copy_about_themselves() -> None:
    holders = {1: "director", 2: "director"}
    decision = decide(lesson(instructor=1), holders=holders, copies={"URGENT": ["director"]})
    assert copies_in(decision) == {"member:2": [1]}
    both = decide(
        lesson(instructor=1), lesson(instructor=2), holders=holders, copies={"URGENT": ["director"]}
    )
    assert copies_in(both) == {"member:1": [2], "member:2": [1]}
    keys = [(message.recipient.key, message.variant) for message in both.messages]
    assert len(set(keys)) == len(keys) == 4


def test_a_holder_who_cannot_be_mailed_is_passed_over() -> None:
    within = club(member(1), member(2, membership_status="Inactive"), member(4))
    decision = decide(
        lesson(), within=within, holders={2: "director"}, copies={"URGENT": ["director"]}
    )
    assert not copies_in(decision)
    (skip,) = decision.passed_over
    assert (skip.recipient.key, skip.variant) == ("member:2", "copy")
    assert not decision.untold


def test_a_copy_says_that_the_instructor_could_not_be_mailed_and_somebody_knows() -> None:
    within = club(member(1, membership_status="Inactive"), member(2), member(4))
    decision = decide(
        lesson(), within=within, holders={2: "director"}, copies={"URGENT": ["director"]}
    )
    (message,) = decision.messages
    assert isinstance(message.facts, Copy)
    assert not message.facts.debtors[0].is_told
    assert not decision.untold


ZONES = [
    ("America/Los_Angeles", "2026-03-07"),
    ("America/Denver", "2026-03-08"),
    ("America/New_York", "2026-03-08"),
    ("UTC", "2026-03-08"),
    ("Pacific/Auckland", "2026-03-08"),
]


@pytest.mark.parametrize(("zone", "club_date"), ZONES)
def test_the_day_begins_at_midnight_in_the_club(zone: str, club_date: str) -> None:
    today = date.fromisoformat(club_date)
    within = club(member(1), member(4), member(5), zone=zone)
    lessons = (
        lesson((today - timedelta(days=7)).isoformat(), student=4),
        lesson((today - timedelta(days=6)).isoformat(), student=5),
    )
    decision = decide(*lessons, within=within, at="2026-03-08T07:59:59Z")
    assert [report.age for report in reminders(decision)["member:1"].reports] == [7]
    assert decision.periods == (club_date,)


@pytest.mark.parametrize(
    ("at", "age"),
    [
        ("2026-03-08T04:59:59Z", 29),
        ("2026-03-08T05:00:00Z", 30),
        ("2026-03-09T03:59:59Z", 30),
        ("2026-03-09T04:00:00Z", 31),
    ],
)
def test_a_day_of_23_hours_is_one_day(at: str, age: int) -> None:
    decision = decide(lesson("2026-02-06"), at=at)
    assert [report.age for report in reminders(decision)["member:1"].reports] == [age]


@pytest.mark.parametrize(
    ("at", "age"), [("2026-11-02T04:59:59Z", 13), ("2026-11-02T05:00:00Z", 14)]
)
def test_a_day_of_25_hours_is_one_day(at: str, age: int) -> None:
    decision = decide(lesson("2026-10-19"), at=at)
    assert [report.age for report in reminders(decision)["member:1"].reports] == [age]


def test_a_week_before_the_day_after_a_leap_day() -> None:
    decision = decide(lesson("2028-02-23"), at="2028-03-01T10:00:00Z")
    assert [report.age for report in reminders(decision)["member:1"].reports] == [7]


def test_nothing_overdue_leads_to_nothing() -> None:
    decision = decide(lesson("2026-03-01"))
    assert decision == Decision(found={"unreported_lessons": 1, "overdue_reports": 0})


LESSONS = st.builds(
    lesson,
    st.dates(date(2025, 12, 1), date(2026, 3, 5)).map(date.isoformat),
    instructor=st.integers(1, 6),
    student=st.integers(1, 6),
)
PEOPLE = st.lists(
    st.tuples(st.sampled_from(["Full Member", "Inactive", None]), st.sampled_from(["", "a@b.org"])),
    min_size=6,
    max_size=6,
)


@given(
    st.lists(LESSONS, max_size=8, unique=True),
    PEOPLE,
    st.dictionaries(st.integers(1, 6), st.sampled_from(["director", "treasurer secretary"])),
    st.dictionaries(
        st.sampled_from(["NOTICE", "WARNING", "FINAL"]),
        st.lists(st.sampled_from(["director", "treasurer", "secretary"])),
    ),
)
def test_every_overdue_report_is_told_to_its_instructor_once_or_to_somebody(
    lessons: list[UnreportedLesson],
    people: list[tuple[str | None, str]],
    holders: dict[int, str],
    copies: dict[str, list[str]],
) -> None:
    members = [
        member(id, membership_status=status, email=email)
        for id, (status, email) in enumerate(people, start=1)
    ]
    decision = decide(*lessons, within=club(*members), holders=holders, copies=copies)
    told: list[Message] = list(decision.messages)
    keys = [(message.recipient.key, message.variant) for message in told]
    assert len(set(keys)) == len(keys)
    found = reminders(decision)
    known = {id for ids in copies_in(decision).values() for id in ids}
    untold = " ".join(item.reason for item in decision.untold)
    for row in lessons:
        if row.flown <= date(2026, 2, 23):
            key = f"member:{row.instructor_id}"
            mine = found[key].reports if key in found else ()
            listed = [report for report in mine if report.flown == row.flown]
            assert listed or row.instructor_id in known or f"member {row.instructor_id}:" in untold
    assert sum(len(facts.reports) for facts in found.values()) <= len(lessons)
    for key, ids in copies_in(decision).items():
        assert int(key.split(":")[1]) not in ids
