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


def files_to(seen: Seen, name: str) -> set[str]:
    """The names of the calendar files to the one address that begins with a name."""
    mail = mail_to(seen, name)
    return {dict(calendar)["filename"] for calendar in mail.calendars} if mail else set()


def mail_to_address(seen: Seen, address: str) -> int:
    """How many mails go to an address, however it is written."""
    return sum(mail.to[0].strip().casefold() == address for mail in seen.mails)


PREFIX = "test_decision_"
AGING = "notify_aging_logsheets@"
DELINQUENTS = "report_duty_delinquents@"
AD_HOC = "expire_ad_hoc_days@"
DIGEST = "send_maintenance_digest@"
LATE = "notify_late_sprs@"
PENDING = "notify_pending_sprs@"
PREOP = "send_duty_preop_emails@"
PAST_SWAPS = "expire_past_swap_requests@"
OPEN_SWAPS = "remind_open_swap_requests@"
SUMMARIES = "send_instructor_summary_emails@"
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


def test_decision_a_window_of_less_than_a_week_is_refused(compared: Compare) -> None:
    label = f"seed/{LATE}2026-03-02T100000Z~max-days-6"
    comparison = find(compared, label, "a window of less than a week is refused")
    assert comparison.ours == Seen(refused=True)


def test_decision_age_is_counted_in_the_clubs_dates(compared: Compare) -> None:
    label = f"A/{LATE}2026-03-06T060000Z"
    comparison = find(compared, label, "age is counted in the club's dates")
    # Ten in the evening of the fifth at the club, and the sixth where the server stands.
    assert "2026-02-27" in told_of(comparison.case.seen, "family@")
    assert "2026-02-27" not in told_of(comparison.ours, "family@")


def test_decision_reports_are_owed_for_90_days(compared: Compare) -> None:
    label = f"A/{LATE}2026-03-06T060000Z"
    comparison = find(compared, label, "reports are owed for 90 days")
    before, after = mail_to(comparison.case.seen, "evan"), mail_to(comparison.ours, "evan")
    assert before
    assert after
    # Of 36 days ago.
    assert after.dates - before.dates == {"2026-01-29"}


def test_decision_each_student_and_day_is_one_entry(compared: Compare) -> None:
    label = f"A/{LATE}2026-03-06T060000Z"
    comparison = find(compared, label, "each student and day is one entry")
    before, after = mail_to(comparison.case.seen, "roy"), mail_to(comparison.ours, "roy")
    assert before
    assert after
    assert (before.numbers, after.numbers) == ((2,), (1,))
    assert before.dates == after.dates == {"2026-02-08"}


def test_decision_no_instructor_is_told_who_is_not_active(compared: Compare) -> None:
    label = f"A/{LATE}2026-03-02T100000Z"
    comparison = find(compared, label, "no instructor is told who is not active")
    assert mail_to(comparison.case.seen, "gus")
    assert not mail_to(comparison.ours, "gus")
    assert 174 not in {member_id for member_id, *_ in comparison.ours.notices.created}


def test_decision_nobody_is_mailed_without_a_valid_address(compared: Compare) -> None:
    label = f"A/{LATE}2026-03-02T100000Z"
    comparison = find(compared, label, "nobody is mailed without a valid address")
    assert {mail.to for mail in comparison.case.seen.mails} >= {(" ",)}
    assert (" ",) not in {mail.to for mail in comparison.ours.mails}
    assert 173 in {member_id for member_id, *_ in comparison.ours.notices.created}


def test_decision_the_operators_hear_of_instructors_who_cannot_be_mailed(
    compared: Compare,
) -> None:
    label = f"A/{LATE}2026-03-02T100000Z"
    decision = "the operators hear of instructors who cannot be mailed"
    comparison = find(compared, label, decision)
    (alert,) = (mail for mail in comparison.ours.mails if mail.to == OPERATORS)
    assert alert.numbers == (4,)


def test_decision_each_instructor_hears_of_a_newest_day_of_their_own(compared: Compare) -> None:
    label = f"seed/{PENDING}2026-03-02T100000Z"
    comparison = find(compared, label, "each instructor hears of a newest day of their own")
    (before,) = comparison.case.seen.mails
    assert before in comparison.ours.mails
    assert len({tuple(mail.dates) for mail in comparison.ours.mails}) > 1


def test_decision_no_instructor_is_reminded_who_is_not_active(compared: Compare) -> None:
    label = f"A/{PENDING}2026-03-07T060000Z~days-ago-1"
    comparison = find(compared, label, "no instructor is reminded who is not active")
    assert mail_to(comparison.case.seen, "gus")
    assert not mail_to(comparison.ours, "gus")


def test_decision_a_reminder_in_the_application_needs_no_address(compared: Compare) -> None:
    label = f"A/{PENDING}2026-03-07T060000Z"
    comparison = find(compared, label, "a reminder in the application needs no address")
    assert 173 in {member_id for member_id, *_ in comparison.ours.notices.created}


def test_decision_the_operators_hear_of_reminders_that_reach_nobody(compared: Compare) -> None:
    label = f"A/{PENDING}2026-03-07T060000Z~days-ago-1"
    decision = "the operators hear of reminders that reach nobody"
    comparison = find(compared, label, decision)
    (alert,) = (mail for mail in comparison.ours.mails if mail.to == OPERATORS)
    assert alert.dates == {"2026-03-05"}


