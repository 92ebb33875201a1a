"""What the report of members who fly and do no duty reads like."""

from __future__ import annotations

import pytest

from m2s_orchestration.mail.render import Rendered, render
from m2s_orchestration.notifications.report_duty_delinquents import notification
from m2s_orchestration.notifications.report_duty_delinquents.evaluate import Parameters, evaluate
from m2s_orchestration.notifications.report_duty_delinquents.rows import (
    Delinquent,
    MemberManager,
    Rows,
)
from m2s_orchestration_tests.factories import club, delinquent, member, occurrence

LINKS = ("/duty_roster/duty-delinquents/detail/", "/members/", "/duty_roster/")


def read(
    *delinquents: Delinquent,
    manager_email: str = "m@example.org",
    parameters: Parameters | None = None,
) -> Rendered:
    within = club(
        member(1, first_name="Zoë", last_name="D'Angelo <i>&"),
        member(2, email=""),
        member(9, email=manager_email),
    )
    rows = Rows(delinquents, (MemberManager(9),))
    at = occurrence("2026-03-01T07:00:00Z", cron="0 7 1 * *")
    message = evaluate(rows, at, within, parameters or Parameters()).messages[0]
    context = {"facts": message.facts, "recipient": message.recipient, "club": within}
    return render(package=notification.package, template=message.template, context=context)


def test_both_parts_tell_the_facts_of_every_member_and_link_to_the_pages() -> None:
    mail = read(delinquent(1), delinquent(2, joined_club=None))
    assert mail.subject == "Duty report for March: 2 members without duty"
    for part in (mail.text, mail.html):
        for told in (
            *("March 2026", "1. ", "2. ", "Email: member1@example.org", "Email: none on file"),
            *("Membership: 10 years", "Membership: unknown", "Status: Full Member"),
            *("Flights: 5, the latest on Feb 22, 2026", "Emeritus Member"),
            *(f"https://www.example.org{path}" for path in LINKS),
        ):
            assert told in part


def test_names_are_escaped_in_the_html_part_only() -> None:
    mail = read(delinquent(1))
    assert "Zoë D'Angelo <i>&" in mail.text
    assert "<i>" not in mail.html
    assert "&lt;i&gt;&amp;" in mail.html


@pytest.mark.parametrize("part", ["text", "html"])
def test_the_criteria_are_printed_as_configured(part: str) -> None:
    parameters = Parameters(
        lookback_months=6,
        min_flights=1,
        min_membership_months=0,
        exempt_statuses=["Life Member", "Founder"],
    )
    mail = read(delinquent(1), parameters=parameters)
    told = " ".join(getattr(mail, part).split())
    assert "active members; " in told.replace("</li>", " ")
    assert "with 1 flight or more as pilot in the last 6 months" in told
    assert "Left out: the treasurer, Life Member, Founder." in told


@pytest.mark.parametrize("part", ["text", "html"])
def test_the_operators_are_told_why_they_get_it(part: str) -> None:
    assert "comes to you" not in getattr(read(delinquent(1)), part)
    told = " ".join(getattr(read(delinquent(1), manager_email=""), part).split())
    assert "Hello operators," in told
    assert "No member manager can be mailed at present, so this report comes to you." in told
