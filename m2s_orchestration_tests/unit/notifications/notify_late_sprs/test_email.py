"""What instructors and the readers of copies read."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from m2s_orchestration.club.member import Member
from m2s_orchestration.mail.render import Rendered, render
from m2s_orchestration.notifications.notify_late_sprs import notification
from m2s_orchestration.notifications.notify_late_sprs.evaluate import Copy, Debtor, Facts
from m2s_orchestration.notifications.notify_late_sprs.overdue import Report, level_of
from m2s_orchestration_tests.factories import club, member

TODAY = date(2026, 3, 2)


def report(age: int, student: str = "Bob Brown") -> Report:
    return Report(student, TODAY - timedelta(days=age), age, level_of(age) or "")


def read(facts: Facts | Copy, person: Member | None = None) -> Rendered:
    reader = person or member(1)
    context = {
        "facts": facts,
        "recipient": {"name": reader.greeting_name},
        "club": club(reader),
    }
    template = "copy" if isinstance(facts, Copy) else "email"
    return render(package=notification.package, template=template, context=context)


def words(part: str) -> str:
    return " ".join(part.split())


@pytest.mark.parametrize(
    ("age", "subject"),
    [
        (7, "Student progress reports overdue: 1"),
        (24, "Student progress reports overdue: 1"),
        (25, "URGENT: Student progress reports overdue: 1"),
        (30, "FINAL NOTICE: Student progress reports overdue: 1"),
    ],
)
def test_the_subject_counts_and_says_only_the_two_highest_levels(age: int, subject: str) -> None:
    assert read(Facts((report(age),))).subject == subject


def test_both_parts_tell_every_report_by_level_and_link_to_the_page() -> None:
    mail = read(Facts((report(45), report(22, "Cid Cole"), report(8, "Dan Dale"))))
    for part in (mail.text, mail.html):
        for told in ("Bob Brown", "(45 days ago)", "Friday, January 16, 2026", "Cid Cole"):
            assert told in part
        levels = [part.index(f"{level}: ") for level in ("Final", "Warning", "Notice")]
        assert levels == sorted(levels)
        assert "3 student progress reports of yours are still missing" in words(part)
        assert "oldest of these lessons was 45 days ago: please write them now" in words(part)
        assert "https://www.example.org/instructors/" in part


def test_one_report_is_spoken_of_as_one() -> None:
    mail = read(Facts((report(26),)))
    for part in (mail.text, mail.html):
        assert "1 student progress report of yours is still missing" in words(part)
        assert "This lesson was 26 days ago: please write it in the next few days." in words(part)


def test_a_first_reminder_urges_nobody() -> None:
    mail = read(Facts((report(20),)))
    for part in (mail.text, mail.html):
        assert "please write" not in part


def test_names_are_escaped_in_the_html_part_only() -> None:
    mail = read(Facts((report(8, "<Zoë> & Co"),)), member(1, first_name="D'Arcy <b>"))
    assert "Hello D'Arcy <b>," in mail.text
    assert "- <Zoë> & Co, " in mail.text
    assert "<b>" not in mail.html
    assert "&lt;Zoë&gt; &amp; Co" in mail.html


def test_a_copy_names_the_instructors_and_says_who_could_not_be_told() -> None:
    told = Debtor(member(2, last_name="Berg"), is_told=True, reports=(report(30), report(8)))
    gone = Debtor(member(3, last_name="Coe"), is_told=False, reports=(report(40, "Dan Dale"),))
    mail = read(Copy((told, gone)))
    assert mail.subject == "Copy: overdue student progress reports of 2 instructors"
    for part in (mail.text, mail.html):
        assert "Alice Berg: 2 reports" in part
        assert "Alice Coe: 1 report" in part
        assert "30 days ago, final" in part
        assert part.count("This instructor cannot be mailed.") == 1
        assert "Whoever can be mailed got a reminder today" in words(part)
        assert "https://www.example.org/instructors/" in part


@pytest.mark.parametrize("is_told", [True, False])
def test_a_copy_promises_no_reminder_that_nobody_got(is_told: bool) -> None:
    mail = read(Copy((Debtor(member(2), is_told=is_told, reports=(report(30),)),)))
    for part in (mail.text, mail.html):
        assert ("They got a reminder today" in words(part)) is is_told
