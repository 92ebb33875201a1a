"""Which extra days are cancelled, and who hears of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from m2s_orchestration.errors import BadAddress
from m2s_orchestration.framework import (
    Change,
    Club,
    Decision,
    Message,
    Occurrence,
    Parameters,
    PassedOver,
    Recipient,
    Untold,
)
from m2s_orchestration.mail import addresses
from m2s_orchestration.notifications.expire_ad_hoc_days.rows import (
    InstructionRequest,
    Rows,
    UnconfirmedDay,
)

# Without these no glider leaves the ground.
MINIMUM_CREW = ("towpilot", "duty_officer")
OVER = "the day is over, so that it is cancelled is no news"


@dataclass(frozen=True)
class Facts:
    """What both mails say. `deadline` is in club time; `standing`, the status of a request."""

    day: date
    deadline: datetime
    minimum_crew: tuple[str, ...]
    standing: str = ""


def evaluate(rows: Rows, occurrence: Occurrence, club: Club, parameters: Parameters) -> Decision:
    """A change for each day that is due, and the messages that depend on it."""
    next_morning, today = occurrence.next_morning(club.zone), occurrence.club_date(club.zone)
    due = [day for day in rows.unconfirmed_days if day.ops_date <= next_morning]
    news = [day for day in due if day.ops_date >= today]
    meant = [
        (message, fault if day in news else OVER)
        for day in due
        for message, fault in _messages(day, rows.requests, occurrence, club)
    ]
    return Decision(
        messages=tuple(message for message, fault in meant if fault is None),
        changes=tuple(_cancellation(day, rows.requests) for day in due),
        passed_over=tuple(
            PassedOver(message.recipient, message.period, fault, only_if=message.only_if)
            for message, fault in meant
            if fault
        ),
        untold=tuple(_untold(news, club)),
        found={"unconfirmed_days": len(rows.unconfirmed_days), "due_days": len(due)},
    )


def _key(day: UnconfirmedDay) -> str:
    return f"cancel:{day.ops_date}"


def _cancellation(day: UnconfirmedDay, requests: Iterable[InstructionRequest]) -> Change:
    student_ids = [request.student_id for request in requests if request.day_id == day.id]
    return Change(
        key=_key(day),
        statement="cancel_day",
        values={"day_id": day.id, "ops_date": day.ops_date, "student_ids": student_ids},
    )


def _messages(
    day: UnconfirmedDay,
    requests: Iterable[InstructionRequest],
    occurrence: Occurrence,
    club: Club,
) -> Iterator[tuple[Message, str | None]]:
    """What the mailing list and each student are to read, and why somebody cannot.

    The period is the day: whichever occurrence cancels it, and should it be proposed and cancelled
    once more, everybody is told of it once.
    """
    period, key, facts = day.ops_date.isoformat(), _key(day), _facts(day, occurrence, club)
    if club.mailing_list and _list_fault(club) is None:
        members = Recipient.at(club.mailing_list, "members")
        yield Message(members, period, facts, only_if=key), None
    for request in requests:
        if request.day_id == day.id:
            student = club.member(request.student_id)
            theirs = replace(facts, standing=request.status)
            recipient = Recipient.of(student)
            message = Message(recipient, period, theirs, template="student", only_if=key)
            yield message, club.mail_fault(student)


def _facts(day: UnconfirmedDay, occurrence: Occurrence, club: Club) -> Facts:
    return Facts(
        day=day.ops_date,
        deadline=occurrence.moment.astimezone(club.zone),
        minimum_crew=tuple(club.title(role) for role in MINIMUM_CREW),
    )


def _list_fault(club: Club) -> str | None:
    """Why the members' mailing list cannot be mailed, or None."""
    if club.mailing_list is None:
        return "the club has no mailing list: set MEMBERS_MAILING_LIST or the site's domain_name"
    try:
        addresses.check(club.mailing_list)
    except BadAddress as error:
        return f"MEMBERS_MAILING_LIST: {error}"
    return None


def _untold(news: Iterable[UnconfirmedDay], club: Club) -> Iterator[Untold]:
    """The days of which the club cannot be told."""
    if fault := _list_fault(club):
        for day in news:
            yield Untold(
                f"the extra day on {day.ops_date}, now cancelled", fault, only_if=_key(day)
            )
