"""What instructors read."""

from __future__ import annotations

from datetime import date

import pytest

from m2s_orchestration.mail.render import Rendered, render
from m2s_orchestration.notifications.send_instructor_summary_emails import notification
from m2s_orchestration.notifications.send_instructor_summary_emails.evaluate import Facts, Student
from m2s_orchestration_tests.factories import club

BOB = Student("Bob Brown", "confirmed", "4 lessons, 58% of the way to solo", 12, "b@x.org, 555")
CID = Student("Cid Cole", "waits for your answer", "", 0, "")


def read(*students: Student, until: int = 2, waiting: int = 0, name: str = "Alice") -> Rendered:
    context = {
        "facts": Facts(date(2026, 3, 3), until, students, waiting),
        "recipient": {"name": name},
        "club": club(),
    }
    return render(package=notification.package, template="email", context=context)


def words(part: str) -> str:
    return " ".join(part.split())


@pytest.mark.parametrize(
    ("until", "students", "subject", "when"),
    [
        (1, (BOB,), "Tomorrow: 1 student asks for instruction", "which is tomorrow"),
        (2, (BOB, CID), "In 2 days: 2 students ask for instruction", "which is in two days"),
        (2, (), "In 2 days: no student asks for instruction", "which is in two days"),
        (5, (BOB,), "Tuesday, March 3: 1 student asks for instruction", "which is in 5 days"),
        (0, (BOB,), "Tuesday, March 3: 1 student asks for instruction", "which is today"),
        (-2, (BOB,), "Tuesday, March 3: 1 student asks for instruction", "which is over"),
    ],
)
def test_the_subject_says_when_and_how_many(
    until: int, students: tuple[Student, ...], subject: str, when: str
) -> None:
    mail = read(*students, until=until)
    assert mail.subject == subject
    for part in (mail.text, mail.html):
        assert when in words(part)
        assert "Tuesday, March 3, 2026" in words(part)


def test_both_parts_tell_all_that_is_known_and_nothing_that_is_not() -> None:
    mail = read(BOB, CID, waiting=1)
    for part in (mail.text, mail.html):
        for told in (
            "Bob Brown: confirmed",
            "58% of the way to solo",
            "12 flights",
            "b@x.org, 555",
        ):
            assert told in words(part)
        assert "Cid Cole: waits for your answer" in words(part)
        assert part.count("in the club") == 1
        assert "1 request waits for an answer." in words(part)
        assert "https://www.example.org/duty_roster/calendar/" in part


def test_where_nobody_asked_it_says_so() -> None:
    mail = read()
    for part in (mail.text, mail.html):
        assert "Nobody has asked for instruction on that day yet." in words(part)
        assert "There is nothing to answer now." in words(part)


def test_names_are_escaped_in_the_html_part_only() -> None:
    mail = read(Student("<Zoë> & Co", "confirmed", "", 1, "a&b@x.org"), name="D'Arcy <b>")
    assert "Hello D'Arcy <b>," in mail.text
    assert "- <Zoë> & Co: confirmed" in mail.text
    assert "<b>" not in mail.html
    assert "&lt;Zoë&gt; &amp; Co" in mail.html
    assert "a&amp;b@x.org" in mail.html
    assert "&amp;amp;" not in mail.html
