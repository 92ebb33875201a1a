"""Calendar files, read back as a calendar reads them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from m2s_orchestration.mail.calendar import AllDayEvent, calendar_file, slug
from m2s_orchestration.mail.compose import Attachment

MADE_AT = datetime(2026, 3, 1, 6, tzinfo=UTC)
# Whatever PostgreSQL may hold in a text.
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=200)


def event(**values: Any) -> AllDayEvent:
    defaults: dict[str, Any] = {
        "uid": "2026-03-02-instructor-7@example.org",
        "day": date(2026, 3, 2),
        "summary": "Instructor - High Meadow Soaring",
        "description": "Instructor at High Meadow Soaring: Alice Archer",
        "location": "1 Airport Road, Front Royal VA 22630, USA",
        "organizer": "noreply@example.org",
        "made_at": MADE_AT,
    }
    return AllDayEvent(**{**defaults, **values})


def file(**values: Any) -> Attachment:
    return calendar_file(event(**values), filename="duty.ics", publisher="High Meadow Soaring")


def read_back(attachment: Attachment) -> Any:
    calendar: Any = Calendar.from_ical(attachment.content)
    assert not calendar.errors
    (component,) = calendar.walk("VEVENT")
    assert not component.errors
    return component


def test_it_is_attached_as_a_published_calendar_in_utf_8() -> None:
    attachment = file()
    assert attachment.filename == "duty.ics"
    assert attachment.media_type == "text/calendar"
    assert attachment.parameters == {"method": "PUBLISH", "charset": "utf-8"}
    calendar: Any = Calendar.from_ical(attachment.content)
    assert (calendar["VERSION"], calendar["METHOD"]) == ("2.0", "PUBLISH")
    assert "High Meadow Soaring" in calendar["PRODID"]


def test_it_has_what_rfc_5545_asks_of_a_published_event() -> None:
    component = read_back(file())
    assert component["UID"] == "2026-03-02-instructor-7@example.org"
    assert component["SUMMARY"] == "Instructor - High Meadow Soaring"
    assert component["LOCATION"] == "1 Airport Road, Front Royal VA 22630, USA"
    assert component["ORGANIZER"] == "mailto:noreply@example.org"
    assert component["STATUS"] == "CONFIRMED"
    assert int(component["SEQUENCE"]) == 0
    assert component["DTSTAMP"].dt == MADE_AT


@pytest.mark.parametrize(
    ("day", "end"),
    [
        (date(2026, 3, 8), date(2026, 3, 9)),
        (date(2026, 11, 1), date(2026, 11, 2)),
        (date(2028, 2, 28), date(2028, 2, 29)),
        (date(2028, 2, 29), date(2028, 3, 1)),
        (date(2026, 12, 31), date(2027, 1, 1)),
    ],
)
def test_it_lasts_all_of_one_day_and_ends_before_the_next(day: date, end: date) -> None:
    attachment = file(day=day)
    component = read_back(attachment)
    assert (component["DTSTART"].dt, component["DTEND"].dt) == (day, end)
    assert f"DTSTART;VALUE=DATE:{day:%Y%m%d}".encode() in attachment.content
    assert f"DTEND;VALUE=DATE:{end:%Y%m%d}".encode() in attachment.content


def test_the_same_event_gives_the_same_bytes() -> None:
    assert file().content == file().content


@given(TEXTS, TEXTS)
def test_any_text_comes_back_and_no_line_is_too_long(summary: str, description: str) -> None:
    attachment = file(summary=summary, description=description)
    component = read_back(attachment)
    assert component["SUMMARY"].split() == summary.translate(BLANKED).split()
    assert component["DESCRIPTION"].split() == description.translate(BLANKED).split()
    lines = attachment.content.split(b"\r\n")
    assert all(len(line) <= 75 and b"\n" not in line and b"\r" not in line for line in lines)


BLANKED = dict.fromkeys([*range(0x20), 0x7F], " ")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("Assistant Duty Officer", "assistant-duty-officer"),
        ("Tow Pilot (AM/PM)", "tow-pilot-am-pm"),
        ("../../etc", "etc"),
        ("Flugleiter für Süd", "flugleiter-für-süd"),
        ("am_instructor", "am-instructor"),
        (" - ", ""),
    ],
)
def test_a_title_becomes_part_of_a_file_name(text: str, part: str) -> None:
    assert slug(text) == part
