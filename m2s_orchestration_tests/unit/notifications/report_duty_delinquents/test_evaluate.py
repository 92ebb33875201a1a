"""Who receives the report of members who fly and do no duty, and what is in it."""

from __future__ import annotations

from datetime import date

import pytest

from m2s_orchestration.club.club import Club
from m2s_orchestration.errors import BadParameter, NobodyToTell
from m2s_orchestration.framework import Decision
from m2s_orchestration.framework.parameters import checked
from m2s_orchestration.notifications.report_duty_delinquents.evaluate import Parameters, evaluate
from m2s_orchestration.notifications.report_duty_delinquents.report import Report
from m2s_orchestration.notifications.report_duty_delinquents.rows import (
    Delinquent,
    MemberManager,
    Rows,
)
from m2s_orchestration_tests.factories import club, delinquent, member, occurrence

MANAGERS = (8, 9)
CRON = "0 7 1 * *"


def decide(
    *delinquents: Delinquent,
    within: Club | None = None,
    at: str = "2026-03-01T07:00:00Z",
    parameters: Parameters | None = None,
) -> Decision:
    rows = Rows(delinquents, tuple(MemberManager(id) for id in MANAGERS))
    everybody = within or club(*(member(id) for id in (1, 2, 3, *MANAGERS)))
    return evaluate(rows, occurrence(at, cron=CRON), everybody, parameters or Parameters())


def report(decision: Decision) -> Report:
    facts = decision.messages[0].facts
    assert isinstance(facts, Report)
    return facts


def test_each_manager_gets_the_report_in_a_message_of_their_own() -> None:
    decision = decide(delinquent())
    assert [message.recipient.key for message in decision.messages] == ["member:8", "member:9"]
    assert decision.messages[0].facts == decision.messages[1].facts
    assert not report(decision).instead


def test_nobody_to_report_on_means_no_mail_notice_or_file() -> None:
    decision = decide()
    assert decision == Decision(found={"delinquents": 0, "member_managers": 2})


def test_most_flights_come_first_and_ties_go_by_name() -> None:
    within = club(
        member(1, last_name="Zorn"),
        member(2, last_name="abel", first_name="Ben"),
        member(3, last_name="Abel", first_name="Al"),
        *(member(id) for id in MANAGERS),
    )
    entries = report(
        decide(delinquent(1, flights=9), delinquent(2), delinquent(3), within=within)
    ).entries
    assert [entry.name for entry in entries] == ["Alice Zorn", "Al Abel", "Ben abel"]


def test_an_entry_tells_what_the_manager_needs() -> None:
    within = club(
        member(1, nickname=" ", first_name="Bo", last_name='<b>"O\'Hara"</b>', email=" "),
        *(member(id) for id in MANAGERS),
    )
    (entry,) = report(decide(delinquent(joined_club=None, flights=4), within=within)).entries
    assert entry.name == 'Bo <b>"O\'Hara"</b>'
    assert (entry.email, entry.status, entry.membership) == ("", "Full Member", "unknown")
    assert (entry.flights, entry.latest_flight) == (4, date(2026, 2, 22))


def test_a_manager_who_cannot_be_mailed_is_passed_over_with_the_reason() -> None:
    within = club(member(1), member(8, email=""), member(9))
    decision = decide(delinquent(), within=within)
    assert [message.recipient.key for message in decision.messages] == ["member:9"]
    assert [skip.recipient.key for skip in decision.passed_over] == ["member:8"]
    assert {notice.member_id for notice in decision.notices} == {8, 9}


def test_a_manager_who_is_not_active_gets_neither_mail_nor_notice() -> None:
    within = club(member(1), member(8, membership_status="Inactive"), member(9))
    decision = decide(delinquent(), within=within)
    assert {notice.member_id for notice in decision.notices} == {9}
    assert [skip.recipient.key for skip in decision.passed_over] == ["member:8"]


def test_the_operators_get_the_report_when_no_manager_can_be_mailed() -> None:
    within = club(member(1), member(8, email=""), member(9, membership_status="Inactive"))
    decision = decide(delinquent(), within=within)
    (message,) = decision.messages
    assert message.recipient.address == "operators@example.org"
    assert report(decision).instead
    assert {notice.member_id for notice in decision.notices} == {8}


def test_without_manager_and_operators_the_run_fails_and_says_what_to_set() -> None:
    within = club(member(1), member(8, email=""), member(9, email=""), operators=None)
    with pytest.raises(NobodyToTell, match="OPERATORS_EMAIL"):
        decide(delinquent(), within=within)


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "America/New_York", "Pacific/Auckland"])
@pytest.mark.parametrize("month", [1, 2, 3, 7, 11])
def test_the_report_is_of_the_month_that_begins(zone: str, month: int) -> None:
    within = club(member(1), member(8), member(9), zone=zone)
    decision = decide(delinquent(), within=within, at=f"2026-{month:02}-01T07:00:00Z")
    assert decision.periods == (f"2026-{month:02}",)
    assert report(decision).month == date(2026, month, 1)


def test_membership_is_counted_up_to_the_date_in_the_club() -> None:
    west = club(member(1), member(8), member(9), zone="America/Los_Angeles")
    joined = delinquent(joined_club=date(2025, 3, 1))
    assert report(decide(joined, within=west)).entries[0].membership == "11 months"
    assert report(decide(joined)).entries[0].membership == "1 year"


@pytest.mark.parametrize(("people", "begins"), [(1, "1 member flies"), (3, "3 members fly")])
def test_the_notice_begins_with_the_count(people: int, begins: str) -> None:
    decision = decide(*(delinquent(id) for id in range(1, people + 1)))
    notice = decision.notices[0]
    assert notice.text.startswith(begins)
    assert notice.url == "/duty_roster/duty-delinquents/detail/"
    assert notice.token is None


def test_the_criteria_are_those_of_the_run() -> None:
    parameters = Parameters(
        lookback_months=6, min_flights=1, min_membership_months=0, exempt_statuses=["Life Member"]
    )
    facts = report(decide(delinquent(), parameters=parameters))
    assert (facts.lookback_months, facts.min_flights, facts.min_membership_months) == (6, 1, 0)
    assert facts.exempt_statuses == ("Life Member",)


def test_the_run_keeps_the_list_as_a_csv_file() -> None:
    (artifact,) = decide(delinquent(), delinquent(2)).artifacts
    assert artifact.name == "duty-delinquents-2026-03.csv"
    assert artifact.media_type == "text/csv"
    assert len(artifact.content.decode().splitlines()) == 3


@pytest.mark.parametrize(
    "values",
    [
        {"lookback_months": 0},
        {"min_flights": 0},
        {"min_membership_months": -1},
        {"exempt_statuses": "Emeritus Member"},
        {"months": 3},
    ],
)
def test_parameters_that_make_no_sense_are_refused_by_name(values: dict[str, object]) -> None:
    with pytest.raises(BadParameter, match=next(iter(values))):
        checked(Parameters, values)
