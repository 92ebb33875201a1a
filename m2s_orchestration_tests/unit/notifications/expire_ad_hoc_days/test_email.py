"""What the members and the students read of a cancelled day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from m2s_orchestration.framework import Recipient
from m2s_orchestration.mail.render import Rendered, render
from m2s_orchestration.notifications.expire_ad_hoc_days import notification
from m2s_orchestration.notifications.expire_ad_hoc_days.evaluate import Facts
from m2s_orchestration_tests.factories import club, member

FACTS = Facts(
    day=date(2026, 3, 1),
    deadline=datetime.fromisoformat("2026-02-28T22:00:00-05:00"),
    minimum_crew=("Tow Pilot", "Duty <Officer>"),
)
MEMBERS = Recipient.at("members@example.org", "members")


def read(template: str, facts: Facts = FACTS, recipient: Recipient = MEMBERS) -> Rendered:
    context = {"facts": facts, "recipient": recipient, "club": club()}
    return render(package=notification.package, template=template, context=context)


def flat(text: str) -> str:
    return " ".join(text.split())


def test_the_members_read_which_day_why_and_where_the_next_one_is_found() -> None:
    mail = read("email")
    assert mail.subject == "Cancelled: the extra flying day on Sunday, March 1, 2026"
    for part in (mail.text, mail.html):
        assert "Sunday, March 1, 2026" in part
        assert "not confirmed by 10:00 PM on Saturday, club time" in flat(part)
        assert "https://www.example.org/duty_roster/calendar/" in part
    assert "at least one Tow Pilot and one Duty <Officer>," in flat(mail.text)
    assert "at least one Tow Pilot and one Duty &lt;Officer&gt;," in flat(mail.html)


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        ("pending", "You had asked for instruction"),
        ("confirmed", "You had a place for instruction"),
        ("waitlist", "You were on the waiting list for instruction"),
        ("something new", "You had asked for instruction"),
    ],
)
def test_a_student_reads_what_became_of_the_request(standing: str, words: str) -> None:
    student = Recipient.of(member(1, first_name="Zoë <&>"))
    mail = read("student", replace(FACTS, standing=standing), student)
    assert mail.subject == "No instruction on Sunday, March 1, 2026: the day is cancelled"
    assert "Hello Zoë <&>," in mail.text
    assert "Hello Zoë &lt;&amp;&gt;," in mail.html
    for part in (mail.text, mail.html):
        assert f"{words} that day, and your request has gone with it." in flat(part)
        assert "Sunday, March 1, 2026" in part
        assert "not confirmed by 10:00 PM on Saturday, club time" in flat(part)
        assert "https://www.example.org/duty_roster/calendar/" in part
