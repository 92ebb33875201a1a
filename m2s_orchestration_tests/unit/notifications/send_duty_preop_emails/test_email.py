"""What the briefing reads like."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import pytest

from m2s_orchestration.framework import Message
from m2s_orchestration.mail.render import Rendered, render
from m2s_orchestration.notifications.send_duty_preop_emails import notification
from m2s_orchestration.notifications.send_duty_preop_emails.evaluate import Parameters, evaluate
from m2s_orchestration.notifications.send_duty_preop_emails.rows import (
    Deadline,
    GroundedAircraft,
    Intent,
    Lesson,
    Reservation,
    Rows,
)
from m2s_orchestration_tests.factories import assignment, club, member, occurrence

DAY = date(2026, 3, 3)
SIX = club(*(member(id) for id in range(1, 6)), member(6, first_name="D'Arcy <b>", last_name="&Co"))
# Everybody and everything, on one day.
BUSY: dict[str, Any] = {
    "lessons": (Lesson(7, 4, "confirmed"), Lesson(7, 5, "pending"), Lesson(7, 6, "waitlist")),
    "intents": (Intent(DAY, 4, ["guest", "private"], "LS / N44LS"), Intent(DAY, 5, [], None)),
    "reservations": (
        Reservation(DAY, 5, "HM / N521HM", 2, "badge", "specific", time(13, 30)),
        Reservation(DAY, 4, "DB / N77DB", 1, "solo", "full_day", None),
    ),
    "grounded": (
        GroundedAircraft("GA / N102GA", "Tire <worn> & flat"),
        GroundedAircraft("Husky", ""),
    ),
    "deadlines": (
        Deadline("HM / N521HM", "annual", date(2026, 3, 1)),
        Deadline("KS / N212KS", "oil <change>", date(2026, 3, 20)),
    ),
}  # fmt: skip


def mails(day: date = DAY, **values: Any) -> dict[str, Rendered]:
    """Every mail of the day, by the recipient's key."""
    names = ("roles", "lessons", "intents", "reservations", "grounded", "deadlines", "address")
    rows = Rows(
        **{"assignments": (assignment(day.isoformat()),), **dict.fromkeys(names, ()), **values}
    )
    parameters = Parameters(target_date=day.isoformat())
    decision = evaluate(rows, occurrence("2026-03-02T06:00:00Z"), SIX, parameters)
    return {message.recipient.key: read(message) for message in decision.messages}


def read(message: Message) -> Rendered:
    context = {"facts": message.facts, "recipient": message.recipient, "club": SIX}
    return render(package=notification.package, template=message.template, context=context)


def words(part: str) -> str:
    return " ".join(part.split())


def test_both_parts_of_the_crews_mail_tell_everything() -> None:
    mail = mails(**BUSY)["member:1"]
    assert mail.subject == "Pre-ops briefing for 2026-03-03"
    for part in (mail.text, mail.html):
        for told in (
            *("Tuesday, March 3, 2026", "tomorrow", "as "),
            *("Instructor", "Alice Archer1", "Tow Pilot", "Alice Archer2", "Duty Officer"),
            *("GA / N102GA: Tire", "Husky"),
            *("Alice Archer4", "Alice Archer5", "on the waiting list"),
            *("HM / N521HM (two-seater)", "1:30 PM", "badge flight", "DB / N77DB", "all day"),
            *("guest flying, private glider", "LS / N44LS"),
            *("annual inspection, since Mar 1, 2026", "by Mar 20, 2026"),
            "https://www.example.org/duty_roster/calendar/",
        ):
            assert told.casefold() in words(part).casefold()


def test_the_crew_reads_the_state_of_each_request() -> None:
    mail = mails(**BUSY)["member:2"]
    for state in ("confirmed", "pending", "on the waiting list"):
        assert f"({state})" in mail.text
        assert state.capitalize() in mail.html


def test_the_others_read_of_confirmed_students_and_of_their_own_request_only() -> None:
    found = mails(**BUSY)
    waiting, pending = found["member:6"], found["member:5"]
    for part in (waiting.text, waiting.html):
        assert "For instruction you are on the waiting list." in words(part)
        assert "pending" not in part.casefold()
        assert "On the waiting list" not in part
    for part in (pending.text, pending.html):
        assert "Your request for instruction is not confirmed yet." in words(part)
        assert "waiting list" not in part
        assert "&Co" not in part
        assert "&amp;Co" not in part


def test_two_roles_are_named_together_and_their_files_spoken_of_as_two() -> None:
    mail = mails(assignments=(assignment("2026-03-03", tow_pilot_id=1),))["member:1"]
    for part in (mail.text, mail.html):
        assert "Instructor and Tow Pilot" in words(part)
        assert "The attached files put your duties into your calendar." in words(part)


def test_a_quiet_day_says_that_nothing_is_grounded_and_leaves_the_rest_out() -> None:
    mail = mails()["member:1"]
    for part in (mail.text, mail.html):
        assert "No aircraft is grounded." in part
        for heading in ("Students", "Reserved", "Planning", "Maintenance"):
            assert heading not in part


@pytest.mark.parametrize(
    ("days", "said"),
    [(-3, "were"), (-1, "were"), (0, "are"), (1, "are"), (5, "are")],
)
def test_a_day_that_is_over_is_spoken_of_as_over(days: int, said: str) -> None:
    day = date(2026, 3, 2) + timedelta(days=days)
    found = mails(day, intents=(Intent(day, 4, [], None),))
    for part in (found["member:1"].text, found["member:1"].html):
        assert f"You {said} on duty" in part
        assert ("If you cannot come" in words(part)) is (said == "are")
    for part in (found["member:4"].text, found["member:4"].html):
        assert f"You {said} signed up to fly" in part
        assert ("Have a good flight." in words(part)) is (said == "are")


def test_texts_of_people_are_escaped_in_the_html_part_only() -> None:
    found = mails(**BUSY)
    crew, guest = found["member:1"], found["member:6"]
    assert "- D'Arcy <b> &Co (on the waiting list)" in crew.text
    assert "Tire <worn> & flat" in crew.text
    assert "oil <change>" in crew.text
    assert "Hello D'Arcy <b>," in guest.text
    for html in (crew.html, guest.html):
        assert "<b>" not in html
        assert "<worn>" not in html
        assert "Tire &lt;worn&gt; &amp; flat" in html
        assert "oil &lt;change&gt;" in html
        assert "&amp;amp;" not in html
        assert "&amp;lt;" not in html
