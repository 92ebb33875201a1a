"""What they read."""

from __future__ import annotations

from datetime import date

import pytest

from m2s_orchestration.mail.render import Rendered, render
from m2s_orchestration.notifications.remind_open_swap_requests import notification
from m2s_orchestration.notifications.remind_open_swap_requests.evaluate import Facts
from m2s_orchestration_tests.factories import club


def read(left: int = 7, reason: str = "eligible", notes: str = "", name: str = "Al") -> Rendered:
    facts = Facts(
        "Tow Pilot", date(2026, 3, 7), left, "Bob Brown", notes, "/duty_roster/swap/request/7/",
        reason,
    )  # fmt: skip
    context = {"facts": facts, "recipient": {"name": name}, "club": club()}
    return render(package=notification.package, template="email", context=context)


def words(part: str) -> str:
    return " ".join(part.split())


def test_who_could_help_reads_who_asks_when_and_where() -> None:
    mail = read()
    assert mail.subject == "7 days left: the Tow Pilot duty of Mar 7 is still open"
    for part in (mail.text, mail.html):
        assert "Bob Brown cannot do the duty as Tow Pilot on Saturday, March 7, 2026" in words(part)
        assert "7 days are left. Could you?" in words(part)
        assert "https://www.example.org/duty_roster/swap/request/7/" in part


def test_who_asked_reads_that_it_is_still_theirs() -> None:
    mail = read(1, "requester")
    assert mail.subject == "1 day left: your Tow Pilot duty of Mar 7 is still open"
    for part in (mail.text, mail.html):
        assert "has not been taken yet, and 1 day is left" in words(part)
        assert "Could you?" not in part


@pytest.mark.parametrize(
    ("left", "words_of_urgency"), [(1, "it is tomorrow."), (3, "the day is near."), (4, "")]
)
def test_it_is_more_urgent_the_nearer_the_day_is(left: int, words_of_urgency: str) -> None:
    mail = read(left)
    for part in (mail.text.casefold(), mail.html.casefold()):
        assert words_of_urgency in part
        assert words_of_urgency or "the day is near" not in part


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        ("requester", "because you asked."),
        ("asked", "because Bob Brown asked you."),
        ("eligible", "because you can do this duty."),
        ("rostermeister", "because you keep the roster."),
    ],
)
def test_everybody_reads_why_they_get_it(reason: str, why: str) -> None:
    mail = read(reason=reason)
    for part in (mail.text, mail.html):
        assert why in words(part)


def test_notes_and_names_are_escaped_in_the_html_part_only() -> None:
    mail = read(notes="Back <3 &\nsoon", name="D'Arcy <b>")
    assert "Back <3 &\nsoon" in mail.text
    assert "Hello D'Arcy <b>," in mail.text
    assert "Back &lt;3 &amp;" in mail.html
    assert "<b>" not in mail.html
    assert "writes:" not in read().text