def test_decision_what_is_no_date_is_refused(compared: Compare) -> None:
    label = f"A/{PREOP}2026-03-07T060000Z~date-notadate"
    comparison = find(compared, label, "what is no date is refused")
    assert comparison.ours == Seen(refused=True)


def test_decision_aircraft_that_are_not_in_use_are_left_out(compared: Compare) -> None:
    label = f"A/{PREOP}2026-03-07T060000Z~date-2026-03-14"
    comparison = find(compared, label, "aircraft that are not in use are left out")
    before, after = mail_to(comparison.case.seen, "stuart"), mail_to(comparison.ours, "stuart")
    assert before
    assert after
    assert after.dates < before.dates


def test_decision_role_rows_count_as_crew(compared: Compare) -> None:
    label = f"A/{PREOP}2026-03-07T060000Z"
    comparison = find(compared, label, "role rows count as crew")
    assert not mail_to(comparison.case.seen, "vera.owens")
    assert files_to(comparison.ours, "vera.owens") == {"duty-2026-03-07-duty-officer.ics"}


def test_decision_all_roles_of_a_person_are_one_message(compared: Compare) -> None:
    label = f"A/{PREOP}2026-03-07T060000Z"
    comparison = find(compared, label, "all roles of a person are one message")
    before = [mail for mail in comparison.case.seen.mails if mail.to[0].startswith("many.hats.")]
    after = mail_to(comparison.ours, "many.hats")
    assert after
    assert len(before) == len(after.calendars) == 3


def test_decision_only_the_crew_sees_unconfirmed_students(compared: Compare) -> None:
    label = f"A/{PREOP}2026-03-07T060000Z"
    comparison = find(compared, label, "only the crew sees unconfirmed students")
    crew, flyer = mail_to(comparison.ours, "many.hats"), mail_to(comparison.ours, "earl")
    assert crew
    assert flyer
    assert crew.members - flyer.members == {25, 171}


def test_decision_addresses_are_compared_without_regard_to_case_and_blanks(
    compared: Compare,
) -> None:
    label = f"A/{PREOP}2026-03-07T060000Z"
    decision = "addresses are compared without regard to case and blanks"
    comparison = find(compared, label, decision)
    assert mail_to_address(comparison.case.seen, "case@cluba.example") == 2
    assert mail_to_address(comparison.ours, "case@cluba.example") == 1


def test_decision_neither_crew_nor_participants_are_told_who_are_not_active(
    compared: Compare,
) -> None:
    label = f"A/{PREOP}2026-03-07T060000Z"
    decision = "neither crew nor participants are told who are not active"
    comparison = find(compared, label, decision)
    assert mail_to(comparison.case.seen, "nil.status")
    assert not mail_to(comparison.ours, "nil.status")


def test_decision_confirmed_extra_days_have_a_summary_too(compared: Compare) -> None:
    label = f"A/{SUMMARIES}2026-03-01T070000Z"
    comparison = find(compared, label, "confirmed extra days have a summary too")
    assert not comparison.case.seen.mails
    assert {day for mail in comparison.ours.mails for day in mail.dates} == {"2026-03-02"}


def test_decision_who_offered_twice_is_thanked_once(compared: Compare) -> None:
    label = f"seed/{PAST_SWAPS}2026-02-28T235900Z"
    comparison = find(compared, label, "who offered twice is thanked once")
    address = "luis.sanders.27@mail.example.org"
    assert mail_to_address(comparison.case.seen, address) == 2
    assert mail_to_address(comparison.ours, address) == 1
    assert comparison.ours.rows["duty_roster_dutyswapoffer"].changed == 3


def test_decision_the_text_part_says_who_asks_and_why(compared: Compare) -> None:
    label = f"seed/{OPEN_SWAPS}2026-03-06T060000Z"
    comparison = find(compared, label, "the text part says who asks and why")
    assert not any(mail.members for mail in comparison.case.seen.mails)
    assert all(mail.members for mail in comparison.ours.mails)


def test_decision_a_step_that_was_missed_is_made_up_for(compared: Compare) -> None:
    label = f"seed/{OPEN_SWAPS}2026-03-06T060000Z"
    comparison = find(compared, label, "a step that was missed is made up for")
    assert {mail.numbers[0] for mail in comparison.case.seen.mails} <= {1, 3, 7, 14}
    assert {mail.numbers[0] for mail in comparison.ours.mails} - {1, 3, 7, 14}


def test_decision_whoever_offered_already_is_not_chased(compared: Compare) -> None:
    label = f"seed/{OPEN_SWAPS}2026-02-28T235900Z"
    comparison = find(compared, label, "whoever offered already is not chased")
    before = {(mail.to, mail.links) for mail in comparison.case.seen.mails}
    assert before - {(mail.to, mail.links) for mail in comparison.ours.mails}


def test_decision_no_swap_reminder_goes_to_what_is_no_address(compared: Compare) -> None:
    label = f"A/{OPEN_SWAPS}2026-03-02T100000Z"
    comparison = find(compared, label, "no swap reminder goes to what is no address")
    assert (" ",) in {mail.to for mail in comparison.case.seen.mails}
    assert (" ",) not in {mail.to for mail in comparison.ours.mails}


def test_each_decision_has_a_test_of_its_name() -> None:
    tested = {name.removeprefix(PREFIX) for name in globals() if name.startswith(PREFIX)}
    names = {
        difference.name.replace("'", "").replace(" ", "_")
        for differences in DECIDED.values()
        for difference in differences
    }
    assert names == tested
