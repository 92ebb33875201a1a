"""The calendar files of a flying day: one for each duty, and one for those who come to fly."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from m2s_orchestration.framework import Club
from m2s_orchestration.mail.calendar import AllDayEvent, calendar_file, slug
from m2s_orchestration.mail.compose import Attachment
from m2s_orchestration.notifications.send_duty_preop_emails.crew import Duty
from m2s_orchestration.notifications.send_duty_preop_emails.rows import Address, Assignment

# Of a title in a file's name: what any disk takes, and one line of a header in any script.
LONGEST_IN_NAME = 40
CALENDAR_PATH = "/duty_roster/calendar/"


def duty_entry(
    duty: Duty, assignment: Assignment, club: Club, *, location: str, made_at: datetime
) -> Attachment:
    """The entry of one duty; a second copy of it takes the place of the first."""
    day = assignment.date
    event = AllDayEvent(
        uid=f"{day}-{slug(duty.key)}-{assignment.id}@{_domain(club)}",
        day=day,
        summary=f"{duty.title} - {club.name}",
        description=(
            f"{duty.title} at {club.name}: {duty.member.display_name}\n\n"
            f"The duty roster: {club.url(CALENDAR_PATH)}"
        ),
        location=location,
        organizer=club.sender.address,
        made_at=made_at,
    )
    name = f"duty-{day}-{slug(duty.title)[:LONGEST_IN_NAME] or 'crew'}.ics"
    return calendar_file(event, filename=name, publisher=club.name)


def flying_day_entry(day: date, club: Club, *, location: str, made_at: datetime) -> Attachment:
    """The entry of a flying day; it names nobody."""
    event = AllDayEvent(
        uid=f"{day}-flying-day@{_domain(club)}",
        day=day,
        summary=f"Flying Day - {club.name}",
        description=(
            f"You are signed up to fly at {club.name}.\n\n"
            f"The duty roster: {club.url(CALENDAR_PATH)}"
        ),
        location=location,
        organizer=club.sender.address,
        made_at=made_at,
    )
    return calendar_file(event, filename=f"flying-day-{day}.ics", publisher=club.name)


def location_of(addresses: Iterable[Address], club: Club) -> str:
    """The club's address on one line; its name where there is none. A country alone is none."""
    for address in addresses:
        town = " ".join(_told(address.city, address.state, address.zip_code))
        parts = _told(address.line1, address.line2, town)
        if parts:
            return ", ".join((*parts, *_told(address.country)))
    return club.name


def _told(*parts: str) -> list[str]:
    return [part.strip() for part in parts if part.strip()]


def _domain(club: Club) -> str:
    return club.domain.strip() or club.sender.domain
