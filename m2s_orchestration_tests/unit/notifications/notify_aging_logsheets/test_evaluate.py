"""Who hears of which aging logsheets."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m2s_orchestration.club.club import Club
from m2s_orchestration.errors import BadParameter
from m2s_orchestration.framework import Change, Decision, Message, Notice
from m2s_orchestration.framework.parameters import checked
from m2s_orchestration.notifications.notify_aging_logsheets.evaluate import (
    Facts,
    Parameters,
    evaluate,
)
from m2s_orchestration.notifications.notify_aging_logsheets.rows import Logsheet, OpenNotice, Rows
from m2s_orchestration_tests.factories import MONDAY, club, logsheet, member, occurrence

THREE = club(member(1), member(2), member(3))


def decide(
    *sheets: Logsheet,
    within: Club = THREE,
    at: str = MONDAY,
    days: int = 7,
    noticed: tuple[int, ...] = (),
) -> Decision:
    rows = Rows(sheets, tuple(OpenNotice(member_id) for member_id in noticed))
    return evaluate(rows, occurrence(at), within, Parameters(days=days))


def told(decision: Decision) -> dict[str, list[str]]:
    """The dates that each recipient reads, by the recipient's key."""
    return {message.recipient.key: dates(message) for message in decision.messages}


def dates(message: Message) -> list[str]:
    assert isinstance(message.facts, Facts)
    return [sheet.log_date.isoformat() for sheet in message.facts.sheets]


@pytest.mark.parametrize(
    ("flown", "is_aging"),
    [("2026-02-22", True), ("2026-02-23", True), ("2026-02-24", False), ("2026-03-05", False)],
)
def test_a_sheet_is_aging_from_exactly_seven_days_on(flown: str, is_aging: bool) -> None:
    assert bool(decide(logsheet(flown)).messages) is is_aging


def test_both_officers_hear_and_the_creator_does_not() -> None:
    assert told(decide(logsheet("2026-02-01"))) == {
        "member:1": ["2026-02-01"],
        "member:2": ["2026-02-01"],
    }


def test_who_is_both_officers_is_told_once_of_the_sheet() -> None:
    decision = decide(logsheet("2026-02-01", assistant_duty_officer_id=1))
    assert told(decision) == {"member:1": ["2026-02-01"]}
    assert [notice.count for notice in decision.notices] == [1]


def test_the_creator_hears_when_there_is_no_officer() -> None:
    sheet = logsheet("2026-02-01", duty_officer_id=None, assistant_duty_officer_id=None)
    assert told(decide(sheet)) == {"member:3": ["2026-02-01"]}


def test_one_officer_who_can_be_told_is_enough() -> None:
    within = club(member(1, email=""), member(2), member(3))
    assert set(told(decide(logsheet(), within=within))) == {"member:2"}


def test_the_creator_hears_when_no_officer_can_be_mailed() -> None:
    within = club(member(1, email=" "), member(2, membership_status="Inactive"), member(3))
    decision = decide(logsheet(), within=within)
    assert set(told(decision)) == {"member:3"}
    assert [skip.recipient.key for skip in decision.passed_over] == ["member:1", "member:2"]
    assert not decision.untold


def test_a_creator_who_is_an_officer_too_is_asked_once() -> None:
    within = club(member(1, email=""))
    sheet = logsheet(assistant_duty_officer_id=None, created_by_id=1)
    decision = decide(sheet, within=within)
    assert len(decision.passed_over) == len(decision.untold) == len(decision.notices) == 1


def test_a_sheet_that_nobody_can_be_told_about_is_listed_with_the_reasons() -> None:
    gone = [member(id, membership_status="Deceased") for id in (1, 2, 3)]
    decision = decide(logsheet("2026-02-01"), within=club(*gone))
    (untold,) = decision.untold
    assert "2026-02-01" in untold.item
    assert all(f"member {id}: " in untold.reason for id in (1, 2, 3))
    assert not decision.messages


def test_nobody_who_is_not_active_is_told_in_any_way() -> None:
    within = club(member(1, membership_status=None), member(2, membership_status="Pending"))
    sheet = logsheet(created_by_id=1)
    decision = decide(sheet, within=within)
    assert not decision.messages
    assert not decision.notices


def test_active_people_without_an_address_still_get_the_notice() -> None:
    within = club(member(1, email=""), member(2, email="no address"), member(3))
    decision = decide(logsheet(), within=within)
    assert {notice.member_id for notice in decision.notices} == {1, 2, 3}


def test_one_mail_lists_all_sheets_of_a_person_oldest_first() -> None:
    sheets = (
        logsheet("2026-02-20", id=7),
        logsheet("2023-06-11", id=9, duty_officer_id=2, assistant_duty_officer_id=1),
        logsheet("2026-02-01", id=8, airfield="B"),
        logsheet("2026-02-01", id=6, airfield="A"),
    )
    decision = decide(*sheets)
    assert told(decision)["member:1"] == ["2023-06-11", "2026-02-01", "2026-02-01", "2026-02-20"]
    facts = decision.messages[0].facts
    assert isinstance(facts, Facts)
    assert [sheet.airfield for sheet in facts.sheets][1:3] == ["A", "B"]
    assert facts.sheets[0].age == 995


