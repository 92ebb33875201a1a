"""What instructors read."""

from __future__ import annotations

from datetime import date

from m2s_orchestration.mail.render import Rendered, render
from m2s_orchestration.notifications.notify_pending_sprs import notification
from m2s_orchestration.notifications.notify_pending_sprs.evaluate import Facts, Student
from m2s_orchestration_tests.factories import club


def student(id: int, name: str) -> Student:
    return Student(name, f"/instructors/report/{id}/2026-02-22/")


def read(*students: Student, is_further: bool = False, name: str = "Alice") -> Rendered:
    context = {
        "facts": Facts(date(2026, 2, 22), students, is_further),
        "recipient": {"name": name},
        "club": club(),
    }
    return render(package=notification.package, template="email", context=context)


def words(part: str) -> str:
    return " ".join(part.split())


def test_both_parts_lead_to_the_report_of_each_student() -> None:
    mail = read(student(7, "Bob Brown"), student(9, "Cid Cole"))
    assert mail.subject == "Student progress reports to write: 2, February 22, 2026"
    for part in (mail.text, mail.html):
        assert "You flew with 2 students on Sunday, February 22, 2026" in words(part)
        assert "their progress reports are still to be written" in words(part)
        for told in ("Bob Brown", "Cid Cole", "/instructors/report/7/2026-02-22/"):
            assert told in part
        assert "https://www.example.org/instructors/report/9/2026-02-22/" in part


def test_one_student_is_spoken_of_as_one() -> None:
    mail = read(student(7, "Bob Brown"))
    for part in (mail.text, mail.html):
        assert "You flew with 1 student on" in words(part)
        assert "the progress report is still to be written" in words(part)


def test_a_further_reminder_says_why_it_comes() -> None:
    mail = read(student(7, "Bob Brown"), is_further=True)
    for part in (mail.text, mail.html):
        assert "Another logsheet of Sunday, February 22, 2026 is closed" in words(part)
        assert "there is 1 more student of yours" in words(part)


def test_names_are_escaped_in_the_html_part_only() -> None:
    mail = read(student(7, "<Zoë> & Co"), name="D'Arcy <b>")
    assert "Hello D'Arcy <b>," in mail.text
    assert "- <Zoë> & Co" in mail.text
    assert "<b>" not in mail.html
    assert "&lt;Zoë&gt; &amp; Co" in mail.html
