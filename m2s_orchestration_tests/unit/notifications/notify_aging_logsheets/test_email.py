"""What the reminder of aging logsheets reads like."""

from __future__ import annotations

from m2s_orchestration.club.member import Member
from m2s_orchestration.mail.render import Rendered, render
from m2s_orchestration.notifications.notify_aging_logsheets import notification
from m2s_orchestration.notifications.notify_aging_logsheets.evaluate import Parameters, evaluate
from m2s_orchestration.notifications.notify_aging_logsheets.rows import Logsheet, Rows
from m2s_orchestration_tests.factories import club, logsheet, member, occurrence


def read(*sheets: Logsheet, person: Member | None = None) -> Rendered:
    within = club(person or member(1), member(2), member(3))
    decision = evaluate(Rows(sheets, ()), occurrence(), within, Parameters())
    message = decision.messages[0]
    context = {"facts": message.facts, "recipient": message.recipient, "club": within}
    return render(package=notification.package, template=message.template, context=context)


def test_both_parts_list_every_sheet_with_its_age_and_link_to_the_page() -> None:
    mail = read(logsheet("2026-02-01"), logsheet("2026-02-22", id=2), logsheet("2026-02-23", id=3))
    assert mail.subject == "Logsheets waiting to be finalized: 3"
    for part in (mail.text, mail.html):
        for told in ("Sunday, February 1, 2026", "(29 days old)", "(8 days old)", "(7 days old)"):
            assert told in part
        assert "https://www.example.org/logsheet/" in part
        assert "these logsheets are" in part


def test_one_sheet_is_spoken_of_as_one() -> None:
    mail = read(logsheet("2026-02-01"))
    assert mail.subject == "Logsheets waiting to be finalized: 1"
    for part in (mail.text, mail.html):
        assert "this logsheet is still open" in part


def test_names_are_escaped_in_the_html_part_only() -> None:
    mail = read(logsheet(airfield='<Front> & "Royal"'), person=member(1, first_name="D'Arcy <b>&"))
    assert "Hello D'Arcy <b>&," in mail.text
    assert '<Front> & "Royal"' in mail.text
    assert "<b>" not in mail.html
    assert "<Front>" not in mail.html
    assert "&lt;Front&gt; &amp;" in mail.html
