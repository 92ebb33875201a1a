"""A club, its people, moments and rows for tests, each with sensible defaults."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from m2s_orchestration.club.club import Club, Sender
from m2s_orchestration.club.member import Member
from m2s_orchestration.club.reading import DEFAULT_TITLES
from m2s_orchestration.framework.occurrence import Occurrence, occurrence_at, parse_moment
from m2s_orchestration.notifications.notify_aging_logsheets.rows import Logsheet
from m2s_orchestration.notifications.report_duty_delinquents.rows import Delinquent
from m2s_orchestration.notifications.send_duty_preop_emails.rows import Assignment

MONDAY = "2026-03-02T08:00:00Z"


def member(member_id: int = 1, **values: Any) -> Member:
    """A full member with an address of their own."""
    defaults: dict[str, Any] = {
        "first_name": "Alice",
        "middle_initial": None,
        "last_name": f"Archer{member_id}",
        "name_suffix": None,
        "nickname": None,
        "email": f"member{member_id}@example.org",
        "membership_status": "Full Member",
    }
    return Member(**{"id": member_id, **defaults, **values})


def club(*members: Member, zone: str = "America/New_York", **values: Any) -> Club:
    """A club of these members, in which full, student and emeritus members are active."""
    defaults: dict[str, Any] = {
        "name": "High Meadow Soaring",
        "domain": "example.org",
        "origin": "https://www.example.org",
        "logo_url": None,
        "sender": Sender(address="noreply@example.org", reply_to=None),
        "titles": DEFAULT_TITLES,
        "active_statuses": frozenset({"Full Member", "Student Member", "Emeritus Member"}),
        "members": {person.id: person for person in members},
        "operators": "operators@example.org",
    }
    return Club(**{"zone": ZoneInfo(zone), **defaults, **values})


def occurrence(
    moment: str = MONDAY, *, notification: str = "notify_something", cron: str = "0 8 * * *"
) -> Occurrence:
    """The occurrence at a moment written in ISO 8601 with a zone."""
    return occurrence_at(notification, cron, parse_moment(moment))


def logsheet(log_date: str = "2026-02-01", **values: Any) -> Logsheet:
    """An open logsheet; its officers are members 1 and 2, and member 3 created it."""
    defaults: dict[str, Any] = {
        "id": 1,
        "airfield": "KFRR \N{EN DASH} Front Royal",
        "duty_officer_id": 1,
        "assistant_duty_officer_id": 2,
        "created_by_id": 3,
    }
    return Logsheet(**{"log_date": date.fromisoformat(log_date), **defaults, **values})


def delinquent(member_id: int = 1, **values: Any) -> Delinquent:
    """A member of ten years who flew five times and did no duty."""
    defaults: dict[str, Any] = {
        "joined_club": date(2016, 3, 1),
        "flights": 5,
        "latest_flight": date(2026, 2, 22),
    }
    return Delinquent(**{"member_id": member_id, **defaults, **values})


def assignment(day: str = "2026-03-03", **values: Any) -> Assignment:
    """A flying day on which member 1 instructs, member 2 tows and member 3 is duty officer."""
    defaults: dict[str, Any] = {
        "id": 7,
        "instructor_id": 1,
        "surge_instructor_id": None,
        "tow_pilot_id": 2,
        "surge_tow_pilot_id": None,
        "duty_officer_id": 3,
        "assistant_duty_officer_id": None,
        "commercial_pilot_id": None,
    }
    return Assignment(**{"date": date.fromisoformat(day), **defaults, **values})
