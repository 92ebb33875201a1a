"""What they read."""

from __future__ import annotations

from datetime import date

from m2s_orchestration.mail.render import Rendered, render
from m2s_orchestration.notifications.expire_past_swap_requests import notification
from m2s_orchestration.notifications.expire_past_swap_requests.evaluate import Facts
from m2s_orchestration_tests.factories import club, member


def read(template: str, title: str = "Tow Pilot", name: str = "Alice") -> Rendered:
    context = {
        "facts": Facts(title, date(2026, 2, 22), member(2, first_name="Bob", last_name="Brown")),
        "recipient": {"name": name},
        "club": club(),
    }
    return render(package=notification.package, template=template, context=context)


def words(part: str) -> str:
    return " ".join(part.split())


def test_who_asked_reads_that_nothing_is_to_be_done() -> None:
    mail = read("email")
    assert mail.subject == "Nobody took your Tow Pilot duty of Feb 22: the request has expired"
    for part in (mail.text, mail.html):
        assert "your duty as Tow Pilot on Sunday, February 22, 2026" in words(part)
        assert "You need not do anything." in words(part)


def test_who_offered_reads_whom_they_would_have_helped() -> None:
    mail = read("offer")
    assert mail.subject == "Bob's request for a Tow Pilot on Feb 22 has expired"
    for part in (mail.text, mail.html):
        assert "Bob Brown had asked" in words(part)
        assert "as Tow Pilot on Sunday, February 22, 2026" in words(part)
        assert "Thank you for stepping forward" in words(part)


def test_titles_and_names_are_escaped_in_the_html_part_only() -> None:
    for template in ("email", "offer"):
        mail = read(template, title="Winch & <Tow>", name="D'Arcy <b>")
        assert "Hello D'Arcy <b>," in mail.text
        assert "as Winch & <Tow> on" in words(mail.text)
        assert "<b>" not in mail.html
        assert "Winch &amp; &lt;Tow&gt;" in mail.html