@pytest.mark.parametrize(("count", "text"), [(1, "needs"), (2, "need")])
def test_the_notice_has_the_token_and_begins_with_the_count(count: int, text: str) -> None:
    sheets = [logsheet(id=number) for number in range(count)]
    notice: Notice = decide(*sheets).notices[0]
    assert notice.text.startswith(f"{count} ")
    assert "aging logsheet" in notice.text
    assert f"{text} finalization" in notice.text
    assert (notice.token, notice.url, notice.count) == ("aging logsheet", "/logsheet/", count)


def test_open_notices_of_people_without_aging_sheets_are_dismissed() -> None:
    decision = decide(logsheet("2026-03-01"), logsheet("2026-02-01"), noticed=(2, 3, 4))
    assert decision.changes == (
        Change("dismiss:3", "dismiss_notices", {"member_id": 3}),
        Change("dismiss:4", "dismiss_notices", {"member_id": 4}),
    )


def test_the_open_notice_of_an_inactive_officer_stays_while_the_sheet_is_open() -> None:
    within = club(member(1, membership_status="Inactive"), member(2), member(3))
    decision = decide(logsheet(), within=within, noticed=(1,))
    assert not decision.changes


def test_an_empty_club_has_nobody_to_tell_and_nothing_to_do() -> None:
    decision = decide(within=club())
    assert decision == Decision(found={"open_logsheets": 0, "aging_logsheets": 0})


@pytest.mark.parametrize(
    ("zone", "club_date"),
    [
        ("America/Los_Angeles", "2026-03-07"),
        ("America/New_York", "2026-03-08"),
        ("UTC", "2026-03-08"),
        ("Pacific/Auckland", "2026-03-08"),
    ],
)
def test_the_day_begins_at_midnight_in_the_club(zone: str, club_date: str) -> None:
    today = date.fromisoformat(club_date)
    just = logsheet((today - timedelta(days=7)).isoformat(), id=1)
    not_yet = logsheet((today - timedelta(days=6)).isoformat(), id=2)
    within = club(member(1), member(2), member(3), zone=zone)
    decision = decide(just, not_yet, within=within, at="2026-03-08T07:59:59Z")
    assert told(decision)["member:1"] == [just.log_date.isoformat()]
    assert decision.periods == (club_date,)


@pytest.mark.parametrize(
    ("at", "club_date"),
    [
        ("2026-03-08T04:59:59Z", "2026-03-07"),
        ("2026-03-08T05:00:00Z", "2026-03-08"),
        ("2026-03-09T03:59:59Z", "2026-03-08"),
        ("2026-03-09T04:00:00Z", "2026-03-09"),
        ("2026-11-01T03:59:59Z", "2026-10-31"),
        ("2026-11-02T04:59:59Z", "2026-11-01"),
        ("2026-11-02T05:00:00Z", "2026-11-02"),
    ],
)
def test_days_on_which_clocks_change_are_days_like_any_other(at: str, club_date: str) -> None:
    assert decide(logsheet(), at=at).periods == (club_date,)


def test_a_week_before_the_day_after_a_leap_day() -> None:
    decision = decide(logsheet("2028-02-23"), at="2028-03-01T08:00:00Z")
    facts = decision.messages[0].facts
    assert isinstance(facts, Facts)
    assert facts.sheets[0].age == 7


def test_it_greets_by_first_name_even_where_the_nickname_is_blank() -> None:
    within = club(member(1, first_name="Zoë", nickname="  "), member(2), member(3))
    assert decide(logsheet(), within=within).messages[0].recipient.name == "Zoë"


@pytest.mark.parametrize("days", [0, -1, 1.5, "7", None])
def test_days_are_refused_where_they_make_no_sense(days: object) -> None:
    with pytest.raises(BadParameter, match="days"):
        checked(Parameters, {"days": days})


SHEETS = st.builds(
    logsheet,
    st.dates(min_value=date(2026, 2, 1), max_value=date(2026, 3, 10)).map(date.isoformat),
    id=st.integers(1, 50),
    duty_officer_id=st.none() | st.integers(1, 6),
    assistant_duty_officer_id=st.none() | st.integers(1, 6),
    created_by_id=st.integers(1, 6),
)
PEOPLE = st.lists(
    st.tuples(st.sampled_from(["Full Member", "Inactive", None]), st.sampled_from(["", "a@b.org"])),
    min_size=6,
    max_size=6,
)


@given(st.lists(SHEETS, max_size=8), PEOPLE, st.sets(st.integers(1, 6)))
def test_every_aging_sheet_is_told_once_to_each_or_listed_as_untold(
    sheets: list[Logsheet], people: list[tuple[str | None, str]], noticed: set[int]
) -> None:
    members = [
        member(id, membership_status=status, email=email)
        for id, (status, email) in enumerate(people, start=1)
    ]
    decision = decide(*sheets, within=club(*members), noticed=tuple(noticed))
    keys = [message.recipient.key for message in decision.messages]
    skipped = [skip.recipient.key for skip in decision.passed_over]
    aging = [sheet for sheet in sheets if sheet.log_date <= date(2026, 2, 23)]
    assert len(set(keys + skipped)) == len(keys + skipped)
    for sheet in aging:
        everybody = {*sheet.officers, sheet.created_by_id}
        hears = [key for key in keys if int(key.split(":")[1]) in everybody]
        named = any(sheet.log_date.isoformat() in untold.item for untold in decision.untold)
        assert hears or named
    lists = list(map(dates, decision.messages))
    assert all(listed == sorted(listed) for listed in lists)
    assert {notice.member_id for notice in decision.notices}.isdisjoint(
        change.values["member_id"] for change in decision.changes
    )
