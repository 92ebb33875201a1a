"""What the maintenance digest reads like."""

from __future__ import annotations

from datetime import date

from m2s_orchestration.framework import Club
from m2s_orchestration.mail.render import Rendered, render
from m2s_orchestration.notifications.send_maintenance_digest import notification
from m2s_orchestration.notifications.send_maintenance_digest.evaluate import Facts, Line
from m2s_orchestration_tests.factories import club, member

CRACK = Line("DB / N77DB / Discus b", "Canopy < cracked & loose", date(2026, 2, 14), grounded=True)
TRIM = Line("N3342S / SGS 2-33A", "Trim spring\nis weak", date(2026, 1, 24), grounded=False)


def read(own: tuple[Line, ...], others: tuple[Line, ...] = (), name: str = "Alice") -> Rendered:
    reader = member(1, first_name=name)
    within: Club = club(reader)
    context = {
        "facts": Facts(date(2026, 3, 1), own, others),
        "recipient": {"name": reader.greeting_name},
        "club": within,
    }
    return render(package=notification.package, template="email", context=context)


def test_both_parts_tell_every_issue_and_link_to_the_list() -> None:
    mail = read((CRACK,), (TRIM,))
    assert mail.subject == "Aircraft maintenance, March 1: what is still open"
    for part in (mail.text, mail.html):
        assert "Sunday, March 1, 2026, 2 maintenance issues are open" in " ".join(part.split())
        assert "DB / N77DB / Discus b" in part
        assert "Reported Feb 14, 2026" in part
        assert "Reported Jan 24, 2026, operational" in part
        assert "https://www.example.org/logsheet/maintenance/" in part
        assert part.casefold().index("your aircraft") < part.index("DB / N77DB")
        assert part.index("DB / N77DB") < part.casefold().index("the rest of the fleet")
        assert part.casefold().index("the rest of the fleet") < part.index("N3342S")


def test_what_is_grounded_says_so() -> None:
    mail = read((CRACK, TRIM))
    assert "- GROUNDED: DB / N77DB / Discus b\n" in mail.text
    assert "- N3342S / SGS 2-33A\n" in mail.text
    assert "Grounded: DB / N77DB / Discus b" in mail.html
    assert "Grounded: N3342S" not in mail.html


def test_one_issue_is_spoken_of_as_one_and_nothing_else_as_nothing() -> None:
    mail = read((TRIM,))
    for part in (mail.text, mail.html):
        assert "1 maintenance issue is open" in part
        assert "Nothing else is open." in part


def test_descriptions_are_escaped_in_the_html_part_only_and_keep_their_lines() -> None:
    mail = read((CRACK, TRIM), name="D'Arcy <b>&")
    assert "Hello D'Arcy <b>&," in mail.text
    assert "Canopy < cracked & loose" in mail.text
    assert "  Trim spring\n  is weak\n" in mail.text
    assert "Canopy &lt; cracked &amp; loose" in mail.html
    assert "Trim spring<br>is weak" in mail.html
    assert "<b>" not in mail.html


def test_an_issue_without_a_description_is_still_one() -> None:
    mail = read((Line("Husky (N83HK)", "", date(2026, 2, 21), grounded=True),))
    for part in (mail.text, mail.html):
        assert "No description given." in part
