"""The calendar entries of a flying day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from icalendar import Calendar

from m2s_orchestration.club.club import Club, Sender
from m2s_orchestration.mail.compose import Attachment, Mail, compose
from m2s_orchestration.notifications.send_duty_preop_emails.crew import Duty
from m2s_orchestration.notifications.send_duty_preop_emails.entries import (
    duty_entry,
    flying_day_entry,
    location_of,
)
from m2s_orchestration.notifications.send_duty_preop_emails.rows import Address
from m2s_orchestration_tests.factories import assignment, club, member

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)


def entry(attachment: Attachment) -> Any:
    (event,) = Calendar.from_ical(attachment.content).walk("VEVENT")
    return event


def on_duty(title: str = "Tow Pilot", within: Club | None = None, at: datetime = NOW) -> Attachment:
    duty = Duty("towpilot", title, member(2))
    return duty_entry(duty, assignment(), within or club(), location="Here", made_at=at)


def test_a_duty_is_entered_with_its_person_and_the_roster() -> None:
    attachment = on_duty()
    assert attachment.filename == "duty-2026-03-03-tow-pilot.ics"
    event = entry(attachment)
    assert event["SUMMARY"] == "Tow Pilot - High Meadow Soaring"
    assert "Alice Archer2" in event["DESCRIPTION"]
    assert "https://www.example.org/duty_roster/calendar/" in event["DESCRIPTION"]
    assert event["LOCATION"] == "Here"
    assert event["ORGANIZER"] == "mailto:noreply@example.org"


def test_a_second_copy_takes_the_place_of_the_first() -> None:
    later = datetime(2026, 3, 2, 18, tzinfo=UTC)
    first, second = entry(on_duty()), entry(on_duty(title="Tug Pilot", at=later))
    assert first["UID"] == second["UID"] == "2026-03-03-towpilot-7@example.org"
    assert (first["DTSTAMP"].dt, second["DTSTAMP"].dt) == (NOW, later)


def test_the_flying_day_is_entered_and_names_nobody() -> None:
    attachment = flying_day_entry(date(2026, 3, 3), club(), location="Here", made_at=NOW)
    assert attachment.filename == "flying-day-2026-03-03.ics"
    event = entry(attachment)
    assert event["UID"] == "2026-03-03-flying-day@example.org"
    assert event["SUMMARY"] == "Flying Day - High Meadow Soaring"
    assert "Alice" not in attachment.content.decode()


def test_a_club_without_a_domain_takes_its_senders() -> None:
    sender = Sender(address="noreply@mail.example.org", reply_to="office@mail.example.org")
    event = entry(on_duty(within=club(domain=" ", sender=sender)))
    assert event["UID"].endswith("@mail.example.org")
    assert event["ORGANIZER"] == "mailto:noreply@mail.example.org"


def test_a_title_without_letters_still_has_a_file_name() -> None:
    assert on_duty(title="***").filename == "duty-2026-03-03-crew.ics"


def test_a_long_title_in_any_script_still_fits_into_a_header_and_onto_a_disk() -> None:
    attachment = on_duty(title="\U00020000" * 80)
    mail = Mail(
        sender="noreply@example.org",
        recipient="jane@example.org",
        subject="Pre-ops briefing",
        text="Hello",
        html="<p>Hello</p>",
        date=NOW,
        message_id="<abc@example.org>",
        list_id="duty.example.org",
        attachments=(attachment,),
    )
    assert compose(mail)
    assert len(attachment.filename.encode()) <= 255


@pytest.mark.parametrize(
    ("address", "location"),
    [
        (("1 Road", "", "Front Royal", "VA", "22630", "USA"), "1 Road, Front Royal VA 22630, USA"),
        (("1 Airport Rd", "Hangar 2", "", "", "", ""), "1 Airport Rd, Hangar 2"),
        (("", "", "Hollister", "CA", "", "USA"), "Hollister CA, USA"),
        ((" ", "", "", "", " ", "USA"), "High Meadow Soaring"),
        (("", "", "", "", "", ""), "High Meadow Soaring"),
    ],
)  # fmt: skip
def test_the_place_is_the_clubs_address_or_else_its_name(
    address: tuple[str, str, str, str, str, str], location: str
) -> None:
    assert location_of((Address(*address),), club()) == location


def test_the_place_of_a_club_without_settings_is_its_name() -> None:
    assert location_of((), club()) == "High Meadow Soaring"
