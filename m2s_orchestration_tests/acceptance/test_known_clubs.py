"""For known clubs ours do what the present system did, except where it was decided otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import pytest

from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration_tests.acceptance.clubs import (
    ABSENT,
    Case,
    KnownClubs,
    find_cases,
    find_folder,
)
from m2s_orchestration_tests.acceptance.known_clubs import DECIDED, Comparison, compare
from m2s_orchestration_tests.acceptance.seen import Seen, SeenMail

CASES = find_cases(DECIDED)

Compare = Callable[[Case], Comparison]

pytestmark = pytest.mark.skipif(not CASES, reason=ABSENT)


@pytest.fixture(scope="module")
def compared(postgres: EmbeddedPostgres) -> Iterator[Compare]:
    """Compares a case, once."""
    folder = find_folder()
    assert folder is not None
    with KnownClubs(folder, postgres) as clubs:
        yield cache(lambda case: compare(case, clubs.club(case.club)))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_nothing_differs_but_what_was_decided(case: Case, compared: Compare) -> None:
    comparison = compared(case)
    assert comparison.is_right, comparison.explanation


def find(compared: Compare, label: str, decision: str) -> Comparison:
    """The comparison of one case, in which a decision must have made a difference."""
    case = next((case for case in CASES if case.label == label), None)
    if case is None:
        pytest.skip(f"the known clubs have no case {label}")
    comparison = compared(case)
    assert decision in comparison.decisions
    assert decision in {difference.name for difference in DECIDED[case.job]}
    return comparison


def mail_to(seen: Seen, name: str) -> SeenMail | None:
    """The mail to the one address that begins with a name."""
    return next((mail for mail in seen.mails if mail.to[0].startswith(f"{name}.")), None)


def told_of(seen: Seen, name: str) -> set[str]:
    """The dates in all the mails to the address that begins so."""
    return {day for mail in seen.mails if mail.to[0].startswith(name) for day in mail.dates}


PREFIX = "test_decision_"
AGING = "notify_aging_logsheets@"
DELINQUENTS = "report_duty_delinquents@"
AD_HOC = "expire_ad_hoc_days@"
DIGEST = "send_maintenance_digest@"
OPERATORS = ("operators@example.org",)


def test_decision_parameters_are_validated(compared: Compare) -> None:
    label = f"A/{AGING}2026-03-07T060000Z~days-0"
    comparison = find(compared, label, "parameters are validated")
    assert comparison.ours == Seen(refused=True)
    assert comparison.case.seen.mails


def test_decision_the_day_is_the_clubs(compared: Compare) -> None:
    label = f"A/{AGING}2026-03-04T030000Z"
    comparison = find(compared, label, "the day is the club's")
    listed = {day for mail in comparison.ours.mails for day in mail.dates}
    assert "2026-02-24" in listed
    assert "2026-02-25" not in listed


def test_decision_a_sheet_of_exactly_seven_days_is_aging(compared: Compare) -> None:
    label = f"A/{AGING}2026-03-08T100000Z"
    comparison = find(compared, label, "a sheet of exactly seven days is aging")
    before, after = mail_to(comparison.case.seen, "sara"), mail_to(comparison.ours, "sara")
    assert before
    assert after
    assert after.dates - before.dates == {"2026-03-01"}


def test_decision_both_officers_in_one_person_are_told_once(compared: Compare) -> None:
    label = f"A/{AGING}2026-03-08T100000Z"
    comparison = find(compared, label, "both officers in one person are told once")
    before, after = mail_to(comparison.case.seen, "ellen"), mail_to(comparison.ours, "ellen")
    assert before
    assert after
    assert (before.numbers, after.numbers) == ((2,), (1,))


def test_decision_nobody_is_told_who_is_not_active(compared: Compare) -> None:
    label = f"A/{AGING}2026-03-08T100000Z"
    comparison = find(compared, label, "nobody is told who is not active")
    assert mail_to(comparison.case.seen, "jim")
    assert not mail_to(comparison.ours, "jim")


def test_decision_the_creator_is_told_when_no_officer_can_be(compared: Compare) -> None:
    label = f"A/{AGING}2026-03-08T100000Z"
    comparison = find(compared, label, "the creator is told when no officer can be")
    before, after = mail_to(comparison.case.seen, "paul"), mail_to(comparison.ours, "paul")
    assert before
    assert after
    assert after.dates - before.dates == {"2026-02-20", "2026-02-21"}


def test_decision_a_notice_needs_no_address(compared: Compare) -> None:
    label = f"A/{AGING}2026-03-08T100000Z"
    comparison = find(compared, label, "a notice needs no address")
    assert (176, "/logsheet/", 1) in comparison.ours.notices.created
    assert not mail_to(comparison.ours, "otto")


def test_decision_a_notice_without_a_sheet_is_dismissed(compared: Compare) -> None:
    label = f"A/{AGING}2025-12-31T233000Z"
    comparison = find(compared, label, "a notice without a sheet is dismissed")
    assert comparison.case.seen.notices.changed.total() == 0
    assert comparison.ours.notices.changed.total() == 3


def test_decision_months_are_calendar_months(compared: Compare) -> None:
    label = f"A/{DELINQUENTS}2026-04-01T070000Z"
    comparison = find(compared, label, "months are calendar months")
    (before,) = comparison.case.seen.mails
    # In the five days by which twelve months are longer than 360, one flew and the other helped.
    assert {mail.members ^ before.members for mail in comparison.ours.mails} == {
        frozenset({178, 179})
    }


def test_decision_one_message_per_manager(compared: Compare) -> None:
    label = f"A/{DELINQUENTS}2026-03-01T070000Z"
    comparison = find(compared, label, "one message per manager")
    (before,) = comparison.case.seen.mails
    assert {mail.to for mail in comparison.ours.mails} == {(address,) for address in before.to}


def test_decision_days_are_due_up_to_the_next_operating_morning(compared: Compare) -> None:
    label = f"A/{AD_HOC}2026-03-04T030000Z"
    comparison = find(compared, label, "days are due up to the next operating morning")
    # Seven in the evening of the third: the present system cancels the day that is just over.
    assert told_of(comparison.case.seen, "members@") == {"2026-03-03"}
    assert told_of(comparison.ours, "members@") == {"2026-03-03", "2026-03-04"}


def test_decision_a_day_that_was_missed_is_cancelled_too(compared: Compare) -> None:
    label = f"A/{AD_HOC}2026-03-01T070000Z"
    comparison = find(compared, label, "a day that was missed is cancelled too")
    assert not comparison.case.seen.rows
    assert comparison.ours.rows["duty_roster_dutyassignment"].deleted == {335, 337, 338}
    assert not comparison.ours.mails


def test_decision_students_whose_request_falls_away_are_told(compared: Compare) -> None:
    label = f"A/{AD_HOC}2026-03-07T060000Z"
    comparison = find(compared, label, "students whose request falls away are told")
    assert told_of(comparison.ours, "case@") == {"2026-03-06"}
    (before,) = comparison.case.seen.mails
    # Ten requests, of which four had been taken back.
    assert before in comparison.ours.mails
    assert len(comparison.ours.mails) == 1 + 6


def test_decision_one_message_per_meister(compared: Compare) -> None:
    label = f"seed/{DIGEST}2026-03-01T090000Z"
    comparison = find(compared, label, "one message per meister")
    (before,) = comparison.case.seen.mails
    after = {mail.to for mail in comparison.ours.mails if mail.to != OPERATORS}
    assert after == {(address,) for address in before.to}


def test_decision_the_link_leads_to_the_maintenance_page(compared: Compare) -> None:
    label = f"seed/{DIGEST}2026-03-01T090000Z"
    comparison = find(compared, label, "the link leads to the maintenance page")
    links = {mail.links for mail in comparison.ours.mails if mail.to != OPERATORS}
    assert links == {frozenset({"/logsheet/maintenance/"})}


def test_decision_an_issue_of_two_aircraft_reaches_the_meisters_of_both(compared: Compare) -> None:
    label = f"A/{DIGEST}2026-03-08T100000Z"
    comparison = find(compared, label, "an issue of two aircraft reaches the meisters of both")
    (before,) = comparison.case.seen.mails
    assert not any(address.startswith("sue.") for address in before.to)
    assert mail_to(comparison.ours, "sue")


def test_decision_the_operators_hear_of_a_grounded_aircraft_without_a_meister(
    compared: Compare,
) -> None:
    label = f"A/{DIGEST}2026-03-08T100000Z"
    decision = "the operators hear of a grounded aircraft without a meister"
    comparison = find(compared, label, decision)
    (alert,) = (mail for mail in comparison.ours.mails if mail.to == OPERATORS)
    assert alert.numbers == (4,)
    assert alert.dates == {"2026-01-13", "2026-01-23", "2026-02-07", "2026-03-04"}


def test_each_decision_has_a_test_of_its_name() -> None:
    tested = {name.removeprefix(PREFIX) for name in globals() if name.startswith(PREFIX)}
    names = {
        difference.name.replace("'", "").replace(" ", "_")
        for differences in DECIDED.values()
        for difference in differences
    }
    assert names == tested
