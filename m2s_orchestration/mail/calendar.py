"""Calendar files: an all-day event that a mail reader adds to its owner's calendar."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from m2s_orchestration.mail.compose import Attachment

if TYPE_CHECKING:
    from icalendar import Event

# RFC 5545 allows none of them but the tab and, written as \n, the line end.
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class AllDayEvent:
    """One day in somebody's calendar. An event of the same `uid` takes the place of an older one.

    `organizer` is a bare address; `made_at` (aware) tells which of two is the newer.
    """

    uid: str
    day: date
    summary: str
    description: str
    location: str
    organizer: str
    made_at: datetime


def calendar_file(event: AllDayEvent, *, filename: str, publisher: str) -> Attachment:
    """The event as a file to attach; `publisher` is the club's name. The same event, same bytes."""
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", _clean(f"-//m2s_orchestration//{publisher}//EN"))
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(_component(event))
    return Attachment(
        filename=filename,
        content=calendar.to_ical(),
        media_type="text/calendar",
        parameters={"method": "PUBLISH", "charset": "utf-8"},
    )


def slug(text: str) -> str:
    """The text as a part of a file name: small letters and digits, with dashes between words."""
    return re.sub(r"[\W_]+", "-", text.casefold()).strip("-")


def _component(event: AllDayEvent) -> Event:
    from icalendar import Event, vCalAddress

    component = Event()
    component.add("uid", _clean(event.uid))
    component.add("dtstamp", event.made_at)
    component.add("sequence", 0)
    component.add("dtstart", event.day)
    # The end is exclusive: an event of one day ends on the next.
    component.add("dtend", event.day + timedelta(days=1))
    component.add("summary", _clean(event.summary))
    component.add("description", _clean(event.description))
    component.add("location", _clean(event.location))
    component.add("organizer", vCalAddress(f"mailto:{event.organizer}"))
    component.add("status", "CONFIRMED")
    return component


def _clean(text: str) -> str:
    return CONTROLS.sub(" ", text)
