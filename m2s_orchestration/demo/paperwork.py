"""The club's office: notices on members' pages, applications, mailing lists, summaries to send."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import NAMESPACE_DNS, uuid5

from m2s_orchestration.demo.days import AGING_DAY, DEMO_DAY, LAST_FINALIZED_DAY, moment
from m2s_orchestration.demo.flying import OWED_REPORTS, FlyingDay
from m2s_orchestration.demo.people import DOMAIN
from m2s_orchestration.demo.rows import Row, Rows


class Applicant(NamedTuple):
    first: str
    last: str
    status: str
    submitted: date
    reviewed: date | None
    member: int | None = None


APPLICANTS = (
    Applicant("Lydia", "Park", "approved", date(2025, 8, 2), date(2025, 8, 14), 50),
    Applicant("Ahmed", "Rahimi", "approved", date(2025, 9, 20), date(2025, 10, 2), 57),
    Applicant("Ravi", "Menon", "approved", date(2024, 8, 24), date(2024, 9, 5), 45),
    Applicant("Tessa", "Quinn", "approved", date(2024, 5, 11), date(2024, 5, 23), 44),
    Applicant("Anton", "Havel", "pending", date(2026, 2, 19), None),
    Applicant("Corinne", "Falk", "under_review", date(2026, 2, 8), None),
    Applicant("Milo", "Strand", "waitlisted", date(2025, 11, 30), date(2025, 12, 9)),
    Applicant("Gus", "Petrakis", "rejected", date(2024, 3, 3), date(2024, 3, 20)),
    Applicant("Wanda", "Leigh", "withdrawn", date(2025, 6, 1), date(2025, 6, 4)),
)


def paperwork(flown: list[FlyingDay]) -> Rows:
    """Notices, applications, mailing lists and the queue of operations summaries."""
    return {
        "notifications_notification": [*_roster_notices(flown), *_open_notices()],
        "members_membershipapplication": [_application(applicant) for applicant in APPLICANTS],
        "siteconfig_mailinglist": [
            _mailing_list("members", ["active_member"], 10),
            _mailing_list("instructors", ["instructor"], 20),
            _mailing_list("towpilots", ["towpilot"], 30),
        ],
        "logsheet_finalizationemailoutbox": [
            _summary(day, sent=day.day != LAST_FINALIZED_DAY)
            for day in flown
            if day.finalized and day.day >= date(2026, 2, 7)
        ],
    }


def _notice(
    member: int,
    message: str,
    created: datetime,
    *,
    url: str,
    read: bool = False,
    dismissed: bool = False,
) -> Row:
    return {
        "user_id": member,
        "message": message,
        "url": url,
        "created_at": created,
        "read": read,
        "dismissed": dismissed,
    }


def _roster_notices(flown: list[FlyingDay]) -> list[Row]:
    """One to each day's duty officer, a week ahead: most of them are old by now."""
    return [
        _notice(
            day.duty_officer,
            f"You are on duty on {day.day.isoformat()}.",
            moment(day.day - timedelta(days=7), 8),
            url="/duty_roster/",
            read=day.number % 3 > 0,
            dismissed=day.number % 3 == 1,
        )
        for day in flown
    ]


def _open_notices() -> list[Row]:
    """What earlier runs of the club's present jobs have left on members' pages."""
    aging = "You have {} aging logsheet(s) to finalize."
    told = [
        _notice(
            instructor,
            f"You have 1 pending Student Progress Report(s) from {day.isoformat()}.",
            moment(day + timedelta(days=1), 2),
            url="/instructors/",
            read=True,
        )
        for day, instructor, _, _ in OWED_REPORTS
        if day < LAST_FINALIZED_DAY
    ]
    monday = DEMO_DAY - timedelta(days=6)
    return [
        *told,
        _notice(5, "2 overdue Student Progress Report(s).", moment(monday, 5), url="/instructors/"),
        _notice(
            16,
            aging.format(1),
            moment(AGING_DAY + timedelta(days=7), 3),
            url="/logsheet/",
            read=True,
        ),
        _notice(
            24, aging.format(2), moment(date(2026, 1, 20), 3), url="/logsheet/", dismissed=True
        ),
        _notice(19, aging.format(1), moment(date(2026, 2, 3), 3), url="/logsheet/"),
    ]


def _application(applicant: Applicant) -> Row:
    reviewed = applicant.reviewed and moment(applicant.reviewed, 19)
    submitted = moment(applicant.submitted, 12)
    return {
        "application_id": uuid5(NAMESPACE_DNS, f"{applicant.first}.{applicant.last}.{DOMAIN}"),
        "status": applicant.status,
        "submitted_at": submitted,
        "last_updated": reviewed or submitted,
        "reviewed_at": reviewed,
        "reviewed_by_id": 59 if reviewed else None,
        "first_name": applicant.first,
        "last_name": applicant.last,
        "email": f"{applicant.first}.{applicant.last}@mail.example".lower(),
        "country": "USA",
        "glider_rating": "none",
        "member_account_id": applicant.member,
        "waitlist_position": 1 if applicant.status == "waitlisted" else None,
        "agrees_to_terms": True,
        "agrees_to_safety_rules": True,
        "agrees_to_financial_obligations": True,
    }


def _mailing_list(name: str, criteria: list[str], order: int) -> Row:
    return {"name": name, "is_active": True, "criteria": criteria, "sort_order": order}


def _summary(day: FlyingDay, *, sent: bool) -> Row:
    queued = moment(day.day, 21)
    return {
        "logsheet_id": day.number,
        "status": "sent" if sent else "pending",
        "attempt_count": int(sent),
        "queued_at": queued,
        "processed_at": queued + timedelta(minutes=10) if sent else None,
    }
